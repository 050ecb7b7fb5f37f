"""What the house stands on: the commands, the service unit, the container, the declared packages."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

WORST_EXPOSURE = 2.5
FORBIDDEN_CALLS = {"add_key", "bpf", "init_module", "kexec_load", "keyctl", "mount", "perf_event_open", "pivot_root"}
FORBIDDEN_CALLS |= {"process_vm_readv", "ptrace", "reboot", "request_key", "setns", "swapon", "umount2", "userfaultfd"}


def test_the_service_is_shut_in(checkout: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not there")
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", checkout / "config" / "goodname.service"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    rating = re.search(r"Overall exposure level for goodname.service: ([0-9.]+)", result.stdout)
    assert rating, result.stdout
    assert float(rating[1]) <= WORST_EXPOSURE


def test_the_container_profile_forbids_by_default(checkout: Path) -> None:
    profile = json.loads((checkout / "config" / "container-seccomp.json").read_text())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    assert {rule["action"] for rule in profile["syscalls"]} == {"SCMP_ACT_ALLOW"}
    allowed = {name for rule in profile["syscalls"] for name in rule["names"]}
    assert allowed & FORBIDDEN_CALLS == set()
    assert {"chroot", "clone", "seccomp", "unshare"} <= allowed


def test_compose_uses_the_profile_and_the_loopback(checkout: Path) -> None:
    text = (checkout / "compose.yaml").read_text()
    profile = re.search(r"seccomp=(\S+)", re.sub(r"#.*", "", text))
    assert profile
    assert (checkout / profile[1]).is_file()
    ports = re.findall(r'- "([^"]*):8700"', text)
    assert ports == ["127.0.0.1:8700"]
    assert "read_only: true" in text
    assert "cap_drop: [ALL]" in text


def test_the_image_takes_only_what_is_locked(checkout: Path) -> None:
    text = (checkout / "Dockerfile").read_text().replace("\\\n", " ")
    installs = re.findall(r"pip (?:install|wheel) [^&\n]*", text)
    assert installs
    assert [line for line in installs if "--require-hashes" not in line and "--no-deps" not in line] == []
    sources = [name for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE) for name in line.split()[:-1]]
    assert [name for name in sources if not (checkout / name).exists()] == []
    ignored = (checkout / ".dockerignore").read_text().splitlines()
    assert [name for name in sources if f"!{name}" not in ignored] == []
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _declared(checkout: Path, *groups: str) -> set[str]:
    """Name the packages that the product declares, every extra included, and those of some dependency groups."""
    project = tomllib.loads((checkout / "pyproject.toml").read_text())
    product = project["project"]
    texts = [*product["dependencies"], *(text for extra in product["optional-dependencies"].values() for text in extra)]
    texts += [text for group in groups for text in project["dependency-groups"][group]]
    return {canonicalize_name(Requirement(text).name) for text in texts}


@pytest.mark.parametrize(
    ("folders", "groups"),
    [
        # The kit for connector authors is a plugin of the test runner that its users have.
        (("monitor", "connectors"), ()),
        (("tests", "scripts", "docs"), ("dev",)),
        (("benchmarks",), ("dev", "bench")),
    ],
)
def test_every_imported_package_is_declared(folders: tuple[str, ...], groups: tuple[str, ...], checkout: Path) -> None:
    """What is there only because something else needs it goes away without a word one day."""
    belongs = importlib.metadata.packages_distributions()
    paths = [path for folder in folders for path in sorted((checkout / folder).rglob("*.py"))]
    own = {
        "monitor",
        "connectors",
        "tests",
        "_typeshed",
        "pytest",
        *sys.stdlib_module_names,
        *(path.stem for path in paths),
    }
    names = {name: path for path in paths for name in _imported(path) if name not in own}
    declared = _declared(checkout, *groups)
    undeclared = {
        name: path.relative_to(checkout).as_posix()
        for name, path in names.items()
        if not {canonicalize_name(each) for each in belongs.get(name, [])} & declared
    }
    assert undeclared == {}


def _make_targets(checkout: Path) -> set[str]:
    text = (checkout / "Makefile").read_text()
    return set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))


def test_named_make_targets_exist(checkout: Path) -> None:
    pages = [*checkout.glob("*.md"), *(checkout / "docs").rglob("*.md"), checkout / ".ci" / "run"]
    named = {name for page in pages for name in re.findall(r"\bmake ([a-z][a-z-]+)", _code(page))}
    assert named
    assert named - _make_targets(checkout) == set()


def _code(page: Path) -> str:
    """Give what stands in code marks and code blocks, or the steps of a script."""
    text = page.read_text("utf-8")
    if page.suffix != ".md":
        return "\n".join(re.findall(r"^(?:step|tests\(\)) .*$", text, re.MULTILINE))
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))


def test_the_setup_script_is_over_at_once_the_second_time(checkout: Path) -> None:
    """It says nothing and does nothing when the stamp fits; a wrong word is a wrong call."""
    result = subprocess.run(["scripts/setup.sh", "nonsense"], cwd=checkout, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "usage" in result.stderr


@pytest.mark.parametrize(
    ("allowed", "code"), [("", 1), ("tests/a::.*  no such server here\n", 0), ("# a::one  a remark is no rule\n", 1)]
)
def test_an_unexpected_skip_fails(allowed: str, code: int, tmp_path: Path, checkout: Path) -> None:
    report = '<testsuites><testsuite><testcase classname="tests/a" name="one"><skipped message="why"/></testcase>'
    (tmp_path / "report.xml").write_text(f"{report}</testsuite></testsuites>")
    (tmp_path / "allowed.txt").write_text(allowed)
    command = [sys.executable, checkout / "scripts" / "skipped.py", tmp_path / "report.xml", tmp_path / "allowed.txt"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == code, result.stdout + result.stderr
    assert "1 skipped" in result.stdout
