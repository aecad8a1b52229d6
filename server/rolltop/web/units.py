"""What routes ask for: a unit of work on rolltop.db, the user's data, our own address.

A writing unit is committed before the answer leaves (`scope="function"`): with FastAPI's default a commit that fails
would still have answered 201.
"""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel import Session

from rolltop.data import Data
from rolltop.db.database import Database


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def _data(request: Request) -> Data:
    data: Data = request.app.state.data
    return data


def _base_url(request: Request) -> str:
    url: str = request.app.state.url
    return url


def _read(database: Annotated[Database, Depends(_database)]) -> Iterator[Session]:
    with database.read() as session:
        yield session


def _write(database: Annotated[Database, Depends(_database)]) -> Iterator[Session]:
    with database.write() as session:
        yield session


Read = Annotated[Session, Depends(_read, scope="function")]
Write = Annotated[Session, Depends(_write, scope="function")]
DataFile = Annotated[Data, Depends(_data)]
BaseUrl = Annotated[str, Depends(_base_url)]
