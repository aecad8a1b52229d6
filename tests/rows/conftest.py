"""A rows lane of its own for each test: the library of the dialect's appendix, behind a real ASGI client."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest
from starlette.testclient import TestClient

from rolltop.auth.actor import OWNER
from rolltop.data import Data
from rolltop.rows.router import RowsLane
from rolltop.rows.saved import SavedQueries, SavedQuery
from rolltop.web.asgi import ASGIScope, Receive, Send

LIBRARY = Path(__file__).with_name("library.sql").read_text(encoding="utf-8")

Open = Callable[[str], TestClient]


class SignedIn:
    """The lane behind a door that lets everybody in as the owner."""

    def __init__(self, data: Data, queries: Iterable[SavedQuery]) -> None:
        saved = SavedQueries(data)
        saved.replace(queries)
        self.lane = RowsLane(data, saved, never)

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["actor"] = OWNER
            await self.lane(scope, receive, send)


async def never() -> None:
    """The saved queries are there from the start."""
    raise AssertionError("nothing to wait for")


def client_of(data: Data, queries: Iterable[SavedQuery] = ()) -> TestClient:
    """A client whose addresses start below `/rest/v1`."""
    client = TestClient(SignedIn(data, queries), base_url="http://127.0.0.1:8377/rest/v1/")
    client.headers.clear()
    return client


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client on one library for all tests of a module that read, or are rolled back."""
    path = tmp_path_factory.mktemp("library") / "data.db"
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(LIBRARY)
    data = Data.open(path)
    yield client_of(data)
    data.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Callable[[str], Data]]:
    """Opens a fresh file that was made by the given SQL."""
    opened: list[Data] = []

    def make(sql: str) -> Data:
        path = tmp_path / f"data-{len(opened)}.db"
        connection = apsw.Connection(str(path))
        connection.execute(sql)
        connection.close()
        opened.append(Data.open(path))
        return opened[-1]

    yield make
    for data in opened:
        data.close()


@pytest.fixture
def serve(database: Callable[[str], Data]) -> Open:
    """A client on a fresh file that was made by the given SQL."""
    return lambda sql: client_of(database(sql))


@pytest.fixture
def library(serve: Open) -> TestClient:
    """A client on the library, in its fresh state."""
    return serve(LIBRARY)


def rows(response: Any) -> Any:
    """The decoded body of an answer that must have succeeded."""
    assert response.status_code < 300, response.text
    return response.json()
