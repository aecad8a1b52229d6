"""Settings, read once from the environment and the workspace's file, then passed on.

Only this module reads the environment. Tests build their own `Config`.
"""

import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from rolltop.errors import StartError
from rolltop.kit.places import cache_folder as cache_folder
from rolltop.kit.places import default_workspace as default_workspace
from rolltop.kit.places import home as home
from rolltop.kit.places import log_folder as log_folder

SETTINGS_FILE = "workspace.toml"


class BadSetting(StartError):
    """A setting has a value that cannot be used."""

    code = "config.bad_setting"
    exit_code = 2


class Config(BaseSettings):
    """One run of Rolltop. Order of precedence: arguments, `ROLLTOP_*` variables, `workspace.toml`, defaults."""

    model_config = SettingsConfigDict(env_prefix="ROLLTOP_", frozen=True, extra="forbid")

    workspace: Path = Field(description="The folder that holds data.db, rolltop.db, logs and settings.")
    data: Path | None = Field(default=None, description="An SQLite file served in place of the workspace's data.db.")
    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8377, ge=0, le=65535, description="The port to listen on; 0 takes a free one.")
    port_fallback: bool = Field(default=False, description="Take a free port when the wanted one is in use.")
    synchronous: Literal["FULL", "NORMAL"] = Field(
        default="FULL", description="FULL survives a power cut, NORMAL only a crash of the program."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="How much is logged.")
    origins: frozenset[str] = Field(
        default=frozenset(), description="Foreign web origins that may call the API, such as https://app.example."
    )
    max_rows: int | None = Field(
        default=None, ge=1, description="The most rows that one read answers; no limit if unset."
    )
    import_hosts: frozenset[str] = Field(
        default=frozenset(),
        description="Hosts inside this machine or its network that imports may fetch from, such as 10.0.0.5:8000.",
    )
    history_days: int = Field(
        default=90, ge=0, le=36_500, description="Changes older than so many days are let go; 0: whatever their age."
    )
    history_mb: int = Field(
        default=1_000, ge=0, description="The megabytes that the history may take of data.db; 0: nothing is recorded."
    )
    history_change_mb: int = Field(
        default=128, ge=1, description="A change that takes more megabytes than this is named, but cannot be undone."
    )
    upgrade_backup: bool = Field(
        default=True, description="Make a backup before a workspace of an older Rolltop is brought to the present form."
    )
    import_limit_mb: int = Field(default=20_000, ge=1, description="The largest file an import takes, in megabytes.")


def _file_settings(workspace: Path) -> dict[str, Any]:
    path = workspace / SETTINGS_FILE
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"The settings file {path} cannot be read: {error}.") from error
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"The settings file {path} is not valid TOML: {error}.", hint="Correct the line.") from error
    server = settings.get("server", {})
    return dict(server) if isinstance(server, dict) else {}


def workspace_folder(named: Path | None) -> Path:
    """The workspace that is named by the command line, else by the environment, else the user's own."""
    return Path(named or os.environ.get("ROLLTOP_WORKSPACE") or default_workspace()).expanduser().absolute()


def load(**arguments: Any) -> Config:
    """The settings for one run; arguments that are None count as not given.

    Raises:
        BadSetting: a value from the command line, the environment or the file cannot be used.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    workspace = workspace_folder(given.pop("workspace", None))
    if given.get("data") is not None:
        given["data"] = Path(given["data"]).expanduser().absolute()
    from_file = {
        name: value for name, value in _file_settings(workspace).items() if f"ROLLTOP_{name.upper()}" not in os.environ
    }
    try:
        return Config(**{"workspace": workspace, **from_file, **given})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise BadSetting(
            f"The setting {name!r} cannot be used: {first['msg']}.",
            hint="docs/settings.md lists every setting and what it takes.",
        ) from error
