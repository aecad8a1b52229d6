"""What a request may ask for has an end: each attack gets its documented error, in bounded memory, and others are
answered meanwhile. The bounds are generous, for a machine may be busy; what they exclude is a server that hangs."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import apsw
import httpx
import psutil
import pytest
from tests.conftest import LiveServer, start_server, stop_server

WAIT = 90.0
OTHERS_WAIT = 20.0
MEMORY = 800 * (1 << 20)
JSON = {"Content-Type": "application/json"}
ENDLESS = "WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c)"
QUERIES = {
    "endless_count": f"{ENDLESS} SELECT count(*) AS n FROM c",
    "endless_memory": f"{ENDLESS} SELECT x, randomblob(1000000) AS y FROM c ORDER BY y",
    "cross_join": "SELECT count(*) AS n FROM big a, big b, big c",
    "sorted_join": "SELECT a.id FROM big a, big b ORDER BY a.text || b.text",
    "wide": "SELECT printf('%.*c', 2000000000, 'x') AS y",
    "blob": "SELECT hex(zeroblob(1000000000)) AS y",
    "replaced": "SELECT replace(printf('%.*c', 1000000, 'a'), 'a', printf('%.*c', 1000000, 'b')) AS y",
    "deep_json": "SELECT json(printf('%.*c', 1000000, '[')) AS y",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server on 20,000 rows, and on 300 nodes all of which lie under the first: down, up and down is all anew."""
    workspace = tmp_path_factory.mktemp("limits") / "workspace"
    process, first = start_server(workspace)
    assert stop_server(process) == 0
    with closing(apsw.Connection(str(first.workspace / "data.db"))) as connection:
        connection.execute(
            "CREATE TABLE big (id INTEGER PRIMARY KEY, text TEXT, number INTEGER);"
            f"{ENDLESS} INSERT INTO big SELECT x, printf('%.*c', 60, 'a'), x % 100 FROM c LIMIT 20000;"
            "CREATE TABLE node (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES node);"
            f"{ENDLESS} INSERT INTO node SELECT x, 1 FROM c LIMIT 300;"
        )
    process, running = start_server(workspace)
    yield running
    assert stop_server(process) == 0


@pytest.fixture
def http(server: LiveServer) -> Iterator[httpx.Client]:
    """The owner, while somebody else asks small things all the time and is always answered."""
    over, waited, refused = threading.Event(), [0.0], list[int]()

    def ask() -> None:
        with httpx.Client(base_url=server.url, headers=server.headers, timeout=WAIT, trust_env=False) as other:
            while not over.wait(0.05):
                for address in ("/rest/v1/big?id=eq.7", "/rest/v1/big?number=eq.3&limit=5", "/api/me"):
                    begun = time.monotonic()
                    refused.extend([code] if (code := other.get(address).status_code) != 200 else [])
                    waited[0] = max(waited[0], time.monotonic() - begun)

    thread = threading.Thread(target=ask)
    thread.start()
    with httpx.Client(base_url=server.url, headers=server.headers, timeout=WAIT, trust_env=False) as made:
        yield made
    over.set()
    thread.join(WAIT)
    assert refused == []
    assert waited[0] < OTHERS_WAIT
    assert psutil.Process(server.pid).memory_info().rss < MEMORY


def said(answer: httpx.Response) -> tuple[int, str]:
    """Status and code; every error has the four fields."""
    fields = answer.json()
    assert {"code", "message", "details", "hint"} <= set(fields)
    return answer.status_code, fields["code"]


ADDRESSES = {
    "deep tree": ("and=(" + "or(" * 5_000 + "id.eq.1" + ")" * 5_000 + ")", "PGRST100"),
    "wide tree": ("or=(" + ",".join(["id.eq.1"] * 6_000) + ")", "PGRST100"),
    "many nots": ("id=" + "not." * 10_000 + "eq.1", "PGRST100"),
    "deep embedding": ("select=" + "node(" * 3_000 + "id" + ")" * 3_000, "PGRST100"),
    "many columns": ("select=" + ",".join(["id"] * 9_000), "PGRST100"),
    "many terms": ("order=" + ",".join(["id"] * 9_000), "PGRST100"),
    "many filters": ("&".join(["id=gt.0"] * 4_000), "PGRST100"),
    "many digits": ("id=eq." + "9" * 50_000, "22003"),
    "long like": ("text=like." + "*a" * 1_000, "54000"),
    "long match": ("text=match." + "(a*)" * 1_000, "54000"),
    "large match": ("text=match.((a{100}){100}){100}", "2201B"),
    "long search": ("text=fts." + "a%26" * 1_000, "54000"),
}


class TestAddresses:
    @pytest.mark.parametrize("attack", ADDRESSES)
    def test_that_ask_too_much_are_refused(self, http: httpx.Client, attack: str) -> None:
        query, code = ADDRESSES[attack]
        assert said(http.get(f"/rest/v1/big?{query}")) == (400, code)

    @pytest.mark.parametrize(
        "query",
        [
            "id=in.(" + ",".join(map(str, range(1, 10_001))) + ")&select=id",
            "limit=99999999999999999999&id=lt.3",
            "offset=9223372036854775807",
            f"offset={10**30}",
            "text=like." + "*a" * 90 + "b",
            "text=ilike." + "*a" * 90 + "É",
            "text=match.(a*)*b$",
            "select=id,text->" + "a->" * 5_000 + "b&limit=1",
        ],
        ids=["long list", "huge limit", "huge offset", "larger offset", "like", "ilike", "match", "path"],
    )
    def test_that_look_worse_than_they_are_are_answered(self, http: httpx.Client, query: str) -> None:
        assert http.get(f"/rest/v1/big?{query}").status_code == 200

    def test_that_embed_everything_in_everything_are_ended(self, http: httpx.Client) -> None:
        select = "id" + ",under:node!parent(id,over:parent(id" * 4 + "))" * 4
        answer = http.get("/rest/v1/node", params={"select": select})
        assert said(answer) in {(400, "54000"), (422, "57014"), (422, "53400")}


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (lambda: b"[" + b"{}," * 1_000_000 + b"{}]", "application/json"),
            (lambda: b"[" + b"1," * 9_000_000 + b"1]", "application/json"),
            (lambda: b'{"text":[' + b"1," * 9_000_000 + b"1]}", "application/json"),
            (lambda: b"text\n" + b"A\n" * 1_000_000, "text/csv"),
            (lambda: b"text=1&" * 600_000, "application/x-www-form-urlencoded"),
            (lambda: b" " * 105_000_000, "application/json"),
        ],
        ids=["objects", "numbers", "one value", "lines", "pairs", "bytes"],
    )
    def test_of_too_many_parts_are_refused(self, http: httpx.Client, body: Callable[[], bytes], kind: str) -> None:
        answer = http.post("/rest/v1/big", content=body(), headers={"Content-Type": kind})
        assert said(answer) == (413, "PGRST102")

    @pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b'{"id":' + b"9" * 100_000 + b"}"])
    def test_that_are_too_deep_or_long_are_no_json(self, http: httpx.Client, body: bytes) -> None:
        assert said(http.post("/rest/v1/big", content=body, headers=JSON)) == (400, "PGRST102")

    def test_that_are_packed_are_refused(self, http: httpx.Client) -> None:
        answer = http.post("/rest/v1/big", content=b"x" * 1_000, headers=JSON | {"Content-Encoding": "gzip"})
        assert said(answer)[0] == 415


class TestSavedQueries:
    @pytest.mark.parametrize("name", QUERIES)
    def test_that_would_run_or_grow_for_ever_are_ended(self, http: httpx.Client, name: str) -> None:
        made = {"name": name, "sql": QUERIES[name], "parameters": []}
        assert http.post("/api/queries", json=made).status_code == 201
        status, code = said(http.post(f"/rest/v1/rpc/{name}", json={}))
        assert (status, code) in {(422, "57014"), (422, "53400"), (400, "54000"), (400, "22000")}

    @pytest.mark.parametrize(
        "sql",
        [
            f"SELECT max({','.join(['1'] * 2_000)})",
            f"SELECT 1 {'UNION ALL SELECT 1 ' * 2_000}",
            f"SELECT 1 FROM {', '.join(f'big a{n}' for n in range(80))}",
            f"SELECT '{'x' * 200_000}'",
        ],
        ids=["arguments", "parts", "tables", "length"],
    )
    def test_of_too_many_parts_are_not_kept(self, http: httpx.Client, sql: str) -> None:
        assert said(http.post("/api/queries", json={"name": "much", "sql": sql, "parameters": []}))[0] in (400, 422)

    def test_wait_their_turn_or_are_told_to_come_back(self, http: httpx.Client, server: LiveServer) -> None:
        made = {"name": "slow", "sql": QUERIES["endless_count"], "parameters": []}
        assert http.post("/api/queries", json=made).status_code == 201
        answers: list[httpx.Response] = []

        def call() -> None:
            answers.append(httpx.post(f"{server.url}/rest/v1/rpc/slow", json={}, headers=server.headers, timeout=WAIT))

        threads = [threading.Thread(target=call) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT)
        assert {answer.status_code for answer in answers} <= {422, 429}
        assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 429)
        assert len(answers) == len(threads)
