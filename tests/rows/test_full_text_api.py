"""Full text search: each operator, configurations, cells of every kind, and FTS5 itself as the judge of the words."""

import contextlib
import json
from collections.abc import Iterator
from urllib.parse import quote

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tests.rows.conftest import LIBRARY, Open, client_of, rows

from rolltop.data import Data, tsquery
from rolltop.data.errors import BadTextQuery

CELLS = {
    1: "The quick brown foxes jumped over the lazy dogs",
    2: "A lazy brown cat; cats are lazy",
    3: "Café Müller, naïve résumé",
    4: "e-mail to bob@example.com about SQLite's FTS5",
    5: "",
    6: None,
    7: "東京 is the capital",
}
PLAIN = "CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT, doc JSON, n INT, loose)"


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    path = tmp_path_factory.mktemp("texts") / "data.db"
    with contextlib.closing(apsw.Connection(str(path))) as connection:
        connection.execute(PLAIN)
        connection.executemany("INSERT INTO t (id, body, loose) VALUES (?1, ?2, ?2)", list(CELLS.items()))
    data = Data.open(path)
    yield client_of(data)
    data.close()


def found(client: TestClient, operator: str, text: str, column: str = "body") -> list[int]:
    response = client.get(f"t?select=id&order=id&{column}={operator}.{quote(text, safe='')}")
    return [row["id"] for row in rows(response)]


class TestOperators:
    @pytest.mark.parametrize(
        ("operator", "text", "wanted"),
        [
            ("fts", "fox", [1]),
            ("fts", "FOXES", [1]),
            ("fts", "jumping", [1]),
            ("fts", "lazy & brown", [1, 2]),
            ("fts", "lazy&brown", [1, 2]),
            ("fts", "fox | cat", [1, 2]),
            ("fts", "brown & !fox", [2]),
            ("fts", "!brown", [3, 4, 5, 7]),
            ("fts", "!!brown", [1, 2]),
            ("fts", "brown & (fox | dragon)", [1]),
            ("fts", "fox | dog & dragon", [1]),
            ("fts", "lazy <-> dog", [1]),
            ("fts", "lazy<->brown", [2]),
            ("fts", "brown <-> lazy", []),
            ("fts", "quick <2> fox", [1]),
            ("fts", "quick <-> fox", []),
            ("fts", "brown <-> (fox | cat)", [1, 2]),
            ("fts", "lazy <-> !dog", [2]),
            ("fts", "!quick <-> brown", [2]),
            ("fts", "qui:*", [1]),
            ("fts", "'lazy dogs'", [1]),
            ("fts", "'lazy do':*", [1]),
            ("fts", "'it''s' | cat", [2]),
            ("fts", "e-mail", [4]),
            ("fts", "bob@example.com", [4]),
            ("fts", "cafe & muller", [3]),
            ("fts", "Résumés", [3]),
            ("fts", "東京", [7]),
            ("fts", "fox:D", [1]),
            ("fts", "fox:A", []),
            ("fts", "", []),
            ("fts", "'--' & fox", [1]),
            ("fts", "fo\\x", [1]),
            ("plfts", "the lazy, dog!", [1]),
            ("plfts", "dogs fox", [1]),
            ("plfts", "fox & (", [1]),
            ("plfts", "...", []),
            ("phfts", "lazy dog", [1]),
            ("phfts", "dog lazy", []),
            ("phfts", "the quick, brown", [1]),
            ("wfts", "lazy fox", [1]),
            ("wfts", '"lazy dog"', [1]),
            ("wfts", '"lazy fox"', []),
            ("wfts", "fox or cat", [1, 2]),
            ("wfts", "lazy dog OR cat", [1, 2]),
            ("wfts", "lazy -fox", [2]),
            ("wfts", '-"lazy dogs" brown', [2]),
            ("wfts", "e-mail", [4]),
            ("wfts", '"quick brown', [1]),
            ("wfts", "or fox or", [1]),
            ("wfts", "- | & ! ( ) : ' \" -", []),
            ("wfts", "", []),
            ("not.fts", "brown", [3, 4, 5, 7]),
            ("not.wfts", "", [1, 2, 3, 4, 5, 7]),
            ("fts(english)", "foxes", [1]),
            ("fts(English)", "fox", [1]),
            ("fts(simple)", "fox", []),
            ("fts(simple)", "FOXES", [1]),
            ("plfts(german)", "foxes", [1]),
            ("not.phfts(simple)", "lazy dogs", [2, 3, 4, 5, 7]),
        ],
    )
    def test_find(self, texts: TestClient, operator: str, text: str, wanted: list[int]) -> None:
        assert found(texts, operator, text) == wanted
        assert found(texts, operator, text, "loose") == wanted

    @pytest.mark.parametrize(
        "text",
        [
            *("fox dog", "fox &", "& fox", "(fox", "fox)", "()", "!", "fox | | dog", "<-> fox", "fox <->", "'fox"),
            *("fox:", "fox <99999> dog", "\\", "fox !", "(" * 60 + "a" + ")" * 60),
        ],
    )
    def test_refuse_what_cannot_be_read(self, texts: TestClient, text: str) -> None:
        response = texts.get(f"t?body=fts.{quote(text, safe='')}")
        assert (response.status_code, response.json()["code"]) == (400, "42601")
        assert response.json()["message"].startswith("syntax error in tsquery")
        assert texts.get(f"t?body=plfts.{quote(text, safe='')}").status_code == 200

    @pytest.mark.parametrize(
        ("filter_", "status", "code"),
        [
            ("body=fts(klingon).fox", 400, "42704"),
            ("body=fts(en-gb).fox", 400, "PGRST100"),
            ("body=fts().fox", 400, "PGRST100"),
            ("n=fts.fox", 404, "42883"),
            ("id=wfts.fox", 404, "42883"),
            ("body=plfts." + "a" * 1_001, 400, "54000"),
        ],
    )
    def test_refuse(self, texts: TestClient, filter_: str, status: int, code: str) -> None:
        response = texts.get(f"t?{filter_}")
        assert (response.status_code, response.json()["code"]) == (status, code)

    def test_stand_in_groups(self, texts: TestClient) -> None:
        response = texts.get('t?select=id&order=id&or=(body.fts.fox,body.not.wfts."lazy or muller or mail",id.eq.2)')
        assert [row["id"] for row in rows(response)] == [1, 2, 5, 7]
        response = texts.get('t?select=id&or=(body.fts(simple)."foxes | cats",body.phfts.lazy brown)&order=id')
        assert [row["id"] for row in rows(response)] == [1, 2]


class TestCells:
    def test_of_json_are_all_their_strings(self, serve: Open) -> None:
        client = serve(PLAIN)
        cells = [
            {"title": "Running", "parts": ["lazy", {"name": "dogs"}], "n": 5},
            ["dogs and cats", "lazy"],
            "lazy dog",
            5,
            {"lazy": True},
        ]
        client.post("t?columns=doc", json=[{"doc": cell} for cell in cells])
        assert found(client, "fts", "lazy", "doc") == [1, 2, 3]
        assert found(client, "fts", "run & dog", "doc") == [1]
        assert found(client, "phfts", "lazy dog", "doc") == [3]
        assert found(client, "not.fts", "lazy", "doc") == [4, 5]
        assert found(client, "fts", "dog", "doc->parts") == [1]
        assert found(client, "fts", "run", "doc->>title") == [1]

    def test_of_every_storage_class(self, serve: Open) -> None:
        client = serve(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT, doc JSON);"
            "INSERT INTO t VALUES (1, x'666f78', jsonb('[\"fox\"]')), (2, 'fox', 'a fox'), (3, NULL, NULL)"
        )
        assert found(client, "fts", "fox") == [2]
        assert found(client, "not.fts", "fox") == [1]
        assert found(client, "fts", "fox", "doc") == [1, 2]

    def test_of_embedded_rows(self, serve: Open) -> None:
        client = serve(LIBRARY)
        response = client.get("authors?select=name,books!inner(title)&books.title=wfts.pepper or north&order=id")
        assert rows(response) == [
            {"name": "Ruiz", "books": [{"title": "Pepper, Ground"}]},
            {"name": "Okafor", "books": [{"title": "North"}]},
        ]

    def test_choose_the_rows_of_a_write(self, serve: Open) -> None:
        client = serve(LIBRARY)
        assert client.patch("books?title=fts.peppers", json={"pages": 1}).status_code == 204
        assert rows(client.get("books?select=id&pages=eq.1")) == [{"id": 2}]


WORDS = ["run", "running", "runs", "runner", "cat", "Cats", "cafe", "Café", "don't", "x", "東京", "relational", "sky"]
words = st.sampled_from(WORDS)
sentences = st.lists(st.sampled_from([*WORDS, "-", ",", "x-y", "naïve"]), max_size=8).map(" ".join) | st.text(
    max_size=20
)


@st.composite
def queries(draw: st.DrawFn, depth: int = 2) -> tuple[str, str]:
    """The same query for `fts` and for FTS5's MATCH."""
    kind = draw(st.sampled_from(["word", "word", "prefix", "phrase"] + (["&", "|", "&!"] if depth else [])))
    if kind in ("word", "prefix"):
        word = draw(words)
        quoted = "'" + word.replace("'", "''") + "'"
        return (quoted, f'"{word}"') if kind == "word" else (f"{quoted}:*", f'"{word}" *')
    if kind == "phrase":
        parts = draw(st.lists(words, min_size=2, max_size=3))
        ours = " <-> ".join("'" + part.replace("'", "''") + "'" for part in parts)
        return ours, '"' + " ".join(parts) + '"'
    left, right = draw(queries(depth - 1)), draw(queries(depth - 1))
    theirs = {"&": "AND", "|": "OR", "&!": "NOT"}[kind]
    return f"({left[0]}) {kind} ({right[0]})", f"({left[1]}) {theirs} ({right[1]})"


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, apsw.Connection]]:
    path = tmp_path_factory.mktemp("judged") / "data.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT)")
    for config, tokenizer in (("english", "porter unicode61"), ("simple", "unicode61")):
        connection.execute(
            f"CREATE VIRTUAL TABLE {config} USING fts5 (body, content=t, content_rowid=id, tokenize='{tokenizer}')"
        )
    data = Data.open(path)
    yield client_of(data), connection
    data.close()
    connection.close()


@settings(max_examples=150, deadline=None)
@given(st.lists(sentences, min_size=1, max_size=8), queries(), st.sampled_from(["english", "simple"]))
def test_finds_what_an_index_finds(
    judged: tuple[TestClient, apsw.Connection], cells: list[str], query: tuple[str, str], config: str
) -> None:
    client, connection = judged
    with connection:
        connection.execute("DELETE FROM t")
        connection.executemany("INSERT INTO t (body) VALUES (?)", [(cell.replace("\0", ""),) for cell in cells])
        connection.execute(f"INSERT INTO {config} ({config}) VALUES ('rebuild')")
        wanted = [
            row[0]
            for row in connection.execute(f"SELECT rowid FROM {config} WHERE body MATCH ? ORDER BY rowid", (query[1],))
        ]
    assert found(client, f"fts({config})", query[0]) == wanted


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet=st.sampled_from("ab &|!()<->2:*'\"\\or,é") | st.characters(exclude_categories=["Cs"]), max_size=30)
)
def test_any_text_reads_or_is_refused(text: str) -> None:
    with contextlib.suppress(BadTextQuery):
        tsquery.read("fts", text)
    for operator in ("plfts", "phfts", "wfts"):
        tsquery.read(operator, text)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab &|!()<->:*'\"\\or,é\n") | st.characters(), max_size=30))
def test_no_query_and_no_cell_breaks_the_server(judged: tuple[TestClient, apsw.Connection], text: str) -> None:
    client, connection = judged
    with connection:
        connection.execute("DELETE FROM t")
        connection.execute(
            "INSERT INTO t (body) VALUES (?)", (json.loads(json.dumps(text.encode(errors="replace").decode())),)
        )
    for operator in ("fts", "plfts", "phfts", "wfts", "not.wfts"):
        query = quote(text.encode(errors="replace"), safe="")
        assert client.get(f"t?body={operator}.{query}").status_code in (200, 400)
