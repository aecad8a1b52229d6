"""Tables and columns have descriptions for people, beside their labels."""

from alembic import op

revision = "0007"
down_revision = "0002"


def upgrade() -> None:
    """Add the description; an empty one is none."""
    op.get_bind().exec_driver_sql("ALTER TABLE labels ADD COLUMN description TEXT NOT NULL DEFAULT ''")
