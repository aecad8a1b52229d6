"""Tables and columns have labels for people, which SQL has no place for."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of labels; an empty column name stands for the table itself."""
    connection = op.get_bind()
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
