"""The run as one table of medians and ratios, with the target beside each and whether it is reached."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from tests.bench.results import Results
from tests.bench.workloads import BOUNDS, OURS, TARGETS, WORKLOADS, Bound, Target


@dataclass(frozen=True)
class Verdict:
    """A target or bound, what was measured, and whether that is good enough, with every answer good."""

    asked: Target | Bound
    value: float
    met: bool

    @property
    def text(self) -> str:
        """What is asked, in a few words."""
        by = {"either": "", "rate": "rate ", "cpu": "CPU ", "p99": "p99 ", "memory": "memory "}[self.asked.by]
        if isinstance(self.asked, Target):
            return f"{by}≥ {self.asked.least:.2f}×"
        return f"{by}≤ {_bytes(self.asked.most) if self.asked.by == 'memory' else _time(self.asked.most)}"


def median(results: Results, workload: str, contender: str, by: str) -> float | None:
    """The median of `rate`, `cpu`, `p50`, `p99` or `memory` over the rounds; None where it was not measured."""
    return results.median(workload, contender, lambda sample: getattr(sample, by))


def ratio(results: Results, workload: str, contender: str, by: str) -> float | None:
    """How many times as good Rolltop is: by rate, by CPU for each request, by p99, by memory."""
    ours, theirs = (median(results, workload, name, by) for name in (OURS, contender))
    if not ours or not theirs:
        return None
    return ours / theirs if by == "rate" else theirs / ours


def verdicts(results: Results) -> list[Verdict]:
    """Every target and bound whose sides were measured."""
    found = []
    for target in TARGETS:
        figures = ("rate", "cpu") if target.by == "either" else (target.by,)
        values = [ratio(results, target.workload, target.contender, figure) for figure in figures]
        value = max((each for each in values if each is not None), default=None)
        if value is not None:
            bad = results.failures(target.workload, OURS) + results.failures(target.workload, target.contender)
            found.append(Verdict(target, value, value >= target.least and not bad))
    for bound in BOUNDS:
        value = median(results, bound.workload, OURS, bound.by)
        if value is not None:
            found.append(Verdict(bound, value, value <= bound.most and not results.failures(bound.workload, OURS)))
    return found


def show(results: Results, console: Console) -> None:
    """Print the table."""
    table = Table(title="Medians; a ratio is how many times as good Rolltop is", title_justify="left")
    for heading in ("", "workload", "contender"):
        table.add_column(heading)
    for heading in ("a second", "ratio", "CPU each", "ratio", "p50", "p99", "memory", "bad", "asked", "measured"):
        table.add_column(heading, justify="right")
    table.add_column("")
    judged = verdicts(results)
    for name, workload in WORKLOADS.items():
        for place, contender in enumerate(results.samples.get(name, {})):
            asked = [verdict for verdict in judged if _row_of(verdict) == (name, contender)]
            head = (workload.number, workload.title) if place == 0 else ("", "")
            table.add_row(*head, contender, *_figures(results, name, contender), *_judged(asked))
        table.add_section()
    console.print(table)


def _row_of(verdict: Verdict) -> tuple[str, str]:
    asked = verdict.asked
    return asked.workload, asked.contender if isinstance(asked, Target) else OURS


def _figures(results: Results, workload: str, contender: str) -> list[str]:
    rate, cpu = (ratio(results, workload, contender, by) for by in ("rate", "cpu"))
    per_second = median(results, workload, contender, "rate") or 0.0
    own = contender == OURS
    return [
        f"{per_second:,.0f}" if per_second >= 10 else f"{per_second:.3g}",
        "" if own else _ratio(rate),
        _time(median(results, workload, contender, "cpu")),
        "" if own else _ratio(cpu),
        _time(median(results, workload, contender, "p50")),
        _time(median(results, workload, contender, "p99")),
        _bytes(median(results, workload, contender, "memory")),
        str(results.failures(workload, contender) or ""),
    ]


def _judged(asked: list[Verdict]) -> list[str]:
    return [
        "\n".join(verdict.text for verdict in asked),
        "\n".join(_measured(verdict) for verdict in asked),
        "\n".join("[green]reached[/]" if verdict.met else "[red]missed[/]" for verdict in asked),
    ]


def _measured(verdict: Verdict) -> str:
    if isinstance(verdict.asked, Target):
        return _ratio(verdict.value)
    return _bytes(verdict.value) if verdict.asked.by == "memory" else _time(verdict.value)


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}×" if value >= 10 else f"{value:.2f}×"


def _bytes(value: float | None) -> str:
    return "" if value is None else f"{value / 1e6:,.0f} MB"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    for scale, unit in ((1, "s"), (1e3, "ms")):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e6:.0f} µs"
