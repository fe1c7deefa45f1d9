"""Runs command lines with a log and a time limit, and ends every process that they start."""

import os
import shlex
import signal
import string
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGKILL, SIGTERM, strsignal
from typing import IO, Any

from pipeline.settings.errors import UserError

# What a command line may hold in braces; it must hold the first two.
PLACEHOLDERS = {
    "gray_dir": "the folder of grey photographs",
    "out_dir": "the folder where the pictures belong",
    "dataset": "the dataset's name",
}
GRACE = 3  # seconds that a program gets to end by itself before it is killed
TAIL_BYTES, TAIL_LINES = 8192, 10


@dataclass(frozen=True)
class Programs:
    """Command lines to run one after the other, all within `timeout` seconds; what they print goes to `log`."""

    lines: tuple[tuple[str, ...], ...]
    cwd: Path
    environment: Mapping[str, str]
    timeout: float | None
    log: Path

    def run(self) -> float:
        """Run them and return the seconds; raises `UserError` for the first that fails. None runs on afterwards."""
        began = time.perf_counter()
        with self.log.open("wb") as log:
            for words in self.lines:
                print(f"running {shlex.join(words)}; what it prints goes to {self.log}", flush=True)
                left = None if self.timeout is None else self.timeout - (time.perf_counter() - began)
                self._run(words, left, log)
        return time.perf_counter() - began

    def _run(self, words: tuple[str, ...], seconds: float | None, log: IO[bytes]) -> None:
        """Run one line for `seconds` at most."""
        with Interruptions() as interruptions:
            process = self._started(words, log)
            try:
                with interruptions.let_through():
                    code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                raise UserError(f"`{shlex.join(words)}` was stopped: `timeout` is {self.timeout:g} seconds.") from None
            finally:
                _end(process)
        if code:
            how = f"failed with exit code {code}" if code > 0 else f"was killed by signal {-code} ({strsignal(-code)})"
            raise UserError(f"`{shlex.join(words)}` {how}.")

    def _started(self, words: tuple[str, ...], log: IO[bytes]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                words,
                cwd=self.cwd,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,  # no one can answer
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # one process group of it and of all that it starts
            )
        except OSError as error:
            why = f"cannot be started in {self.cwd.resolve()} ({error.strerror})"
            raise UserError(f"the program {words[0]!r} {why}; name it by its whole path.") from None


class Interruptions:
    """Delays the signals that would end this process until `let_through` or the end.

    So every program that was started is also ended.
    """

    def __init__(self) -> None:
        self.pending: int | None = None
        self.open = False
        self.before: dict[int, Any] = {}

    def __enter__(self) -> "Interruptions":
        # Ignored signals stay ignored: nohup ignores SIGHUP, and a shell ignores SIGINT for background jobs.
        heard = [number for number in (SIGINT, SIGTERM, SIGHUP) if signal.getsignal(number) is not signal.SIG_IGN]
        self.before = {number: signal.signal(number, self._receive) for number in heard}
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)
        self._raise()

    @contextmanager
    def let_through(self) -> Iterator[None]:
        """Raise the delayed signal, and any that comes while this lasts."""
        try:
            self.open = True
            self._raise()
            yield
        finally:
            self.open = False

    def _receive(self, number: int, frame: object) -> None:
        self.pending = number
        if self.open:
            self._raise()

    def _raise(self) -> None:
        number, self.pending = self.pending, None
        if number is not None:
            raise KeyboardInterrupt if number == SIGINT else SystemExit(128 + number)


def command_lines(run: object) -> list[list[str]]:
    """The words of every command line, placeholders still in them; raises `UserError` unless they can be filled in."""
    lines = [line for line in (run if isinstance(run, list) else [run]) if isinstance(line, str) and line.strip()]
    if not lines or (isinstance(run, list) and len(lines) < len(run)):
        raise UserError(f"`run` is {run!r}, but should be a command line, or a list of them.")
    try:
        words = [shlex.split(line) for line in lines]
    except ValueError as error:
        raise UserError(f"`run` is no command line ({error}): {run!r}.") from None
    used = {name for line in words for word in line for name in _placeholders(word)}
    for name in ("gray_dir", "out_dir"):
        if name not in used:
            raise UserError(f"`run` lacks {{{name}}}, which stands for {PLACEHOLDERS[name]}: {run!r}.")
    return words


def _placeholders(word: str) -> list[str]:
    """The placeholders in a word; raises `UserError` for one that is unknown."""
    hint = "to write a brace, double it: {{ or }}."
    try:
        parts = list(string.Formatter().parse(word))
    except ValueError as error:
        raise UserError(f"`run`: {error} in {word!r}; {hint}") from None
    fields = [(name, spec, conversion) for _, name, spec, conversion in parts if name is not None]
    for name, spec, conversion in fields:
        if name not in PLACEHOLDERS or spec or conversion:
            known = ", ".join(f"{{{placeholder}}}" for placeholder in PLACEHOLDERS)
            raise UserError(f"`run`: unknown placeholder in {word!r}; known are {known}; {hint}")
    return [name for name, _, _ in fields]


def last_words(log: Path) -> str:
    """The last lines that a program printed; each state of a progress bar counts as one."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL_BYTES))
        text = file.read().decode(errors="replace")
    lines = [f"  {line.rstrip()}" for line in text.splitlines() if line.strip()]
    return "\n".join(["The last it printed:", *lines[-TAIL_LINES:]]) if lines else "It printed nothing."


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and all that it has started; do nothing if they have ended."""
    with suppress(ProcessLookupError, PermissionError):  # no such group; on macOS, only a dead one
        os.killpg(process.pid, SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
        os.killpg(process.pid, SIGKILL)
    process.wait()
