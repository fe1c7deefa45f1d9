"""How every reader refuses a file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.settings.errors import UserError


def sentence(read: Callable[[Path], object], path: Path) -> str:
    """The error of reading `path`, which must be one sentence that names the file."""
    with pytest.raises(UserError) as error:
        read(path)
    message = str(error.value)
    assert str(path) in message and message.endswith(".") and "\n" not in message and len(message) < 400
    return message
