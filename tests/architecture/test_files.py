"""What may stand in the project's files, and where files may stand."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Written in pieces, so that this file does not hold what it looks for.
UNWANTED = {
    "a registry's host": "|".join(
        re.escape(host)
        for host in ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.", "deb." + "debian.org", "crates" + ".io")
    ),
    "a path of one machine": r"/work/(main|shared|steering|\.library)|/home/[a-z]|/opt/(py|wheels)|/root/\.",
    "a thing left open": r"\bTO" + r"DO\b|\bFIX" + r"ME\b|NotImplemented" + r"Error",
}
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")
TOOLS = {"s3": "requirements-s3.lock", "replay": "requirements-replay.lock"}
"""Groups with an environment of their own, and what locks it."""

TEXT_LIMIT = 2_000_000


@pytest.fixture(scope="module")
def project_files(checkout: Path) -> tuple[Path, ...]:
    """Give every file that is, or is about to be, part of the project: what git tracks, and what it does not ignore."""
    if not (checkout / ".git").exists():
        pytest.skip("this is not a git checkout")
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=checkout,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (checkout / name for name in listing.stdout.split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


def _text(path: Path) -> str:
    if path.stat().st_size > TEXT_LIMIT:
        return ""
    body = path.read_bytes()
    return "" if b"\0" in body else body.decode("utf-8", "replace")


@pytest.mark.parametrize("what", UNWANTED)
def test_no_file_holds(what: str, project_files: tuple[Path, ...], checkout: Path) -> None:
    pattern = re.compile(UNWANTED[what])
    found = [
        f"{path.relative_to(checkout)}: {match[0]}"
        for path in project_files
        if path != Path(__file__)
        for match in pattern.finditer(_text(path))
    ]
    assert found == []


def test_only_the_two_packages_can_be_imported(checkout: Path) -> None:
    """A third top-level package could be shadowed, or shadow a stranger's."""
    packages = {path.parent.name for path in checkout.glob("*/__init__.py")}
    assert packages == {"monitor", "connectors"}
    assert list(checkout.glob("*.py")) == []


@pytest.mark.parametrize("folder", ["config", "tests", "docs", "benchmarks", "scripts"])
def test_other_folders_are_no_packages(folder: str, checkout: Path) -> None:
    assert list((checkout / folder).rglob("__init__.py")) == []


def test_nothing_in_config_is_code(checkout: Path) -> None:
    assert list((checkout / "config").rglob("*.py")) == []


def _pins(lock: Path) -> dict[str, set[str]]:
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", lock.read_text(), re.MULTILINE):
        pins.setdefault(canonicalize_name(name), set()).add(version)
    return pins


@pytest.mark.parametrize("name", [*LOCKS, *TOOLS.values()])
def test_a_lock_holds_names_versions_and_hashes_only(name: str, checkout: Path) -> None:
    entry = re.compile(r"[a-z0-9._-]+==[^\s;]+( ; [^\\]+)? \\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+")
    rest = entry.sub("", (checkout / name).read_text())
    assert rest == ""


def _asked_for(checkout: Path) -> list[tuple[str, str]]:
    project = tomllib.loads((checkout / "pyproject.toml").read_text())
    extras = [
        text for name, texts in project["project"]["optional-dependencies"].items() if name != "all" for text in texts
    ]
    listed = [(name, text) for name, texts in project["dependency-groups"].items() for text in texts]
    groups = [text for name, text in listed if name not in TOOLS and isinstance(text, str)]
    tools = [(TOOLS[name], text) for name, text in listed if name in TOOLS]
    builder = [(LOCKS[2], text) for text in project["build-system"]["requires"]]
    runtime = [*project["project"]["dependencies"], *extras]
    return [
        *((LOCKS[0], text) for text in runtime),
        *((LOCKS[1], text) for text in [*runtime, *groups]),
        *builder,
        *tools,
    ]


def test_the_locks_hold_what_the_project_asks_for(checkout: Path) -> None:
    """When this fails: make lock."""
    pins = {name: _pins(checkout / name) for name in [*LOCKS, *TOOLS.values()]}
    missing = []
    for lock, text in _asked_for(checkout):
        asked = Requirement(text)
        versions = pins[lock].get(canonicalize_name(asked.name), set())
        if not versions or not all(asked.specifier.contains(version) for version in versions):
            missing.append(f"{lock}: {text}")
    assert missing == []


def test_all_locks_agree(checkout: Path) -> None:
    runtime, dev, build = (_pins(checkout / name) for name in LOCKS)
    differing = {name for part in (runtime, build) for name, versions in part.items() if dev.get(name) != versions}
    assert differing == set()


def test_the_extra_all_holds_every_extra(checkout: Path) -> None:
    extras = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (everything,) = (Requirement(text) for text in extras["all"])
    assert everything.extras == set(extras) - {"all"}


def _shell_scripts(checkout: Path) -> list[Path]:
    return sorted([*(checkout / "scripts").glob("*.sh"), checkout / ".ci" / "run"])


def test_shell_scripts_are_sound(checkout: Path) -> None:
    for path in _shell_scripts(checkout):
        text = path.read_text()
        assert text.startswith("#!/usr/bin/env bash\n"), path
        assert "\nset -euo pipefail\n" in text, path
        subprocess.run(["bash", "-n", path], check=True)


def test_internal_links_lead_somewhere(project_files: tuple[Path, ...], checkout: Path) -> None:
    broken = []
    for page in (path for path in project_files if path.suffix == ".md"):
        for target in re.findall(r"\]\(([^)\s]+)\)|<img[^>]+src=\"([^\"]+)\"", page.read_text("utf-8")):
            link = (target[0] or target[1]).partition("#")[0]
            if link and not re.match(r"[a-z]+:", link) and not (page.parent / link).exists():
                broken.append(f"{page.relative_to(checkout)}: {link}")
    assert broken == []


def test_every_migration_continues_the_one_before(checkout: Path) -> None:
    """Two changes may each bring a revision of the same number and still merge without a conflict: here they meet."""
    folder = checkout / "monitor" / "store" / "migrations" / "versions"
    chain = []
    for path in sorted(folder.glob("rev_*.py")):
        text = path.read_text()
        revision, before = (
            re.search(rf'^{name} = "?(\w+)"?$', text, re.MULTILINE) for name in ("revision", "down_revision")
        )
        assert revision, path.name
        assert before, path.name
        assert path.name.startswith(f"rev_{revision[1]}_")
        chain.append((revision[1], before[1]))
    numbers = [revision for revision, _ in chain]
    assert [before for _, before in chain] == ["None", *numbers[:-1]]
    assert len(numbers) > 1


def test_no_package_of_anybody_is_part_of_the_project(project_files: tuple[Path, ...]) -> None:
    packed = (".whl", ".tar.gz", ".tgz", ".jar", ".deb", ".so", ".exe", ".woff", ".woff2", ".ttf")
    assert [path.name for path in project_files if path.name.endswith(packed)] == []
