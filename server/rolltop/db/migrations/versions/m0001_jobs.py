"""Jobs are kept, so that a restart can say what became of them."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table of jobs."""
    connection = op.get_bind()
    connection.exec_driver_sql(
        """
        CREATE TABLE jobs (
            id TEXT PRIMARY KEY NOT NULL,
            kind TEXT NOT NULL,
            title TEXT NOT NULL,
            state TEXT NOT NULL,
            done INTEGER NOT NULL,
            total INTEGER,
            unit TEXT NOT NULL,
            error JSON,
            result JSON,
            created TEXT NOT NULL,
            started TEXT,
            ended TEXT
        )
        """
    )
    connection.exec_driver_sql("CREATE INDEX ix_jobs_state ON jobs (state)")
