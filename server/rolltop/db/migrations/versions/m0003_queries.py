"""Queries are saved under a name, so that scripts and apps can call them."""

from alembic import op

revision = "0003"
down_revision = "0007"


def upgrade() -> None:
    """Make the table of saved queries."""
    op.get_bind().exec_driver_sql(
        """
        CREATE TABLE queries (
            id TEXT PRIMARY KEY NOT NULL,
            name TEXT NOT NULL UNIQUE,
            sql TEXT NOT NULL,
            parameters JSON NOT NULL,
            returns TEXT NOT NULL,
            description TEXT NOT NULL,
            created TEXT NOT NULL,
            changed TEXT NOT NULL
        )
        """
    )
