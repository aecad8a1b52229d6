"""The engine on `rolltop.db`: pragmas, transactions, migrations.

One connection writes, several read. The driver is `pysqlite3` with an SQLite of its own, because Python's may be older
than 3.51.3, which can corrupt a WAL database (threat model R1).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

from rolltop.db.version import known_revisions, revision_of
from rolltop.errors import StartError

PRAGMAS = (
    "busy_timeout = 10000",  # first: the switch to WAL may have to wait
    "journal_mode = WAL",  # readers and the writer do not wait for one another
    "synchronous = FULL",  # acknowledged means on disk (threat model R1)
    "foreign_keys = ON",
    "trusted_schema = OFF",
)


class UpgradeFailed(StartError):
    """`rolltop.db` could not be brought to its present form; it is as it was."""

    code = "workspace.upgrade_failed"


def _engine(path: Path, *, begin: str, pool_size: int) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        module=sqlite,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
        hide_parameters=True,  # a logged error must not tell what was to be kept (threat model L2)
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own transactions leave a failed migration half done
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


class Database:
    """`rolltop.db`, migrated and open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writer = _engine(path, begin="BEGIN IMMEDIATE", pool_size=1)
        self.reader = _engine(path, begin="BEGIN", pool_size=4)

    @classmethod
    def open(cls, path: Path) -> "Database":
        """Open the file, make it when there is none, and bring it to the present revision."""
        path.touch(mode=0o600, exist_ok=True)
        before = revision_of(path)
        database = cls(path)
        if before != known_revisions()[-1]:
            try:
                database._upgrade()
            except (SQLAlchemyError, sqlite.Error, OSError) as error:
                database.close()
                reason = getattr(error, "orig", None) or error
                raise UpgradeFailed(
                    f"{path.name} in {path.parent} could not be brought to this version: {reason}.",
                    hint=f"Your tables are in data.db and not affected. Move {path.name} away to start with a new one.",
                ) from error
        return database

    def _upgrade(self) -> None:
        from alembic import command  # 12 MB, of use once a release
        from alembic.config import Config as AlembicConfig

        with as_file(files("rolltop.db") / "migrations") as scripts, self.writer.begin() as connection:
            config = AlembicConfig()
            config.set_main_option("script_location", str(scripts).replace("%", "%%"))
            config.set_main_option("path_separator", "os")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A unit that only reads."""
        with Session(self.reader) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A unit of work: committed when the block ends, rolled back when it raises."""
        with Session(self.writer) as session, session.begin():
            yield session

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody writes within the block."""
        with self.write() as session:
            session.connection()  # takes the lock, which a session does with its first statement
            yield

    def close(self) -> None:
        """Give up every connection; the last one checkpoints the WAL."""
        self.reader.dispose()
        self.writer.dispose()
