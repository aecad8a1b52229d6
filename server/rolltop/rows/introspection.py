"""`GET /rest/v1/`: what there is, as a document (dialect, section 15)."""

import asyncio

import msgspec

from rolltop import __version__
from rolltop.auth import Scope
from rolltop.data import Catalog, Data
from rolltop.rows import errors
from rolltop.rows.media import OPENAPI, accepts_document
from rolltop.rows.openapi import root
from rolltop.rows.openapi.kept import Kept
from rolltop.rows.request import Request
from rolltop.rows.respond import Answer
from rolltop.rows.saved import SavedQueries


class Introspection:
    """Answers for the root; keeps the document until the schema or a saved query changes."""

    def __init__(self, data: Data, saved: SavedQueries) -> None:
        self._data = data
        self._saved = saved
        self._kept = Kept[bytes]()

    async def answer(self, request: Request) -> Answer:
        """The document for this caller."""
        if request.method == "OPTIONS":
            return Answer(200, [(b"allow", b"OPTIONS,GET,HEAD")])
        if request.method not in ("GET", "HEAD"):
            raise errors.UnknownMethod(f"Unsupported HTTP method: {request.method}")
        accepts_document(request.accept)
        body = await asyncio.to_thread(self._document, request.actor.scopes)
        return Answer(200, [(b"content-type", OPENAPI)], body)

    def _document(self, scopes: frozenset[Scope]) -> bytes:
        catalog = self._data.fresh_catalog()
        return self._kept.get(catalog, self._saved.now.version, scopes, lambda: self._made(catalog, scopes))

    def _made(self, catalog: Catalog, scopes: frozenset[Scope]) -> bytes:
        return msgspec.json.encode(root.document(catalog, scopes, self._saved.callable(), __version__))
