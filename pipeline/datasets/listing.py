"""Reads split lists and the files that a dataset names; errors name the file."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from pipeline.packs.masks import VOID
from pipeline.settings.errors import UserError


def read_split_list(path: Path, nested: bool = False) -> list[str]:
    """The photograph ids of a split list, one a line, in the list's order; blank lines and `# comments` are skipped.

    An id is a file's name without folder and suffix; with `nested` it may have folders ("cats/001"). It comes in
    Unicode's composed form (NFC), as those of `pictures_below` do.
    """
    try:
        text = path.read_text("utf-8-sig")  # Windows editors put a byte order mark in front
    except FileNotFoundError:
        raise UserError(f"the split list {path} is missing; give a dataset that has it.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the split list {path} ({error}); it must be a UTF-8 text file.") from None
    lines = [unicodedata.normalize("NFC", line.strip()) for line in text.splitlines()]
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        if not _is_id(line, nested):
            raise UserError(f"{path}, line {number}: {line!r} is a path; give the bare photograph id, without suffix.")
        if line in seen:
            raise UserError(f"{path}, line {number}: the id {line!r} is there twice; remove one.")
        seen.add(line)
    if not seen:
        raise UserError(f"the split list {path} is empty; it must name at least one photograph, one id a line.")
    return [line for line in lines if line in seen]


def as_on_disk(root: Path, path: Path) -> Path:
    """`path` below `root` in the form of Unicode that is there, composed or apart; as it is where neither is."""
    forms = [Path(unicodedata.normalize(form, str(path))) for form in ("NFC", "NFD")]
    return path if str(path).isascii() else next((form for form in forms if (root / form).exists()), path)


def read_file(path: Path) -> bytes:
    """The bytes of a dataset's file."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path} is missing though the dataset names it; restore it or take it off the list.") from None
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror}); check the file and its permissions.") from None


def check_classes(mask: np.ndarray, classes: Sequence[str], name: str) -> np.ndarray:
    """`mask` itself when every value is the index of one of `classes` or void."""
    wrong = np.unique(mask[(mask >= len(classes)) & (mask != VOID)]).tolist()
    if wrong:
        known = f"0 ({classes[0]}) to {len(classes) - 1} ({classes[-1]}) for its classes and {VOID} for void"
        several = f"the value {wrong[0]}" + (f" and {len(wrong) - 1} other unknown ones" if len(wrong) > 1 else "")
        raise UserError(f"the mask {name} holds {several}; allowed are {known}.")
    return mask


def _is_id(line: str, nested: bool) -> bool:
    """Whether it is no path: some lists hold pairs, "/JPEGImages/x.jpg /SegmentationClassAug/x.png"."""
    parts = PurePosixPath(line).parts
    return "\\" not in line and not line.startswith("/") and ".." not in parts and (nested or len(parts) == 1)
