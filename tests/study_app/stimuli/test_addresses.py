"""An address leads to its picture and to nothing else, and a file is what its digest says."""

import hashlib
import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.settings.errors import UserError
from study_app.stimuli.addresses import Addresses
from study_app.stimuli.manifest import Stimuli
from study_app.stimuli.png import END_BYTES, chunks, encode, marked_end

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def test_every_showing_has_an_address_that_leads_to_its_stimulus(stimuli: Stimuli) -> None:
    addresses = Addresses(stimuli)
    made = {
        addresses.of(stimulus, session, part, str(trial), "0"): stimulus
        for stimulus in stimuli.manifest.stimuli
        for session in ("A" * 22, "B" * 22)
        for part in ("trial", "practice")
        for trial in range(12)
    }
    assert len(made) == len(stimuli.manifest.stimuli) * 2 * 2 * 12
    assert all(addresses.stimulus(address) == stimulus for address, stimulus in made.items())
    # Letters of addresses of one stimulus agree no more often than chance has it.
    own = [address for address, stimulus in made.items() if stimulus == stimuli.manifest.stimuli[0]]
    agree = np.mean([a == b for i, one in enumerate(own) for other in own[:i] for a, b in zip(one, other, strict=True)])
    assert agree == pytest.approx(1 / 64, abs=0.006)


def test_no_other_address_leads_anywhere(stimuli: Stimuli) -> None:
    addresses = Addresses(stimuli)
    address = addresses.of(stimuli.manifest.stimuli[0], "A" * 22, "trial", "0", "0")
    others = [
        address[:place] + LETTERS[LETTERS.index(address[place]) ^ bit] + address[place + 1 :]
        for place in range(32)
        for bit in (1, 2, 32)
    ]
    others += ["", address[:-1], address + "A", address + "=", address.replace(address[0], "é"), "A" * 32, "." * 32]
    for other in others:
        with pytest.raises(KeyError):
            addresses.stimulus(other)
    changed = replace(stimuli.manifest, study="another study")
    for elsewhere in (replace(stimuli, secret=b"another secret"), replace(stimuli, manifest=changed)):
        with pytest.raises(KeyError):
            Addresses(elsewhere).stimulus(address)


def test_a_file_has_the_promised_digest_its_own_mark_and_the_same_pixels(stimuli: Stimuli) -> None:
    addresses = Addresses(stimuli)
    stimulus = stimuli.manifest.stimuli[3]
    mine, yours = (addresses.of(stimulus, letter * 22, "trial", "0", "0") for letter in "AB")
    files = [addresses.content(address) for address in (mine, yours)]
    for address, content in zip((mine, yours), files, strict=True):
        assert hashlib.sha256(content).hexdigest() == addresses.sha256(address) != stimulus.sha256
        assert [name for name, _ in chunks(content)] == [b"IHDR", b"IDAT", b"maRk", b"IEND"]
        with Image.open(io.BytesIO(content)) as one, Image.open(stimuli.path(stimulus)) as stored:
            np.testing.assert_array_equal(np.asarray(one), np.asarray(stored))
            assert one.info == {}
    assert files[0] != files[1] and len(files[0]) == len(files[1])


def test_a_page_that_was_open_during_an_update_still_gets_its_pictures(stimuli: Stimuli) -> None:
    stimulus = stimuli.manifest.stimuli[0]
    content = Addresses(stimuli).content(stimulus.token)
    assert hashlib.sha256(content).hexdigest() == stimulus.sha256


def test_a_stimulus_that_was_changed_is_promised_to_nobody(stimuli: Stimuli, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(stimuli.folder, folder)
    stimulus = stimuli.manifest.stimuli[0]
    changed = replace(stimuli, folder=folder)
    path = changed.path(stimulus)
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    addresses = Addresses(changed)
    address = addresses.of(stimulus, "A" * 22, "trial", "0", "0")
    for _ in range(2):
        with pytest.raises(UserError, match=f"{stimulus.token}.png has other bytes than when it was made"):
            addresses.sha256(address)
    shutil.copy(stimuli.path(stimulus), path)
    assert addresses.sha256(address) == Addresses(stimuli).sha256(address)


def test_a_mark_has_its_length() -> None:
    with pytest.raises(ValueError, match="a mark has 16 bytes, not 3"):
        marked_end(b"abc")
    png = encode(np.zeros((4, 4, 3), np.uint8))
    assert png[-END_BYTES:] == marked_end(bytes(16))[-END_BYTES:]
