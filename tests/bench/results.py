"""The samples of a run, kept by workload and contender, and in a file between runs."""

import json
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Sample:
    """One contender in one round of one workload. Times in seconds, memory in bytes, CPU for each request."""

    rate: float
    cpu: float | None
    p50: float
    p99: float
    failures: int = 0
    memory: int | None = None


def timed(seconds: float, cpu: float | None = None, memory: int | None = None) -> Sample:
    """Something that is done once."""
    return Sample(1 / seconds, cpu, seconds, seconds, memory=memory)


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

    def save(self, target: Path) -> None:
        """Write every sample as JSON."""
        kept = {
            workload: {name: [asdict(sample) for sample in found] for name, found in contenders.items()}
            for workload, contenders in self.samples.items()
        }
        target.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, source: Path) -> Self:
        """What `save` wrote."""
        kept = json.loads(source.read_text("utf-8"))
        return cls(
            {
                workload: {name: [Sample(**sample) for sample in found] for name, found in contenders.items()}
                for workload, contenders in kept.items()
            }
        )
