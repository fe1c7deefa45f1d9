"""The published file's digest."""

import hashlib

import pytest

from pipeline.networks.published_file import check_digest
from pipeline.settings.errors import UserError

CONTENT = bytes(range(256)) * 5000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def path(tmp_path):
    (tmp_path / "weights.pth").write_bytes(CONTENT)
    return tmp_path / "weights.pth"


@pytest.mark.parametrize("expected", [None, DIGEST, DIGEST[:8], DIGEST[:8].upper()])
def test_the_whole_digest_its_beginning_or_none_is_accepted(path, expected):
    assert check_digest(path, expected) == DIGEST


@pytest.mark.parametrize("expected", ["9b330a0b", DIGEST[:-1] + "x", DIGEST[:7], DIGEST + "0", ""])
def test_another_digest_and_what_is_no_digest_are_named_with_the_file(path, expected):
    with pytest.raises(UserError) as error:
        check_digest(path, expected)
    assert str(path) in str(error.value) and expected in str(error.value) and str(error.value).endswith(".")
