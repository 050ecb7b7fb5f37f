"""Connectors are found, checked and built; a broken one is named and stops nobody."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, PathDistribution
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr

from monitor.contract import Access, ConnectorSpec, Context, EmptyCursor, Health, Page, Query
from monitor.contract import Tested as Basis  # a name that begins with Test looks like a test
from monitor.domain import HealthState
from monitor.errors import ConfigError, ContractMismatch, PluginBroken, PluginNotFound
from monitor.plugins import Catalogue, build, check_contract, load_connectors

HEADER = """
from typing import ClassVar
from pydantic import BaseModel, ConfigDict
from monitor.contract import *

class Settings(BaseModel):
    url: str

def spec(name, **more):
    given = dict(name=name, title=name, settings=Settings, cursor=EmptyCursor, capabilities=frozenset(),
        access=Access.API, cost="free", needs_credentials=False, terms_url="", tested=Tested.SCHEMA)
    return ConnectorSpec(**{**given, **more})

class Good:
    spec: ClassVar = spec("good")
    def __init__(self, settings): self.settings = settings
    async def poll(self, ctx, query, cursor):
        yield Page(items=(), cursor=cursor)
    async def check(self, ctx): ...
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[EntryPoint]]:
    """Write a package with its metadata and give its entry points, as an installed one would have them."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(distribution: str, version: str, code: str, **points: str) -> list[EntryPoint]:
        module = f"plugin_{distribution.replace('-', '_')}"
        (tmp_path / f"{module}.py").write_text(HEADER + textwrap.dedent(code), "utf-8")
        folder = tmp_path / f"{distribution}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        lines = [f"{name} = {module}:{attribute}" for name, attribute in points.items()]
        (folder / "entry_points.txt").write_text("[monitor.connectors]\n" + "\n".join(lines) + "\n")
        found: Distribution = PathDistribution(folder)
        monkeypatch.delitem(sys.modules, module, raising=False)
        return list(found.entry_points)

    return write


def test_built_in_connectors_are_found_through_their_entry_points() -> None:
    catalogue = load_connectors()
    assert {"feed", "page"} <= set(catalogue.connectors)
    feed = catalogue.connectors["feed"]
    assert (feed.distribution, feed.spec.name) == ("goodname", "feed")
    assert feed.version
    assert catalogue.broken == ()


def test_broken_plugins_are_named_and_stop_nobody(package: Callable[..., list[EntryPoint]]) -> None:
    points = [
        *package("a-good", "1.0", "", good="Good"),
        *package("b-syntax", "2.0", "def (", syntax="Good"),
        *package("c-exit", "3.0", "raise SystemExit(3)", exits="Good"),
        *package("d-missing", "4.0", "import no_such_module_anywhere", missing="Good"),
        *package("e-noattr", "5.0", "", noattr="Nothing"),
        *package("f-noclass", "6.0", "good = Good", function="spec"),
    ]
    catalogue = load_connectors(points)
    assert list(catalogue.connectors) == ["good"]
    assert [(one.name, one.distribution, one.version) for one in catalogue.broken] == [
        ("exits", "c-exit", "3.0"),
        ("function", "f-noclass", "6.0"),
        ("missing", "d-missing", "4.0"),
        ("noattr", "e-noattr", "5.0"),
        ("syntax", "b-syntax", "2.0"),
    ]
    kinds = {one.name: type(one.error) for one in catalogue.broken}
    assert kinds.pop("function") is ContractMismatch
    assert set(kinds.values()) == {PluginBroken}
    with pytest.raises(PluginBroken, match="no_such_module_anywhere"):
        build(catalogue, "missing", {}, "town")


def test_one_name_from_two_packages(package: Callable[..., list[EntryPoint]]) -> None:
    points = [*package("a-other", "1.0", "", good="Good"), *package("goodname", "9.0", "", good="Good")]
    catalogue = load_connectors(points)
    assert catalogue.connectors["good"].distribution == "goodname"
    assert [one.distribution for one in catalogue.broken] == ["a-other"]
    assert "twice" in str(catalogue.broken[0].error)


def test_only_what_is_named_is_loaded_and_all_where_a_name_is_unknown(
    package: Callable[..., list[EntryPoint]],
) -> None:
    points = [*package("a-good", "1.0", "", good="Good"), *package("b-other", "1.0", "raise OSError", other="Good")]
    assert list(load_connectors(points, names={"good"}).connectors) == ["good"]
    assert "plugin_b_other" not in sys.modules
    assert load_connectors(points, names={"good"}).broken == ()
    assert load_connectors(points, names=()).connectors == {}
    whole = load_connectors(points, names={"goood"})
    assert (list(whole.connectors), [one.name for one in whole.broken]) == (["good"], ["other"])


def test_a_package_is_read_once_and_only_where_a_connector_of_it_is_named(
    package: Callable[..., list[EntryPoint]], tmp_path: Path
) -> None:
    reads: list[str] = []

    class Watched(PathDistribution):
        @property
        def metadata(self) -> Any:
            found = super().metadata
            reads.append(found["Name"])
            return found

    package("a-good", "1.0", "", good="Good", better="Good")
    package("b-other", "1.0", "", other="Good")
    points = [one for folder in sorted(tmp_path.glob("*.dist-info")) for one in Watched(folder).entry_points]
    load_connectors(points, names=())
    assert reads == []
    load_connectors(points, names={"good", "better"})
    assert reads == ["a-good", "a-good"], "not once for its name and once for its version"


def test_a_package_found_twice_counts_once(package: Callable[..., list[EntryPoint]]) -> None:
    points = package("a-good", "1.0", "", good="Good")
    assert load_connectors(points * 2).broken == ()


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    url: str
    pages: int = 1
    token: SecretStr = SecretStr("")


class Sound:
    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="sound",
        title="Sound",
        settings=Settings,
        cursor=EmptyCursor,
        capabilities=frozenset(),
        access=Access.API,
        cost="free",
        needs_credentials=False,
        terms_url="",
        tested=Basis.SCHEMA,
    )

    def __init__(self, settings: Settings) -> None:
        if settings.url == "explode":
            raise KeyError(settings.url)
        self.settings = settings

    async def poll(self, ctx: Context, query: Query, cursor: BaseModel) -> AsyncIterator[Page]:
        yield Page(items=(), cursor=cursor)

    async def check(self, ctx: Context) -> Health:
        return Health(state=HealthState.OK)


class Needy(BaseModel):
    position: int


def _like_sound(**changes: Any) -> type:
    spec_changes = {key: changes.pop(key) for key in list(changes) if key in ConnectorSpec.__slots__}
    slots = {name: getattr(Sound.spec, name) for name in ConnectorSpec.__slots__}
    return type("Odd", (Sound,), {"spec": ConnectorSpec(**{**slots, **spec_changes}), **changes})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"contract_version": 2}, "contract version 2"),
        ({"name": "other"}, "named 'other'"),
        ({"settings": dict}, r"`spec\.settings` must be a pydantic model"),
        ({"cursor": "x"}, r"`spec\.cursor` must be a pydantic model"),
        ({"cursor": Needy}, "must have a default"),
        ({"poll": None}, "`poll` must be"),
        ({"check": lambda self, ctx: None}, "`check` must be"),
    ],
)
def test_contract_faults_are_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ContractMismatch, match=words):
        check_contract("sound", _like_sound(**changes))


def test_all_contract_faults_at_once() -> None:
    with pytest.raises(ContractMismatch) as caught:
        check_contract("sound", _like_sound(poll=None, check=None, settings=dict))
    assert str(caught.value).count(";") == 2


@pytest.fixture
def catalogue(package: Callable[..., list[EntryPoint]]) -> Catalogue:
    return load_connectors(package("a-good", "1.0", "", good="Good"))


@dataclass(frozen=True)
class Ready:
    """Stand for an entry point whose class is at hand already."""

    target: type
    name: str = "sound"
    value: str = "nowhere:Sound"
    dist: None = None

    def load(self) -> type:
        return self.target


def _catalogue_of(cls: type) -> Catalogue:
    found = load_connectors([Ready(cls)])  # type: ignore[list-item]
    assert found.broken == ()
    return found


def test_builds_with_checked_settings() -> None:
    connector = build(_catalogue_of(Sound), "sound", {"url": "https://a.example", "pages": 3}, "town")
    assert isinstance(connector, Sound)
    assert connector.settings.pages == 3


def test_every_fault_of_the_settings_at_once_without_values() -> None:
    given = {"urll": "canary-1", "pages": "canary-2", "token": ["canary-3"]}
    with pytest.raises(ConfigError) as caught:
        build(_catalogue_of(Sound), "sound", given, "town")
    text = str(caught.value)
    assert "`town`" in text
    assert "I don't know the key `urll`" in text
    assert "did you mean `url`?" in text
    assert "`settings.url` is missing" in text
    assert "`settings.pages` must be a whole number" in text
    assert "`settings.token`" in text
    assert "canary" not in text


def test_unknown_keys_are_faults_even_where_the_model_is_lax(catalogue: Catalogue) -> None:
    with pytest.raises(ConfigError, match="did you mean `url`"):
        build(catalogue, "good", {"url": "x", "uri": "y"}, "town")
    assert build(catalogue, "good", {"url": "x"}, "town").spec.name == "good"


def test_unknown_connector(catalogue: Catalogue) -> None:
    with pytest.raises(PluginNotFound, match="did you mean `good`"):
        build(catalogue, "goood", {}, "town")
    with pytest.raises(PluginNotFound, match="Installed: none"):
        build(Catalogue(), "x", {}, "town")


def test_a_constructor_that_breaks() -> None:
    with pytest.raises(PluginBroken, match="cannot be built"):
        build(_catalogue_of(Sound), "sound", {"url": "explode"}, "town")
