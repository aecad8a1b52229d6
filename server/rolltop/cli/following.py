"""Waiting for a job, with a bar."""

import time
from typing import TYPE_CHECKING, Any, Protocol

from rolltop.cli import running

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

_LOOK_SECONDS = 0.05
_UNFINISHED = ("queued", "running")


class Follows(Protocol):
    """Where jobs run."""

    def job(self, id: str) -> dict[str, Any]:
        """The job as it is now."""

    def cancel(self, id: str) -> None:
        """Ask a job to stop."""


def bar_of(console: "Console") -> "Progress":
    """A bar that says how much is done, of what, and how fast; its tasks have a `unit`."""
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class _Done(ProgressColumn):
        """How much is done, of what, and how fast."""

        def render(self, task: Task) -> Text:
            unit = task.fields["unit"]
            speed = "" if not task.speed else f"  {task.speed:,.0f} {unit}/s"
            return Text(f"{task.completed:,.0f} {unit}{speed}")

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    return Progress(*columns, _Done(), TimeRemainingColumn(), console=console)


def follow(at: Follows, job: str, title: str, console: "Console") -> dict[str, Any]:
    """Wait for a job, with a bar; Ctrl+C cancels it. The job, when it is done.

    Raises:
        Refused: it failed or was cancelled; why.
    """
    with bar_of(console) as bar:
        task = bar.add_task(title, total=None, unit="")
        try:
            while (state := at.job(job))["state"] in _UNFINISHED:
                progress = state["progress"]
                bar.update(task, completed=progress["done"], total=progress["total"], unit=progress["unit"])
                time.sleep(_LOOK_SECONDS)
        except KeyboardInterrupt:
            at.cancel(job)
            while at.job(job)["state"] in _UNFINISHED:
                time.sleep(_LOOK_SECONDS)
            raise
    if state["state"] == "done":
        return state
    error = state["error"] or {"message": f"The job ended as {state['state']}.", "hint": None, "details": None}
    raise running.Refused(error["message"], details=error.get("details"), hint=error.get("hint"))
