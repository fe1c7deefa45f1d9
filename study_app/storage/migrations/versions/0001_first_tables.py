"""The first tables, and the triggers that keep answers and events append-only."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("answers", "events")


def required(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "studies",
        *required(sa.Integer(), "id"),
        *required(sa.String(64), "digest"),
        *required(sa.Integer(), "version"),
        *required(sa.String(64), "pictures"),
        *required(sa.Text(), "content"),
        *required(sa.BigInteger(), "opened_at"),
        sa.Column("closed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "log",
        *required(sa.Integer(), "id", "study_id"),
        *required(sa.Boolean(), "simulated"),
        *required(sa.BigInteger(), "at"),
        *required(sa.String(40), "what"),
        *required(sa.Text(), "detail"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "sessions",
        *required(sa.Integer(), "id", "study_id"),
        *required(sa.Boolean(), "simulated"),
        *required(sa.Integer(), "number"),
        *required(sa.String(64), "token_hash", "code_hash"),
        *required(sa.String(16), "language"),
        *required(sa.Integer(), "block", "row", "trials", "answered"),
        *required(sa.Boolean(), "lapsed"),
        sa.Column("tab", sa.String(36)),
        *required(sa.BigInteger(), "begun_at", "seen_at"),
        *(sa.Column(name, sa.BigInteger()) for name in ("ready_at", "completed_at", "withdrawn_at")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code_hash"),
        sa.UniqueConstraint("study_id", "simulated", "number"),
        sa.UniqueConstraint("token_hash"),
    )
    indexed = ["study_id", "simulated", "lapsed", "seen_at"]
    op.create_index(op.f("ix_sessions_study_id_simulated_lapsed_seen_at"), "sessions", indexed)
    op.create_table(
        "events",
        *required(sa.Integer(), "id"),
        *required(sa.String(64), "study"),
        *required(sa.Boolean(), "simulated"),
        *required(sa.Integer(), "session_id"),
        *required(sa.String(36), "key"),
        *required(sa.String(40), "name"),
        *required(sa.Float(), "at_ms"),
        *required(sa.Text(), "detail"),
        *required(sa.BigInteger(), "received_at"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("session_id", "key"),
    )
    op.create_table(
        "trials",
        *required(sa.Integer(), "session_id", "position"),
        *required(sa.String(16), "kind"),
        *required(sa.Text(), "photograph", "method"),
        *required(sa.String(32), "fault"),
        sa.Column("first", sa.Integer()),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"]),
        sa.PrimaryKeyConstraint("session_id", "position"),
    )
    op.create_table(
        "answers",
        *required(sa.Integer(), "id"),
        *required(sa.String(64), "study"),
        *required(sa.Boolean(), "simulated"),
        *required(sa.Integer(), "session_id", "trial"),
        *required(sa.String(40), "criterion"),
        *required(sa.Integer(), "value"),
        *required(sa.String(36), "key"),
        *required(sa.BigInteger(), "received_at"),
        *required(sa.Float(), "onset_ms", "offset_ms", "shown_ms", "response_ms"),
        *required(sa.Integer(), "exposures", "hidden"),
        *required(sa.String(36), "tab"),
        sa.ForeignKeyConstraint(["session_id", "trial"], ["trials.session_id", "trials.position"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("session_id", "key", "criterion"),
        sa.UniqueConstraint("session_id", "trial", "criterion"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% are append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION append_only()"
        )
