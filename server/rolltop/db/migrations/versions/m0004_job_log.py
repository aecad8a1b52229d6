"""Jobs keep a log, who asked for them and with what, so that they can be understood and asked for again."""

from alembic import op

revision = "0004"
down_revision = "0005"


def upgrade() -> None:
    """Make the table of log lines; a job takes its lines along when it is deleted."""
    connection = op.get_bind()
    connection.exec_driver_sql("ALTER TABLE jobs ADD COLUMN actor TEXT")
    connection.exec_driver_sql("ALTER TABLE jobs ADD COLUMN retry_of TEXT")
    connection.exec_driver_sql("ALTER TABLE jobs ADD COLUMN input JSON")
    connection.exec_driver_sql(
        """
        CREATE TABLE job_log (
            job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            time TEXT NOT NULL,
            level TEXT NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (job, number)
        ) WITHOUT ROWID
        """
    )
