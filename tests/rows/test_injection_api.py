"""Text that would be SQL somewhere, in each place where a caller may put text: it stays text."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient
from tests.rows.conftest import LIBRARY, client_of, rows

from rolltop.data import Data
from rolltop.data.types import of_declared
from rolltop.rows.saved import Parameter, SavedQuery

ATTACKS = [
    "' OR '1'='1",
    '" OR "1"="1',
    "1); DROP TABLE books; --",
    "'; DROP TABLE books; --",
    "id) FROM books; DELETE FROM loans; --",
    "(SELECT name FROM authors)",
    "sqlite_version()",
    "rolltop_json(id)",
    "readfile('/etc/passwd')",
    "x' UNION SELECT sql FROM sqlite_schema --",
    '"',
    "'",
    "\\",
    "$.x') --",
    "?",
    ":name",
    "@x",
    "%00",
    "\x00",
    "\n; --",
    "rowid",
    "_rowid_",
    "*",
    "load_extension('x')",
]

PLACES = [
    "{}?select=*",
    "books?select={}",
    "books?select=a:{}",
    "books?select={}:id",
    'books?select="{}"',
    "books?select=id::{}",
    "books?select=info->{}",
    'books?select=info->>"{}"',
    "books?select=info->a->{}",
    "books?select=authors!{}(name)",
    "books?select={}(name)",
    'books?select="{}"(name)',
    "books?select={}:authors(name)",
    "books?select=authors({})",
    "books?select=authors(x:{})",
    "books?select=...authors({}:name)",
    "books?select=...placements({}:row)&placements.limit=1",
    "books?select=authors(name)&authors.name=eq.{}",
    "books?select=authors(name)&authors.name=in.({})",
    "books?select=authors(name)&authors.{}=eq.1",
    "books?select=authors(name)&authors.or=(name.eq.{})",
    "books?select=authors(name)&{}.order=name",
    "books?select=shelves(label)&shelves.order={}",
    "books?select=shelves(label)&shelves.limit={}",
    "books?select=...authors(name)&authors.name=like.{}&order=authors(name)",
    "books?select=authors!inner(name)&authors.name=neq.{}",
    "books?select=authors(name)&order=authors({})",
    "books?select=authors(name)&order={}(name)",
    "books?select={}.sum()",
    "books?select=pages.sum()::{}",
    "books?select={}:pages.sum()",
    "books?select=title.{}()",
    "books?select=info->{}.count()",
    "books?select={}:title,count()&order=title",
    "books?{}=eq.1",
    'books?"{}"=eq.1',
    "books?info->{}=eq.1",
    "books?info->>{}=eq.x",
    "books?id={}.1",
    "books?id=eq.{}",
    "books?title=eq.{}",
    "books?title=neq.{}",
    "books?title=like.{}",
    "books?title=ilike.{}",
    "books?title=match.{}",
    "books?title=in.({})",
    'books?title=in.("{}")',
    "books?title=eq(any).{{{}}}",
    "books?tags=cs.{}",
    "books?tags=eq.{}",
    "books?in_print=is.{}",
    "books?title=fts({}).x",
    "books?or=({})",
    "books?or=(title.eq.{})",
    'books?or=(title.eq."{}")',
    "books?or=({}.eq.1)",
    "books?{}.or=(id.eq.1)",
    "books?order={}",
    "books?order=id.{}",
    'books?order="{}"',
    "books?limit={}",
    "books?offset={}",
    "books?on_conflict={}",
    "books?columns={}",
    'books?columns="{}"',
    "books?id=not.{}.1",
    "books?title=isdistinct.{}",
    "books?title=imatch.{}",
    "books?title=eq({}).x",
    "books?title=like(any).{{{}}}",
    "books?title=like(all).{{{}}}",
    "books?title=fts.{}",
    "books?title=plfts.{}",
    "books?title=phfts.{}",
    "books?title=wfts(simple).{}",
    "books?title=not.wfts.{}",
    "books?tags=cd.{}",
    "books?tags=ov.{}",
    "books?tags=in.({})",
    "books?info->a->>{}=in.(x)",
    "books?out_on=gte.{}",
    "books?pages=in.({})",
    "books?and=(title.not.in.({}))",
    "books?not.or=(title.like.{},id.eq.1)",
    "books?or=(and(id.eq.1,{}.is.null))",
    "books?or=(info->>{}.eq.x)",
    "books?or=(title.like(any).{{{}}})",
    "books?order=id.desc.{}",
    "books?order=info->{}",
    "books?order=info->>{}.desc",
    "books?select=authors(name)&{}.limit=1",
    "books?select=authors(name)&{}.and=(id.eq.1)",
    "books?select=authors(name)&authors.order={}",
    "books?select=authors(name)&authors.{}.limit=1",
    "books?select=shelves(label)&shelves.offset={}",
    "books?select=authors(name)&authors={}.null",
    "books?select=...authors!{}(name)",
    "books?select=authors!inner!{}(name)",
    "books?select=title,authors(name,books({}))",
    "books?select=info->a->{}::text",
    "books?select=count()::{}",
]


def unharmed(client: TestClient) -> bool:
    return len(rows(client.get("books"))) == 3 and len(rows(client.get("loans"))) == 2


class TestText:
    @pytest.mark.parametrize("place", PLACES)
    def test_in_the_url_of_a_read_stays_text(self, shared: TestClient, place: str) -> None:
        for attack in ATTACKS:
            path = place.format(quote(attack, safe="") if attack != "%00" else "%00")
            response = shared.get(path)
            assert response.status_code in (200, 400, 404, 406, 416), (path, response.text)
            if response.status_code == 200:
                assert "CREATE TABLE" not in response.text
            else:
                assert set(response.json()) == {"code", "message", "details", "hint"}
                assert response.json()["code"] != "XX000", (path, response.text)
        assert unharmed(shared)

    @pytest.mark.parametrize("place", [place for place in PLACES if place.startswith("books?")])
    def test_in_the_url_of_a_write_stays_text(self, shared: TestClient, place: str) -> None:
        for attack in ATTACKS:
            path = place.format(quote(attack, safe="") if attack != "%00" else "%00")
            for method in ("PATCH", "POST"):
                response = shared.request(
                    method, path, json={"title": attack}, headers={"Prefer": "tx=rollback,return=representation"}
                )
                assert response.status_code in (200, 201, 204, 400, 404, 406, 409), (method, path, response.text)
                if response.status_code >= 400:
                    assert response.json()["code"] != "XX000", (method, path, response.text)
        assert unharmed(shared)

    @pytest.mark.parametrize("attack", ATTACKS)
    def test_in_a_call_stays_text(self, database: Callable[[str], Data], attack: str) -> None:
        text = Parameter("text", of_declared("TEXT"), False)
        queries = (
            SavedQuery("echo", "SELECT :text AS text", (text,)),
            SavedQuery("rename", "UPDATE authors SET name = :text WHERE id = 1 RETURNING name", (text,)),
        )
        client = client_of(database(LIBRARY), queries)
        escaped = quote(attack, safe="")
        for path in (
            f"rpc/{escaped}",
            f"rpc/echo?{escaped}=x",
            f"rpc/echo?text={escaped}",
            f"rpc/echo?text={escaped}&select={escaped}",
            f"rpc/echo?text={escaped}&order={escaped}",
            f"rpc/echo?text=eq.{escaped}",
            f"rpc/echo?or=(text.eq.{escaped})",
        ):
            response = client.get(path)
            assert response.status_code in (200, 400, 404), (path, response.text)
            assert response.status_code == 200 or response.json()["code"] != "XX000"
            assert "CREATE TABLE" not in response.text
        if "\x00" not in attack:
            assert rows(client.post("rpc/echo", json={"text": attack})) == [attack]
            assert rows(client.post("rpc/rename", json={"text": attack})) == [attack]
        assert client.post("rpc/echo", json={attack: 1}).status_code in (400, 404)
        assert unharmed(client)

    @pytest.mark.parametrize("attack", ATTACKS)
    def test_in_the_filters_of_a_put_and_the_header_of_csv_stays_text(self, library: TestClient, attack: str) -> None:
        escaped = quote(attack, safe="")
        for query in (f"id=eq.{escaped}", f"{escaped}=eq.1", f"id=eq.1&on_conflict={escaped}"):
            response = library.put(f"books?{query}", json={"id": 1, "title": attack.replace("\x00", "")})
            assert response.status_code in (204, 400, 405), (query, response.text)
        header = '"' + attack.replace('"', '""') + '"'
        for kind, body in (("text/csv", f"{header}\n1\n"), ("application/x-www-form-urlencoded", f"{escaped}=1")):
            response = library.post("books", content=body.encode(), headers={"Content-Type": kind})
            assert (response.status_code, response.json()["code"]) in (
                (400, "PGRST204"),
                (400, "22P05"),
                (400, "PGRST102"),
            )
        assert unharmed(library)

    def test_in_a_body_stays_text(self, library: TestClient) -> None:
        for attack in ATTACKS:
            if "\x00" in attack:
                continue
            made = library.post(
                "books?select=title", json={"title": attack}, headers={"Prefer": "return=representation,tx=rollback"}
            )
            assert rows(made) == [{"title": attack}]
            assert library.post("books", json={attack: 1}).json()["code"] == "PGRST204"
            assert library.post("books", json={"title": "x", "pages": attack}).json()["code"] == "22P02"
        assert unharmed(library)

    def test_in_headers_stays_text(self, library: TestClient) -> None:
        for attack in ATTACKS:
            if not attack.isascii() or not attack.isprintable():
                continue
            for name in (
                "Prefer",
                "Range",
                "Accept",
                "Accept-Profile",
                "Range-Unit",
                "Content-Profile",
                "Content-Type",
            ):
                response = library.get("books", headers={name: attack})
                assert response.status_code in (200, 400, 406, 416), (name, attack, response.text)
        assert unharmed(library)

    def test_keys_of_json_are_exact(self, library: TestClient) -> None:
        for key in ['a"b', "a.b", "$", "$.x", "[0]", "a'b", "a\\b", "x y", "é", "#-1", ""]:
            payload = {"id": 9, "title": "x", "info": {key: "found", "other": 1}}
            library.post("books", json=payload)
            escaped = key.replace("\\", "\\\\").replace('"', '\\"')
            path = quote(f'"{escaped}"', safe="")
            assert rows(library.get(f"books?id=eq.9&select=v:info->>{path}")) == [{"v": "found"}], key
            assert rows(library.get(f"books?info->>{path}=eq.found&select=id")) == [{"id": 9}], key
            library.delete("books?id=eq.9")
