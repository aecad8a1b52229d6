"""The drafts of this run, and the files that several of them may share."""

import threading
from collections.abc import Sequence

from rolltop.collections.imports.draft import Draft
from rolltop.collections.imports.errors import NoSuchImport

KEPT = 50
BUSY = ("scanning", "loading")


class Drafts:
    """Drafts by id, oldest first; safe to use from any thread."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        """Held while the state of a draft is looked at and changed."""
        self._drafts: dict[str, Draft] = {}

    def add(self, draft: Draft) -> list[str]:
        """Take a draft up; the ids of idle ones that are one too many now."""
        with self.lock:
            self._drafts[draft.id] = draft
            idle = [each.id for each in self._drafts.values() if each.state not in BUSY]
            return idle[: max(len(self._drafts) - KEPT, 0)]

    def all(self) -> Sequence[Draft]:
        """All of them, oldest first."""
        with self.lock:
            return list(self._drafts.values())

    def get(self, id: str) -> Draft:
        """One of them.

        Raises:
            NoSuchImport: nobody knows that id.
        """
        with self.lock:
            draft = self._drafts.get(id)
        if draft is None:
            raise NoSuchImport(id)
        return draft

    def forget(self, id: str) -> Draft:
        """Take one out; its files are the caller's to release.

        Raises:
            NoSuchImport: nobody knows that id.
        """
        with self.lock:
            draft = self._drafts.pop(id, None)
        if draft is None:
            raise NoSuchImport(id)
        return draft

    def knows(self, draft: Draft) -> bool:
        """Whether nobody has forgotten it meanwhile."""
        with self.lock:
            return draft.id in self._drafts

    def sharing(self, draft: Draft) -> list[Draft]:
        """Those that read parts of the same file, itself among them unless it was forgotten."""
        return [each for each in self.all() if each.source is not None and each.source == draft.source]

    def readers(self, draft: Draft) -> dict[str, list[str]]:
        """For each part of the draft's file the imports that read it."""
        readers: dict[str, list[str]] = {}
        for each in self.sharing(draft):
            if each.opened is not None and each.opened.part is not None:
                readers.setdefault(each.opened.part, []).append(each.id)
        return readers

    def release(self, draft: Draft) -> None:
        """Delete what is not needed for the draft any more; the file only when no other part of it is wanted."""
        if draft.opened is not None:
            draft.opened.remove()
        if draft.source is not None and not any(each.still_reads() for each in self.sharing(draft)):
            draft.source.remove()
