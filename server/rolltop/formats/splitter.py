"""Cuts a JSON text into its elements without holding more than one of them.

What is inside an element is not looked at, only where it ends; the strict reader that gets it sees to the rest.
"""

import re
from collections.abc import Iterator
from typing import IO

from rolltop.formats.errors import Unreadable, too_large
from rolltop.formats.rowfile import LARGEST_ROW

DEEPEST = 100  # threat model S8
SPACE = b" \t\r\n"
_BLOCK = 1 << 20
_FLAT = re.compile(rb'\{(?:[^{}\[\]"]|"(?:[^"\\]|\\.)*+")*+\}', re.DOTALL)
_MARK = re.compile(rb'"(?:[^"\\]|\\.)*+"|["\[\]{}]', re.DOTALL)  # a lone quote: the text goes on after the block
_SCALAR = re.compile(rb'"(?:[^"\\]|\\.)*+"|[^\s,:\[\]{}"]+', re.DOTALL)
_NO_SPACE = re.compile(rb"[^ \t\r\n]")


def no_json(element: int, why: str) -> Unreadable:
    """The text breaks a rule of JSON; `element` counts from 1, 0 is before the first."""
    where = f"In element {element:,}" if element else "At the beginning"
    return Unreadable(
        f"{where} of the file: {why}. This is not valid JSON.",
        details={"row": element},
        hint="Correct it there; often a file ends too early, or holds one object on each line and a stray line.",
        code="imports.bad_json",
    )


class Splitter:
    """Stands before the next character of the text that is no space."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._text = b""
        self._at = 0

    @property
    def position(self) -> int:
        """Where in the file it stands."""
        return self._file.tell() - len(self._text) + self._at

    def peek(self) -> bytes:
        """The next character; empty at the end of the file."""
        while (found := _NO_SPACE.search(self._text, self._at)) is None:
            self._at = len(self._text)
            if not self._read_on():
                return b""
        self._at = found.start()
        return found.group()

    def take(self, mark: bytes, element: int) -> None:
        """Pass over a mark that must stand there."""
        found = self.peek()
        if found != mark:
            what = f"{found.decode('latin-1')!r} stands" if found else "the file ends"
            raise no_json(element, f"{what} where {mark.decode()!r} should be")
        self._at += 1

    def elements(self) -> Iterator[tuple[int, bytes]]:
        """The texts of the elements of the list that begins here, with their numbers."""
        self.take(b"[", 0)
        number = 0
        while self.peek() != b"]" or number:
            number += 1
            yield number, self.value(number)
            if self.peek() == b"]":
                break
            self.take(b",", number)
        self._at += 1

    def members(self) -> Iterator[bytes]:
        """The quoted names of the members of the object that begins here; the caller passes over each value."""
        self.take(b"{", 0)
        number = 0
        while self.peek() != b"}" or number:
            number += 1
            name = self.value(number)
            self.take(b":", number)
            yield name
            if self.peek() == b"}":
                break
            self.take(b",", number)
        self._at += 1

    def end(self, element: int) -> None:
        """Refuse what follows."""
        if self.peek():
            raise no_json(element, "something follows the end of the list")

    def value(self, element: int) -> bytes:
        """The text of the value that begins here."""
        first = self.peek()
        if first == b"{" and (found := _FLAT.match(self._text, self._at)):
            self._at = found.end()
            return found.group()
        return self._nested(element) if first in (b"{", b"[") else self._scalar(element)

    def _nested(self, element: int) -> bytes:
        depth, behind = 0, 0  # behind: how far from the beginning of the value all is known
        while True:
            found = _MARK.search(self._text, self._at + behind)
            if found is None or found.group() == b'"':
                behind = (len(self._text) if found is None else found.start()) - self._at
                if not self._read_on(element):
                    raise no_json(element, "the file ends within it")
                continue
            behind = found.end() - self._at
            mark = found.group()
            if mark in (b"{", b"["):
                depth += 1
                if depth > DEEPEST:
                    raise no_json(element, f"it is nested deeper than {DEEPEST} levels")
            elif mark in (b"}", b"]"):
                depth -= 1
                if depth == 0:
                    text = self._text[self._at : self._at + behind]
                    self._at += behind
                    return text

    def _scalar(self, element: int) -> bytes:
        while True:
            found = _SCALAR.match(self._text, self._at)
            whole = found is not None and (found.end() < len(self._text) or found.group()[:1] == b'"')
            if found is not None and (whole or not self._read_on(element)):
                self._at = found.end()
                return found.group()
            if found is None and not self._read_on(element):
                raise no_json(element, "there is no value" if self._at < len(self._text) else "the file ends")

    def _read_on(self, element: int = 0) -> bool:
        """Read more behind what is not passed over yet; False at the end of the file."""
        rest = self._text[self._at :]
        if len(rest) > LARGEST_ROW:
            raise too_large(element, "one cell or 64 million in all")
        block = self._file.read(max(_BLOCK, len(rest)))
        self._text, self._at = rest + block, 0
        return bool(block)
