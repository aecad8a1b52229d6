"""The tables of docs/rows-api.md name what the code knows, all of it and nothing else."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgrest import SyncSelectRequestBuilder
from starlette.testclient import TestClient

from rolltop.errors import OutOfSpace, RolltopError, StartError
from rolltop.rows import media, parse, prefer
from rolltop.web import guard, refusals

importlib.import_module("rolltop.app")  # every part, so that every error is known
PAGE = (Path(__file__).parents[2] / "docs" / "rows-api.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`]+)`")
WHERE = ("rolltop.rows.", "rolltop.data.errors", "rolltop.data.bounds")
UNUSUAL = (OutOfSpace, refusals.RowsTokenMissing, refusals.RowsTokenUnknown)
NOT_ANSWERED = {"internal", "unprocessable"}  # of classes that are only inherited from


def table(head: str) -> list[list[list[str]]]:
    """The rows of a table whose first columns are named so; of each cell its pieces of code, or its plain text."""
    found = re.search(rf"^\| {re.escape(head)} .*\n\|[- |]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert found is not None, f"the page has no table for {head}"
    lines = [re.split(r"(?<!\\)\|", line.strip().strip("|")) for line in found.group(1).splitlines()]
    return [[CODE.findall(cell) or [cell.strip()] for cell in line] for line in lines]


def test_operators() -> None:
    rows = table("operator | chooses")
    assert sorted(operator for row in rows for operator in row[0]) == sorted(parse.OPERATORS)
    methods = [method for row in rows for method in row[2]]
    assert [name for name in methods if not hasattr(SyncSelectRequestBuilder, name)] == []


def test_full_text_operators() -> None:
    assert {row[0][0] for row in table("operator | query")} == parse.FULL_TEXT


def test_preferences() -> None:
    known = {f"{name}={value}" for name, values in prefer.VALUES.items() for value in values}
    assert {text for row in table("`Prefer` | effect") for text in row[0]} == known | {"max-affected=5"}


def test_media_types(shared: TestClient) -> None:
    for row in table("`Accept` | answer"):
        for name in row[0]:
            response = shared.get("books?id=eq.1", headers={"Accept": name})
            assert (response.status_code, name) == (200, name)
    known = {
        f"{name};nulls=stripped" if stripped else name
        for name, stripped in media.KNOWN
        if name[-4:] in ("json", "/csv")
    }
    assert {name for row in table("`Accept` | answer") for name in row[0]} == known


def test_headers_that_are_answered(shared: TestClient) -> None:
    strict = {"Prefer": "return=headers-only, tx=rollback"}
    answers = [
        shared.get("books?limit=1"),
        shared.get("boks"),
        shared.post("authors", json={"name": "x"}, headers=strict),
    ]
    sent = {name.lower() for answer in answers for name in answer.headers}
    told = {name for row in table("answered | says") for name in row[0]}
    assert {name.lower() for name in told} == sent - {"content-type", "content-length"}
    exposed = guard.EXPOSED.decode().split(", ")
    assert told <= set(exposed)  # a page of another origin sees them, too


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("Accept", "image/png", 406),
        ("Accept-Profile", "private", 406),
        ("Range", "2-1", 416),
        ("Prefer", "handling=strict, x=y", 400),
    ],
)
def test_headers_that_are_read(name: str, value: str, status: int, shared: TestClient) -> None:
    assert [name] in [[each] for row in table("sent | says") for each in row[0]]
    assert shared.get("books", headers={name: value}).status_code == status


def test_error_codes() -> None:
    told = {
        (code, int(status))
        for codes, statuses, _ in table("code | status")
        for code, status in paired(codes, statuses[0].split(", "))
    }
    assert told == {(kind.code, kind.status) for kind in answered()}


def paired(codes: list[str], statuses: list[str]) -> Iterator[tuple[str, str]]:
    """Each code with its status: one for all, one for each, or several of one code."""
    if len(codes) == 1 or len(statuses) == 1:
        yield from ((code, status) for code in codes for status in statuses)
    else:
        yield from zip(codes, statuses, strict=True)


def answered(kind: type[RolltopError] = RolltopError) -> Iterator[type[RolltopError]]:
    """Every error that the rows API may answer with."""
    for each in kind.__subclasses__():
        of_rows = each.__module__.startswith(WHERE) and not issubclass(each, StartError)
        if (of_rows or each in UNUSUAL) and each.code not in NOT_ANSWERED:
            yield each
        yield from answered(each)
