"""Saved queries over HTTP; calls of them are part of the rows API."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from rolltop.queries.access import Reader, Writer
from rolltop.queries.schemas import Query, QueryWrite
from rolltop.queries.service import Queries

router = APIRouter(prefix="/api/queries", tags=["Queries"])


def _queries(request: Request) -> Queries:
    queries: Queries = request.app.state.queries
    return queries


Saved = Annotated[Queries, Depends(_queries)]


@router.get("")
def list_queries(queries: Saved, _actor: Reader) -> list[Query]:
    """Every saved query, by name, with what it returns."""
    return queries.list()


@router.post("", status_code=201)
def create_query(wanted: QueryWrite, queries: Saved, actor: Writer) -> Query:
    """Save a query. Its SQL is checked against the tables that are there, and callable at once."""
    return queries.create(wanted, actor.id)


@router.get("/{name}")
def read_query(name: str, queries: Saved, _actor: Reader) -> Query:
    """One saved query."""
    return queries.get(name)


@router.put("/{name}")
def replace_query(name: str, wanted: QueryWrite, queries: Saved, actor: Writer) -> Query:
    """Put another query in its place, under another name perhaps."""
    return queries.replace(name, wanted, actor.id)


@router.delete("/{name}", status_code=204)
def delete_query(name: str, queries: Saved, actor: Writer) -> None:
    """Delete a saved query; calls of it answer 404 from now on."""
    queries.delete(name, actor.id)
