"""A digest of the id by which a platform knows a volunteer: nobody takes part twice under the same."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("recruited", sa.String(64), nullable=True))
    op.create_index("ix_sessions_recruited", "sessions", ["study_id", "simulated", "recruited"], unique=True)
