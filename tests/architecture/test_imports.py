"""Who may import whom: the rules hold, and each of them sees an import that it forbids."""

from __future__ import annotations

import ast
import configparser
import importlib.metadata
import itertools
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
OUTSIDER = "monitor.ports"
"""A module that no rule lets through any of the protected doors."""


def _rules() -> dict[str, dict[str, list[str]]]:
    """Read the rule file: for each rule its type, and its other options as lists."""
    parser = configparser.ConfigParser()
    parser.read(CHECKOUT / ".importlinter", "utf-8")
    prefix = "importlinter:contract:"
    return {
        parser[section]["name"]: {key: value.split("\n") for key, value in parser[section].items()}
        for section in parser.sections()
        if section.startswith(prefix)
    }


def _lines(rule: dict[str, list[str]], option: str) -> list[str]:
    return [line.strip() for line in rule[option] if line.strip()]


def _module_file(root: Path, module: str) -> Path | None:
    path = root / module.replace(".", "/")
    found = [each for each in (path / "__init__.py", path.with_suffix(".py")) if each.is_file()]
    return found[0] if found else None


def _layer_plants(rule: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Let each layer import the one above it, and each sibling its neighbour."""
    layers = [
        [
            f"monitor.{name}"
            for name in (part.strip("() ") for part in line.split("|"))
            if _module_file(CHECKOUT, f"monitor.{name}")
        ]
        for line in _lines(rule, "layers")
    ]
    upward = [(lower[0], upper[0]) for upper, lower in itertools.pairwise(layers)]
    sideways = [pair for layer in layers for pair in itertools.pairwise(layer)]
    return upward + sideways


def _plants() -> list[tuple[str, str, str]]:
    """Give for each rule imports that it must see: (rule, importer, imported)."""
    plants: list[tuple[str, str, str]] = []
    for name, rule in _rules().items():
        kind = rule["type"][0]
        if kind == "layers":
            plants += [(name, importer, imported) for importer, imported in _layer_plants(rule)]
        elif kind == "protected":
            plants += [(name, OUTSIDER, imported) for imported in _lines(rule, "protected_modules")]
        elif kind == "forbidden":
            sources, forbidden = _lines(rule, "source_modules"), _lines(rule, "forbidden_modules")
            plants += [(name, source, each) for source in sources for each in forbidden]
    return plants


PLANTS = _plants()


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200", "NO_COLOR": "1"}
    program = "import sys; from importlinter.cli import lint_imports_command as main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give what the linter says about a copy of the product in which every rule is broken."""
    folder = tmp_path_factory.mktemp("planted")
    for package in ("monitor", "connectors"):
        shutil.copytree(CHECKOUT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / ".importlinter", folder)
    plants: dict[str, set[str]] = defaultdict(set)
    for _, importer, imported in PLANTS:
        plants[importer].add(imported)
    for importer, imports in plants.items():
        path = _module_file(folder, importer)
        assert path is not None, importer
        path.write_text(
            path.read_text("utf-8") + "\n" + "".join(f"import {each}\n" for each in sorted(imports)), "utf-8"
        )
    (folder / "monitor" / "placed_nowhere.py").write_text('"""Stand in no layer."""\n')
    (folder / "monitor" / "text" / "ring.py").write_text("from monitor.text import ring_end\n")
    (folder / "monitor" / "text" / "ring_end.py").write_text("from monitor.text import ring\n")
    result = _lint(folder)
    assert result.returncode == 1, result.stdout + result.stderr
    return result.stdout


def test_the_product_keeps_the_rules() -> None:
    result = _lint(CHECKOUT)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr


@pytest.mark.parametrize("rule", _rules())
def test_each_rule_sees_what_it_forbids(rule: str, planted: str) -> None:
    assert re.search(rf"^{re.escape(rule)} BROKEN", planted, re.MULTILINE), planted
    pairs = [(importer, imported) for name, importer, imported in PLANTS if name == rule]
    seen = {
        pair for pair in pairs if re.search(rf"\b{re.escape(pair[0])}\s+->\s+{re.escape(pair[1])} \(l\.\d", planted)
    }
    assert [pair for pair in pairs if pair not in seen] == []


def test_a_module_that_nobody_placed_is_seen(planted: str) -> None:
    assert "placed_nowhere" in planted


def test_a_circle_is_seen(planted: str) -> None:
    assert "ring_end" in planted


def _imports_among_connectors(folder: Path) -> list[str]:
    """Name each import of one connector by another module; what they share stands behind an underscore."""
    found = []
    for path in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{name}" for name in names]
            found += [f"{path.stem} -> {name}" for name in names if re.match(r"connectors\.[a-z]", name)]
    return found


def test_connectors_do_not_know_each_other(tmp_path: Path) -> None:
    assert _imports_among_connectors(CHECKOUT / "connectors") == []
    (tmp_path / "one.py").write_text("from connectors import two\nfrom connectors._shared import three\n")
    (tmp_path / "two.py").write_text("import connectors.one\nfrom connectors.one import four\n")
    seen = ["one -> connectors.two", "two -> connectors.one", "two -> connectors.one.four"]
    assert _imports_among_connectors(tmp_path) == seen


def test_the_list_for_connectors_forgets_no_module() -> None:
    """A connector may see four modules of `monitor`; every other one must be named in the rule."""
    rule = _rules()["connectors see only contract, domain, errors and text"]
    modules = {path.stem for path in (CHECKOUT / "monitor").iterdir() if path.suffix == ".py" or path.is_dir()}
    named = {name.removeprefix("monitor.") for name in _lines(rule, "forbidden_modules")}
    assert modules - named - {"__init__", "__main__", "__pycache__"} == {"contract", "domain", "errors", "text"}


def test_every_door_leads_to_a_library_that_is_installed() -> None:
    """A misspelt library would be protected for ever and never imported."""
    installed = importlib.metadata.packages_distributions()
    doors = [
        name
        for rule in _rules().values()
        if rule["type"][0] == "protected"
        for name in _lines(rule, "protected_modules")
    ]
    assert [name for name in doors if not name.startswith("monitor.") and name not in installed] == []
