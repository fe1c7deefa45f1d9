"""Checks of a published file of weights: that it exists, and that its digest is right."""

import hashlib
import re
from pathlib import Path

from pipeline.settings.errors import UserError

DIGEST = re.compile(r"[0-9a-f]{8,64}")  # PyTorch Hub's file names carry the first 8 digits of 64


def require_file(path: Path) -> int:
    """The size of the file at `path` in bytes; raises `UserError` if it is missing, empty, or no file."""
    try:
        size = path.stat().st_size
    except OSError:
        raise UserError(f"the weights {path} are missing; download them from their authors.") from None
    if not path.is_file():
        raise UserError(f"{path} is not a file; name the file of weights itself.")
    if size == 0:
        raise UserError(f"{path} is empty; download the weights from their authors again.")
    return size


def check_digest(path: Path, expected: str | None) -> str:
    """The SHA-256 of a file in hex, read in pieces.

    `expected`: all 64 digits or the first 8 and more of them; None checks nothing. Raises `UserError` if they differ.
    """
    require_file(path)
    if expected is not None and not DIGEST.fullmatch(expected.lower()):
        raise UserError(f"{expected!r} is no SHA-256 to check {path} with; give its 64 hex digits, or the first 8.")
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    if expected is not None and not digest.startswith(expected.lower()):
        raise UserError(f"{path} has SHA-256 {digest}, not {expected}; download it again from its authors.")
    return digest


def reason(error: Exception) -> str:
    """The first sentence of a library's error, for brackets in ours; its class if it has no message."""
    return next(iter(str(error).splitlines()), "").split(". ")[0].rstrip(".") or type(error).__name__
