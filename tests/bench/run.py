"""One run: prepare the data, start the contenders, measure what is wanted, end them."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from tests.bench import flights, importing, measure, servers
from tests.bench.results import Results
from tests.bench.workloads import ASGI, BARE, COMMAND_LINE, FASTAPI, HAND, LARGE, OURS, WORKLOADS

LARGE_ROWS = 10_000_000
_EXPORTS = ("csv", "ndjson")
_IMPORTS = {"import", "load", "meanwhile"}


class Bench:
    """The flights in `folder`: in a workspace, in a file of the hand-written app, and in one for bare SQLite."""

    def __init__(self, folder: Path, beside: list[str], say: measure.Say) -> None:
        self._folder = folder
        self._beside = beside
        self._say = say
        self._workspace = folder / "workspace"
        self._database = folder / "plain.db"
        self._hand_database = folder / "hand.db"
        self._material = flights.Material(folder / "flights.csv")
        self._running: measure.Contenders = {}

    def run(self, results: Results, wanted: list[str], rounds: int, seconds: float, done: Callable[[], None]) -> None:
        """Measure; `done` is called after each workload."""
        try:
            self._prepare()
            for workload in wanted:
                if WORKLOADS[workload].number == LARGE:
                    continue
                for number in range(rounds):
                    self._say(f"{WORKLOADS[workload].title}, round {number + 1} of {rounds}")
                    self._round(results, workload, wanted, seconds, last=number == rounds - 1)
                done()
            if any(WORKLOADS[workload].number == LARGE for workload in wanted):
                self._large(results)
                done()
        finally:
            for server in self._running.values():
                server.stop()

    def _prepare(self) -> None:
        """Everybody's table of flights, the contenders, started and warm."""
        self._say("Preparing the flights")
        flights.write_csv(self._material.source)
        flights.fill(self._database, self._material.source)
        self._hand_database.write_bytes(self._database.read_bytes())
        rolltop = servers.settled(servers.start_rolltop(self._workspace))
        self._running[OURS] = rolltop
        importing.by_rolltop(rolltop, self._material.source, "flights")
        self._running.pop(OURS).stop()
        with sqlite3.connect(self._workspace / "data.db") as connection:  # as any other program might
            flights.create_indexes(connection)
        connection.close()
        rolltop = servers.settled(servers.start_rolltop(self._workspace))
        self._running[OURS] = rolltop
        answers = self._answers(rolltop)
        if HAND in self._beside:
            self._running[HAND] = servers.start_handwritten(self._hand_database)
        if ASGI in self._beside:
            self._running[ASGI] = servers.start_bare_asgi(answers)
        if FASTAPI in self._beside:
            self._running[FASTAPI] = servers.start_fastapi_constant(answers)

    def _answers(self, rolltop: servers.Server) -> Path:
        """Rolltop's own answers, for the servers that answer a constant."""
        folder = self._folder / "answers"
        folder.mkdir()
        for workload in ("point", "page100", "page1000"):
            target = rolltop.recipes[workload](rolltop, self._material)[0].split(b" ", 2)[1].decode()
            (folder / workload).write_bytes(rolltop.raw(target))
        (folder / "insert").write_bytes((folder / "point").read_bytes())
        return folder

    def _round(self, results: Results, workload: str, wanted: list[str], seconds: float, *, last: bool) -> None:
        command_line = COMMAND_LINE in self._beside
        database = self._database if BARE in self._beside else None
        if workload in _EXPORTS:
            plain = self._database if command_line else None
            measure.export(results, workload, self._running, plain, self._folder)
        elif workload in _IMPORTS:
            if workload == next(each for each in wanted if each in _IMPORTS):  # they are measured together
                measure.imported(
                    results, self._running, self._folder, self._material, command_line=command_line, others=last
                )
        elif workload == "start":
            measure.start(results, self._starters())
        else:
            measure.load(results, workload, self._running, database, self._material, seconds)

    def _starters(self) -> dict[str, Callable[[], servers.Server]]:
        """Each starts on files that no running server holds."""
        if OURS in self._running:
            self._running.pop(OURS).stop()
        known: dict[str, Callable[[], servers.Server]] = {
            OURS: lambda: servers.start_rolltop(self._workspace),
            HAND: lambda: servers.start_handwritten(self._hand_database),
            ASGI: lambda: servers.start_bare_asgi(self._folder / "answers"),
            FASTAPI: lambda: servers.start_fastapi_constant(self._folder / "answers"),
        }
        return {name: start for name, start in known.items() if name == OURS or name in self._beside}

    def _large(self, results: Results) -> None:
        """Millions of rows, with the other contenders ended."""
        self._say("Preparing 10 million rows")
        source = self._folder / "large.csv"
        flights.write_large(self._material.source, source, LARGE_ROWS)
        while self._running:
            self._running.popitem()[1].stop()
        self._running[OURS] = servers.settled(servers.start_rolltop(self._workspace))
        measure.large(results, self._running[OURS], self._material, source, LARGE_ROWS, self._say)
