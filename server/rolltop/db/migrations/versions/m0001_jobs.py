"""Jobs are kept, so that a restart can say what became of them; tables and columns have labels."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of jobs and labels."""
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
    connection.exec_driver_sql(
        """
        CREATE TABLE labels (
            "table" TEXT NOT NULL,
            "column" TEXT NOT NULL,
            label TEXT NOT NULL,
            PRIMARY KEY ("table", "column")
        )
        """
    )
