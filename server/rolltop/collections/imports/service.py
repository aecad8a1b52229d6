"""Imports: the drafts of this run, and what may be done with them.

scanning ─▶ ready ─▶ loading ─▶ done          failed and cancelled can be scanned or, once scanned, run again
"""

import asyncio
import builtins
from collections.abc import AsyncIterator, Callable, Iterator
from collections.abc import Mapping as Headers
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from rolltop.auth import OWNER, Scope
from rolltop.collections.imports import download, load
from rolltop.collections.imports.addresses import Own, Rules
from rolltop.collections.imports.delimited import Wish as DialectWish
from rolltop.collections.imports.draft import Draft
from rolltop.collections.imports.drafts import BUSY, Drafts
from rolltop.collections.imports.errors import BadParts, NoSuchImport, NotReady, TableExists, TableMissing
from rolltop.collections.imports.into import mapping, plan_into
from rolltop.collections.imports.kept import Relate
from rolltop.collections.imports.landing import Landing, Loading
from rolltop.collections.imports.names import free_name, table_name
from rolltop.collections.imports.opening import Wish, opened, table_of
from rolltop.collections.imports.plan import Plan, plan
from rolltop.collections.imports.scan import Scanned, scan
from rolltop.collections.imports.schemas import (
    DialectChange,
    Import,
    ImportRun,
    Job,
    Mapping,
    PartsWanted,
    UrlWanted,
)
from rolltop.collections.imports.source import Source
from rolltop.collections.imports.spool import Spool
from rolltop.collections.imports.tally import Nulls
from rolltop.collections.recipes import service as recipes
from rolltop.collections.recipes.schemas import Recipe
from rolltop.config import Config
from rolltop.data import Cause, Data, Table
from rolltop.db.database import Database
from rolltop.errors import RolltopError
from rolltop.formats.asked import Structure
from rolltop.jobs import UNEXPECTED, Asked, InputGone, JobCancelled, JobError, Jobs, Running
from rolltop.kit.ids import new_id

MOST_PARTS = 40
_LONGEST_LABEL = 255


class Imports:
    """The drafts of this run of the server. Their files lie in `folder`, unless they are a person's own."""

    def __init__(
        self, folder: Path, data: Data, database: Database, jobs: Jobs, config: Config, port: int, relate: Relate
    ) -> None:
        self._spool = Spool(folder, config.import_limit_mb)
        self._rules = Rules(config.import_hosts, port)
        self._own = Own((data.path, database.path))
        self._data = data
        self._database = database
        self._jobs = jobs
        self._drafts = Drafts()
        self._landing = Landing(data, database, self._drafts, relate)
        load.drop_leftovers(data)
        for kind in ("import.scan", "import.load"):
            jobs.repeats(kind, self.again, Scope.COLLECTIONS_WRITE)

    async def receive(self, name: str, headers: Headers[str, str], body: AsyncIterator[bytes], actor: str) -> Import:
        """Store an uploaded file and start its scan.

        Raises:
            UnsupportedBody, FileTooLarge, OutOfSpace: it cannot be taken, and nothing of it is kept.
        """
        self._spool.check(headers.get("content-type", ""), headers.get("content-length"))
        source = Source.of(await self._spool.store(body), ours=True)
        return (await asyncio.to_thread(self._begin, name, source, actor)).described()

    def from_path(self, path: Path, actor: str = OWNER.id) -> Import:
        """Start the scan of a file on this machine; it is read where it lies and never written.

        Raises:
            FileMissing: there is no such file, it cannot be read, or it is this workspace's own.
        """
        self._own.refuse(path)
        return self._begin(path.name, Source.of(path, ours=False), actor).described()

    def from_url(self, wanted: UrlWanted, actor: str) -> Import:
        """Fetch a file from the web and scan it, as one job.

        Raises:
            BadUrl: it is no URL that may be fetched. What only its host can tell is said by the job.
        """
        download.check(wanted.url)
        name = wanted.name or download.file_name(wanted.url)
        return self._begin(name, None, actor, url=wanted.url).described()

    def import_parts(self, id: str, wanted: PartsWanted, actor: str) -> builtins.list[Import]:
        """Begin an import for each of these parts of the file.

        Raises:
            NotReady: nobody knows yet what is in the file, or it is not kept any more.
            BadParts: it has no such parts, or too many at once.
        """
        draft = self._drafts.get(id)
        source, found = draft.source, draft.opened
        if source is None or found is None or draft.scanned is None or (draft.state == "done" and len(found.parts) < 2):
            raise NotReady(draft.state)
        readers = self._drafts.readers(draft)
        names = wanted.parts
        if names is None:
            names = [part.name for part in found.parts if not part.hidden and part.name not in readers]
        unknown = set(names) - {part.name for part in found.parts}
        if unknown or not 1 <= len(names) <= MOST_PARTS or len(set(names)) < len(names):
            raise BadParts(
                "There is nothing to import under these names."
                if unknown or not names
                else f"At most {MOST_PARTS} parts are imported at once, and each of them once.",
                details={"unknown": sorted(unknown), "parts": [part.name for part in found.parts[:100]]},
                hint="Name some of the import's `parts`.",
            )
        return [self._begin(draft.name, source, actor, wish=Wish(part=name)).described() for name in names]

    def list(self) -> builtins.list[Import]:
        """The drafts, newest first."""
        return [draft.described(self._drafts.readers(draft)) for draft in reversed(self._drafts.all())]

    def get(self, id: str) -> Import:
        """One draft.

        Raises:
            NoSuchImport: nobody knows that id.
        """
        draft = self._drafts.get(id)
        return draft.described(self._drafts.readers(draft))

    def change_dialect(self, id: str, wanted: DialectChange, actor: str) -> Import:
        """Scan the file again, read another way.

        Raises:
            NotReady: it is being scanned or loaded, or done.
        """
        draft = self._drafts.get(id)
        with self._drafts.lock:
            self._refuse_unless(draft.state not in (*BUSY, "done") and draft.source is not None, draft)
            draft.state, draft.scanned, draft.error = "scanning", None, None
        self._scan(draft, _wish(wanted, None if draft.opened is None else draft.opened.part), actor)
        return draft.described()

    def mapping(self, id: str, table: str) -> Mapping:
        """Where the file's columns would go in a table that is there.

        Raises:
            NotReady: the scan has not found out yet what is in the file.
            TableMissing, NotATable: rows cannot go there.
        """
        draft = self._drafts.get(id)
        if draft.scanned is None:
            raise NotReady(draft.state)
        return mapping(draft.scanned, self._table(table))

    def run(self, id: str, wanted: ImportRun, actor: str, retry_of: str | None = None) -> Job:
        """Load the file into a table, or only count what that would do.

        Raises:
            NotReady: the scan has not found out yet what is in the file, or it is loading or loaded.
            TableExists, TableMissing, NotATable: the table is there, or is not.
            BadName, BadColumns, BadKey, RaggedFile, CellMisfits: it cannot go into that table, and why.
        """
        draft = self._drafts.get(id)
        scanned = draft.scanned
        if scanned is None or draft.state not in ("ready", "failed", "cancelled"):
            raise NotReady(draft.state)
        loading = self._loading(draft, scanned, wanted, actor)
        with self._drafts.lock:
            self._refuse_unless(draft.state not in (*BUSY, "done"), draft)
            draft.state, draft.table, draft.error = "loading", loading.planned.table, None
        return self._start(
            draft, "import.load", str(loading.cause.title), scanned.rows, "rows",
            lambda running: self._land(draft, loading, running), Asked(actor, _input(draft, wanted), retry_of),
        )  # fmt: skip

    def again(self, asked: Asked) -> Job:
        """Do once more what a job did with a draft, or with a file that lies where it lay.

        Raises:
            InputGone: neither is there.
            NotReady: something else is being done with it; and what `run` raises.
        """
        try:
            draft = self._drafts.get(asked.input["import"])
        except NoSuchImport:
            return self._anew(asked)
        if "run" in asked.input:
            wanted = ImportRun.model_validate(asked.input["run"])
            return self.run(draft.id, wanted, asked.actor or OWNER.id, asked.retry_of)
        with self._drafts.lock:
            self._refuse_unless(draft.state in ("failed", "cancelled"), draft)
            draft.state, draft.scanned, draft.error = "scanning", None, None
        return self._scan(draft, draft.wish, asked.actor, asked.retry_of)

    def _anew(self, asked: Asked) -> Job:
        """The same for a draft of an earlier run of the server."""
        given = asked.input
        if given.get("path") is None:
            raise InputGone(
                "The import is not there any more: it was deleted, or the server has been started anew since.",
                hint="Send the file again, with POST /api/imports or `rolltop import`.",
            )
        path = Path(given["path"])
        self._own.refuse(path)
        draft = Draft(new_id(), given["name"], Source.of(path, ours=False), given["table"])
        self._take_up(draft)
        wish = msgspec.convert(given["wish"], Wish)
        if "run" not in given:
            return self._scan(draft, wish, asked.actor, asked.retry_of)
        wanted, actor = ImportRun.model_validate(given["run"]), asked.actor or OWNER.id
        draft.wish, draft.state = wish, "loading"

        def _work(running: Running) -> dict[str, Any]:
            with self._fate(draft, running):
                scanned = self._read(draft, wish, running)
                loading = self._loading(draft, scanned, wanted, actor)
                running.progress(0, scanned.rows, "rows")
            return self._land(draft, loading, running)

        title = f"{'Try to import' if wanted.dry_run else 'Import'} {draft.name}"
        asked = Asked(actor, _input(draft, wanted), asked.retry_of)
        return self._start(draft, "import.load", title, None, "bytes", _work, asked)

    def delete(self, id: str) -> None:
        """Stop what is going on with a draft, and forget it and its file."""
        draft = self._drafts.forget(id)
        if draft.state in BUSY and draft.job is not None:
            self._jobs.cancel(draft.job)  # the job removes the file when it ends
        else:
            self._drafts.release(draft)
            self._landing.sweep()

    def close(self) -> None:
        """Delete every stored file; no job may be running any more."""
        self._spool.clear()

    # ---- work ----------------------------------------------------------------------------------------------------

    def _begin(
        self, name: str, source: Source | None, actor: str, *, url: str | None = None, wish: Wish | None = None
    ) -> Draft:
        label = name.replace("\\", "/").rpartition("/")[2][:_LONGEST_LABEL] or "file"
        draft = Draft(new_id(), label, source, table_name(label), url=url)
        self._take_up(draft)
        self._scan(draft, wish or Wish(), actor)
        return draft

    def _take_up(self, draft: Draft) -> None:
        """Know the draft from now on, and forget those that are one too many."""
        for id in self._drafts.add(draft):
            with suppress(NoSuchImport):  # somebody else forgets it at this moment
                self.delete(id)

    def _scan(self, draft: Draft, wish: Wish, actor: str | None, retry_of: str | None = None) -> Job:
        draft.wish = wish

        def _work(running: Running) -> dict[str, Any]:
            with self._fate(draft, running):
                if draft.source is None and draft.url is not None:
                    draft.source = self._fetched(draft.url, running)
                self._read(draft, wish, running)
                running.check()
                draft.state = "ready"
            return {"import": draft.id}

        total = None if draft.source is None else draft.source.size * 2
        asked = Asked(actor, _input(draft), retry_of)
        return self._start(draft, "import.scan", f"Read {draft.name}", total, "bytes", _work, asked)

    def _fetched(self, url: str, running: Running) -> Source:
        return Source.of(download.fetch(url, self._spool, self._rules, running.progress), ours=True)

    def _read(self, draft: Draft, wish: Wish, running: Running) -> Scanned:
        """Open the file and go through the table that is wanted; half of the progress for each."""
        source = draft.source
        if source is None:
            raise NotReady(draft.state)
        if draft.opened is not None:
            draft.opened.remove()
        running.progress(0, source.size * 2)
        draft.opened = opened(source, wish, self._spool, running.progress)
        content = draft.opened.content
        share = source.size / max(content.size, 1)
        scanned = scan(content, lambda done: running.progress(source.size + int(done * share)), wish.nulls)
        draft.recipe = self._recipe(scanned)
        draft.scanned = scanned
        draft.table = table_of(draft.opened, draft.table)
        running.log(f"{scanned.rows:,} rows, {len(scanned.headers):,} columns.")
        return scanned

    def _loading(self, draft: Draft, scanned: Scanned, wanted: ImportRun, actor: str) -> Loading:
        """What is to be done with a file that was read; raises what `run` does."""
        recipe = self._recipe(scanned) if wanted.recipe else None
        structure = draft.opened.structure if draft.opened is not None and wanted.structure else None
        table = draft.table if wanted.table is None else wanted.table
        planned = self._planned(scanned, table, wanted, recipe, structure)
        title = f"{'Try to import' if wanted.dry_run else 'Import'} {draft.name} into {planned.table}"
        return Loading(scanned, planned, recipe, structure, Cause(actor, "import", title))

    def _planned(
        self, scanned: Scanned, table: str, wanted: ImportRun, recipe: Recipe | None, structure: Structure | None
    ) -> Plan:
        if wanted.target != "new":
            return plan_into(scanned, self._table(table), wanted, recipe)
        planned = plan(scanned, table, wanted, recipe, structure)
        names = list(self._data.fresh_catalog().tables)
        if planned.table.lower() in map(str.lower, names):
            raise TableExists(planned.table, free_name(planned.table, names))
        return planned

    def _table(self, name: str) -> Table:
        table = self._data.fresh_catalog().table(name)
        if table is None:
            raise TableMissing(name)
        return table

    def _recipe(self, scanned: Scanned) -> Recipe | None:
        with self._database.read() as session:
            return recipes.of_headers(session, scanned.headers)

    def _land(self, draft: Draft, loading: Loading, running: Running) -> dict[str, Any]:
        with self._fate(draft, running):
            return self._landing.run(draft, loading, running)

    def _start(
        self,
        draft: Draft,
        kind: str,
        title: str,
        total: int | None,
        unit: str,
        work: Callable[[Running], dict[str, Any]],
        asked: Asked,
    ) -> Job:
        job = self._jobs.submit(kind, title, work, unit=unit, total=total, asked=asked)
        draft.job = job.id
        return job

    @contextmanager
    def _fate(self, draft: Draft, running: Running) -> Iterator[None]:
        """Say in the draft how its job ended, before the job says so itself."""
        try:
            running.check()
            yield
        except JobCancelled:
            draft.state = "cancelled"
            raise
        except RolltopError as error:
            draft.state, draft.error = "failed", JobError.model_validate(error.fields())
            raise
        except Exception:
            draft.state, draft.error = "failed", UNEXPECTED
            raise
        finally:
            if not self._drafts.knows(draft):
                self._drafts.release(draft)

    @staticmethod
    def _refuse_unless(fine: bool, draft: Draft) -> None:
        if not fine:
            raise NotReady(draft.state)


def _input(draft: Draft, wanted: ImportRun | None = None) -> dict[str, Any]:
    """What a job needs to do it again: the draft, and a person's own file in case the draft is gone."""
    source = draft.source
    given = {
        "import": draft.id,
        "name": draft.name,
        "table": draft.table,
        "path": None if source is None or source.ours else str(source.path),
        "wish": msgspec.to_builtins(draft.wish),
    }
    return given if wanted is None else {**given, "run": wanted.model_dump(mode="json", exclude_unset=True)}


def _wish(wanted: DialectChange, part: str | None) -> Wish:
    """The change as a wish; `part` is the one that was read before."""
    nulls = None
    if wanted.null_texts is not None:
        words = frozenset(text.strip().lower() for text in wanted.null_texts)
        nulls = Nulls(words - {""}, in_text=True, empty="" in words)
    return Wish(
        DialectWish(wanted.encoding, wanted.delimiter, wanted.quote, wanted.header),
        part if wanted.part is None else wanted.part,
        wanted.header_row,
        bool(wanted.flatten),
        nulls,
    )
