"""Related tables in the rows of others: the dialect's section 6, in reads and in what writes give back."""

import time
from typing import Any

import apsw
import pytest
from starlette.testclient import TestClient
from tests.rows.conftest import LIBRARY, Open, rows

from rolltop.auth.actor import OWNER
from rolltop.data import Data
from rolltop.rows import errors, plan, sight
from rolltop.rows.parse import read
from rolltop.rows.planned import Source
from rolltop.rows.shape import parameters, split

EXAMPLES: list[tuple[str, Any]] = [
    (
        "books?select=title,authors(name),covers(colour),shelves(label)&id=eq.1&shelves.order=id",
        [
            {
                "title": "Salt",
                "authors": {"name": "Ruiz"},
                "covers": {"colour": "blue"},
                "shelves": [{"label": "A"}, {"label": "B"}],
            }
        ],
    ),
    (
        "loans?select=id,by:members!loan_lender(name),to:borrower_id(name)&id=eq.2",
        [{"id": 2, "by": {"name": "Ivo"}, "to": {"name": "Tom"}}],
    ),
    (
        "members?select=name,members(name)&id=eq.1&members.order=id",
        [{"name": "Ivo", "members": [{"name": "Mia"}, {"name": "Tom"}]}],
    ),
    ("members?select=name,inviter:invited_by(name)&id=eq.2", [{"name": "Mia", "inviter": {"name": "Ivo"}}]),
    ("authors?select=name,books()&books=is.null", [{"name": "Lind"}]),
    (
        "authors?select=name,books!inner(title)&books.pages=lt.200",
        [{"name": "Ruiz", "books": [{"title": "Pepper, Ground"}]}],
    ),
    (
        "authors?select=name,books(),shelf:books()&or=(books.not.is.null,name.eq.Lind)&order=id",
        [{"name": "Ruiz"}, {"name": "Okafor"}, {"name": "Lind"}],
    ),
    (
        "books?select=title,authors(name)&order=authors(name),title.desc",
        [
            {"title": "North", "authors": {"name": "Okafor"}},
            {"title": "Salt", "authors": {"name": "Ruiz"}},
            {"title": "Pepper, Ground", "authors": {"name": "Ruiz"}},
        ],
    ),
    ("books?select=title,authors(name)&authors.born=lt.1900&id=eq.1", [{"title": "Salt", "authors": None}]),
    (
        "books?select=title,...authors(by:name),...placements(rows:row)&placements.order=row&order=id",
        [
            {"title": "Salt", "by": "Ruiz", "rows": [1, 3]},
            {"title": "Pepper, Ground", "by": "Ruiz", "rows": [4]},
            {"title": "North", "by": "Okafor", "rows": []},
        ],
    ),
    (
        "books?select=title,places:placements(row,...shelves(label))&placements.order=row&id=eq.1",
        [{"title": "Salt", "places": [{"row": 1, "label": "B"}, {"row": 3, "label": "A"}]}],
    ),
]
"""As the specification writes them."""

FORMS: list[tuple[str, Any]] = [
    ("covers?select=colour,books(title)", [{"colour": "blue", "books": {"title": "Salt"}}]),
    ("covers?select=book_id(title)", [{"book_id": {"title": "Salt"}}]),
    ("loans?select=loan_lender(name)&id=eq.1", [{"loan_lender": {"name": "Ivo"}}]),
    ("members?select=loans!lender_id(id)&id=eq.1&loans.order=id", [{"loans": [{"id": 1}, {"id": 2}]}]),
    ("members?select=members!invited_by(name)&id=eq.2", [{"members": []}]),
    ("books?select=authors!author_id!inner(name)&id=eq.3", [{"authors": {"name": "Okafor"}}]),
    ("books?select=authors!left!books_author_id_fkey(name)&id=eq.3", [{"authors": {"name": "Okafor"}}]),
    ("books?select=shelves!placements(label)&id=eq.2", [{"shelves": [{"label": "A"}]}]),
    ("authors?select=books_author_id_fkey(title)&id=eq.2", [{"books_author_id_fkey": [{"title": "North"}]}]),
    ("books?select=authors(*)&id=eq.1", [{"authors": {"id": 1, "name": "Ruiz", "born": 1950}}]),
    (
        "books?select=id,authors(*,books(title))&id=eq.1&authors.books.limit=1&authors.books.order=title",
        [{"id": 1, "authors": {"id": 1, "name": "Ruiz", "born": 1950, "books": [{"title": "Pepper, Ground"}]}}],
    ),
    (
        "authors?select=name,books(id)&books.order=id.desc&books.limit=1&id=eq.1",
        [{"name": "Ruiz", "books": [{"id": 2}]}],
    ),
    ("authors?select=name,books(id)&books.order=id&books.offset=1&id=eq.1", [{"name": "Ruiz", "books": [{"id": 2}]}]),
    ("books?select=id,authors(name)&authors.limit=0&id=eq.1", [{"id": 1, "authors": None}]),
    (
        "books?select=id,authors(name)&authors.or=(name.eq.X,born.gt.1)&order=id&id=gt.1",
        [{"id": 2, "authors": {"name": "Ruiz"}}, {"id": 3, "authors": None}],
    ),
    (
        "books?select=id,authors(id)&authors.not.and=(name.eq.Ruiz,born.gt.1)&id=gt.1&order=id",
        [{"id": 2, "authors": None}, {"id": 3, "authors": {"id": 2}}],
    ),
    ("books?select=id,a:authors(id),b:authors(id)&b.id=eq.2&id=eq.1", [{"id": 1, "a": {"id": 1}, "b": None}]),
    (
        "authors?select=name,books!inner(placements!inner(shelves!inner(label)))&books.placements.shelves.label=eq.B",
        [{"name": "Ruiz", "books": [{"placements": [{"shelves": {"label": "B"}}]}]}],
    ),
    (
        "authors?select=name,books(placements!inner(row))&order=id",
        [
            {"name": "Ruiz", "books": [{"placements": [{"row": 3}, {"row": 1}]}, {"placements": [{"row": 4}]}]},
            {"name": "Okafor", "books": []},
            {"name": "Lind", "books": []},
        ],
    ),
    ("books?select=title,c:covers()&c=not.is.null", [{"title": "Salt"}]),
    ("books?select=title,c:covers()&c=is.not_null", [{"title": "Salt"}]),
    ("books?select=id,covers()&not.or=(covers.is.null,id.eq.7)", [{"id": 1}]),
    ("books?select=id,covers(colour)&order=covers(colour).nullsfirst,id&limit=1", [{"id": 2, "covers": None}]),
    ("books?select=id,covers(c:colour)&order=covers(c).desc.nullslast&limit=1", [{"id": 1, "covers": {"c": "blue"}}]),
    ("books?select=id,...authors(by:name)&order=authors(by).desc,id&limit=1&offset=1", [{"id": 2, "by": "Ruiz"}]),
    ("books?select=id,...covers(colour)&id=eq.2", [{"id": 2, "colour": None}]),
    ("books?select=id,...covers!inner(colour)", [{"id": 1, "colour": "blue"}]),
    (
        "books?select=title,...authors(kids:books(title),...books(t:title))&authors.born=gt.1&id=gt.1&order=id&authors.books.order=id",
        [
            {
                "title": "Pepper, Ground",
                "kids": [{"title": "Salt"}, {"title": "Pepper, Ground"}],
                "t": ["Salt", "Pepper, Ground"],
            },
            {"title": "North", "kids": None, "t": None},
        ],
    ),
    (
        "authors?select=name,...books(title,...placements(row))&order=id&books.order=title&books.placements.order=row",
        [
            {"name": "Ruiz", "title": ["Pepper, Ground", "Salt"], "row": [[4], [1, 3]]},
            {"name": "Okafor", "title": ["North"], "row": [[]]},
            {"name": "Lind", "title": [], "row": []},
        ],
    ),
    (
        "authors?select=...books(in_print,tags,info->>isbn)&books.order=price&id=eq.1",
        [{"in_print": [False, True], "tags": [["food"], ["sea", "travel"]], "isbn": ["222", "111"]}],
    ),
    (
        "authors?select=...books(shelves(label))&books.order=id.desc&books.shelves.order=id&id=eq.1",
        [{"shelves": [[{"label": "A"}], [{"label": "A"}, {"label": "B"}]]}],
    ),
    ("authors?select=...books(price)&books.order=price.nullsfirst&id=eq.2", [{"price": [None]}]),
    (
        "shelves?select=label,books(title,authors(name))&books.order=title.desc&id=eq.1",
        [
            {
                "label": "A",
                "books": [
                    {"title": "Salt", "authors": {"name": "Ruiz"}},
                    {"title": "Pepper, Ground", "authors": {"name": "Ruiz"}},
                ],
            }
        ],
    ),
    (
        "books?select=id,...authors(by:name,...books(t:title,p:pages))&authors.born=gt.1&authors.books.order=id&id=gt.1&order=id",
        [
            {"id": 2, "by": "Ruiz", "t": ["Salt", "Pepper, Ground"], "p": [210, 180]},
            {"id": 3, "by": None, "t": None, "p": None},
        ],
    ),
    (
        "authors?select=...books(title,tags,covers(colour)),name&order=id&books.order=id",
        [
            {
                "title": ["Salt", "Pepper, Ground"],
                "tags": [["sea", "travel"], ["food"]],
                "covers": [{"colour": "blue"}, None],
                "name": "Ruiz",
            },
            {"title": ["North"], "tags": [[]], "covers": [None], "name": "Okafor"},
            {"title": [], "tags": [], "covers": [], "name": "Lind"},
        ],
    ),
    (
        "shelves?select=label,spread:books(...placements(row,book_id))&id=eq.2&books.placements.order=row",
        [{"label": "B", "spread": [{"row": [1, 3], "book_id": [1, 1]}]}],
    ),
    ("authors?select=...books(title,pages)&books.pages=gt.1000&id=eq.1", [{"title": [], "pages": []}]),
    (
        "covers?select=colour,books(p:price::int)&order=books(p)",
        [{"colour": "blue", "books": {"p": 13}}],
    ),
    (
        "books?select=id,authors(b:born::text)&order=authors(b).desc.nullslast,id.desc&limit=1",
        [{"id": 2, "authors": {"b": "1950"}}],
    ),
    ("books?select=id,authors(n:name::text)&order=authors(n),id.desc&limit=1", [{"id": 3, "authors": {"n": "Okafor"}}]),
    (
        "books?select=id,...authors(b:born::json)&order=authors(b->x),authors(b).nullsfirst,id&limit=1",
        [{"id": 3, "b": None}],
    ),
    ("covers?select=books(i:info->dim::text)&order=books(i->h),books(i)", [{"books": {"i": '{"h":20}'}}]),
    ("books?select=authors()&id=eq.1", [{}]),
    ("books?select=id,authors(books())&id=eq.1", [{"id": 1, "authors": {}}]),
]

CLOSE_HINT = "Perhaps you meant 'books_author_id_fkey' instead of 'books_author_fkey'."
VERIFY = "Verify that 'books' is included in the 'select' query parameter."

REFUSALS: list[tuple[str, int, str, str | None]] = [
    ("books?select=title,dragons(*)", 400, "PGRST200", None),
    ("books?select=title,author(*)", 400, "PGRST200", "Perhaps you meant 'authors' instead of 'author'."),
    ("books?select=authors!author(*)", 400, "PGRST200", None),
    ("books?select=authors!books_author_fkey(*)", 400, "PGRST200", CLOSE_HINT),
    ("members?select=members!members_invited_by_fkey(name)", 400, "PGRST200", None),
    ("books?select=id&authors.id=eq.1", 400, "PGRST108", None),
    ("books?select=authors(id)&authors.books.id=eq.1", 400, "PGRST108", VERIFY),
    ("books?select=id&authors.order=id", 400, "PGRST108", None),
    ("books?select=id&authors.limit=1", 400, "PGRST108", None),
    ("books?select=id&authors.or=(id.eq.1)", 400, "PGRST108", None),
    ("books?select=authors(id)&order=shelves(id)", 400, "PGRST108", None),
    ("books?select=placements(row)&order=placements(row)", 400, "PGRST118", None),
    ("books?select=authors(id)&order=authors(name)", 400, "42703", None),
    ("books?select=authors(nope)", 400, "42703", None),
    ("books?select=authors(name)&authors=eq.1", 400, "42703", None),
    ("books?select=authors(name)&authors.limit=-1", 416, "PGRST103", None),
    ("books?select=" + "authors(books(" * 26 + "id" + "))" * 26, 400, "PGRST100", None),
    ("books?select=" + ",".join(["authors(id)"] * 51), 400, "54000", None),
]


class TestEmbed:
    @pytest.mark.parametrize(("path", "wanted"), EXAMPLES, ids=[path for path, _ in EXAMPLES])
    def test_answers_the_examples(self, shared: TestClient, path: str, wanted: Any) -> None:
        assert rows(shared.get(path)) == wanted

    @pytest.mark.parametrize(("path", "wanted"), FORMS, ids=[path[:80] for path, _ in FORMS])
    def test_answers_every_form(self, shared: TestClient, path: str, wanted: Any) -> None:
        assert rows(shared.get(path)) == wanted

    @pytest.mark.parametrize(("path", "status", "code", "hint"), REFUSALS, ids=[path[:60] for path, *_ in REFUSALS])
    def test_says_what_is_wrong(self, shared: TestClient, path: str, status: int, code: str, hint: str | None) -> None:
        response = shared.get(path)
        assert (response.status_code, response.json()["code"]) == (status, code), response.text
        assert hint is None or response.json()["hint"] == hint

    def test_names_the_candidates(self, shared: TestClient) -> None:
        response = shared.get("loans?select=id,members(name)")
        assert response.status_code == 300
        assert response.json() == {
            "code": "PGRST201",
            "message": "Could not embed because more than one relationship was found for 'loans' and 'members'",
            "details": [
                {
                    "cardinality": "many-to-one",
                    "embedding": "loans with members",
                    "relationship": f"loan_{who} using loans({who}_id) and members(id)",
                }
                for who in ("lender", "borrower")
            ],
            "hint": "Try changing 'members' to one of the following: 'members!loan_lender', 'members!loan_borrower'. "
            "Find the desired relationship in the 'details' key.",
        }

    def test_says_what_it_searched_for(self, shared: TestClient) -> None:
        assert shared.get("books?select=title,dragons(*)").json() == {
            "code": "PGRST200",
            "message": "Could not find a relationship between 'books' and 'dragons' in the schema cache",
            "details": "Searched for a foreign key relationship between 'books' and 'dragons' in the schema 'public', "
            "but no matches were found.",
            "hint": None,
        }
        details = shared.get("books?select=authors!x(*)").json()["details"]
        assert "between 'books' and 'authors' using the hint 'x' in the schema 'public'" in details

    def test_asks_for_the_right_to_every_table(self, tmp_path: Any) -> None:
        connection = apsw.Connection(str(tmp_path / "data.db"))
        connection.execute(LIBRARY)
        connection.close()
        data = Data.open(tmp_path / "data.db")
        try:
            asked = read(parameters(split(b"select=authors(name),shelves(label)").pieces))
            books = data.catalog.tables["books"]
            planned = plan.read(asked, Source(books), sight.of(data.catalog, ()))
            assert {table.name for table in planned.others} == {"authors", "shelves", "placements"}
            nobody = type(OWNER)(id=OWNER.id, name=OWNER.name, role=OWNER.role, scopes=frozenset())
            with pytest.raises(errors.NotAllowed):
                plan.may_read(nobody, planned)
        finally:
            data.close()


COUNTED = [
    ("books?select=id,authors!inner(name)&authors.name=eq.Ruiz&limit=1", 206, "0-0/2"),
    ("books?select=id,covers()&covers=is.null", 200, "0-1/2"),
    ("books?select=id,authors(name)&authors.name=eq.X", 200, "0-2/3"),
    ("authors?select=name,...books!inner(title)&books.pages=gt.300", 200, "0-0/1"),
]


class TestForms:
    @pytest.mark.parametrize(("path", "status", "content_range"), COUNTED, ids=[path for path, *_ in COUNTED])
    def test_counts_what_is_left(self, shared: TestClient, path: str, status: int, content_range: str) -> None:
        for method in ("GET", "HEAD"):
            response = shared.request(method, path, headers={"Prefer": "count=exact"})
            assert (response.status_code, response.headers["content-range"]) == (status, content_range), method

    def test_writes_embeds_as_json_into_csv(self, shared: TestClient) -> None:
        path = "books?select=title,authors(name),...covers(colour),...placements(row)&order=id&limit=2"
        assert shared.get(f"{path}&placements.order=row", headers={"Accept": "text/csv"}).text == (
            "title,authors,colour,row\n"
            'Salt,"{""name"":""Ruiz""}",blue,"[1,3]"\n'
            '"Pepper, Ground","{""name"":""Ruiz""}",,[4]\n'
        )

    def test_gives_one_object_and_strips_nulls_at_every_depth(self, shared: TestClient) -> None:
        one = {"Accept": "application/vnd.pgrst.object+json;nulls=stripped"}
        path = "books?select=title,authors(name,born),covers(colour),...placements(row)&id=eq.3"
        assert shared.get(path, headers=one).json() == {"title": "North", "authors": {"name": "Okafor"}, "row": []}
        assert shared.get("books?select=authors(name)", headers=one).json()["code"] == "PGRST116"

    def test_streams_many_rows(self, serve: Open) -> None:
        client = serve(
            "CREATE TABLE p (id INTEGER PRIMARY KEY, n TEXT);"
            "CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id));"
            "CREATE INDEX c_p ON c (p);"
            "WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 3000)"
            " INSERT INTO p SELECT i, 'n' || i FROM s;"
            "INSERT INTO c SELECT id, (id + 1) / 2 FROM p"
        )
        found = rows(client.get("p?select=id,c(id)&order=n.desc&c.id=not.in.(2,4)&c.order=id.desc"))
        assert len(found) == 3000
        wanted = {i: [{"id": c} for c in (2 * i, 2 * i - 1) if c <= 3000 and c not in (2, 4)] for i in range(1, 3001)}
        assert found == [{"id": i, "c": wanted[i]} for i in sorted(wanted, key=lambda i: f"n{i}", reverse=True)]
        assert len(rows(client.get("c?select=id,...p!inner(n)&p.n=like.n1*"))) == 2 * (1 + 10 + 100 + 501)

    def test_needs_no_index_on_foreign_keys(self, serve: Open) -> None:
        client = serve(
            "CREATE TABLE p (id INTEGER PRIMARY KEY);"
            "CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id), n TEXT);"
            "CREATE TABLE o (id INTEGER PRIMARY KEY);"
            "CREATE TABLE j (o INTEGER REFERENCES o (id), p INTEGER REFERENCES p (id), PRIMARY KEY (o, p));"
            "WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 20000)"
            " INSERT INTO p SELECT i FROM s;"
            "INSERT INTO c SELECT id, id % 7000, 'n' || id FROM p; INSERT INTO o SELECT id FROM p;"
            "INSERT INTO j SELECT id, id % 7000 + 1 FROM p"
        )
        started = time.process_time()
        found = rows(client.get("p?select=id,c(n),o(id)&order=id&o.order=id&limit=5000"))
        assert found[6] == {
            "id": 7,
            "c": [{"n": "n7"}, {"n": "n7007"}, {"n": "n14007"}],
            "o": [{"id": i} for i in (6, 7006, 14006)],
        }
        assert rows(client.get("p?select=id,c(),o!inner()&c=is.null")) == [{"id": 7000}]
        assert len(rows(client.get("p?select=id,c(),o()&c=is.null&o=is.null"))) == 13000
        assert rows(client.get("c?select=p(c(count()))&id=eq.3")) == [{"p": {"c": [{"count": 3}]}}]
        assert time.process_time() - started < 10  # a scan for each row would take minutes

    def test_embeds_in_the_pages_of_a_composite_order(self, shared: TestClient) -> None:
        path = "placements?select=row,books(title),...shelves(label)&order=shelves(label).desc,row&limit=1&offset=1"
        assert rows(shared.get(path)) == [{"row": 3, "books": {"title": "Salt"}, "label": "A"}]


SHOWN = {"Prefer": "return=representation"}


class TestWrite:
    def test_shows_a_new_row_through_its_new_keys(self, library: TestClient) -> None:
        made = library.post(
            "books?select=id,title,pages,authors(name)", json={"id": 7, "title": "Rye", "author_id": 3}, headers=SHOWN
        )
        assert (made.status_code, made.headers["content-range"]) == (201, "*/*")
        assert made.json() == [{"id": 7, "title": "Rye", "pages": 100, "authors": {"name": "Lind"}}]

    def test_filters_only_what_is_shown(self, library: TestClient) -> None:
        path = "books?select=id,...authors(name),shelves(label)&order=id.desc&authors.name=eq.Lind"
        made = library.post(path, json=[{"title": "A", "author_id": 1}, {"title": "B", "author_id": 3}], headers=SHOWN)
        assert made.json() == [
            {"id": 5, "name": "Lind", "shelves": []},
            {"id": 4, "name": None, "shelves": []},
        ]
        assert len(rows(library.get("books"))) == 5

    def test_shows_an_update_through_the_new_key(self, library: TestClient) -> None:
        one = {**SHOWN, "Accept": "application/vnd.pgrst.object+json"}
        changed = library.patch("books?id=eq.1&select=id,authors(name)", json={"author_id": 2}, headers=one)
        assert changed.json() == {"id": 1, "authors": {"name": "Okafor"}}

    def test_replaces_and_upserts(self, library: TestClient) -> None:
        path = "covers?book_id=eq.2&select=colour,books(title,authors(name))"
        put = library.put(path, json={"book_id": 2, "colour": "red"}, headers=SHOWN)
        wanted = [{"colour": "red", "books": {"title": "Pepper, Ground", "authors": {"name": "Ruiz"}}}]
        assert (put.status_code, put.json()) == (201, wanted)
        merged = library.post(
            "placements?select=row,...shelves(label)",
            json={"book_id": 1, "shelf_id": 2, "row": 9},
            headers={"Prefer": "return=representation,resolution=merge-duplicates"},
        )
        assert (merged.status_code, merged.json()) == (200, [{"row": 9, "label": "B"}])

    def test_shows_deleted_rows_as_they_were(self, library: TestClient) -> None:
        path = "loans?id=eq.1&select=id,books(title),by:members!loan_lender(name)"
        gone = library.delete(path, headers=SHOWN)
        assert gone.json() == [{"id": 1, "books": {"title": "Salt"}, "by": {"name": "Ivo"}}]

    def test_chooses_rows_by_what_they_lack(self, library: TestClient) -> None:
        gone = library.delete("authors?select=name,books()&books=is.null", headers=SHOWN)
        assert gone.json() == [{"name": "Lind"}]
        changed = library.patch("members?select=name,members()&members=is.null", json={"name": "x"}, headers=SHOWN)
        assert changed.json() == [{"name": "x"}, {"name": "x"}]

    def test_explains_a_refused_delete(self, library: TestClient) -> None:
        refused = library.delete("shelves?select=label,placements()&placements=not.is.null", headers=SHOWN)
        assert (refused.status_code, refused.json()["code"]) == (409, "23503")

    def test_aggregates_what_was_written(self, library: TestClient) -> None:
        two = [{"title": "A", "author_id": 1}, {"title": "B", "author_id": 3}]
        assert library.post("books?select=count(),pages.sum()", json=two, headers=SHOWN).json() == [
            {"count": 2, "sum": 200}
        ]
        none = library.patch("books?id=eq.100&select=count()", json={"pages": 3}, headers=SHOWN)
        assert none.json() == [{"count": 0}]


ODD = '''
CREATE TABLE "Order Details" ("a ""b""" INTEGER, "c.d" TEXT, "x(y)" TEXT, PRIMARY KEY ("a ""b""", "c.d"));
CREATE TABLE "select" ("from" INTEGER PRIMARY KEY, "o ""1""" INTEGER, "o,2" TEXT,
  FOREIGN KEY ("o ""1""", "o,2") REFERENCES "Order Details" ("a ""b""", "c.d"));
CREATE TABLE "naïve ☃" ("id?" INTEGER PRIMARY KEY, "to" INTEGER REFERENCES "SELECT");
CREATE TABLE "rolltop row" (id INTEGER PRIMARY KEY, rowid_ INTEGER REFERENCES "rolltop row" (id));
CREATE TABLE w (k TEXT PRIMARY KEY, p TEXT REFERENCES w (k)) WITHOUT ROWID;
CREATE TABLE people (id INTEGER PRIMARY KEY, n TEXT);
CREATE TABLE friends (a INTEGER REFERENCES people (id), b INTEGER REFERENCES people (id), PRIMARY KEY (a, b));
CREATE TABLE loose (id INTEGER PRIMARY KEY, n INTEGER);
CREATE TABLE mismatch (id INTEGER PRIMARY KEY, n INTEGER REFERENCES loose (n));
CREATE VIEW seen AS SELECT * FROM w;
INSERT INTO "Order Details" VALUES (1, 'x', 'one'), (1, 'y', 'two');
INSERT INTO "select" VALUES (1, 1, 'y'), (2, NULL, 'x'), (3, 1, 'x');
INSERT INTO "naïve ☃" VALUES (1, 1), (2, NULL);
INSERT INTO w VALUES ('a', NULL), ('b', 'a'), ('c', 'a');
INSERT INTO people VALUES (1, 'P'), (2, 'Q');
INSERT INTO friends VALUES (1, 2);
'''


class TestOddNames:
    def test_follows_composite_keys(self, serve: Open) -> None:
        client = serve(ODD)
        path = 'select?select=from,details:"Order Details"("x(y)")&order=from'
        assert rows(client.get(path)) == [
            {"from": 1, "details": {"x(y)": "two"}},
            {"from": 2, "details": None},
            {"from": 3, "details": {"x(y)": "one"}},
        ]
        path = 'Order Details?select="x(y)",s:select(from)&order="x(y)"&s.order=from&s.from=gt.0'
        assert rows(client.get(path)) == [{"x(y)": "one", "s": [{"from": 3}]}, {"x(y)": "two", "s": [{"from": 1}]}]

    def test_follows_keys_in_any_case_without_parent_columns(self, serve: Open) -> None:
        client = serve(ODD)
        found = rows(client.get('naïve%20☃?select="id?",to(from)&order="id?"'))
        assert found == [{"id?": 1, "to": {"from": 1}}, {"id?": 2, "to": None}]

    def test_needs_no_rowid(self, serve: Open) -> None:
        client = serve(ODD)
        path = "w?select=k,p(k),w(k)&order=p(k).desc,k.desc&w.order=k&w.limit=1"
        assert rows(client.get(path)) == [
            {"k": "a", "p": None, "w": [{"k": "b"}]},
            {"k": "c", "p": {"k": "a"}, "w": []},
            {"k": "b", "p": {"k": "a"}, "w": []},
        ]
        made = client.post("w?select=k,p(k)", json=[{"k": "d", "p": "c"}], headers=SHOWN)
        assert made.json() == [{"k": "d", "p": {"k": "c"}}]

    def test_has_no_relationships_of_views_and_mismatched_keys(self, serve: Open) -> None:
        client = serve(ODD)
        assert client.get("seen?select=k,w(k)").json()["code"] == "PGRST200"
        assert client.get("mismatch?select=id,loose(id)").json()["code"] == "PGRST200"

    def test_names_both_ways_through_a_junction_of_one_table(self, serve: Open) -> None:
        client = serve(ODD)
        response = client.get("people?select=n,people!friends(n)")
        assert response.status_code == 300
        assert response.json()["hint"] == (
            "Try changing 'people' to one of the following: 'people!friends_b_fkey', 'people!friends_a_fkey'. "
            "Find the desired relationship in the 'details' key."
        )
        for hint in ("friends_b_fkey", "b"):
            assert rows(client.get(f"people?select=n,people!{hint}(n)&order=id")) == [
                {"n": "P", "people": [{"n": "Q"}]},
                {"n": "Q", "people": []},
            ]
        assert rows(client.get("people?select=n,fans:people!a(n)&order=id"))[1] == {"n": "Q", "fans": [{"n": "P"}]}
        assert rows(client.get("people?select=n,friends!a(to:b(n))&order=id")) == [
            {"n": "P", "friends": [{"to": {"n": "Q"}}]},
            {"n": "Q", "friends": []},
        ]

    def test_shows_more_columns_than_a_function_takes(self, serve: Open) -> None:
        columns = ", ".join(f"c{number} INTEGER DEFAULT {number}" for number in range(600))
        client = serve(
            f"CREATE TABLE wide (id INTEGER PRIMARY KEY, {columns});"
            "CREATE TABLE one (id INTEGER PRIMARY KEY, wide INTEGER REFERENCES wide (id));"
            "INSERT INTO wide (id) VALUES (1); INSERT INTO one VALUES (1, 1)"
        )
        wide = rows(client.get("one?select=wide(*)"))[0]["wide"]
        assert (len(wide), wide["c599"]) == (601, 599)
        assert rows(client.get("wide?select=one(id)&one.limit=1")) == [{"one": [{"id": 1}]}]
        assert len(rows(client.get("wide?select=*,one(id)"))[0]) == 602

    def test_joins_objects_whose_last_value_is_an_object(self, serve: Open) -> None:
        columns = ", ".join(f"c{number} JSON DEFAULT '{{\"a\":{{}}}}'" for number in range(600))
        client = serve(f"CREATE TABLE wide (id INTEGER PRIMARY KEY, {columns}); INSERT INTO wide (id) VALUES (1)")
        assert rows(client.get("wide"))[0] == {"id": 1, **{f"c{number}": {"a": {}} for number in range(600)}}
