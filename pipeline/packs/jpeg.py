"""Whether a JPEG has all of its data: where some are missing, the decoder draws the rest in grey, without a word."""

import io
import math
import re
import struct

import numpy as np
from PIL import Image

from pipeline.settings.errors import UserError

START, END, SCAN, RESTART_INTERVAL = 0xD8, 0xD9, 0xDA, 0xDD
FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
ONE_PASS = {0xC0, 0xC1}
ABSENT, OUT_OF_TURN = 98, 99  # of a coefficient, beside the number of its missing bits
WITHOUT_LENGTH = {0x01, START, *range(0xD0, 0xD8)}
RESTART = re.compile(rb"\xff+[\xd0-\xd7]")
ANY_OTHER = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]")  # FF 00 is the value 255
NOISE, NOISE_AT_RESTARTS = (bytes(37 * place % 251 for place in range(1, count)) for count in (513, 33))
BAND = 256  # rows that are compared at once
FEW = 350  # pixels: a last block that lacks some bits is nothing to mind


class Structure:
    """The places of a JPEG's parts: `scans` are the first and last byte of each one's data.

    `precision`: component -> how many low bits of each of its 64 coefficients are still missing after all scans.
    """

    def __init__(self, content: bytes) -> None:
        self.scans: list[tuple[int, int]] = []
        self.restart_interval = self.frame = 0
        self.units = 0  # that the first scan is made of
        self.precision: dict[int, list[int]] = {}
        place = 2
        while place + 4 <= len(content) and content[place] == 0xFF:
            kind = content[place + 1]
            if kind == END:
                return
            if kind == 0xFF or kind in WITHOUT_LENGTH:
                place += 1 if kind == 0xFF else 2
                continue
            (length,) = struct.unpack(">H", content[place + 2 : place + 4])
            body = content[place + 4 : place + 2 + length]
            place += 2 + length
            if kind in FRAMES:
                self.frame, self.units = kind, _units(body)
                self.precision = {component: [ABSENT] * 64 for component in body[6::3]}
            elif kind == RESTART_INTERVAL:
                (self.restart_interval,) = struct.unpack(">H", body[:2])
            elif kind == SCAN:
                self._scan(body)
                found = ANY_OTHER.search(content, place)
                end = found.start() if found else len(content)
                self.scans.append((place, end))
                place = end

    def _scan(self, header: bytes) -> None:
        """Note what a scan adds: all of its components' coefficients, or some bits of some of them."""
        first, last, bits = header[-3:]
        before, after = divmod(bits, 16) if self.frame not in ONE_PASS else (0, 0)
        for component in header[1:-3:2]:
            known = self.precision[component]
            for place in range(first, last + 1):
                follows = known[place] == (before or ABSENT)
                known[place] = after if follows else OUT_OF_TURN


def _units(frame: bytes) -> int:
    """How many groups of blocks the only scan of a picture has."""
    height, width, count = struct.unpack(">HHB", frame[1:6])
    factors = [divmod(frame[7 + 3 * one], 16) for one in range(count)]
    across, down = (8 * max(pair[axis] for pair in factors) if count > 1 else 8 for axis in (0, 1))
    return math.ceil(width / across) * math.ceil(height / down)


def check_whole(image: Image.Image, content: bytes, name: str) -> None:
    """Raise `UserError` for a JPEG, decoded as `image`, that lacks a part of its data.

    Bytes that follow complete data are skipped, so they change no pixel; where data are missing, they are taken for
    them. So the file is decoded once more, with noise at the end of all data.
    """
    try:
        structure = Structure(content)
    except (IndexError, struct.error, ValueError):
        return  # odd, but Pillow has read it
    if not structure.scans or (_in_one_pass(structure) and not _ends_flat(image)):
        return
    unfinished = any(bits for known in structure.precision.values() for bits in known)
    if unfinished or _lacks_restarts(structure, content) or _takes_noise(image, content, structure):
        raise UserError(f"{name} is damaged (a part of the JPEG's data is missing); replace it or take it out.")


def _in_one_pass(structure: Structure) -> bool:
    return len(structure.scans) == 1 and structure.frame in ONE_PASS and not structure.restart_interval


def _ends_flat(image: Image.Image) -> bool:
    """Whether the last block is of one colour, as all are that could not be decoded."""
    corner = image.crop((max(0, image.width - 8), max(0, image.height - 8), image.width, image.height))
    return all(low == high for low, high in np.atleast_2d(corner.getextrema()).tolist())


def _lacks_restarts(structure: Structure, content: bytes) -> bool:
    """Whether the marks between parts of the data, numbered 0 to 7 in turn, are not all there."""
    if not structure.restart_interval or len(structure.scans) > 1:
        return False
    marks = [found.group()[-1] - 0xD0 for found in RESTART.finditer(content, *structure.scans[0])]
    expected = math.ceil(structure.units / structure.restart_interval) - 1
    return marks[:expected] != [number % 8 for number in range(expected)]


def _takes_noise(image: Image.Image, content: bytes, structure: Structure) -> bool:
    parts, last = [], 0
    for start, end in structure.scans:
        ends = [found.start() for found in RESTART.finditer(content, start, end)]
        for place in (*ends, end):
            parts += [content[last:place], NOISE if place == end else NOISE_AT_RESTARTS]
            last = place
    try:
        again = Image.open(io.BytesIO(b"".join([*parts, content[last:]])), formats=["JPEG"])
        again.load()
    except Exception:  # the noise tripped the decoder, which whole data never let it see
        return True
    changed = 0
    for top in range(0, image.height, BAND):
        box = (0, top, image.width, min(top + BAND, image.height))
        one, other = (np.asarray(picture.crop(box)).reshape(-1, len(image.getbands())) for picture in (image, again))
        changed += int((one != other).any(axis=1).sum())
    return changed > min(FEW, image.width * image.height // 32)
