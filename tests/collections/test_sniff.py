"""Delimiter, quote and header."""

import pytest

from rolltop.collections.imports.sniff import delimiter_and_quote, has_header, rows_of


@pytest.mark.parametrize(
    ("head", "delimiter", "quote"),
    [
        ("a,b\n1,2\n", ",", '"'),
        ("a;b\n1,5;2,5\n", ";", '"'),
        ("a\tb\n1\t2\n", "\t", '"'),
        ("a|b\n1|2\n", "|", '"'),
        ("a\n1\n", ",", '"'),
        ("a,b\n'x, y',2\n'z',3\n", ",", "'"),
        ('a;b\n"x, y, z";"1, 2"\n', ";", '"'),
        ("it's,b\nI'm,2\n", ",", '"'),
    ],
)
def test_finds_delimiter_and_quote(head: str, delimiter: str, quote: str) -> None:
    assert delimiter_and_quote(head)[:2] == (delimiter, quote)


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("a,b\n1,2\n", True),
        ("1,2\n3,4\n", False),
        ("x,1\ny,2\n", False),
        ("name,2019\nx,abc\n", True),
        ("name,city\nAnn,Oslo\n", True),
        ("a,a\nb,c\n", False),
        ("2024-01-01,5\n2024-01-02,6\n", False),
        ("only,names\n", True),
    ],
)
def test_finds_the_header(text: str, header: bool) -> None:
    assert has_header(rows_of(text, ",", '"', spaced=False)) is header
