"""Every time a picture was begun to be shown, and the size at which it was seen."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("picture_width", "picture_height", "zoom"):
        op.add_column("answers", sa.Column(name, sa.Float(), nullable=True))
    op.create_table(
        "showings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("trial", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(36), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["session_id", "trial"], ["trials.session_id", "trials.position"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("session_id", "key"),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER showings_append_only BEFORE UPDATE ON showings "
            "BEGIN SELECT RAISE(ABORT, 'showings are append-only'); END"
        )
        return
    op.execute(
        "CREATE TRIGGER showings_append_only BEFORE UPDATE ON showings FOR EACH ROW EXECUTE FUNCTION append_only()"
    )
