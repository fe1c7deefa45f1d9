"""The messages of a browser: frozen records from JSON, with every key, type and range checked."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pipeline.settings.errors import UserError
from pipeline.settings.params import parse_record
from study_app.design.study import Study
from study_app.design.tokens import UUID
from study_app.storage.refusals import RefusedError

Message = TypeVar("Message")
DAY_MS = 86_400_000
EVENT_NAME = re.compile(r"[a-z][a-z_]{0,39}")
EVENTS_AT_ONCE = 100
DETAILS = 20
DETAIL_LETTERS = 200
LARGEST = 1e10  # of any number in an event; 30 days are 2.6e9 ms
# From which number to which the details of an event can be that an export counts; (False, True) is a flag.
DETAILS_OF: dict[str, dict[str, tuple[float, float]]] = {
    "vision": {"right": (0, 100), "shown": (0, 100)},
    "screen": {"width": (1, 1e5), "height": (1, 1e5), "zoom": (0.05, 50), "gray_step_seen": (False, True)},
    "practice": {"trial": (0, 10_000), "shown_ms": (0, DAY_MS)},
}
SIZES = {name: DETAILS_OF["screen"][name] for name in ("width", "height", "zoom")}
LARGEST_TRIAL = 2**31 - 1
SENTENCE_LETTERS = 300  # of an error: it may quote what was sent


@dataclass(frozen=True)
class BeginMessage:
    """A volunteer consents. `study`: the digest that the page was made from; `key`: the same in every repetition;
    `recruited`: the id under which a platform or an invitation has sent the volunteer."""

    language: str
    consent: bool
    study: str
    key: str | None = None
    recruited: str = ""


@dataclass(frozen=True)
class Timing:
    """Measured by the browser, in ms since the trial began: when the picture came and went, how long it was visible,
    how long each answer took from its question on; how often the picture was shown and the page hidden."""

    onset_ms: float
    offset_ms: float
    shown_ms: float
    response_ms: dict[str, float]
    exposures: int
    hidden: int


@dataclass(frozen=True)
class ShowingMessage:
    """The picture of a trial is about to be shown, for the first time or once more."""

    key: str
    trial: int


@dataclass(frozen=True)
class Seen:
    """The smallest size in CSS pixels at which the picture was seen, and the device pixels in a CSS pixel."""

    width: float
    height: float
    zoom: float


@dataclass(frozen=True)
class AnswerMessage:
    """All answers of one trial. `decoded_sha256_ok`: the browser has checked the picture's bytes; `seen`: None from a
    page that was opened before an update of this program; `next_key`: of the showing that follows at once, if one does,
    which saves a request."""

    key: str
    trial: int
    values: dict[str, int]
    timing: Timing
    decoded_sha256_ok: bool
    tab: str
    seen: Seen | None = None
    next_key: str | None = None


@dataclass(frozen=True)
class EventMessage:
    """Something that happened, `at_ms` after the page was opened. `detail`: numbers, flags and short texts."""

    key: str
    name: str
    at_ms: float
    detail: dict[str, Any]


@dataclass(frozen=True)
class EventsMessage:
    """Several events at once."""

    events: tuple[EventMessage, ...]


@dataclass(frozen=True)
class TabMessage:
    """A browser tab asks whether the session is its own; `take`: make it so."""

    tab: str
    take: bool


@dataclass(frozen=True)
class WithdrawMessage:
    """Somebody wants the answers under `code` removed."""

    code: str


def parse_message(record: type[Message], body: bytes) -> Message:
    """Make the record from a JSON body; raises `RefusedError` 400 if it is no JSON, 422 if it is another shape."""
    try:
        content = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise RefusedError(400, "malformed", "The request is not valid JSON.") from None
    try:
        message = parse_record(record, content, "the request")
    except UserError as error:
        raise wrong(str(error)) from None
    except OverflowError:
        raise wrong("A number in the request is too large.") from None
    if isinstance(message, EventsMessage):
        _check_events(message)
    elif isinstance(message, ShowingMessage):
        _check_uuid(message.key, "key")
        _check_range(message.trial, 0, LARGEST_TRIAL, "trial")
    elif isinstance(message, TabMessage):
        _check_uuid(message.tab, "tab")
    elif isinstance(message, BeginMessage) and message.key is not None:
        _check_uuid(message.key, "key")
    return message


def check_answer(message: AnswerMessage, study: Study) -> None:
    """Raise `RefusedError` 422 unless the answer could have come from this study's page."""
    names = [criterion.name for criterion in study.criteria]
    timing = message.timing
    _check_uuid(message.key, "key")
    _check_uuid(message.tab, "tab")
    if message.next_key is not None:
        _check_uuid(message.next_key, "next_key")
    _check_keys(message.values, names, "values")
    _check_keys(timing.response_ms, names, "timing.response_ms")
    for name, value in message.values.items():
        _check_range(value, 0, study.maximum, f"values.{name}")
    for key in ("onset_ms", "offset_ms", "shown_ms"):
        _check_range(getattr(timing, key), 0, DAY_MS, f"timing.{key}")
    for name, duration in timing.response_ms.items():
        _check_range(duration, 0, DAY_MS, f"timing.response_ms.{name}")
    if timing.offset_ms < timing.onset_ms:
        raise wrong("timing: offset_ms is before onset_ms.")
    if timing.shown_ms > timing.offset_ms - timing.onset_ms + 1:
        raise wrong("timing: shown_ms is longer than from onset_ms to offset_ms.")
    if timing.shown_ms < study.exposure_ms / 2:  # a page sends nothing before one exposure was complete
        raise wrong("timing: shown_ms is less than half an exposure.")
    _check_range(timing.exposures, 1, 1000, "timing.exposures")
    _check_range(timing.hidden, 0, 100_000, "timing.hidden")
    _check_range(message.trial, 0, LARGEST_TRIAL, "trial")
    for name, limits in SIZES.items() if message.seen else ():
        _check_range(getattr(message.seen, name), *limits, f"seen.{name}")
    if not message.decoded_sha256_ok:
        raise wrong("A picture whose bytes were not verified does not count as shown.")


def wrong(sentence: str) -> RefusedError:
    """The refusal of a message that no page of ours sends."""
    return RefusedError(422, "invalid", sentence[:SENTENCE_LETTERS])


def _check_events(message: EventsMessage) -> None:
    if len(message.events) > EVENTS_AT_ONCE:
        raise wrong(f"At most {EVENTS_AT_ONCE} events at once.")
    for event in message.events:
        _check_uuid(event.key, "key")
        if not EVENT_NAME.fullmatch(event.name):
            raise wrong("An event's name has small letters and _ only.")
        _check_range(event.at_ms, 0, 30 * DAY_MS, "at_ms")
        if len(event.detail) > DETAILS:
            raise wrong(f"An event has at most {DETAILS} details.")
        for name, value in event.detail.items():
            _check_detail(name, value)
            if not is_possible(event.name, name, value):
                raise wrong(f"{name} of the event {event.name} cannot be {value!r}.")
        if is_contradictory(event.detail):
            raise wrong("There cannot be more plates read than shown.")


def is_possible(event: str, name: str, value: object) -> bool:
    """Whether a detail of an event has the type and a value that it can have; details that nobody counts always do."""
    limits = DETAILS_OF.get(event, {}).get(name)
    if limits is None:
        return not isinstance(value, int | float) or abs(value) <= LARGEST
    if isinstance(limits[0], bool) != isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return limits[0] <= value <= limits[1]


def is_contradictory(detail: Mapping[str, Any]) -> bool:
    """Whether more plates were read than shown."""
    right, shown = detail.get("right"), detail.get("shown")
    return isinstance(right, int | float) and isinstance(shown, int | float) and right > shown


def _check_detail(name: str, value: object) -> None:
    plain = value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))
    short = len(name) <= 40 and len(str(value)) <= DETAIL_LETTERS
    if not plain or not short or "\0" in f"{name}{value}":
        raise wrong(f"An event's details are numbers, flags, or texts of at most {DETAIL_LETTERS} letters.")


def _check_uuid(text: str, where: str) -> None:
    if not UUID.fullmatch(text):
        raise wrong(f"{where} should be a UUID in small letters.")


def _check_keys(mapping: Mapping[str, object], names: list[str], where: str) -> None:
    if sorted(mapping) != sorted(names):
        raise wrong(f"{where} should have exactly the keys {', '.join(names)}.")


def _check_range(value: float, low: float, high: float, where: str) -> None:
    if not low <= value <= high:  # also true of what is no number
        raise wrong(f"{where} should be from {low} to {high}.")


def _no_number(text: str) -> float:
    raise ValueError(text)
