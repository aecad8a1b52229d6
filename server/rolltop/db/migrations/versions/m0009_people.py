"""People with roles, and the tokens and sessions by which they are known."""

from alembic import op

revision = "0009"
down_revision = "0006"

TABLES = (
    """
    CREATE TABLE roles (
        name TEXT PRIMARY KEY NOT NULL,
        description TEXT NOT NULL,
        scopes JSON NOT NULL,
        tables JSON NOT NULL,
        others JSON NOT NULL,
        created TEXT NOT NULL,
        changed TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE people (
        id TEXT PRIMARY KEY NOT NULL,
        name TEXT NOT NULL,
        name_key TEXT NOT NULL UNIQUE,
        email TEXT,
        email_key TEXT UNIQUE,
        role TEXT NOT NULL,
        active BOOLEAN NOT NULL,
        password TEXT,
        created TEXT NOT NULL,
        changed TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE sessions (
        id TEXT PRIMARY KEY NOT NULL,
        digest BLOB NOT NULL UNIQUE,
        person TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
        client TEXT NOT NULL,
        created TEXT NOT NULL,
        expires TEXT NOT NULL,
        used TEXT
    )
    """,
    """
    CREATE TABLE invitations (
        digest BLOB PRIMARY KEY NOT NULL,
        person TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
        expires TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE tokens (
        id TEXT PRIMARY KEY NOT NULL,
        name TEXT NOT NULL,
        digest BLOB NOT NULL UNIQUE,
        hint TEXT NOT NULL,
        person TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
        scopes JSON NOT NULL,
        tables JSON,
        created TEXT NOT NULL,
        expires TEXT,
        used TEXT
    )
    """,
)


def upgrade() -> None:
    """Make the tables, and the owner, who is there from the beginning."""
    connection = op.get_bind()
    for table in TABLES:
        connection.exec_driver_sql(table)
    connection.exec_driver_sql(
        "INSERT INTO people VALUES ('owner', 'Owner', 'owner', NULL, NULL, 'owner', 1, NULL,"
        " strftime('%Y-%m-%d %H:%M:%f000', 'now'), strftime('%Y-%m-%d %H:%M:%f000', 'now'))"
    )
