"""When and why the researcher has set a session aside."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("set_aside_at", sa.BigInteger(), nullable=True))
    op.add_column("sessions", sa.Column("set_aside", sa.Text(), nullable=True))
