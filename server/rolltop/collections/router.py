"""Collections over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from rolltop.collections.access import Viewer
from rolltop.collections.schemas import Collection, CollectionDetail
from rolltop.collections.service import Collections, Labels, labels
from rolltop.web.units import Read

router = APIRouter(prefix="/api/collections", tags=["Collections"])


def _collections(request: Request) -> Collections:
    collections: Collections = request.app.state.collections
    return collections


def _labels(session: Read) -> Labels:
    return labels(session)


Tables = Annotated[Collections, Depends(_collections)]
Named = Annotated[Labels, Depends(_labels)]


@router.get("")
async def list_collections(collections: Tables, labels: Named, actor: Viewer) -> list[Collection]:
    """Every table and view with its size, by name."""
    return await collections.list(labels, actor)


@router.get("/{name:path}")
async def read_collection(name: str, collections: Tables, labels: Named, actor: Viewer) -> CollectionDetail:
    """One table or view with its columns, types, key and references."""
    return await collections.get(name, labels, actor)
