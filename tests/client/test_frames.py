"""`df()`: the types of the table's columns in pandas and in polars."""

import datetime
import importlib
import importlib.util
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars
import pytest
from postgrest import APIError

from rolltop import connect
from rolltop.client import NoFrames, RolltopClient

if TYPE_CHECKING:
    from tests.conftest import LiveServer

pandas: Any = importlib.import_module("pandas")  # ships no types


@pytest.fixture(scope="module")
def db(library: "LiveServer") -> Iterator[RolltopClient]:
    """A connected client."""
    with connect(library.workspace) as connected:
        yield connected


class TestPandas:
    def test_columns_have_the_types_of_the_table(self, db: RolltopClient) -> None:
        frame = db.from_("books").select("*").order("id").df()
        assert isinstance(frame, pandas.DataFrame)
        assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
            "id": "int64",
            "title": "str",
            "author_id": "int64",
            "pages": "Int64",
            "price": "float64",
            "in_print": "boolean",
            "tags": "object",
            "out_on": "datetime64[us]",
            "seen": "datetime64[us, UTC]",
            "cover": "object",
        }
        assert frame["out_on"][0] == pandas.Timestamp(2001, 5, 1)
        assert frame["tags"][0] == ["sea"]
        assert frame["cover"][0] == b"\x00\xff"
        assert frame["pages"].sum() == 390

    def test_whole_numbers_stay_exact_beside_nulls(self, db: RolltopClient) -> None:
        assert db.from_("a/b?c").select("big").order("id").df()["big"][0] == 9007199254740993

    def test_follows_renames_and_filters(self, db: RolltopClient) -> None:
        frame = db.from_("books").select("day:out_on", "label:title").eq("id", 1).df()
        assert {name: str(kind)[:10] for name, kind in frame.dtypes.items()} == {"day": "datetime64", "label": "str"}

    def test_no_rows_give_the_columns(self, db: RolltopClient) -> None:
        frame = db.from_("books").select("id", "out_on").eq("id", 99).df()
        assert (list(frame.columns), len(frame)) == (["id", "out_on"], 0)

    def test_rows_that_were_written_come_back_as_a_frame(self, db: RolltopClient) -> None:
        frame = db.from_("authors").update({"born": 1951}).eq("id", 1).df()
        assert list(frame["born"]) == [1951]

    def test_a_refused_query_raises_its_error(self, db: RolltopClient) -> None:
        with pytest.raises(APIError) as refused:
            db.from_("books").select("nope").df()
        assert refused.value.code == "42703"


class TestPolars:
    def test_columns_have_the_types_of_the_table(self, db: RolltopClient) -> None:
        frame = db.from_("books").select("id,title,price,in_print,out_on,seen,cover").order("id").df("polars")
        assert isinstance(frame, polars.DataFrame)
        expected: dict[str, Any] = {
            "id": polars.Int64,
            "title": polars.String,
            "price": polars.Float64,
            "in_print": polars.Boolean,
            "out_on": polars.Date,
            "seen": polars.Datetime("us", "UTC"),
            "cover": polars.Binary,
        }
        assert dict(frame.schema) == expected
        assert frame["out_on"][0] == datetime.date(2001, 5, 1)

    def test_is_taken_when_pandas_is_missing(self, db: RolltopClient, monkeypatch: pytest.MonkeyPatch) -> None:
        find = importlib.util.find_spec
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pandas" else find(name))
        assert isinstance(db.from_("authors").select("*").df(), polars.DataFrame)

    def test_says_what_to_install_when_there_is_neither(
        self, db: RolltopClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
        with pytest.raises(NoFrames, match="pip install pandas"):
            db.from_("authors").select("*").df()
