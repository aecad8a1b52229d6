"""Opened files, closed again whatever happens."""

from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from rolltop.data import Data

Make = Callable[..., Data]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Make]:
    """Opens a file, made by the given SQL when there is some."""
    files: list[Data] = []

    def make(sql: str = "", *, name: str = "data.db", in_place: bool = False) -> Data:
        path = tmp_path / name
        if sql:
            made_by_others(path, sql)
        files.append(Data.open(path, in_place=in_place))
        return files[-1]

    yield make
    for data in files:
        data.close()


def made_by_others(path: Path, sql: str) -> None:
    """Run SQL on a file as another program would."""
    connection = apsw.Connection(str(path))
    connection.execute(sql).fetchall()
    connection.close()
