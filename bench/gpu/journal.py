"""What a session has done so far, on disk after every step, so that a second call goes on where the first stopped."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pipeline.settings.files import write_whole

FILE = "session.json"
Status = Literal["done", "failed", "timed out", "left out"]


@dataclass(frozen=True)
class Step:
    """How one step went. `reason`: why it is not done, or what to know of it; `result`: its figures.

    `at`: when it ended, in seconds since 1970, and `commit`: of which code it was; both are set when it is noted.
    """

    status: Status
    seconds: float = 0.0
    reason: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    at: float = 0.0
    commit: str = ""


class Journal:
    """The steps by name, in the order in which they first ended. `changed` is called after each."""

    def __init__(self, path: Path, changed: Callable[[], None] = lambda: None) -> None:
        self.path, self.changed, self.lock = path, changed, threading.RLock()
        saved = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        self.about: dict[str, Any] = saved.get("about", {})
        self.steps = {name: Step(**step) for name, step in saved.get("steps", {}).items()}

    def note(self, name: str, step: Step) -> None:
        """Keep how a step went; a full disk keeps it in memory alone."""
        with self.lock:
            self.steps[name] = replace(step, at=time.time(), commit=str(self.about.get("commit", "")))
            try:
                self.save()
            except OSError as error:
                print(f"{self.path} cannot be written: {error}")
            self.changed()
        shown = f": {step.reason}" if step.reason else ""
        print(f"{name}: {step.status} in {step.seconds:.1f} s{shown}", flush=True)

    def all(self) -> dict[str, Step]:
        """The steps as they are now; other threads may add to them."""
        with self.lock:
            return dict(self.steps)

    def done(self, name: str) -> bool:
        """Whether a step is behind us; those that failed or were left out are tried again by another call."""
        return name in self.steps and self.steps[name].status == "done"

    def forget(self, name: str) -> None:
        """Have a step done again."""
        with self.lock:
            self.steps.pop(name, None)

    def result(self, name: str) -> dict[str, Any]:
        """A step's figures, none if it has none."""
        return self.steps[name].result if name in self.steps else {}

    def save(self) -> None:
        """Write everything."""
        write_whole(self.path, self.text())

    def text(self) -> str:
        """Everything as JSON."""
        content = {"about": self.about, "steps": {name: asdict(step) for name, step in self.all().items()}}
        return json.dumps(content, indent=1) + "\n"
