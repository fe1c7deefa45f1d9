"""Every showing of a picture has an address and a file of its own: nothing but pixels is common to two sessions.

With one address for all, volunteers of a study of pairs who compare theirs find the original: it is the picture that
they share. An address is made of the secret, the session's token and the showing, and holds, encrypted, which stimulus
it is. So no table of addresses is kept, and no database is asked for a picture. The file is the stimulus with a mark
made of the address at its end; all before the mark is hashed once in the life of a process.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline.settings.errors import UserError
from study_app.design.tokens import derive
from study_app.stimuli.manifest import Stimuli, Stimulus
from study_app.stimuli.png import END_BYTES, MARK_BYTES, marked_end

if TYPE_CHECKING:
    from hashlib import _Hash

ADDRESS = re.compile(r"[A-Za-z0-9_-]{32}")
SHOWING_BYTES, NUMBER_BYTES, SEAL_BYTES = 12, 4, 8


class Addresses:
    """The addresses of a study's pictures, and what is there."""

    def __init__(self, stimuli: Stimuli) -> None:
        self._stimuli = stimuli
        # The secret may serve other studies, too, whose stimuli have the same numbers.
        self._key = derive(stimuli.secret, "addresses", stimuli.manifest.digest)
        self._begun: dict[str, _Hash] = {}

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {one.token: number for number, one in enumerate(self._stimuli.manifest.stimuli)}

    def of(self, stimulus: Stimulus, session: str, *showing: str) -> str:
        """The address of a stimulus in one showing of a session, the same whenever it is asked for."""
        own = derive(self._key, "showing", session, *showing, stimulus.token)[:SHOWING_BYTES]
        number = _exclusive_or(self._numbers[stimulus.token].to_bytes(NUMBER_BYTES), self._mask(own))
        return urlsafe_b64encode(own + number + self._seal(own + number)).decode()

    def stimulus(self, address: str) -> Stimulus:
        """Which stimulus an address is of; raises `KeyError` for any that `of` has not made.

        A stimulus's token is an address, too, for pages that were open when an older version was replaced.
        """
        if not ADDRESS.fullmatch(address):
            return self._stimuli.by_token[address]
        content = urlsafe_b64decode(address)
        sealed, seal = content[:-SEAL_BYTES], content[-SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(sealed)):
            raise KeyError(address)
        own, number = sealed[:SHOWING_BYTES], sealed[SHOWING_BYTES:]
        return self._stimuli.manifest.stimuli[int.from_bytes(_exclusive_or(number, self._mask(own)))]

    def content(self, address: str) -> memoryview:
        """The PNG at an address; raises `KeyError` if there is none."""
        stimulus = self.stimulus(address)
        end = b"" if address == stimulus.token else self._end(address)
        # Read to where it is sent from: a copy of a megabyte costs twenty times what reading it does.
        content = memoryview(bytearray(stimulus.size - END_BYTES * bool(end) + len(end)))
        with self._stimuli.path(stimulus).open("rb", buffering=0) as file:
            file.readinto(content[: stimulus.size])
        if end:
            content[-len(end) :] = end
        return content

    def sha256(self, address: str) -> str:
        """The digest of the PNG at an address; raises `UserError` if the stimulus is not what the manifest says."""
        stimulus = self.stimulus(address)
        begun = self._begun.get(stimulus.token)
        if begun is None:
            begun = self._begun[stimulus.token] = self._checked(stimulus)
        whole = begun.copy()
        whole.update(self._end(address))
        return whole.hexdigest()

    def _checked(self, stimulus: Stimulus) -> "_Hash":
        """The hash of a stimulus's file without its end."""
        path = self._stimuli.path(stimulus)
        content = memoryview(path.read_bytes())
        begun = hashlib.sha256(content[:-END_BYTES])
        whole = begun.copy()
        whole.update(content[-END_BYTES:])
        if whole.hexdigest() != stimulus.sha256:
            raise UserError(f"{path} has other bytes than when it was made; bring it back from a copy.")
        return begun

    def _end(self, address: str) -> bytes:
        return marked_end(derive(self._key, "mark", address)[:MARK_BYTES])

    def _mask(self, own: bytes) -> bytes:
        return derive(self._key, "mask", own.hex())[:NUMBER_BYTES]

    def _seal(self, content: bytes) -> bytes:
        return derive(self._key, "seal", content.hex())[:SEAL_BYTES]


def _exclusive_or(content: bytes, mask: bytes) -> bytes:
    """Done twice it is as before."""
    return bytes(one ^ other for one, other in zip(content, mask, strict=True))
