"""The tables of the study. All times are milliseconds since 1970 in UTC, by the server's clock.

Answers, showings and events are append-only: triggers (`migrations`) refuse every update. Only a withdrawal deletes.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def required(kind: Any, *names: str, unique: bool | None = None) -> list[Column[Any]]:
    """Columns of one kind that always hold a value."""
    return [Column(name, kind, nullable=False, unique=unique) for name in names]


# One row for each version of study.yaml. `pictures`: digest of the stimuli that its answers are about.
studies = Table(
    "studies",
    metadata,
    Column("id", Integer, primary_key=True),
    *required(String(64), "digest", unique=True),
    *required(Integer, "version"),
    *required(String(64), "pictures"),
    *required(Text, "content"),
    *required(BigInteger, "opened_at"),
    Column("closed_at", BigInteger),
)

# One volunteer's session. Its token and its withdrawal code are stored as SHA-256 digests only. `answered`: how many
# trials; `ready_at`: when the next trial could begin; `lapsed`: its place was given back; `set_aside_at`, `set_aside`:
# when and why the researcher has set it aside; `recruited`: keyed digest of the id by which a platform or an invitation
# has sent the volunteer.
sessions = Table(
    "sessions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study_id", ForeignKey("studies.id"), nullable=False),
    *required(Boolean, "simulated"),
    *required(Integer, "number"),
    *required(String(64), "token_hash", "code_hash", unique=True),
    *required(String(16), "language"),
    *required(Integer, "block", "row", "trials", "answered"),
    *required(Boolean, "lapsed"),
    Column("tab", String(36)),
    *required(BigInteger, "begun_at", "seen_at"),
    *(Column(name, BigInteger) for name in ("ready_at", "completed_at", "withdrawn_at", "set_aside_at")),
    Column("set_aside", Text),
    Column("recruited", String(64)),
    UniqueConstraint("study_id", "simulated", "number"),
    Index("ix_sessions_recruited", "study_id", "simulated", "recruited", unique=True),
    Index(None, "study_id", "simulated", "lapsed", "seen_at"),
)

# What a session is shown, fixed when it begins. `first`: for a repeat, the position of its first showing. Of two
# pictures, `fake_place`: the side of that of `method`, 0 = left, 1 = right; `other`: whose the other is, or empty. Of
# more, `fake_place` counts from 0 in reading order, and `other` has all others in the order of their places.
trials = Table(
    "trials",
    metadata,
    Column("session_id", ForeignKey("sessions.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    *required(String(16), "kind"),
    *required(Text, "photograph", "method"),
    *required(String(32), "fault"),
    *(Column(name, Integer) for name in ("first", "fake_place")),
    Column("other", Text),
)

# One row for each criterion of a trial. Times within a trial are in ms by the browser's clock. The picture's size in
# CSS pixels and the zoom are unknown where a page of an older version has sent the answer.
answers = Table(
    "answers",
    metadata,
    Column("id", Integer, primary_key=True),
    *required(String(64), "study"),
    *required(Boolean, "simulated"),
    *required(Integer, "session_id", "trial"),
    *required(String(40), "criterion"),
    *required(Integer, "value"),
    *required(String(36), "key"),
    *required(BigInteger, "received_at"),
    *required(Float, "onset_ms", "offset_ms", "shown_ms", "response_ms"),
    *required(Integer, "exposures", "hidden"),
    *required(String(36), "tab"),
    *(Column(name, Float) for name in ("picture_width", "picture_height", "zoom")),
    ForeignKeyConstraint(["session_id", "trial"], ["trials.session_id", "trials.position"]),
    UniqueConstraint("session_id", "trial", "criterion"),
    UniqueConstraint("session_id", "key", "criterion"),
)

# A row for each time that a page was about to show the picture of a trial: also those that a reload, another tab or a
# hidden page cut short, for which there is no answer.
showings = Table(
    "showings",
    metadata,
    Column("id", Integer, primary_key=True),
    *required(Integer, "session_id", "trial"),
    *required(String(36), "key"),
    *required(BigInteger, "begun_at"),
    ForeignKeyConstraint(["session_id", "trial"], ["trials.session_id", "trials.position"]),
    UniqueConstraint("session_id", "key"),
)

# What happened beside the answers: vision, screen, practice, visibility, breaks. `detail`: a flat JSON object.
events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    *required(String(64), "study"),
    *required(Boolean, "simulated"),
    Column("session_id", ForeignKey("sessions.id"), nullable=False),
    *required(String(36), "key"),
    *required(String(40), "name"),
    *required(Float, "at_ms"),
    *required(Text, "detail"),
    *required(BigInteger, "received_at"),
    UniqueConstraint("session_id", "key"),
)

# What was done to the study itself: withdrawals, closing, reopening, sessions set aside. Part of every export.
log = Table(
    "log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study_id", ForeignKey("studies.id"), nullable=False),
    *required(Boolean, "simulated"),
    *required(BigInteger, "at"),
    *required(String(40), "what"),
    *required(Text, "detail"),
)
