"""The run as one table of medians and ratios, and the targets with met or missed."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tests.bench.measure import LOADING, TIMED, WORKLOADS, Results

OURS = "Rolltop"


@dataclass(frozen=True)
class Target:
    """`ours` must be at least `least` times as fast as `contender`; by rate, by CPU, or by the higher of both."""

    workload: str
    contender: str
    least: float
    by: str
    ours: str = OURS


# What any release must hold: docs/performance.md. Against limits CPU is read, which a busy machine changes least; the
# hand-written app's own cost swings, so the higher of rate and CPU counts. The sqlite3 program is told the types that
# Rolltop finds out, so it stands beside the loading alone.
TARGETS = (
    Target("point", "hand-written", 10, "either"),
    Target("point", "bare ASGI", 0.40, "cpu"),
    Target("point", "FastAPI constant", 1.2, "cpu"),
    Target("page100", "hand-written", 12, "either"),
    Target("page100", "bare SQLite", 0.55, "cpu"),
    Target("page1000", "hand-written", 15, "either"),
    Target("page1000", "bare SQLite", 0.80, "cpu"),
    Target("insert", "hand-written", 9, "either"),
    Target("insert", "bare SQLite", 0.70, "rate"),
    Target("bulk", "hand-written", 12, "either"),
    Target("bulk", "bare SQLite", 0.70, "rate"),
    Target("import", "hand-written", 25, "rate"),
    Target("import", "sqlite3 program", 0.80, "rate", LOADING),
    Target("start", "hand-written", 1 / 0.7, "rate"),
)


@dataclass(frozen=True)
class Verdict:
    """A target and what was measured."""

    target: Target
    rate: float | None
    cpu: float | None
    failures: int

    @property
    def value(self) -> float | None:
        """The ratio that counts."""
        known = [ratio for ratio in (self.rate, self.cpu) if ratio is not None]
        match self.target.by:
            case "rate":
                return self.rate
            case "cpu":
                return self.cpu
            case _:
                return max(known, default=None)

    @property
    def met(self) -> bool:
        """Whether the target is held, with every answer good."""
        return self.value is not None and self.value >= self.target.least and not self.failures


def ratios(results: Results, workload: str, contender: str, subject: str = OURS) -> tuple[float | None, float | None]:
    """How many times as fast `subject` is: by rate, and by CPU for each request."""
    ours = results.median(workload, subject, lambda sample: sample.rate)
    theirs = results.median(workload, contender, lambda sample: sample.rate)
    our_cpu = results.median(workload, subject, lambda sample: sample.cpu)
    their_cpu = results.median(workload, contender, lambda sample: sample.cpu)
    return (ours / theirs if ours and theirs else None, their_cpu / our_cpu if our_cpu and their_cpu else None)


def verdicts(results: Results) -> list[Verdict]:
    """Every target whose two sides were measured."""
    found = []
    for target in TARGETS:
        rate, cpu = ratios(results, target.workload, target.contender, target.ours)
        if rate is not None:
            failures = results.failures(target.workload, OURS) + results.failures(target.workload, target.contender)
            found.append(Verdict(target, rate, cpu, failures))
    return found


def show(results: Results, console: Console) -> None:
    """Both tables."""
    console.print(_measured(results))
    console.print(_targets(results))


def save(results: Results, target: Path) -> None:
    """Every sample, and the verdicts, as JSON."""
    samples = {
        workload: {name: [asdict(sample) for sample in found] for name, found in contenders.items()}
        for workload, contenders in results.samples.items()
    }
    judged = [{**asdict(verdict), "value": verdict.value, "met": verdict.met} for verdict in verdicts(results)]
    target.write_text(json.dumps({"samples": samples, "targets": judged}, indent=1) + "\n", encoding="utf-8")


def _measured(results: Results) -> Table:
    table = Table(title="Medians; a ratio is how many times as fast Rolltop is", title_justify="left")
    for heading in ("workload", "contender"):
        table.add_column(heading)
    for heading in ("a second", "ratio", "CPU each", "ratio", "p50", "p99", "bad"):
        table.add_column(heading, justify="right")
    for workload, title in [*((name, text) for name, (text, _) in WORKLOADS.items()), *TIMED.items()]:
        for number, contender in enumerate(results.samples.get(workload, {})):
            table.add_row(title if number == 0 else "", contender, *_figures(results, workload, contender))
        table.add_section()
    return table


def _figures(results: Results, workload: str, contender: str) -> list[str]:
    rate, cpu = ratios(results, workload, contender)
    per_second = results.median(workload, contender, lambda sample: sample.rate) or 0.0
    own = contender == OURS
    return [
        f"{per_second:,.0f}" if per_second >= 10 else f"{per_second:.2f}",
        "" if own else _ratio(rate),
        _time(results.median(workload, contender, lambda sample: sample.cpu)),
        "" if own else _ratio(cpu),
        _time(results.median(workload, contender, lambda sample: sample.p50)),
        _time(results.median(workload, contender, lambda sample: sample.p99)),
        str(results.failures(workload, contender) or ""),
    ]


def _targets(results: Results) -> Table:
    table = Table(title="Targets", title_justify="left")
    for heading in ("workload", "beside"):
        table.add_column(heading)
    for heading in ("at least", "measured"):
        table.add_column(heading, justify="right")
    table.add_column("read by")
    table.add_column("")
    titles = {name: text for name, (text, _) in WORKLOADS.items()} | TIMED
    for verdict in verdicts(results):
        target = verdict.target
        state = "[green]met[/]" if verdict.met else "[red]missed[/]" + (" (bad answers)" if verdict.failures else "")
        by = {"either": "rate or CPU", "cpu": "CPU", "rate": "rate"}[target.by]
        alone = "" if target.ours == OURS else ", loading alone"
        row = (
            titles[target.workload] + alone,
            target.contender,
            f"{target.least:.2f}",
            _ratio(verdict.value),
            by,
            state,
        )
        table.add_row(*row)
    return table


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}×" if value >= 10 else f"{value:.2f}×"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    for scale, unit in ((1, "s"), (1e3, "ms")):
        if seconds * scale >= 1:
            return f"{seconds * scale:.2f} {unit}"
    return f"{seconds * 1e6:.0f} µs"
