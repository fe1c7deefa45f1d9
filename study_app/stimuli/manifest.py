"""The manifest of the stimuli: the photograph and the method behind every token. It never leaves the server."""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from pipeline.settings.errors import UserError
from pipeline.settings.params import parse_record
from study_app.design.assignment import Cast

STIMULI = Path("stimuli")
PICTURES = "pictures"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Stimulus:
    """One picture as volunteers get it. `fault`: what was done to its colours, "" if nothing; `size`: in bytes."""

    token: str
    photograph: str
    method: str
    fault: str
    sha256: str
    width: int
    height: int
    size: int


@dataclass(frozen=True)
class Manifest:
    """All stimuli of one study. `study`: its digest."""

    study: str
    cast: Cast
    stimuli: tuple[Stimulus, ...]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of which pictures there are; it changes with any pixel and with the secret."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


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
    def by_look(self) -> dict[tuple[str, str, str], Stimulus]:
        """Every stimulus by (photograph, method, fault)."""
        return {(one.photograph, one.method, one.fault): one for one in self.manifest.stimuli}

    def path(self, stimulus: Stimulus) -> Path:
        """The file of a stimulus."""
        return self.folder / PICTURES / f"{stimulus.token}.png"


def load_stimuli(study_digest: str, root: Path = STIMULI) -> Stimuli:
    """Open what `python -m study_app.stimuli` has prepared for a study."""
    folder = root / study_digest
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        secret = (root / "secret").read_bytes()
    except FileNotFoundError:
        raise UserError(f"{folder} has no stimuli of this study; `python -m study_app.stimuli` makes them.") from None
    except ValueError:
        raise UserError(f"{folder / MANIFEST} is damaged; `python -m study_app.stimuli` makes it anew.") from None
    manifest = parse_record(Manifest, content, str(folder / MANIFEST))
    return Stimuli(folder, manifest, secret)
