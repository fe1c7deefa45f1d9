"""Steps as processes of their own, each with a time limit: one that fails or hangs ends no other."""

import ctypes
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.gpu.journal import Status

PR_SET_PDEATHSIG = 1  # of linux/prctl.h
TAIL = 4000  # bytes: of a log that may be long and is looked at ten times a second
LAST_WORDS = 600  # characters of a failed step's output that its reason quotes
BAR = re.compile(r"(\d+)/(\d+) \[[\d:]+<([\d:]+)")  # tqdm's: done, of all, elapsed, remaining


@dataclass(frozen=True)
class Outcome:
    """How a process ended. `reason` is empty if it did what it should."""

    seconds: float
    reason: str
    timed_out: bool = False

    @property
    def status(self) -> Status:
        """The same in a word."""
        return "timed out" if self.timed_out else "failed" if self.reason else "done"


_LIBC = ctypes.CDLL(None)


def end_with_parent() -> None:
    """In a child before its program starts: be killed when the session is, however that ends (Linux)."""
    with suppress(AttributeError):
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Running:
    """A process in a session of its own whose output goes to a file, and its end."""

    def __init__(self, command: Sequence[str], cwd: Path, env: Mapping[str, str], log: Path, limit: float) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log, self.began, self.limit = log, time.monotonic(), limit
        with log.open("ab") as output:
            self.offset = output.tell()
            self.process = subprocess.Popen(
                command, cwd=cwd, env=dict(env), stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                start_new_session=True, preexec_fn=end_with_parent,
            )  # fmt: skip
        self.over = False

    def poll(self) -> Outcome | None:
        """How it ended, if it has; kills it when its time is up."""
        code = self.process.poll()
        took = time.monotonic() - self.began
        if code is None and took < self.limit:
            return None
        self.kill()
        if code is None:
            return Outcome(took, f"stopped at its limit of {self.limit:.0f} s", timed_out=True)
        return Outcome(took, "" if code == 0 else f"ended with {code}: {self.last_words()}")

    def wait(self) -> Outcome:
        """How it ended, once it has."""
        while (outcome := self.poll()) is None:
            time.sleep(0.1)
        return outcome

    def kill(self) -> None:
        """End it and all that it has started, once: later its number may be another's."""
        if self.over:
            return
        self.over = True
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def printed(self) -> str:
        """The end of what it has printed so far."""
        with self.log.open("rb") as file:
            file.seek(max(self.offset, self.log.stat().st_size - TAIL))
            return file.read().decode(errors="replace")

    def last_words(self) -> str:
        """The same in one line, to be quoted."""
        return " ".join(self.printed().split())[-LAST_WORDS:]

    def remaining(self) -> float | None:
        """Seconds that its progress bar still sees ahead; None before it has one."""
        found = BAR.findall(self.printed())
        if not found:
            return None
        seconds = 0
        for part in found[-1][2].split(":"):
            seconds = 60 * seconds + int(part)
        return float(seconds)
