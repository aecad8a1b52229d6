"""Backups are made by a schedule; what it has done last outlives the process."""

from alembic import op

revision = "0006"
down_revision = "0004"


def upgrade() -> None:
    """Make the table of the one schedule; moments are ISO 8601 in UTC."""
    op.get_bind().exec_driver_sql(
        """
        CREATE TABLE backup_schedule (
            id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
            every TEXT NOT NULL,
            hours INTEGER NOT NULL,
            at TEXT NOT NULL,
            keep_last INTEGER,
            keep_days INTEGER,
            tried TEXT,
            done TEXT,
            job TEXT
        )
        """
    )
