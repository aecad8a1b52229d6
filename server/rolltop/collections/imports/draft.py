"""A file on its way into a table, and what is said of it."""

from dataclasses import dataclass

from rolltop.collections.imports.delimited import Delimited
from rolltop.collections.imports.guess import Guess
from rolltop.collections.imports.load import Outcome
from rolltop.collections.imports.plan import Plan, is_included
from rolltop.collections.imports.scan import PREVIEW_CELL, Scanned
from rolltop.collections.imports.schemas import (
    Dialect,
    Import,
    ImportColumn,
    ImportOutcome,
    ImportState,
    RaggedRows,
    RefusedRow,
    RefusedTogether,
)
from rolltop.collections.imports.source import Source
from rolltop.collections.recipes.schemas import Recipe
from rolltop.jobs import JobError


@dataclass(slots=True)
class Draft:
    """What is known of it so far."""

    id: str
    name: str
    source: Source
    table: str
    state: ImportState = "scanning"
    job: str | None = None
    scanned: Scanned | None = None
    error: JobError | None = None
    recipe: Recipe | None = None
    outcome: ImportOutcome | None = None

    def described(self) -> Import:
        """The draft as the API shows it."""
        scanned = self.scanned
        return Import(
            id=self.id,
            name=self.name,
            state=self.state,
            size=self.source.size,
            job=self.job,
            dialect=None if scanned is None else _dialect(scanned),
            rows=None if scanned is None else scanned.rows,
            columns=[] if scanned is None else [_column(scanned, place) for place in range(len(scanned.headers))],
            key=None if scanned is None or scanned.key is None else scanned.names[scanned.key],
            ragged=None if scanned is None else _ragged(scanned),
            preview=[] if scanned is None else scanned.preview,
            table=self.table,
            error=self.error,
            recipe=self.recipe,
            outcome=self.outcome,
        )


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
