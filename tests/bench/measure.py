"""The workloads, every round, each contender in turn, so that a busy moment hits all of them alike."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import bare, exporting, importing, memory
from tests.bench.flights import ROWS, Material
from tests.bench.load import Load, drive, endlessly
from tests.bench.results import Results, Sample, timed
from tests.bench.servers import Server, resting, settled
from tests.bench.workloads import BARE, COMMAND_LINE, HAND, OURS, WORKLOADS

Say = Callable[[str], None]
Contenders = dict[str, Server]
EXPORTS = {"csv": {OURS: "/api/exports/flights.csv", HAND: "/export.csv"}} | {
    "ndjson": {OURS: "/api/exports/flights.ndjson", HAND: "/export.ndjson"}
}
_SLICE_SECONDS, _PAUSE_SECONDS = 0.5, 1.5
"""Others ask for so long during an import, and leave it the machine for so long: people do not ask without a pause."""


def over_http(server: Server, workload: str, material: Material, seconds: float) -> Sample:
    """Load one server."""
    requests = server.recipes[workload](server, material)
    limit = 1 if workload == "bulk" else 1_000_000
    before = server.cpu()
    load = drive(server.address, endlessly(requests), WORKLOADS[workload].connections, seconds, limit)
    cpu = (server.cpu() - before) / load.requests
    return Sample(load.rate, cpu, load.percentile(0.5), load.percentile(0.99), load.failures)


def without_http(database: Path, workload: str, material: Material, seconds: float) -> Sample:
    """The bare loop."""
    loop = bare.run(database, workload, material, seconds)
    each = loop.seconds / loop.count
    return Sample(loop.count / loop.seconds, loop.cpu / loop.count, each, each)


def load(
    results: Results, workload: str, contenders: Contenders, database: Path | None, material: Material, seconds: float
) -> None:
    """One round of a workload that is asked over and over."""
    for name, server in contenders.items():
        if workload in server.recipes:
            results.add(workload, name, over_http(server, workload, material, seconds))
    if database is not None and workload in bare.STEPS:
        results.add(workload, BARE, without_http(database, workload, material, seconds))


def export(results: Results, workload: str, contenders: Contenders, database: Path | None, folder: Path) -> None:
    """One round of an export; `database` is what the sqlite3 program exports."""
    for name, target in EXPORTS[workload].items():
        if name in contenders:
            results.add(workload, name, exporting.over_http(contenders[name], target, ROWS * 60))
    if database is not None:
        mode = "csv" if workload == "csv" else "json"
        results.add(workload, COMMAND_LINE, exporting.by_command_line(database, folder / "exported", mode))


def imported(
    results: Results, contenders: Contenders, folder: Path, material: Material, *, command_line: bool, others: bool
) -> None:
    """One round of the import, into a new table, which is dropped again; `others` ask meanwhile, in an import more."""
    rolltop = contenders[OURS]
    before = rolltop.cpu()
    took = importing.by_rolltop(rolltop, material.source, "imported")
    results.add("import", OURS, timed(took.scan + took.load, rolltop.cpu() - before))
    results.add("load", OURS, timed(took.load))
    rolltop.call("DELETE", "/api/collections/imported")
    if HAND in contenders:
        hand = timed(importing.by_hand(contenders[HAND], material.first_lines(importing.HAND_ROWS)))
        results.add("import", HAND, hand)
        results.add("load", HAND, hand)
    if command_line:
        results.add("load", COMMAND_LINE, timed(importing.by_command_line(folder, material.source)))
    if others:
        _, meanwhile = import_with_others(rolltop, material.source, material)
        results.add("meanwhile", OURS, meanwhile)
        rolltop.call("DELETE", "/api/collections/imported")


def import_with_others(server: Server, source: Path, material: Material) -> tuple[importing.Import, Sample]:
    """Import a file into the table `imported` while four connections read and insert; how it went for both."""
    ended: list[importing.Import] = []
    thread = threading.Thread(target=lambda: ended.append(importing.by_rolltop(server, source, "imported")))
    requests = endlessly(server.recipes["mix"](server, material))
    loads: list[Load] = []
    thread.start()
    while thread.is_alive():
        loads.append(drive(server.address, requests, WORKLOADS["meanwhile"].connections, _SLICE_SECONDS))
        thread.join(_PAUSE_SECONDS)
    thread.join()
    if not ended:
        raise SystemExit("The import failed.")
    whole = Load(
        sum(each.requests for each in loads),
        sum(each.seconds for each in loads),
        sum(each.failures for each in loads),
        [latency for each in loads for latency in each.latencies],
    )
    return ended[0], Sample(whole.rate, None, whole.percentile(0.5), whole.percentile(0.99), whole.failures)


def start(results: Results, starters: dict[str, Callable[[], Server]]) -> None:
    """From the command to the first row read, process creation included; then the memory when all is loaded."""
    for name, starter in starters.items():
        begun = time.perf_counter()
        server = starter()
        seconds, cpu = time.perf_counter() - begun, server.cpu()
        if name == OURS:
            settled(server)
        resting(server)
        results.add("start", name, timed(seconds, cpu, memory.at_rest(server.process.pid)))
        server.stop()


def large(results: Results, rolltop: Server, material: Material, source: Path, rows: int, say: Say) -> None:
    """The import of millions of rows while others ask, and their export."""
    say(f"{WORKLOADS['large import'].title}, others meanwhile")
    before = rolltop.cpu()
    with memory.Watch(rolltop.process.pid) as watch:
        took, meanwhile = import_with_others(rolltop, source, material)
    results.add("large import", OURS, timed(took.scan + took.load, rolltop.cpu() - before, watch.most))
    results.add("large meanwhile", OURS, meanwhile)
    resting(rolltop)
    say(WORKLOADS["large csv"].title)
    results.add("large csv", OURS, exporting.over_http(rolltop, "/api/exports/imported.csv", rows * 60))
