"""`rolltop jobs`: what the server does, did and failed to do."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer

from rolltop.cli import running
from rolltop.cli.options import JsonOption, WorkspaceOption
from rolltop.kit.logs import escape

app = typer.Typer(no_args_is_help=False)

IdArgument = Annotated[str, typer.Argument(help="The job's id, as `rolltop jobs` shows it.")]
_UNFINISHED = ("queued", "running")


@app.callback(invoke_without_command=True)
def list_(
    context: typer.Context,
    state: Annotated[
        list[str] | None,
        typer.Option(help="queued, running, done, failed, cancelled or interrupted; may be repeated."),
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Such as import or import.load; may be repeated.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="So many at most.")] = 20,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the jobs of the running server, newest first; or show, cancel and retry one."""
    context.obj = workspace
    if context.invoked_subcommand is not None:
        return
    wanted: dict[str, list[str] | int] = {"state": state or [], "kind": kind or [], "limit": limit}
    with running.server(workspace) as client:
        jobs = running.answer(client.get("/api/jobs", params=wanted))
    if as_json:
        print(json.dumps(jobs))
    elif not jobs:
        print("No jobs.")
    else:
        print("\n".join(map(_line, jobs)))


@app.command()
def show(
    context: typer.Context, id: IdArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Show one job with its log."""
    with running.server(workspace or context.obj) as client:
        job = running.answer(client.get(f"/api/jobs/{_quoted(id)}"))
        log = running.answer(client.get(f"/api/jobs/{_quoted(id)}/log"))["lines"]
    if as_json:
        print(json.dumps({**job, "log": log}))
        return
    print(_line(job))
    if job["error"] is not None and job["error"]["hint"]:
        print(f"Hint: {escape(job['error']['hint'])}")
    for line in log:
        print(f"{_time(line['time'])}  {line['level']:<7}  {escape(line['text'])}")


@app.command()
def cancel(
    context: typer.Context, id: IdArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Ask a job to stop. It takes back what it has done so far."""
    with running.server(workspace or context.obj) as client:
        job = running.answer(client.post(f"/api/jobs/{_quoted(id)}/cancel", json={}))
    said = f"Asked the job {job['id']} to stop." if job["state"] in _UNFINISHED else f"The job is {job['state']}."
    print(json.dumps(job) if as_json else said)


@app.command()
def retry(
    context: typer.Context, id: IdArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Do a job again that failed, was cancelled or interrupted; as a new job."""
    with running.server(workspace or context.obj) as client:
        job = running.answer(client.post(f"/api/jobs/{_quoted(id)}/retry", json={}))
    print(json.dumps(job) if as_json else f"Started the job {job['id']}: {escape(job['title'])}.")


def _quoted(id: str) -> str:
    return quote(id, safe="")


def _line(job: Mapping[str, Any]) -> str:
    """One job on one line; titles hold names of files, which may hold anything."""
    return f"{job['id']}  {_time(job['created'])}  {job['state']:<11}  {_share(job):>5}  {escape(job['title'])}"


def _share(job: Mapping[str, Any]) -> str:
    done, total = job["progress"]["done"], job["progress"]["total"]
    return f"{min(done / total, 1):.0%}" if total else ""


def _time(text: str) -> str:
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")
