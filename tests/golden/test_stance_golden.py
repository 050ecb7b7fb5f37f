"""Hold the matcher to floors on the reporting half of the golden posts.

No coefficient was fitted on it, but some rules were written with it in view: a floor against regressions, no proof.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _benchmark(checkout: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", checkout / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def figures(checkout: Path) -> dict[str, Any]:
    stance = _benchmark(checkout, "stance")
    out: dict[str, Any] = stance.report(stance.load("report"))
    return out


def test_other_stances_rarely_reach_likely(figures: dict[str, Any]) -> None:
    assert figures["non_repeats_reaching_likely"] <= 0.10


def test_repeats_are_not_lost_to_another_stance(figures: dict[str, Any]) -> None:
    assert figures["repeats_lost_to_another_stance"] <= 0.03


def test_stance_beats_the_naive_rule(figures: dict[str, Any]) -> None:
    assert figures["stance_accuracy"] >= 0.90 > figures["naive_stance_accuracy"]


def test_disguised_names_are_found_and_other_people_are_not(checkout: Path) -> None:
    bench = _benchmark(checkout, "obfuscation")
    rates = {label: row["recall"] for label, row in bench.recall(11, 8).items()}
    assert sum(rates.values()) / len(rates) >= 0.97
    assert min(rates.values()) >= 0.85
    assert bench.false_mentions(11, list(bench.ORDINARY), 100)["mentions"] == 0
    others = bench.near_misses(11, 1)
    assert others["reaching_likely"] <= 0.02
    assert others["namesakes_reaching_likely"] <= 0.02
