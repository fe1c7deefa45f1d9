"""Any program as a method: it gets a folder of grey photographs and leaves a folder of colour pictures."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from tqdm import tqdm

from pipeline.methods.folder import Folder
from pipeline.methods.method import Context, Method, Photo, Photos
from pipeline.methods.program import PLACEHOLDERS, Programs, command_lines, last_words
from pipeline.methods.reference import gray
from pipeline.records.archive import encode_png
from pipeline.records.rows import MethodCard
from pipeline.settings.errors import UserError, suggestion

SCRATCH = Path(".scratch/command")
NAMES = ("ids", "numbers")


class Command(Method):
    """A program, or several one after the other, that colorizes all photographs of a folder.

    `run`: the command line, or a list of them. "{gray_dir}" stands for the folder of the grey photographs, lossless
    PNGs of three equal channels; "{out_dir}" for the empty folder where the pictures belong, which are read as by
    `Folder`; "{dataset}" for the dataset's name; "{{" and "}}" for single braces. A line is split as a shell would, but
    no shell runs it. `cwd`: its folder, by default the current one. `bin`: where programs are looked for first, such as
    the folder of an environment's `python`. `environment`: more variables for it. `timeout`: seconds for all lines
    together. `names`: photographs are named by their "ids", folders included, or by "numbers", for programs that read
    no subfolders or fail on dots and spaces. `on_wrong_size` and `card`: see `Folder`.
    """

    def __init__(
        self,
        context: Context,
        run: str | list[str],
        *,
        cwd: str | None = None,
        bin: str | None = None,
        environment: dict[str, str | int | float] | None = None,
        timeout: float | None = None,
        names: Literal["ids", "numbers"] = "ids",
        on_wrong_size: Literal["stop", "resize", "resize_colors"] = "stop",
        card: dict[str, Any] | None = None,
    ) -> None:
        if names not in NAMES:
            raise UserError(f"names is {names!r}; {suggestion(str(names), list(NAMES))}")
        if timeout is not None and (isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout <= 0):
            raise UserError(f"timeout is {timeout!r}, but should be a number of seconds.")
        options = json.dumps([run, cwd, bin, environment, names], sort_keys=True, default=str)
        key = hashlib.sha256(options.encode()).hexdigest()[:8]
        self.scratch = SCRATCH / f"{context.dataset}-{key}"
        self.names = names
        self.gray, self.out = (self.scratch / name for name in ("gray", "pictures"))
        # Absolute, for a program that runs elsewhere.
        meant = (str(self.gray.resolve()), str(self.out.resolve()), context.dataset)
        stands_for = dict(zip(PLACEHOLDERS, meant, strict=True))
        self.programs = Programs(
            tuple(tuple(word.format(**stands_for) for word in words) for words in command_lines(run)),
            _folder("cwd", cwd),
            _variables(environment, bin),
            timeout,
            self.scratch / "log.txt",
        )
        self.pictures = Folder(context, str(self.out), on_wrong_size, card)
        self.elapsed = 0.0
        self.left: set[str] = set()

    def prepare(self, photos: Photos) -> None:
        """Write the grey photographs, run the program and match its pictures."""
        names = {id: id if self.names == "ids" else f"{number:06d}" for number, id in enumerate(photos.ids)}
        self._clear()  # what an earlier failure left
        self.out.mkdir(parents=True)
        write_gray(self.gray, photos, list(names.values()))
        with self._kept_on_failure():
            self.elapsed = self.programs.run()
            self.pictures.match(names)
            self.pictures.check(photos)
        self.left = set(photos.ids)

    def colorize(self, photos: Sequence[Photo]) -> list[np.ndarray]:
        with self._kept_on_failure():
            pictures = self.pictures.colorize(photos)
        self.left -= {photo.id for photo in photos}
        if not self.left:
            shutil.rmtree(self.scratch, ignore_errors=True)
        return pictures

    def card(self) -> MethodCard:
        card = self.pictures.card()
        return replace(
            card, remarks=(*card.remarks, "The time is that of a whole program, loading its model included.")
        )

    def seconds(self, measured: float) -> float:
        """The seconds that the program ran."""
        return self.elapsed

    def _clear(self) -> None:
        try:
            if self.scratch.exists():
                shutil.rmtree(self.scratch)
        except OSError as error:  # a program in a container may have written as another user
            raise UserError(f"{self.scratch} cannot be removed ({error.strerror}); remove it by hand.") from None

    @contextmanager
    def _kept_on_failure(self) -> Iterator[None]:
        """Add to an error what the program printed last, and where its input and output are kept."""
        try:
            yield
        except UserError as error:
            raise UserError(
                f"{error}\n{last_words(self.programs.log)}\nThe grey photographs, the pictures and the output "
                f"(log.txt) are kept in {self.scratch}; its next run deletes them."
            ) from None


def write_gray(folder: Path, photos: Photos, names: Sequence[str]) -> None:
    """Write the photographs' lightness, and nothing else of them, as `<name>.png` below `folder`."""
    for index, name in enumerate(tqdm(names, "writing grey photographs", delay=2, mininterval=1, unit="photo")):
        path = folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_png(gray(photos[index].lightness)))


def _folder(option: str, path: object) -> Path:
    folder = Path() if path is None else Path(str(path)).expanduser()
    if not folder.is_dir():
        raise UserError(f"`{option}` is {str(path)!r}, which is no folder.")
    return folder


def _variables(environment: object, bin: str | None) -> dict[str, str]:
    """The texts of `environment`; with a `bin`, that folder comes first in PATH."""
    if not isinstance(environment, dict | None):
        raise UserError(f"`environment` is {environment!r}, but should hold variables and their values.")
    for name, value in (environment or {}).items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):  # YAML makes True of an unquoted yes
            raise UserError(f"environment: {name} is {value!r}, but should be a text; quote it.")
    variables = {str(name): str(value) for name, value in (environment or {}).items()}
    if bin is not None:
        path = variables.get("PATH", os.environ.get("PATH", os.defpath))
        variables["PATH"] = os.pathsep.join((str(_folder("bin", bin).absolute()), path))
    return variables
