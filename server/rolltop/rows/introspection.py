"""`GET /rest/v1/`: what there is, as a document (dialect, section 15)."""

import asyncio

import msgspec

from rolltop import __version__
from rolltop.auth import Actor
from rolltop.data import Catalog, Data
from rolltop.rows import called, errors, sight
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
        body = await asyncio.to_thread(self._document, request.actor)
        return Answer(200, [(b"content-type", OPENAPI)], body)

    def _document(self, actor: Actor) -> bytes:
        catalog = self._data.fresh_catalog()
        return self._kept.get(catalog, self._saved.now.version, actor.grant, lambda: self._made(catalog, actor))

    def _made(self, catalog: Catalog, actor: Actor) -> bytes:
        calls = called.callable_by(self._data, self._saved, actor)
        seen = sight.of(catalog, actor.limits)
        return msgspec.json.encode(root.document(seen, actor.grant, calls, __version__))
