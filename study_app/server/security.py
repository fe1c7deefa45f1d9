"""Safety on an open network: headers, and limits of size and rate. No address is ever stored."""

import ipaddress
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from study_app.design.recruitment import TURK_FRAMES, TURK_HOSTS
from study_app.storage.refusals import RefusedError

BODY_BYTES = 65_536
REMEMBERED = 20_000  # callers of one limit; the longest silent are forgotten first
# Streamlit's page has inline styles and scripts and makes functions from strings; all of it comes from this server.
PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
# A study on Mechanical Turk is shown in a frame of its pages, and its end is sent to them.
TURK_POLICY = PAGE_POLICY.replace("form-action 'self'", f"form-action 'self' {' '.join(TURK_HOSTS)}").replace(
    "frame-ancestors 'none'", f"frame-ancestors {' '.join(TURK_FRAMES)}"
)
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
DATA_PATHS = ("/api/", "/s/", "/healthz", "/readyz")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # the token of a session is in its address
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
# The other headers protect documents. There are eighty scripts, and together they would take longer than a large one.
SCRIPT_PATHS = ("/static/", "/assets/")
OF_SCRIPTS = {name: HEADERS[name] for name in ("X-Content-Type-Options", "Cross-Origin-Resource-Policy")}


class SecurityHeaders:
    """Adds the headers above to every reply of HTTP; websockets pass untouched."""

    def __init__(self, app: ASGIApp, page_policy: str = PAGE_POLICY) -> None:
        self.app = app
        self.page_policy = page_policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_data = scope["path"].startswith(DATA_PATHS)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["path"].startswith(SCRIPT_PATHS):
                MutableHeaders(scope=message).update(OF_SCRIPTS)
            elif message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if self.page_policy == TURK_POLICY and not is_data:
                    del headers["X-Frame-Options"]  # it knows no list; the policy has it
                headers["Content-Security-Policy"] = DATA_POLICY if is_data else self.page_policy
                if is_data:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, send_with_headers)


def middleware(page_policy: str = PAGE_POLICY) -> list[Middleware]:
    """What every app of the study wraps itself in."""
    return [Middleware(SecurityHeaders, page_policy=page_policy)]


@dataclass(frozen=True)
class Rate:
    """How many calls a second are allowed in the long run, and how many (`burst`) at once."""

    per_second: float
    burst: int


FORGIVEN = 3  # failures of one address: everybody mistypes
FORGOTTEN_SECONDS = 900  # after the last of them
BEGINS = 40  # at one address within BEGINS_SECONDS: a class of students may share it
BEGINS_SECONDS = 300


@dataclass(frozen=True)
class Rates:
    """The limits of a caller: `begin` and `withdraw` (failures) of an address, `session` of a session."""

    begin: Rate = Rate(BEGINS / BEGINS_SECONDS, BEGINS)
    withdraw: Rate = Rate(0.1, 10)
    session: Rate = Rate(10, 60)


@dataclass
class Limiter:
    """A token bucket for every caller. A caller is kept as a digest only, under a key that ends with the process."""

    rate: Rate
    clock: Callable[[], float] = time.monotonic
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _buckets: dict[bytes, tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, caller: str, calls: int = 1) -> None:
        """Count one call, or none; raises `RefusedError` 429 if the caller has used up the rate."""
        name = blake2b(caller.encode(), key=self._key, digest_size=16).digest()
        now = self.clock()
        with self._lock:
            left, since = self._buckets.pop(name, (float(self.rate.burst), now))
            left = min(self.rate.burst, left + (now - since) * self.rate.per_second)
            self._buckets[name] = (max(left - calls, 0) if left >= 1 else left, now)
            if len(self._buckets) > REMEMBERED:
                del self._buckets[next(iter(self._buckets))]
        if left < 1:
            wait = (1 - left) / self.rate.per_second
            raise RefusedError(429, "rate", "Too many requests; please wait a moment.", retry_after=wait)


class Attempts:
    """Slows guessing down, and keeps nobody else out meanwhile.

    An address with fewer than `FORGIVEN` failures is always checked, whatever others do. Others wait: each for its own
    rate, and together for one ten times as wide. A caller is kept as a digest only, as by `Limiter`.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._own = Limiter(rate, clock)
        self._together = Limiter(Rate(10 * rate.per_second, 10 * rate.burst), clock)
        self._key = secrets.token_bytes(32)
        self._failures: dict[bytes, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def check(self, caller: str) -> None:
        """Raise `RefusedError` 429 if the caller has failed too often."""
        if self._failed(caller) >= FORGIVEN:
            self._own.check(caller, calls=0)
            self._together.check("", calls=0)

    def failed(self, caller: str) -> None:
        """Count a failure."""
        before = self._failed(caller)
        with self._lock:
            self._failures.pop(self._name(caller), None)
            self._failures[self._name(caller)] = (before + 1, self.clock())
            if len(self._failures) > REMEMBERED:
                del self._failures[next(iter(self._failures))]
        for limiter, name in ((self._own, caller), (self._together, "")):
            with suppress(RefusedError):
                limiter.check(name)

    def succeeded(self, caller: str) -> None:
        """Forget the caller's failures."""
        with self._lock:
            self._failures.pop(self._name(caller), None)

    def _failed(self, caller: str) -> int:
        with self._lock:
            count, last = self._failures.get(self._name(caller), (0, 0.0))
        return count if self.clock() - last < FORGOTTEN_SECONDS else 0

    def _name(self, caller: str) -> bytes:
        return blake2b(caller.encode(), key=self._key, digest_size=16).digest()


@dataclass(frozen=True)
class Limits:
    """The limits of one process, shared by its pages and its routes."""

    begin: Limiter
    withdraw: Attempts
    session: Limiter


def new_limits(rates: Rates | None = None) -> Limits:
    """Limits that nobody has used yet."""
    rates = rates or Rates()
    return Limits(Limiter(rates.begin), Attempts(rates.withdraw), Limiter(rates.session))


def address(request: Request) -> str:
    """Who calls. Behind a proxy on this machine, uvicorn puts the address here that the proxy tells."""
    return network(request.client.host if request.client else "")


def network(host: str) -> str:
    """What counts as one caller: an IPv4 address; of IPv6 the first 64 bits, as one household has all that begin so.

    This machine itself is "".
    """
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    if found.is_loopback:
        return ""
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


async def read_body(request: Request) -> bytes:
    """The whole body; raises `RefusedError` 413 as soon as it is too large, 415 if it is not JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":  # a page of another origin cannot send this without asking first
        raise RefusedError(415, "malformed", "The request should be of type application/json.")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES:
            raise RefusedError(413, "oversized", f"A request has at most {BODY_BYTES} bytes.")
    return bytes(body)
