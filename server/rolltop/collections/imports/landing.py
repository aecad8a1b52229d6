"""A draft's rows brought into their table, and what follows: labels, recipes, foreign keys, the quarantine."""

import logging
import threading
from dataclasses import dataclass
from typing import Any

import apsw
import msgspec

from rolltop.collections import store, words
from rolltop.collections.imports import load
from rolltop.collections.imports.draft import Draft, outcome_of
from rolltop.collections.imports.drafts import Drafts
from rolltop.collections.imports.kept import Landed, Relate
from rolltop.collections.imports.plan import Plan, names_of
from rolltop.collections.imports.rejects import Rejects
from rolltop.collections.imports.scan import Scanned
from rolltop.collections.imports.schemas import ImportOutcome
from rolltop.collections.quarantine import store as quarantine
from rolltop.collections.quarantine.origin import origin_of
from rolltop.collections.recipes import service as recipes
from rolltop.collections.recipes.schemas import Recipe
from rolltop.data import Cause, Data
from rolltop.db.database import Database
from rolltop.errors import RolltopError
from rolltop.formats.asked import Structure
from rolltop.jobs import Running

log = logging.getLogger("rolltop.collections")


@dataclass(frozen=True, slots=True)
class Loading:
    """What one run of a draft is about."""

    scanned: Scanned
    planned: Plan
    recipe: Recipe | None
    structure: Structure | None
    """What the file itself says of the table and shall be kept."""
    cause: Cause


class Landing:
    """Loads drafts; one for all of them."""

    def __init__(self, data: Data, database: Database, drafts: Drafts, relate: Relate) -> None:
        self._data = data
        self._database = database
        self._drafts = drafts
        self._relate = relate
        self._relating = threading.Lock()

    def run(self, draft: Draft, loading: Loading, running: Running) -> dict[str, Any]:
        """Load the draft's file, on the thread of its job; the job's result.

        Raises:
            What `load.load` does; the table is then as it was.
        """
        scanned, planned, structure, cause = loading.scanned, loading.planned, loading.structure, loading.cause

        def _settle(connection: apsw.Connection, _stage: str, rejects: Rejects) -> None:
            if rejects.count:
                origin = origin_of(draft.id, draft.name, scanned.headers, planned)
                quarantine.keep(connection, draft.id, msgspec.json.encode(origin), rejects.table)

        cause.job, cause.along = running.id, quarantine.TABLES
        if planned.into is None:
            cause.words = words.read(self._database, [planned.table])
        self.sweep()
        outcome = load.load(self._data, scanned, planned, _hidden(draft), running.progress, _settle, cause)
        waits = draft.id if outcome.counts.refused and not planned.treatment.dry_run else None
        draft.outcome = outcome_of(planned, outcome, waits)
        if planned.treatment.dry_run:
            draft.state = "ready"
        else:
            self._remember(draft, planned, loading.recipe)
            if structure is not None and planned.into is None and draft.opened is not None:
                names = names_of(scanned, planned.columns)
                landed = Landed(draft.opened.part or "", planned.table, names, structure)
                draft.outcome.notes += self._related(draft, landed, cause.actor)
            draft.state = "done"
            self._drafts.release(draft)
        _tell(draft.outcome, running)
        return {"import": draft.id, **draft.outcome.model_dump(), "change": cause.change}

    def sweep(self) -> None:
        """Drop what failed loads could not drop at once, since the disk was full; if it still is, another time."""
        try:
            load.drop_leftovers(self._data)
        except RolltopError as error:
            log.warning("The table of a failed import could not be dropped yet: %s", error.message)

    def _remember(self, draft: Draft, planned: Plan, recipe: Recipe | None) -> None:
        """Keep what people call the columns, and that the recipe was used."""
        with self._database.write() as session:
            if planned.into is None:
                store.remember(session, planned.table, planned.labels)
            if recipe is not None:
                recipes.note_use(session, recipe.id, draft.name)

    def _related(self, draft: Draft, landed: Landed, actor: str) -> list[str]:
        """Make the foreign keys between the draft's new table and those of the same file; what could not be made.

        Each of them is made when the second of its tables lands.
        """
        notes: list[str] = []
        with self._relating:
            draft.landed = landed
            tables = [each.landed for each in self._drafts.sharing(draft) if each.landed is not None]
            for child in tables:
                links = list(child.links(tables if child is landed else [landed]))
                notes += self._relate(child.table, links, actor)
        return notes


def _hidden(draft: Draft) -> str:
    """The table that a draft is loaded into before it gets its name."""
    return f"{load.HIDDEN}{draft.id}"


def _tell(outcome: ImportOutcome, running: Running) -> None:
    """Write into the job's log what became of the rows."""
    running.log(
        f"{'Would land' if outcome.dry_run else 'Landed'} in {outcome.table}: {outcome.inserted:,} added, "
        f"{outcome.changed:,} changed, {outcome.unchanged:,} left as they were."
    )
    for note in outcome.notes:
        running.log(note, "warning")
    if outcome.refused:
        running.log(f"{outcome.refused:,} rows do not fit.", "warning")
    for each in outcome.first_refused:
        running.log(f"Row {each.row:,}: {'; '.join(str(reason['message']) for reason in each.reasons)}", "warning")
