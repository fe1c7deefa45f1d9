"""The manifest of the stimuli: the photograph and the method behind every token. It never leaves the server."""

import hashlib
import json
import shlex
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from pipeline.settings.errors import UserError
from pipeline.settings.params import parse_record
from study_app.design.assignment import Cast
from study_app.design.study import STUDY_FILE

STIMULI = Path("stimuli")
PICTURES = "pictures"
MANIFEST = "manifest.json"
Look = tuple[str, str, str]  # photograph, method, fault


@dataclass(frozen=True)
class Stimulus:
    """One picture. `fault`: what was done to its colours, "" if nothing; `sha256`, `size` in bytes: of its file here.

    `copy`: 1 for a second file of the same pixels, which studies of format 2 have, and which is not shown any more.
    """

    token: str
    photograph: str
    method: str
    fault: str
    sha256: str
    width: int
    height: int
    size: int
    copy: int = 0


@dataclass(frozen=True)
class Manifest:
    """All stimuli of one study. `study`: its digest; `format`: 1 where an older version of this program made them."""

    study: str
    cast: Cast
    stimuli: tuple[Stimulus, ...]
    format: int = 1

    @cached_property
    def digest(self) -> str:
        """SHA-256 of which pictures there are; it changes with any pixel and with the secret."""
        content = asdict(self)
        if self.format == 1:  # had no such fields, and keeps the digest that databases know it by
            del content["format"]
            for stimulus in content["stimuli"]:
                del stimulus["copy"]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Stimuli:
    """A folder of stimuli with its manifest and the secret that the tokens come from."""

    folder: Path
    manifest: Manifest
    secret: bytes

    @cached_property
    def by_token(self) -> dict[str, Stimulus]:
        """Every stimulus by its token."""
        return {stimulus.token: stimulus for stimulus in self.manifest.stimuli}

    @cached_property
    def by_look(self) -> dict[Look, Stimulus]:
        """Every stimulus by its look."""
        return {(one.photograph, one.method, one.fault): one for one in self.manifest.stimuli if not one.copy}

    def path(self, stimulus: Stimulus) -> Path:
        """The file of a stimulus."""
        return self.folder / PICTURES / f"{stimulus.token}.png"


def _command(study_file: Path) -> str:
    return f"huebench study stimuli {shlex.quote(str(study_file))}"


def load_secret(root: Path = STIMULI) -> bytes:
    """The secret of all studies whose pictures are below `root`: tokens, and digests of ids, come from it."""
    try:
        return (root / "secret").read_bytes()
    except FileNotFoundError:
        raise UserError(f"{root} has no secret yet; `{_command(STUDY_FILE)}` makes it with the pictures.") from None


def load_stimuli(study_digest: str, root: Path = STIMULI, study_file: Path = STUDY_FILE) -> Stimuli:
    """Open what `python -m study_app.stimuli` has prepared for a study; `study_file` is named if it has not."""
    folder = root / study_digest
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{folder} has no stimuli of {study_file}; `{_command(study_file)}` makes them.") from None
    except ValueError:
        raise UserError(f"{folder / MANIFEST} is damaged; `{_command(study_file)}` makes it anew.") from None
    manifest = parse_record(Manifest, content, str(folder / MANIFEST))
    return Stimuli(folder, manifest, load_secret(root))
