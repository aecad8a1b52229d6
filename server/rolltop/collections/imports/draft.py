"""A file on its way into a table, and what is said of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from rolltop.collections.imports.delimited import Delimited
from rolltop.collections.imports.guess import Guess
from rolltop.collections.imports.kept import Landed, shown
from rolltop.collections.imports.load import Outcome
from rolltop.collections.imports.opening import Opened, Wish
from rolltop.collections.imports.plan import Plan, is_included
from rolltop.collections.imports.scan import PREVIEW_CELL, Scanned
from rolltop.collections.imports.schemas import (
    Dialect,
    Import,
    ImportColumn,
    ImportOutcome,
    ImportPart,
    ImportState,
    KeptStructure,
    RaggedRows,
    RefusedRow,
    RefusedTogether,
)
from rolltop.collections.imports.source import Source
from rolltop.collections.imports.tally import Nulls
from rolltop.collections.recipes.schemas import Recipe
from rolltop.formats.asked import Part, Structure
from rolltop.jobs import JobError


@dataclass(slots=True)
class Draft:
    """What is known of it so far."""

    id: str
    name: str
    source: Source | None
    """None until it has come."""
    table: str
    opened: Opened | None = None
    state: ImportState = "scanning"
    job: str | None = None
    scanned: Scanned | None = None
    error: JobError | None = None
    recipe: Recipe | None = None
    outcome: ImportOutcome | None = None
    url: str | None = None
    """Where it is fetched from."""
    wish: Wish = field(default_factory=Wish)
    """How it was to be read the last time."""
    landed: Landed | None = None
    """What it has become, when it came out of a database."""

    def still_reads(self) -> bool:
        """Whether its file is needed: until it is loaded, and longer when the file has other tables."""
        return self.state != "done" or (self.opened is not None and len(self.opened.parts) > 1)

    def described(self, readers: Mapping[str, list[str]] = MappingProxyType({})) -> Import:
        """The draft as the API shows it; `readers` are the imports that read each part of its file."""
        scanned, opened = self.scanned, self.opened if self.scanned is not None else None
        structure = _structure(scanned, opened)
        return Import(
            id=self.id,
            name=self.name,
            state=self.state,
            size=0 if self.source is None else self.source.size,
            job=self.job,
            format=None if opened is None else opened.format,
            packed=None if opened is None else opened.packed,
            parts=[] if self.opened is None else [_part(part, readers) for part in self.opened.parts],
            part=None if opened is None else opened.part,
            header_row=None if opened is None else opened.header_row,
            flatten=opened is not None and opened.format in ("json", "ndjson") and self.wish.flatten,
            null_texts=[] if scanned is None else _null_texts(scanned.nulls),
            notes=[] if opened is None else list(opened.notes),
            dialect=None if scanned is None else _dialect(scanned),
            rows=None if scanned is None else scanned.rows,
            columns=[] if scanned is None else [_column(scanned, place) for place in range(len(scanned.headers))],
            key=None if scanned is None else _key(scanned, structure),
            structure=None if structure is None else KeptStructure.model_validate(structure, from_attributes=True),
            ragged=None if scanned is None else _ragged(scanned),
            preview=[] if scanned is None else scanned.preview,
            table=self.table,
            error=self.error,
            recipe=self.recipe,
            outcome=self.outcome,
        )


def _structure(scanned: Scanned | None, opened: Opened | None) -> Structure | None:
    if scanned is None or opened is None or opened.structure is None:
        return None
    return shown(opened.structure, dict(zip(scanned.headers, scanned.names, strict=True)))


def _key(scanned: Scanned, structure: Structure | None) -> str | None:
    """The one column that becomes the primary key unasked; a key of several stands in the structure."""
    if structure is not None and structure.primary_key:
        return structure.primary_key[0] if len(structure.primary_key) == 1 else None
    return None if scanned.key is None else scanned.names[scanned.key]


def _part(part: Part, readers: Mapping[str, list[str]]) -> ImportPart:
    return ImportPart(
        name=part.name, kind=part.kind, rows=part.rows, hidden=part.hidden, imports=readers.get(part.name, [])
    )


def _null_texts(nulls: Nulls) -> list[str]:
    return [*([""] if nulls.empty else []), *sorted(nulls.words)]


def _dialect(scanned: Scanned) -> Dialect | None:
    content = scanned.content
    if not isinstance(content, Delimited):
        return None
    form = content.form
    return Dialect.model_validate(
        {"encoding": form.encoding, "delimiter": form.delimiter, "quote": form.quote, "header": content.header}
    )


def _column(scanned: Scanned, place: int) -> ImportColumn:
    guessed: Guess = scanned.guesses[place]
    return ImportColumn.model_validate(
        {
            "source": scanned.headers[place],
            "name": scanned.names[place],
            "type": guessed.reading.type,
            "confidence": guessed.confidence,
            "reading": guessed.reading.name,
            "nulls": guessed.nulls,
            "null_tokens": list(guessed.words),
            "distinct": guessed.distinct,
            "samples": [sample[:PREVIEW_CELL] for sample in scanned.tallies[place].samples],
            "misfits": guessed.misfits,
            "include": is_included(scanned, place),
        }
    )


def _ragged(scanned: Scanned) -> RaggedRows | None:
    widths = scanned.widths
    if not widths.first:
        return None
    return RaggedRows(short=widths.short, long=widths.long, first=widths.first)


def outcome_of(plan: Plan, outcome: Outcome, quarantine: str | None) -> ImportOutcome:
    """What became of the rows, for people and programs."""
    counts, rejects = outcome.counts, outcome.rejects
    return ImportOutcome(
        dry_run=plan.treatment.dry_run,
        table=plan.table,
        rows=counts.landed,
        inserted=counts.inserted,
        changed=counts.changed,
        unchanged=counts.unchanged,
        refused=counts.refused,
        quarantine=quarantine,
        reasons=[
            RefusedTogether(column=column, code=code, cells=cells)
            for (column, code), cells in rejects.groups.most_common()
        ],
        first_refused=[
            RefusedRow(row=row, reasons=[reason.fields() for reason in reasons]) for row, reasons in rejects.first
        ],
    )
