"""The postgrest client at work: read, write, errors, and tables with any name."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from postgrest import APIError, CountMethod

from rolltop import connect
from rolltop.client import RolltopClient

if TYPE_CHECKING:
    from tests.conftest import LiveServer


@pytest.fixture(scope="module")
def db(library: "LiveServer") -> Iterator[RolltopClient]:
    """A connected client."""
    with connect(library.workspace) as connected:
        yield connected


class TestRead:
    def test_filters_sorts_and_pages(self, db: RolltopClient) -> None:
        found = db.from_("books").select("id,title").gte("pages", 150).order("pages", desc=True).limit(1).execute()
        assert found.data == [{"id": 1, "title": "Salt"}]

    def test_counts(self, db: RolltopClient) -> None:
        found = db.from_("books").select("id", count=CountMethod.exact).limit(1).execute()
        assert (found.count, len(found.data)) == (3, 1)

    def test_understands_values_with_commas_and_alternatives(self, db: RolltopClient) -> None:
        by_title = db.from_("books").select("id").in_("title", ["Pepper, Ground", "North"]).order("id").execute()
        assert by_title.data == [{"id": 2}, {"id": 3}]
        either = db.from_("books").select("id").or_("id.eq.1,title.like.N*").order("id").execute()
        assert either.data == [{"id": 1}, {"id": 3}]

    def test_gives_one_object(self, db: RolltopClient) -> None:
        assert db.from_("authors").select("*").eq("id", 3).single().execute().data == {
            "id": 3,
            "name": "Lind",
            "born": 1971,
        }

    def test_reaches_tables_with_any_name(self, db: RolltopClient) -> None:
        assert db.from_("Order Details").select('"Unit Price"').eq("id", 1).execute().data == [{"Unit Price": 18.5}]
        assert db.from_("a/b?c").select("big").eq("id", 1).execute().data == [{"big": 9007199254740993}]


class TestWrite:
    def test_adds_changes_and_deletes(self, db: RolltopClient) -> None:
        added = db.from_("authors").insert({"name": "Sand", "born": 1804}).execute().data
        assert isinstance(added[0], dict)
        key = added[0]["id"]
        changed = db.from_("authors").update({"born": 1805}).eq("id", key).execute().data
        assert changed == [{"id": key, "name": "Sand", "born": 1805}]
        assert db.from_("authors").delete().eq("id", key).execute().data == changed
        assert db.from_("authors").select("id").eq("id", key).execute().data == []

    def test_adds_many_or_none(self, db: RolltopClient) -> None:
        with pytest.raises(APIError) as refused:
            db.from_("authors").insert([{"id": 50, "name": "One"}, {"id": 1, "name": "Taken"}]).execute()
        assert refused.value.code == "23505"
        assert db.from_("authors").select("id").eq("id", 50).execute().data == []


class TestErrors:
    def test_carry_the_four_fields(self, db: RolltopClient) -> None:
        with pytest.raises(APIError) as refused:
            db.from_("boks").select().execute()
        assert refused.value.code == "PGRST205"
        assert "books" in str(refused.value.hint)

    def test_name_the_field_that_does_not_fit(self, db: RolltopClient) -> None:
        with pytest.raises(APIError) as refused:
            db.from_("authors").insert({"name": "X", "born": "soon"}).execute()
        assert refused.value.code == "22P02"
