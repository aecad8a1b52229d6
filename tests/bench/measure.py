"""One run: every workload, every round, each contender in turn, so that a busy moment hits all of them alike."""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import bare, importing
from tests.bench.flights import Material
from tests.bench.load import drive, endlessly
from tests.bench.servers import Server

WORKLOADS = {
    "point": ("point read, 16 connections", 16),
    "page100": ("page of 100, 4 connections", 4),
    "page1000": ("page of 1,000, 4 connections", 4),
    "insert": ("insert, 16 connections", 16),
    "bulk": ("insert of 10,000 at once", 1),
}
TIMED = {"import": "import of 336,776 rows of CSV", "start": "start to the first row read"}
BARE = "bare SQLite"
COMMAND_LINE = "sqlite3 program"
LOADING = "Rolltop, loading alone"


@dataclass(frozen=True)
class Sample:
    """One contender in one round of one workload. Times in seconds."""

    rate: float
    cpu: float | None
    p50: float
    p99: float
    failures: int = 0


@dataclass
class Results:
    """Workload → contender → its samples."""

    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)

    def add(self, workload: str, contender: str, sample: Sample) -> None:
        """Keep a sample."""
        self.samples.setdefault(workload, {}).setdefault(contender, []).append(sample)

    def median(self, workload: str, contender: str, what: Callable[[Sample], float | None]) -> float | None:
        """The median of one figure over the rounds; None where it was not measured."""
        found = [what(sample) for sample in self.samples.get(workload, {}).get(contender, [])]
        known = [value for value in found if value is not None]
        return statistics.median(known) if known else None

    def failures(self, workload: str, contender: str) -> int:
        """Answers that were not good."""
        return sum(sample.failures for sample in self.samples.get(workload, {}).get(contender, []))


def over_http(server: Server, workload: str, material: Material, seconds: float) -> Sample:
    """Load one server."""
    requests = server.recipes[workload](server, material)
    once = workload == "bulk"
    before = server.cpu()
    load = drive(
        ("127.0.0.1", server.port), endlessly(requests), WORKLOADS[workload][1], seconds, limit=1 if once else 1_000_000
    )
    cpu = (server.cpu() - before) / load.requests
    return Sample(load.rate, cpu, load.percentile(0.5), load.percentile(0.99), load.failures)


def without_http(database: Path, workload: str, material: Material, seconds: float) -> Sample:
    """The bare loop."""
    loop = bare.run(database, workload, material, seconds)
    each = loop.seconds / loop.count
    return Sample(loop.count / loop.seconds, loop.cpu / loop.count, each, each)


def timed(seconds: float, cpu: float | None = None) -> Sample:
    """Something that is done once."""
    return Sample(1 / seconds, cpu, seconds, seconds)


def rounds_of_load(
    results: Results,
    servers: Iterable[Server],
    bare_database: Path | None,
    material: Material,
    *,
    rounds: int,
    seconds: float,
    workloads: Iterable[str],
    said: Callable[[str], None],
) -> None:
    """The workloads that are asked over and over."""
    contenders = list(servers)
    for workload in workloads:
        for number in range(rounds):
            for server in contenders:
                if workload in server.recipes:
                    said(f"{WORKLOADS[workload][0]}: {server.name}, round {number + 1} of {rounds}")
                    results.add(workload, server.name, over_http(server, workload, material, seconds))
            if bare_database is not None:
                said(f"{WORKLOADS[workload][0]}: {BARE}, round {number + 1} of {rounds}")
                results.add(workload, BARE, without_http(bare_database, workload, material, seconds))


def rounds_of_import(
    results: Results,
    rolltop: Server,
    hand: Server | None,
    folder: Path,
    material: Material,
    *,
    rounds: int,
    command_line: bool,
    said: Callable[[str], None],
) -> None:
    """The import, into a new table each time."""
    for number in range(rounds):
        said(f"{TIMED['import']}: Rolltop, round {number + 1} of {rounds}")
        table = "flights" if number == 0 else f"flights_{number + 1}"
        before = rolltop.cpu()
        took = importing.by_rolltop(rolltop, material.source, table)
        results.add("import", "Rolltop", timed(took["import"], rolltop.cpu() - before))
        results.add("import", LOADING, timed(took["load"]))
        if command_line:
            said(f"{TIMED['import']}: {COMMAND_LINE}, round {number + 1} of {rounds}")
            results.add("import", COMMAND_LINE, timed(importing.by_command_line(folder, material.source)))
        if table != "flights":
            rolltop.call("DELETE", f"/api/collections/{table}")
    if hand is not None:
        said(f"{TIMED['import']}: {hand.name}, {importing.hand_rows():,} rows")
        lines = material.first_lines(importing.hand_rows())
        results.add("import", hand.name, timed(importing.by_hand(hand, lines)))


def rounds_of_start(
    results: Results, starters: dict[str, Callable[[], Server]], *, rounds: int, said: Callable[[str], None]
) -> None:
    """From the command to the first row read, process creation included."""
    for number in range(rounds):
        for name, start in starters.items():
            said(f"{TIMED['start']}: {name}, round {number + 1} of {rounds}")
            begun = time.perf_counter()
            server = start()
            seconds = time.perf_counter() - begun
            results.add("start", name, timed(seconds, server.cpu()))
            server.stop()
