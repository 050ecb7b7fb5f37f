"""Find connectors through entry points, check that they keep the contract, and build configured ones.

A plugin that does not load, or does not keep the contract, is listed with its reason and never stops another.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

from monitor.contract import CONTRACT_VERSION, ENTRY_POINT_GROUP, Capability, Connector, ConnectorSpec
from monitor.errors import ConfigError, ContractMismatch, MonitorError, PluginBroken, PluginError, PluginNotFound
from monitor.text.faults import describe_faults

_OWN_DISTRIBUTION = "goodname"
_MOST_TEXT = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class PluginEntry:
    """Name one usable connector and where it comes from."""

    name: str
    distribution: str
    version: str
    spec: ConnectorSpec
    cls: type[Connector]


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokenPlugin:
    """Name one connector that cannot be used, with the reason."""

    name: str
    distribution: str
    version: str
    error: PluginError


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """Hold everything that is installed: usable connectors by name, and the broken ones."""

    connectors: Mapping[str, PluginEntry] = field(default_factory=dict)
    broken: tuple[BrokenPlugin, ...] = ()


def load_connectors(found: Iterable[EntryPoint] | None = None, *, names: Collection[str] | None = None) -> Catalogue:
    """Load and check every installed connector, in the order of their names.

    `found` replaces the installed entry points. With `names` only those are loaded, as importing the rest costs time
    and memory; where one of them is not installed, all are, so that an error can say what there is. Where two packages
    offer one name, the built-in one wins, then the first by package name; the other is listed as broken.
    """
    connectors: dict[str, PluginEntry] = {}
    broken: list[BrokenPlugin] = []
    points = list(entry_points(group=ENTRY_POINT_GROUP) if found is None else found)
    if names is not None and {point.name for point in points}.issuperset(names):
        points = [point for point in points if point.name in names]
    for point, (distribution, version) in _in_order(points):
        try:
            if point.name in connectors:
                other = connectors[point.name].distribution
                raise ContractMismatch(f"The connector `{point.name}` is offered twice.", why=f"{other} offers it too.")
            cls, spec = _load(point)
        except PluginError as error:
            broken.append(BrokenPlugin(name=point.name, distribution=distribution, version=version, error=error))
            continue
        connectors[point.name] = PluginEntry(
            name=point.name, distribution=distribution, version=version, spec=spec, cls=cls
        )
    return Catalogue(connectors=MappingProxyType(connectors), broken=tuple(broken))


def _in_order(points: Iterable[EntryPoint]) -> list[tuple[EntryPoint, tuple[str, str]]]:
    """Sort, with their origins, built-in ones first for each name; a package found twice on the path counts once."""
    origin = cache(_origin)  # reading what a package says of itself takes milliseconds, and many come from one
    single = {(point.name, origin(point.dist), point.value): point for point in points}
    ranked = sorted(single, key=lambda key: (key[0], key[1][0] != _OWN_DISTRIBUTION, key[1]))
    return [(single[key], key[1]) for key in ranked]


def _origin(distribution: Distribution | None) -> tuple[str, str]:
    return (distribution.name, distribution.version) if distribution else ("unknown", "")


def _load(point: EntryPoint) -> tuple[type[Connector], ConnectorSpec]:
    try:
        cls = point.load()
    except (Exception, SystemExit) as error:  # boundary: importing a stranger's code may raise anything
        raise PluginBroken(
            f"The connector `{point.name}` cannot be loaded.",
            why=_in_words(error),
            try_="Update or uninstall the package it comes from.",
        ) from error
    return cls, check_contract(point.name, cls)


def check_contract(name: str, cls: object) -> ConnectorSpec:
    """Check a connector class without building it; give its spec, or raise ContractMismatch that names every fault."""
    spec = getattr(cls, "spec", None)
    if not inspect.isclass(cls) or not isinstance(spec, ConnectorSpec):
        raise _mismatch(name, ["it must be a class with a `spec` of type ConnectorSpec"])
    faults = [*_spec_faults(name, spec), *_method_faults(cls, spec)]
    if faults:
        raise _mismatch(name, faults)
    return spec


def _mismatch(name: str, faults: list[str]) -> ContractMismatch:
    return ContractMismatch(
        f"The connector `{name}` does not keep the connector contract.",
        why="; ".join(faults),
        try_="Update the package it comes from, or tell its author.",
    )


def _spec_faults(name: str, spec: ConnectorSpec) -> list[str]:
    if spec.contract_version != CONTRACT_VERSION:
        return [f"it was made for contract version {spec.contract_version}, and this is version {CONTRACT_VERSION}"]
    faults = []
    if spec.name != name:
        faults.append(f"its spec is named {spec.name!r} and its entry point {name!r}")
    faults += [
        f"`spec.{part}` must be a pydantic model"
        for part in ("settings", "cursor")
        if not (inspect.isclass(getattr(spec, part)) and issubclass(getattr(spec, part), BaseModel))
    ]
    if not faults and any(one.is_required() for one in spec.cursor.model_fields.values()):
        faults.append("`spec.cursor` must have a default for every field")
    return faults


def _method_faults(cls: type, spec: ConnectorSpec) -> list[str]:
    faults = []
    poll, check = getattr(cls, "poll", None), getattr(cls, "check", None)
    if not inspect.isfunction(poll) or inspect.iscoroutinefunction(poll):
        faults.append("`poll` must be an async generator")
    if not inspect.iscoroutinefunction(check):
        faults.append("`check` must be a coroutine function")
    if (Capability.STREAM in spec.capabilities) != inspect.isasyncgenfunction(getattr(cls, "stream", None)):
        faults.append("`stream` must be an async generator exactly where Capability.STREAM is declared")
    return faults


def build(catalogue: Catalogue, connector_name: str, settings: Mapping[str, Any], source_name: str) -> Connector:
    """Build one configured source.

    Raises PluginNotFound (with what was probably meant), the PluginError of a broken plugin, or ConfigError that
    names every fault of the settings at once. No message repeats a value, as it may be a secret.
    """
    entry = catalogue.connectors.get(connector_name)
    if entry is None:
        raise _not_usable(catalogue, connector_name)
    checked = _settings(entry.spec, settings, source_name)
    try:
        return entry.cls(checked)  # type: ignore[call-arg]  # the constructor is part of the contract in words only
    except MonitorError:
        raise
    except Exception as error:  # boundary: a stranger's constructor may raise anything
        raise PluginBroken(f"The connector `{connector_name}` cannot be built.", why=_in_words(error)) from error


@cache
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Give a model's schema, made once: an installation may have thousands of sources of one kind."""
    return model.model_json_schema()


def _settings(spec: ConnectorSpec, given: Mapping[str, Any], source_name: str) -> BaseModel:
    """Check settings; a key that the model does not know is a fault whatever the model says about it."""
    schema = _schema_of(spec.settings)
    unknown = [
        {"type": "extra_forbidden", "loc": (key,)}
        for key in given
        if key not in schema.get("properties", {}) and not schema.get("additionalProperties")
    ]
    errors: list[Mapping[str, Any]] = []
    try:
        settings = spec.settings.model_validate(dict(given))
    except ValidationError as error:
        errors = [one for one in error.errors() if one["type"] != "extra_forbidden" or len(one["loc"]) > 1]
    if unknown or errors:
        faults = describe_faults([*unknown, *errors], schema, "settings")
        raise ConfigError(
            f"The settings of source `{source_name}` cannot be used.",
            why="; ".join(faults),
            try_=f"See docs/connectors/{spec.name}.md, then run `goodname config check`.",
        )
    return settings


def _not_usable(catalogue: Catalogue, name: str) -> PluginError:
    for one in catalogue.broken:
        if one.name == name:
            return one.error
    close = get_close_matches(name, catalogue.connectors, n=1, cutoff=0.5)
    return PluginNotFound(
        f"There is no connector `{name}`{f'; did you mean `{close[0]}`?' if close else '.'}",
        why=f"Installed: {', '.join(catalogue.connectors) or 'none'}.",
    )


def _in_words(error: BaseException) -> str:
    text = " ".join(str(error).split())[:_MOST_TEXT]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
