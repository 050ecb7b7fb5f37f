"""The budgets bind the tail: long modules, long functions, broad excepts, doors left open."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PRODUCT = ("monitor", "connectors")
MODULE_LINES = 400
FUNCTION_LINES = 40
MAY_CATCH_BROADLY = re.compile(r"monitor/(jobs/\w+|plugins|daemon)\.py")
MARKED = re.compile(r"# boundary: \w+")
READS_ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv"}


@dataclass(frozen=True)
class Module:
    """Hold one parsed module of the product."""

    name: str
    lines: tuple[str, ...]
    tree: ast.Module

    def nodes(self, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
        return (node for node in ast.walk(self.tree) if isinstance(node, kinds))

    def place(self, node: ast.AST) -> str:
        return f"{self.name}:{node.lineno}"


@pytest.fixture(scope="module")
def modules(checkout: Path) -> tuple[Module, ...]:
    """Give every module of the product, parsed."""
    paths = [path for package in PRODUCT for path in sorted((checkout / package).rglob("*.py"))]
    texts = {path.relative_to(checkout).as_posix(): path.read_text("utf-8") for path in paths}
    return tuple(Module(name, tuple(text.splitlines()), ast.parse(text)) for name, text in texts.items())


def test_modules_are_short(modules: tuple[Module, ...]) -> None:
    assert [f"{each.name}: {len(each.lines)}" for each in modules if len(each.lines) > MODULE_LINES] == []


def test_functions_are_short(modules: tuple[Module, ...]) -> None:
    functions = ((each, node) for each in modules for node in each.nodes(ast.FunctionDef, ast.AsyncFunctionDef))
    sizes = ((each.place(node), node.name, node.end_lineno - node.lineno + 1) for each, node in functions)
    assert [size for size in sizes if size[2] > FUNCTION_LINES] == []


def _is_broad(handler: ast.ExceptHandler) -> bool:
    """Tell whether everything is caught and kept; to tidy up and raise again is no catch."""
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or getattr(kind, "id", "") in {"Exception", "BaseException"} for kind in kinds)


def test_broad_excepts_stand_at_a_boundary_and_say_why(modules: tuple[Module, ...]) -> None:
    broad = [(each, node) for each in modules for node in each.nodes(ast.ExceptHandler) if _is_broad(node)]
    unmarked = [each.place(node) for each, node in broad if not MARKED.search(each.lines[node.lineno - 1])]
    misplaced = [each.place(node) for each, node in broad if not MAY_CATCH_BROADLY.fullmatch(each.name)]
    assert unmarked == []
    assert misplaced == []
    assert len(broad) <= sum(len(each.lines) for each in modules) / 1000


def _public(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node.body)


def test_public_things_are_described(modules: tuple[Module, ...]) -> None:
    bare = [each.name for each in modules if not ast.get_docstring(each.tree)]
    bare += [each.place(node) for each in modules for node in _public(each.tree.body) if not ast.get_docstring(node)]
    assert bare == []


def _environment_reads(module: Module) -> Iterator[str]:
    for node in module.nodes(ast.Attribute, ast.ImportFrom):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "os" and node.attr in READS_ENVIRONMENT:
            yield module.place(node)
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (module.place(node) for alias in node.names if alias.name in READS_ENVIRONMENT)


def test_the_environment_is_read_in_settings_alone(modules: tuple[Module, ...]) -> None:
    elsewhere = (each for each in modules if not re.match(r"monitor/settings(/|\.py)", each.name))
    assert [place for each in elsewhere for place in _environment_reads(each)] == []


def test_the_systems_own_words_are_asked_for_in_one_place(modules: tuple[Module, ...]) -> None:
    asked = [(each, node) for each in modules for node in each.nodes(ast.Attribute) if node.attr == "strerror"]
    assert {each.name for each, _ in asked} == {"monitor/errors.py"}


def test_the_product_does_not_ask_whether_it_is_under_test(modules: tuple[Module, ...]) -> None:
    # The kit for connector authors is a pytest plugin and may name it.
    product = (each for each in modules if not each.name.startswith("monitor/testing/"))
    asking = re.compile(r"\bpytest\b|PYTEST|unittest", re.IGNORECASE)
    assert [f"{each.name}: {line}" for each in product for line in each.lines if asking.search(line)] == []


def test_feedparser_is_given_bytes_only(modules: tuple[Module, ...]) -> None:
    """Given text or a path it opens files and addresses by itself."""
    calls = [
        (each, node)
        for each in modules
        for node in each.nodes(ast.Call)
        if ast.unparse(node.func) in {"feedparser.parse", "parse_feed"}
    ]
    assert [each.place(node) for each, node in calls if "BytesIO(" not in ast.unparse(node)] == []
