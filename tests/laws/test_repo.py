"""What holds for the repository as a whole: nothing of a machine or a registry in it, and what must be there is."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from tests.conftest import ROOT

from rolltop.config import Config

NPM_LOCKS = ("ui/package-lock.json", "tests/client/js/package-lock.json")

# Whoever installs from a mirror must not be sent elsewhere by a file of ours.
REGISTRY = re.compile(
    r"\b(?:(?:files\.|test\.)?(?:pypi|pythonhosted)|registry\.(?:npmjs|yarnpkg)|(?:deb|security|ftp)\.debian|static\.crates)"
    r"\.(?:org|com|io)\b"
)
MACHINE_PATH = re.compile(r"(?:^|[^\w.~])/(?:work|farm|root)/\w")
UNFINISHED = re.compile(r"\b(?:TO_?DO|FIX_?ME)\b")


def files() -> dict[str, str]:
    """The text of every file that git keeps or would keep, by its path."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    found = {}
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file() and b"\0" not in (content := path.read_bytes())[:8192]:
            found[name] = content.decode(errors="replace")
    return found


FILES = files()


def lines_with(pattern: re.Pattern[str], suffixes: tuple[str, ...] = ("",)) -> list[str]:
    """`path:line: text` of every line that the pattern finds."""
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in FILES.items()
        if name.endswith(suffixes) and Path(name).name != "LICENSE"
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


class TestTheRepository:
    def test_names_no_package_registry(self) -> None:
        assert lines_with(REGISTRY) == []

    def test_names_no_folder_of_a_machine(self) -> None:
        assert lines_with(MACHINE_PATH) == []

    def test_leaves_nothing_to_be_done_later(self) -> None:
        assert lines_with(UNFINISHED, (".py", ".ts", ".svelte", ".js", ".mjs", ".css")) == []

    def test_is_licensed(self) -> None:
        assert "Apache License" in FILES["LICENSE"]
        assert tomllib.loads(FILES["pyproject.toml"])["project"]["license"] == "Apache-2.0"

    @pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"])
    def test_introduces_itself(self, name: str) -> None:
        assert len(FILES[name].split()) > 20

    def test_can_run_its_scripts(self) -> None:
        scripts = [name for name in FILES if name.startswith("scripts/") or name == ".ci/run"]
        assert {"scripts/test", "scripts/build", ".ci/run"} <= set(scripts)
        runnable = {name for name in scripts if (ROOT / name).stat().st_mode & 0o100}
        assert {name for name in scripts if FILES[name].startswith("#!")} - runnable == set()


class TestTheLocks:
    def test_of_python_sends_nobody_anywhere(self) -> None:
        assert "://" not in FILES["requirements.lock"]
        assert not re.search(r"^\s*--(?:extra-)?index|^\s*--find-links", FILES["requirements.lock"], re.MULTILINE)

    @pytest.mark.parametrize("name", NPM_LOCKS)
    def test_of_npm_sends_nobody_anywhere(self, name: str) -> None:
        for package in json.loads(FILES[name])["packages"].values():
            package.pop("funding", None)  # whom to thank
            assert "://" not in json.dumps(package)

    @pytest.mark.parametrize("name", NPM_LOCKS)
    def test_of_npm_holds_the_native_parts_for_every_system(self, name: str) -> None:
        """npm leaves out what a registry lacks or a node_modules folder did not have, and `npm ci` fails elsewhere."""
        packages = json.loads(FILES[name])["packages"]
        held = {path.rpartition("node_modules/")[2] for path in packages}
        asked = {part for package in packages.values() for part in package.get("optionalDependencies", {})}
        assert asked - held == set()

    def test_hold_every_direct_requirement(self) -> None:
        project = tomllib.loads(FILES["pyproject.toml"])["project"]
        extras = project["optional-dependencies"].values()
        wanted = [*project["dependencies"], *(item for extra in extras for item in extra)]
        locked = set(re.findall(r"^([\w.-]+)==", FILES["requirements.lock"], re.MULTILINE))
        names = {re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", item, maxsplit=1)[0]).lower() for item in wanted}
        assert names - locked == set(), "Run scripts/lock."

    def test_hold_a_hash_for_every_package(self) -> None:
        for requirement in re.split(r"^(?=\w)", FILES["requirements.lock"], flags=re.MULTILINE)[1:]:
            assert "--hash=sha256:" in requirement


class TestTheSettings:
    @pytest.mark.parametrize("name", sorted(Config.model_fields))
    def test_have_a_heading_each(self, name: str) -> None:
        assert re.search(rf"^### {name}$", FILES["docs/settings.md"], re.MULTILINE), f"docs/settings.md lacks {name}."

    def test_are_all_real(self) -> None:
        assert set(re.findall(r"^### (\w+)$", FILES["docs/settings.md"], re.MULTILINE)) == set(Config.model_fields)
