"""The postgrest client on the Chinook database: related tables, spreads and aggregates, read and written."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from postgrest import APIError, CountMethod

from rolltop import connect
from rolltop.client import RolltopClient

if TYPE_CHECKING:
    from tests.conftest import LiveServer


@pytest.fixture(scope="module")
def db(live: "LiveServer", chinook: Path) -> Iterator[RolltopClient]:
    """A client of a server whose data file has the Chinook tables, written there by another program."""
    with (
        closing(sqlite3.connect(f"file:{chinook}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(live.workspace / "data.db", timeout=10)) as target,
    ):
        target.executescript("\n".join(source.iterdump()))
    with connect(live.workspace) as connected:
        yield connected


def one(db: RolltopClient, table: str, select: str, **equal: Any) -> Any:
    query = db.from_(table).select(select)
    for column, value in equal.items():
        query = query.eq(column, value)
    return query.single().execute().data


class TestEmbed:
    def test_follows_keys_both_ways_and_through_a_junction(self, db: RolltopClient) -> None:
        track = one(db, "Track", "Name,Album(Title,Artist(Name)),genre:Genre(Name),Playlist(Name)", TrackId=1)
        assert track["Album"] == {"Title": "For Those About To Rock We Salute You", "Artist": {"Name": "AC/DC"}}
        assert track["genre"] == {"Name": "Rock"}
        assert {"Name": "Heavy Metal Classic"} in track["Playlist"]

    def test_orders_and_limits_the_embedded(self, db: RolltopClient) -> None:
        found = (
            db.from_("Artist")
            .select("Name,Album(Title)")
            .eq("ArtistId", 90)
            .order("Title", desc=True, foreign_table="Album")
            .limit(2, foreign_table="Album")
            .execute()
        )
        assert found.data == [
            {"Name": "Iron Maiden", "Album": [{"Title": "Virtual XI"}, {"Title": "The X Factor"}]},
        ]

    def test_filters_parents_by_children_and_counts(self, db: RolltopClient) -> None:
        found = (
            db.from_("Track")
            .select("Name,Album!inner(Artist!inner(Name))", count=CountMethod.exact)
            .eq("Album.Artist.Name", "AC/DC")
            .limit(3)
            .execute()
        )
        assert (found.count, len(found.data)) == (18, 3)
        lacking = db.from_("Artist").select("Name,Album()", count=CountMethod.exact).is_("Album", "null").execute()
        assert lacking.count == 71

    def test_takes_alternatives_in_the_embedded(self, db: RolltopClient) -> None:
        found = (
            db.from_("Album")
            .select("AlbumId,Track(TrackId)")
            .eq("AlbumId", 1)
            .or_("TrackId.eq.1,Name.like.Evil*", reference_table="Track")
            .execute()
        )
        assert found.data == [{"AlbumId": 1, "Track": [{"TrackId": 1}, {"TrackId": 10}]}]

    def test_knows_a_table_related_to_itself(self, db: RolltopClient) -> None:
        boss = one(db, "Employee", "LastName,boss:ReportsTo(LastName),Employee(LastName)", EmployeeId=2)
        assert boss["boss"] == {"LastName": "Adams"}
        assert sorted(each["LastName"] for each in boss["Employee"]) == ["Johnson", "Park", "Peacock"]

    def test_spreads(self, db: RolltopClient) -> None:
        found = one(db, "Album", "Title,...Artist(by:Name),...Track(names:Name)", AlbumId=2)
        assert found == {"Title": "Balls to the Wall", "by": "Accept", "names": ["Balls to the Wall"]}

    def test_suggests_what_was_meant(self, db: RolltopClient) -> None:
        with pytest.raises(APIError) as refused:
            db.from_("Track").select("Name,Albun(Title)").execute()
        assert (refused.value.code, refused.value.hint) == ("PGRST200", "Perhaps you meant 'Album' instead of 'Albun'.")


class TestAggregate:
    def test_adds_money_exactly(self, db: RolltopClient) -> None:
        assert one(db, "Invoice", "Total.sum(),count()") == {"sum": 2328.6, "count": 412}

    def test_groups_by_a_related_column(self, db: RolltopClient) -> None:
        found = db.from_("Track").select("n:count(),...Genre(Name)").order("Genre(Name)").limit(2).execute()
        assert found.data == [{"n": 40, "Name": "Alternative"}, {"n": 332, "Name": "Alternative & Punk"}]

    def test_counts_per_parent(self, db: RolltopClient) -> None:
        found = one(db, "Artist", "Name,Album(count),albums:Album(AlbumId.max())", ArtistId=90)
        assert found == {"Name": "Iron Maiden", "Album": [{"count": 21}], "albums": [{"max": 114}]}


class TestWrite:
    def test_shows_what_was_written_with_its_relations(self, db: RolltopClient) -> None:
        new = {"AlbumId": 9001, "Title": "Live", "ArtistId": 1}
        added = db.from_("Album").insert(new).select("Title,Artist(Name)").execute()
        assert added.data == [{"Title": "Live", "Artist": {"Name": "AC/DC"}}]
        gone = db.from_("Album").delete().eq("AlbumId", 9001).select("...Artist(Name),Track(Name)").execute()
        assert gone.data == [{"Name": "AC/DC", "Track": []}]
