"""How volunteers are recruited: by a platform that pays them, or by invitations of one's own.

Whoever arrives is known by an id in the address. The database keeps a digest of it under the study's secret, with which
nobody can tell whose it is, but the same id takes part once.

Prolific: https://docs.prolific.com/api-reference/studies/the-study-object (ids in the address, completion codes).
Mechanical Turk: https://docs.aws.amazon.com/AWSMechTurk/latest/AWSMturkAPI/ApiReference_ExternalQuestionArticle.html
"""

import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from pipeline.settings.errors import suggestion
from study_app.design.tokens import derive, opaque_name

Platform = Literal["prolific", "mturk", "invitations", "other"]
PARAMETERS: Mapping[str, str] = {"prolific": "PROLIFIC_PID", "mturk": "workerId", "invitations": "invitation"}
ENDS = ("completed", "screened_out", "full", "no_consent")  # what may end a visit
PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
OURS = ("s", "page", "lang", "assignmentId", "hitId", "turkSubmitTo")  # parameters that mean something else
ID = re.compile(r"[\w.@+-]{1,100}", re.ASCII)  # also turns away a platform's placeholder that nobody has filled in
CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Mechanical Turk shows the page in a frame, and says in the address to which of its hosts the end is sent.
TURK_HOSTS = ("https://www.mturk.com", "https://workersandbox.mturk.com")
TURK_FRAMES = ("https://worker.mturk.com", "https://www.mturk.com", "https://workersandbox.mturk.com")
TURK_PREVIEW = "ASSIGNMENT_ID_NOT_AVAILABLE"
ASSIGNMENT = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Recruitment:
    """`recruitment` of study.yaml. `parameter`: what the id is called in the address, by default as the platform does;
    `ends`: a link or a code for each way in which a visit can end. Both ends and codes are told to nobody before."""

    platform: Platform
    parameter: str = ""
    ends: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the id is called in the address."""
        return self.parameter or PARAMETERS[self.platform]


def mistakes(recruitment: Recruitment) -> Iterator[tuple[object, str]]:
    """Every mistake that can be made, as `study._mistakes` has them."""
    platform, name = recruitment.platform, recruitment.parameter
    yield platform == "other" and not name, "recruitment.parameter is missing: what is the id called in the address?"
    odd = f"recruitment.parameter is {name!r}, but must be letters, digits and _, and none of {', '.join(OURS)}."
    yield name and (not PARAMETER.fullmatch(name) or name in OURS), odd
    for key, end in recruitment.ends.items():
        yield key not in ENDS, f"recruitment.ends has no {key!r}; {suggestion(key, list(ENDS))}"
        neither = f"recruitment.ends.{key} is {end!r}, but must be a link that begins with https:// or a code."
        yield not is_link(end) and not CODE.fullmatch(end), neither
    missing = "recruitment.ends.completed is missing: the link or code by which the platform knows who has finished."
    yield platform in ("prolific", "other") and "completed" not in recruitment.ends, missing
    sent = "recruitment.ends.completed must not be given: to Mechanical Turk the end of the study is sent."
    yield platform == "mturk" and "completed" in recruitment.ends, sent


def is_link(end: str) -> bool:
    """Whether an end is a link and not a code."""
    parts = urlsplit(end)
    return parts.scheme == "https" and bool(parts.hostname) and not re.search(r"[\s\"'<>]", end)


def invitation(secret: bytes, number: int) -> str:
    """The code of the invitation with this number; nobody can make one without the secret."""
    return f"{number}-{opaque_name(secret, 'invitation', str(number))[:16].replace('-', '.')}"


def is_invitation(secret: bytes, text: str) -> bool:
    """Whether a code is one of ours."""
    number = text.partition("-")[0]
    if not re.fullmatch(r"[1-9][0-9]{0,8}", number):
        return False
    return hmac.compare_digest(invitation(secret, int(number)), text)


def is_recruited(recruitment: Recruitment, secret: bytes, text: str) -> bool:
    """Whether an id can be one of those that the study is for."""
    if recruitment.platform == "invitations":
        return is_invitation(secret, text)
    return ID.fullmatch(text) is not None


def recruited_digest(secret: bytes, text: str) -> str:
    """What the database keeps of an id: 256 bits as 64 hexadecimal digits."""
    return derive(secret, "recruited", text).hex()


def turk_form(address: Mapping[str, str]) -> tuple[str, str] | None:
    """Where a worker's assignment is sent to at the end, and its id; None if the address does not say."""
    host, assignment = address.get("turkSubmitTo", "").rstrip("/"), address.get("assignmentId", "")
    if host not in TURK_HOSTS or assignment == TURK_PREVIEW or not ASSIGNMENT.fullmatch(assignment):
        return None
    return f"{host}/mturk/externalSubmit", assignment
