"""The side on which the colorization stands, for trials that are pairs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("trials", sa.Column("fake_place", sa.Integer(), nullable=True))
