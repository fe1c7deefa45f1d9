"""The tables of the study. All times are milliseconds since 1970 in UTC, by the server's clock.

Answers and events are append-only: triggers (`migrations`) refuse every update of them. Only a withdrawal deletes.
"""

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

# One row a version of study.yaml. `pictures`: digest of the stimuli that its answers are about.
studies = Table(
    "studies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("pictures", String(64), nullable=False),
    Column("content", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
)

# One volunteer's run. Of its token and its withdrawal code only SHA-256 digests are here. `answered`: how many trials;
# `ready_at`: from when on the next trial could have begun; `lapsed`: silent for so long that its place was given back.
sessions = Table(
    "sessions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study_id", ForeignKey("studies.id"), nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("number", Integer, nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("code_hash", String(64), nullable=False, unique=True),
    Column("language", String(16), nullable=False),
    Column("block", Integer, nullable=False),
    Column("row", Integer, nullable=False),
    Column("trials", Integer, nullable=False),
    Column("answered", Integer, nullable=False),
    Column("lapsed", Boolean, nullable=False),
    Column("tab", String(36)),
    Column("begun_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("ready_at", BigInteger),
    Column("completed_at", BigInteger),
    Column("withdrawn_at", BigInteger),
    UniqueConstraint("study_id", "simulated", "number"),
    Index(None, "study_id", "simulated", "lapsed", "seen_at"),
)

# What a session is shown, fixed when it begins. `first`: for a repeat, the position of its first showing; `fake_place`:
# in a pair, where the picture beside the original stands, 0 = left, 1 = right.
trials = Table(
    "trials",
    metadata,
    Column("session_id", ForeignKey("sessions.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("photograph", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("fault", String(32), nullable=False),
    Column("first", Integer),
    Column("fake_place", Integer),
)

# One row a criterion of a trial. Times within a trial are in ms by the browser's clock.
answers = Table(
    "answers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study", String(64), nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("session_id", Integer, nullable=False),
    Column("trial", Integer, nullable=False),
    Column("criterion", String(40), nullable=False),
    Column("value", Integer, nullable=False),
    Column("key", String(36), nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("onset_ms", Float, nullable=False),
    Column("offset_ms", Float, nullable=False),
    Column("shown_ms", Float, nullable=False),
    Column("response_ms", Float, nullable=False),
    Column("exposures", Integer, nullable=False),
    Column("hidden", Integer, nullable=False),
    Column("tab", String(36), nullable=False),
    ForeignKeyConstraint(["session_id", "trial"], ["trials.session_id", "trials.position"]),
    UniqueConstraint("session_id", "trial", "criterion"),
    UniqueConstraint("session_id", "key", "criterion"),
)

# What happened beside the answers: vision, screen, practice, visibility, breaks. `detail`: a flat JSON object.
events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study", String(64), nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("session_id", ForeignKey("sessions.id"), nullable=False),
    Column("key", String(36), nullable=False),
    Column("name", String(40), nullable=False),
    Column("at_ms", Float, nullable=False),
    Column("detail", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    UniqueConstraint("session_id", "key"),
)

# What was done to the study itself: withdrawals, closing, reopening. Goes out with every export.
log = Table(
    "log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study_id", ForeignKey("studies.id"), nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("what", String(40), nullable=False),
    Column("detail", Text, nullable=False),
)
