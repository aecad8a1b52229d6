"""Files from the web: a loopback server plays the web, and an attacker's."""

import gzip
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.collections.conftest import Importer, client, importer, uploads
from tests.conftest import BASE_URL

from rolltop.app import create_app
from rolltop.collections.imports import addresses, download
from rolltop.config import Config

__all__ = ["client", "importer", "uploads"]

CSV = b"a,b\n1,x\n2,y\n"
Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers each path as the test says."""

    protocol_version = "HTTP/1.1"
    answers: dict[str, Answer]
    seen: list[tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        """Look the path up."""
        self.seen.append((self.path, dict(self.headers.items())))
        self.answers[self.path](self)

    def plain(self, content: bytes, status: int = 200, **headers: str) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in {"Content_Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Web:
    """The loopback server."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        handler = type("Bound", (Handler,), {"answers": self.answers, "seen": self.seen})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def real_web() -> Iterator[Web]:
    """One server for all."""
    made = Web()
    yield made
    made.close()


@pytest.fixture
def web(real_web: Web) -> Web:
    """The server without any pages."""
    real_web.answers.clear()
    real_web.seen.clear()
    return real_web


@pytest.fixture(scope="module")
def server(real_web: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An application that may ask the loopback server, by its number but not by its name, and nothing else inside."""
    allowed = [f"127.0.0.1:{real_web.port}", "127.0.0.1:1", "127.0.0.1:8377", "169.254.169.254:80", "0.0.0.0:80"]
    app = create_app(
        Config(
            workspace=tmp_path_factory.mktemp("web") / "workspace", import_hosts=frozenset(allowed), import_limit_mb=1
        )
    )
    with TestClient(app, base_url=BASE_URL, raise_server_exceptions=False) as made:
        made.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
        yield made


@pytest.fixture
def fetch(importer: Importer) -> Callable[..., dict[str, Any]]:
    """Imports from a URL; the import once it was scanned."""

    def _fetch(url: str, **more: str) -> dict[str, Any]:
        made = importer.client.post("/api/imports/from-url", json={"url": url, **more})
        assert made.status_code == 202, made.text
        importer.wait(made.json()["job"])
        return importer.get(made.json()["id"])

    return _fetch


Fetch = Callable[..., dict[str, Any]]


def refused(draft: dict[str, Any]) -> tuple[str, str]:
    """Code and message."""
    assert draft["state"] == "failed", draft
    assert draft["error"]["hint"]
    return draft["error"]["code"], draft["error"]["message"]


class TestFiles:
    def test_a_file_becomes_a_table(self, web: Web, fetch: Fetch, importer: Importer) -> None:
        web.answers["/data/my%20films.csv?v=1"] = lambda asked: asked.plain(CSV)
        draft = fetch(f"{web.url}/data/my%20films.csv?v=1#top")
        assert (draft["name"], draft["table"], draft["rows"]) == ("my films.csv", "my_films", 2)
        assert draft["size"] == len(CSV)
        assert importer.run(draft["id"])["state"] == "done"
        ((path, headers),) = web.seen
        assert path == "/data/my%20films.csv?v=1"
        assert headers["Host"] == f"127.0.0.1:{web.port}"
        assert not {"Authorization", "Cookie", "Referer"} & headers.keys()

    def test_other_formats_and_names(self, web: Web, fetch: Fetch) -> None:
        web.answers["/"] = lambda asked: asked.plain(b'[{"a": 1}]')
        assert fetch(f"{web.url}/")["table"] == "table_127_0_0_1"
        assert fetch(f"{web.url}", name="mine.json")["table"] == "mine"

    def test_an_answer_packed_with_gzip(self, web: Web, fetch: Fetch) -> None:
        web.answers["/a.csv"] = lambda asked: asked.plain(gzip.compress(CSV), Content_Encoding="gzip")
        draft = fetch(f"{web.url}/a.csv")
        assert (draft["packed"], draft["rows"]) == ("gzip", 2)
        assert web.seen[0][1]["Accept-Encoding"] == "identity"
        web.answers["/b.csv"] = lambda asked: asked.plain(b"xx", Content_Encoding="br")
        assert "packed as 'br'" in refused(fetch(f"{web.url}/b.csv"))[1]

    def test_an_answer_in_chunks(self, web: Web, fetch: Fetch) -> None:
        def _chunks(asked: Handler) -> None:
            asked.send_response(200)
            asked.send_header("Transfer-Encoding", "chunked")
            asked.end_headers()
            for part in (CSV[:5], CSV[5:], b""):
                asked.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")

        web.answers["/a.csv"] = _chunks
        assert fetch(f"{web.url}/a.csv")["rows"] == 2

    def test_proxies_of_the_environment_are_not_asked(
        self, web: Web, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        web.answers["/a.csv"] = lambda asked: asked.plain(CSV)
        assert fetch(f"{web.url}/a.csv")["rows"] == 2

    def test_the_fetched_file_is_deleted_with_its_import(
        self, web: Web, fetch: Fetch, uploads: Path, client: TestClient
    ) -> None:
        web.answers["/a.csv"] = lambda asked: asked.plain(CSV)
        draft = fetch(f"{web.url}/a.csv")
        assert len(list(uploads.iterdir())) == 1
        assert client.delete(f"/api/imports/{draft['id']}").status_code == 204
        assert list(uploads.iterdir()) == []


class TestRedirects:
    def test_are_followed(self, web: Web, fetch: Fetch) -> None:
        web.answers["/old"] = lambda asked: asked.plain(b"", 302, Location="/new.csv")
        web.answers["/new.csv"] = lambda asked: asked.plain(CSV)
        assert fetch(f"{web.url}/old")["rows"] == 2

    @pytest.mark.parametrize(
        ("target", "says"),
        [
            ("http://localhost:{port}/x", "inside this machine"),
            ("http://10.1.2.3/x", "inside this machine"),
            ("http://[::1]:{port}/x", "inside this machine"),
            ("//2130706433:{port}/x", "inside this machine"),
            ("http://169.254.169.254/latest", "inside this machine"),
            ("http://127.0.0.1:8377/health", "this server itself"),
            ("ftp://example.com/x", "neither"),
            ("file:///etc/passwd", "neither"),
            ("http://a:b@127.0.0.1:{port}/x", "password"),
        ],
    )
    def test_do_not_lead_inside(self, web: Web, fetch: Fetch, target: str, says: str) -> None:
        web.answers["/x"] = lambda asked: asked.plain(CSV)
        web.answers["/old"] = lambda asked: asked.plain(b"", 302, Location=target.format(port=web.port))
        code, message = refused(fetch(f"{web.url}/old"))
        assert (code, says in message) == ("imports.bad_url", True), message
        assert [path for path, _ in web.seen] == ["/old"]

    def test_are_not_followed_for_ever(self, web: Web, fetch: Fetch) -> None:
        web.answers["/round"] = lambda asked: asked.plain(b"", 301, Location="/round")
        assert "redirects more than 5 times" in refused(fetch(f"{web.url}/round"))[1]
        assert len(web.seen) == 6


class TestAddresses:
    @pytest.mark.parametrize(
        "url",
        [
            "ftp://example.com/x",
            "file:///etc/passwd",
            "http://",
            "http:///x",
            "http://u:p@example.com/",
            "x",
            "http://a:99999/",
        ],
    )
    def test_urls_that_are_none(self, client: TestClient, url: str) -> None:
        answer = client.post("/api/imports/from-url", json={"url": url})
        assert (answer.status_code, answer.json()["code"]) == (422, "imports.bad_url")

    @pytest.mark.parametrize(
        "url",
        [
            "http://localhost:{port}/", "http://127.0.0.2:{port}/", "http://[::1]:{port}/", "http://10.0.0.1/",
            "http://192.168.1.1/", "http://172.16.0.1/", "http://100.64.0.1/", "http://[::ffff:127.0.0.1]:{port}/",
            "http://[fd00::1]/", "http://0x7f000001:{port}/", "http://0177.0.0.1:{port}/",
        ],
    )  # fmt: skip
    def test_inside_only_what_the_setting_lists(self, web: Web, fetch: Fetch, url: str) -> None:
        web.answers["/"] = lambda asked: asked.plain(CSV)
        code, _ = refused(fetch(url.format(port=web.port)))
        assert code == ("imports.not_fetched" if "0177" in url else "imports.bad_url")
        assert web.seen == []

    @pytest.mark.parametrize("url", ["http://169.254.169.254/", "http://0.0.0.0/", "http://127.0.0.1:8377/health"])
    def test_some_not_even_then(self, fetch: Fetch, url: str) -> None:
        assert refused(fetch(url))[0] == "imports.bad_url"

    def test_a_public_name_that_leads_inside(self, web: Web, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = []

        def _resolved(host: str, port: int, **_: Any) -> list[Any]:
            asked.append(host)
            return [(2, 1, 6, "", ("93.184.216.34", port)), (2, 1, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(socket, "getaddrinfo", _resolved)
        code, message = refused(fetch(f"http://rebinding.example:{web.port}/"))
        assert (code, "127.0.0.1" in message) == ("imports.bad_url", True)
        assert (asked, web.seen) == (["rebinding.example"], [])

    @pytest.mark.parametrize(
        ("text", "public", "allowed"),
        [
            ("93.184.216.34", True, True), ("2606:2800:220:1::1", True, True), ("127.0.0.1", False, True),
            ("10.0.0.1", False, True), ("fd12::1", False, True), ("::1", False, True), ("0.0.0.0", False, False),
            ("::", False, False), ("224.0.0.1", False, False), ("ff02::1", False, False),
            ("169.254.169.254", False, False), ("fe80::1", False, False), ("fd00:ec2::254", False, False),
            ("100.100.100.200", False, False), ("::ffff:169.254.169.254", False, False),
            ("::ffff:10.0.0.1", False, True), ("64:ff9b::a00:1", False, False), ("2002:a00:1::", False, False),
        ],
    )  # fmt: skip
    def test_kinds_of_addresses(self, text: str, public: bool, allowed: bool) -> None:
        address = ipaddress.ip_address(text)
        assert (addresses.is_public(address), addresses.may_be_allowed(address)) == (public, allowed)


class TestBadServers:
    @pytest.mark.parametrize("status", [204, 304, 401, 404, 500, 206])
    def test_other_answers(self, web: Web, fetch: Fetch, status: int) -> None:
        web.answers["/"] = lambda asked: asked.plain(b"", status)
        code, message = refused(fetch(web.url))
        assert (code, str(status) in message) == ("imports.not_fetched", True)

    def test_a_web_page_is_said_to_be_one(self, web: Web, fetch: Fetch) -> None:
        web.answers["/"] = lambda asked: asked.plain(b"<!DOCTYPE html><html></html>")
        assert "web page" in refused(fetch(web.url))[1]

    def test_nobody_there_and_no_tls(self, web: Web, fetch: Fetch) -> None:
        assert refused(fetch("http://127.0.0.1:1/"))[0] == "imports.not_fetched"
        assert refused(fetch(web.url.replace("http:", "https:")))[0] == "imports.not_fetched"
        assert "there is no host" in refused(fetch("http://nowhere.invalid/x.csv"))[1]

    def test_less_than_announced(self, web: Web, fetch: Fetch, uploads: Path) -> None:
        def _cut(asked: Handler) -> None:
            asked.plain(CSV, Content_Length=str(len(CSV) + 100))
            asked.close_connection = True

        web.answers["/"] = _cut
        assert refused(fetch(web.url))[0] == "imports.not_fetched"
        assert list(uploads.iterdir()) == []

    def test_more_than_announced_is_not_read(self, web: Web, fetch: Fetch) -> None:
        web.answers["/"] = lambda asked: asked.plain(CSV, Content_Length="8")
        assert fetch(web.url)["rows"] == 1

    @pytest.mark.parametrize("announced", [True, False])
    def test_too_much(self, web: Web, fetch: Fetch, uploads: Path, announced: bool) -> None:
        def _much(asked: Handler) -> None:
            asked.send_response(200)
            if announced:
                asked.send_header("Content-Length", "2000000")
            asked.send_header("Connection", "close")
            asked.end_headers()
            asked.close_connection = True
            with suppress(ConnectionError):  # the other side has had enough
                asked.wfile.write(b"x\n" * 1_000_000)

        web.answers["/"] = _much
        assert refused(fetch(web.url))[0] == "imports.too_large"
        assert list(uploads.iterdir()) == []

    def test_silence(self, web: Web, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(download, "SILENT_SECONDS", 0.1)
        end = threading.Event()

        def _wait(_: Handler) -> None:
            end.wait(20)

        web.answers["/"] = _wait
        assert "does not answer in time" in refused(fetch(web.url))[1]
        end.set()

    def test_a_drip(self, web: Web, fetch: Fetch, uploads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(download, "SECONDS", 1.0)
        web.answers["/"] = _drip
        assert "takes longer than" in refused(fetch(web.url))[1]
        assert list(uploads.iterdir()) == []

    def test_a_drip_can_be_cancelled(self, web: Web, importer: Importer, uploads: Path) -> None:
        web.answers["/"] = _drip
        made = importer.client.post("/api/imports/from-url", json={"url": web.url}).json()
        deadline = time.monotonic() + 20
        while not web.seen:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        assert importer.client.post(f"/api/jobs/{made['job']}/cancel").status_code in (200, 202, 204)
        assert importer.wait(made["job"])["state"] == "cancelled"
        assert list(uploads.iterdir()) == []


def _drip(asked: Handler) -> None:
    """A byte now and then, for half a minute."""
    with suppress(ConnectionError):
        asked.send_response(200)
        asked.end_headers()
        for _ in range(1500):
            asked.wfile.write(b"1\n")
            time.sleep(0.02)


def test_needs_the_right_to_write(client: TestClient, web: Web) -> None:
    token = client.headers.pop("Authorization")
    assert client.post("/api/imports/from-url", json={"url": web.url}).status_code == 401
    client.headers["Authorization"] = token
