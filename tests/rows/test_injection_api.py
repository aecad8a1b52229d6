"""Text that would be SQL somewhere, in each place where a caller may put text: it stays text."""

from urllib.parse import quote

import pytest
from starlette.testclient import TestClient
from tests.rows.conftest import rows

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
            for name in ("Prefer", "Range", "Accept", "Accept-Profile", "Range-Unit"):
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
