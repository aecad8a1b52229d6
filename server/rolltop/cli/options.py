"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

WorkspaceOption = Annotated[
    Path | None, typer.Option("--workspace", "-w", help="The workspace folder.", show_default="the user's own")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
