"""The built UI: index.html with a fresh nonce, hashed assets for ever, the API's documentation pages.

Policies and caching are those of the UI guide: no inline or eval'd script anywhere, styles by nonce.
"""

import hashlib
import mimetypes
from dataclasses import dataclass
from email.utils import formatdate
from functools import cache
from pathlib import Path

from rolltop.errors import MethodNotAllowed, NotFound
from rolltop.kit.ids import secret
from rolltop.web.asgi import ASGIScope, Receive, Send, answer, answer_error, header

_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; frame-src 'self'; worker-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_DOCS_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'"
)
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
_PAGES = {"/docs": "docs/swagger.html", "/redoc": "docs/redoc.html"}
_NO_STORE = (b"cache-control", b"no-store")
_NOT_BUILT = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Rolltop</title>
<h1>The interface is not built</h1>
<p>The server runs and its API answers, but the files of the interface are missing.
If they are being built just now, reload this page in a moment. In a checkout, run
<code>npm ci</code> and <code>npm run build</code> in <code>ui/</code>, or install with <code>pip install .</code>,
which does both.</p></html>
"""


class UnknownFile(NotFound):
    code = "web.unknown_file"


class ReadOnlyPage(MethodNotAllowed):
    code = "method_not_allowed"


def _unknown(path: str) -> UnknownFile:
    return UnknownFile(f"There is no file {path}.", hint="Reload the page.")


async def _send_not_built(send: Send) -> None:
    await answer(send, 404, _NOT_BUILT, b"text/html; charset=utf-8", [_NO_STORE])


def built_ui() -> Path | None:
    """Where the built UI lies: inside the package, or in the checkout's `ui/dist`."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "static", package.parent.parent / "ui" / "dist"):
        if (folder / "index.html").is_file():
            return folder
    return None


@dataclass(frozen=True, slots=True)
class _Content:
    """A file as it is sent."""

    body: bytes
    etag: bytes
    modified: bytes


def _content(path: Path) -> _Content:
    """The file's content, read once for each time it was written."""
    return _read(path, path.stat().st_mtime_ns)


@cache
def _read(path: Path, modified_ns: int) -> _Content:
    body = path.read_bytes()
    etag = b'"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"'
    return _Content(body, etag, formatdate(modified_ns / 1e9, usegmt=True).encode())


def _type(path: Path) -> bytes:
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind == "application/json"
    return f"{kind}; charset=utf-8".encode() if text else kind.encode()


class UI:
    """Answers GET and HEAD of everything that is not the API."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder.resolve() if folder else None

    async def __call__(self, scope: ASGIScope, _receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await answer_error(
                send, ReadOnlyPage("Pages can only be read.", hint="The API is under /api and /rest/v1.")
            )
            return
        path = scope["path"]
        if self._folder is None:
            await _send_not_built(send)
            return
        file = self._file(_PAGES.get(path.rstrip("/"), path.lstrip("/")))
        if file is not None and file.name != "index.html":
            await self._send_file(scope, send, path, file)
        elif path.startswith(("/assets/", "/docs/")):
            await answer_error(send, _unknown(path))
        else:
            await self._send_index(send)

    def _file(self, name: str) -> Path | None:
        """The file of that name inside the folder, containment tested on resolved paths (threat model F1)."""
        assert self._folder is not None  # noqa: S101 (the caller looked)
        try:
            file = (self._folder / name).resolve()
            inside = file.is_relative_to(self._folder) and file.is_file()
        except (OSError, ValueError):  # a name that is too long or holds a NUL
            return None
        return file if inside else None

    async def _send_file(self, scope: ASGIScope, send: Send, path: str, file: Path) -> None:
        try:
            content = _content(file)
        except OSError:  # gone since it was looked for
            await answer_error(send, _unknown(path))
            return
        for_ever = path.startswith("/assets/")
        caching = b"public, max-age=31536000, immutable" if for_ever else b"no-cache"
        headers = [(b"cache-control", caching), (b"etag", content.etag)]
        if file.suffix == ".html":
            headers.append((b"content-security-policy", _DOCS_POLICY.encode()))
        if header(scope, b"if-none-match") == content.etag:
            await answer(send, 304, headers=headers)
            return
        headers.append((b"last-modified", content.modified))
        await answer(send, 200, content.body, _type(file), headers)

    async def _send_index(self, send: Send) -> None:
        assert self._folder is not None  # noqa: S101
        try:
            page = _content(self._folder / "index.html").body
        except OSError:  # the interface is being built anew under a running server
            await _send_not_built(send)
            return
        nonce = secret()
        page = page.replace(b"__CSP_NONCE__", nonce.encode())
        headers = [
            _NO_STORE,
            (b"content-security-policy", _POLICY.format(nonce=nonce).encode()),
            (b"cross-origin-opener-policy", b"same-origin"),
        ]
        await answer(send, 200, page, b"text/html; charset=utf-8", headers)
