"""The worked examples of the dialect, each on a fresh library: status, headers and body byte for byte."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.rows.conftest import LIBRARY, client_of

from rolltop.data import Data
from rolltop.data.types import of_declared
from rolltop.rows.saved import Parameter, SavedQuery

QUERIES = (
    SavedQuery(
        "loans_of",
        "SELECT * FROM loans WHERE lender_id = :member",
        (Parameter("member", of_declared("INTEGER")),),
    ),
    SavedQuery("page_total", "SELECT sum(pages) FROM books", returns="one"),
)


@dataclass
class Example:
    """A request, with its headers and body, and the answer: status and body, then headers."""

    request: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    answer: list[str] = field(default_factory=list)


def examples() -> list[Example]:
    """Those of `examples.http`; lines of an answer begin with an arrow."""
    found: list[Example] = []
    for line in Path(__file__).with_name("examples.http").read_text(encoding="utf-8").splitlines():
        if re.match(r"(GET|POST) /", line):
            found.append(Example(line))
        elif line.startswith("→ "):
            found[-1].answer.append(line[2:])
        elif re.match(r"[A-Z][\w-]+: ", line):
            name, _, value = line.partition(": ")
            found[-1].headers[name] = value
        elif line:
            found[-1].body = line
    return found


def test_there_are_all_of_them() -> None:
    assert len(examples()) == 37


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.request[:60])
def test_answers_as_written(database: Callable[[str], Data], example: Example) -> None:
    client = client_of(database(LIBRARY), QUERIES)
    method, _, path = example.request.partition(" /")
    response = client.request(method, path, headers=example.headers, content=example.body)
    first, *headers = example.answer
    assert f"{response.status_code} {response.text}" == first
    for line in headers:
        name, _, value = line.partition(": ")
        assert response.headers[name] == value
