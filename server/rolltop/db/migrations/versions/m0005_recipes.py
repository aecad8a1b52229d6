"""The fixes that made a file fit are kept for the next file of the same shape."""

from alembic import op

revision = "0005"
down_revision = "0003"


def upgrade() -> None:
    """Make the table of recipes; a shape is the JSON text of the headers."""
    connection = op.get_bind()
    connection.exec_driver_sql(
        """
        CREATE TABLE recipes (
            id TEXT PRIMARY KEY NOT NULL,
            shape TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            fixes JSON NOT NULL,
            types JSON NOT NULL,
            changed TEXT NOT NULL,
            used TEXT
        )
        """
    )
