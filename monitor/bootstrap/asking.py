"""Turn a connector's settings model into what a page asks for, and what was typed back into settings; pure."""

from __future__ import annotations

import types
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from monitor.contract import ConnectorSpec
from monitor.ports import Ask, AskKind, Offer

_YES_NO = (("true", "yes"), ("false", "no"))
_RARE = frozenset({"base_url"})


def offer_of(spec: ConnectorSpec) -> Offer:
    """Describe a connector as a page offers it."""
    asks = [ask_of(name, field) for name, field in spec.settings.model_fields.items() if not _is_path(field)]
    return Offer(
        name=spec.name,
        title=spec.title,
        cost=spec.cost,
        needs_credentials=spec.needs_credentials,
        terms_url=spec.terms_url,
        asks=tuple(sorted(asks, key=lambda ask: (ask.is_rare, not ask.is_required))),
    )


def ask_of(name: str, field: FieldInfo) -> Ask:
    """Describe one setting; a secret's default is never given."""
    kind, choices = _kind(field.annotation)
    default = "" if field.is_required() or kind is AskKind.HIDDEN else _in_words(field.default)
    if kind is AskKind.CHOICE and not field.is_required() and field.default is None:
        choices = (("", "not said"), *choices)
    return Ask(
        name=name,
        words=field.description or name,
        kind=kind,
        value=default,
        choices=choices,
        is_required=field.is_required(),
        is_rare=bool(default) or name in _RARE,
    )


def settings_of(model: type[BaseModel], given: Mapping[str, str]) -> dict[str, Any]:
    """Read typed settings; what was left empty, or is not asked for, stays at its default."""
    read: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        text = given.get(name, "").strip()
        if not text or _is_path(field):
            continue
        kind, _ = _kind(field.annotation)
        if kind is AskKind.LINES:
            read[name] = [line.strip() for line in text.splitlines() if line.strip()]
        else:
            read[name] = text == "true" if _plain(field.annotation) is bool else text
    return read


def _kind(annotation: object) -> tuple[AskKind, tuple[tuple[str, str], ...]]:
    plain = _plain(annotation)
    if plain is SecretStr:
        return AskKind.HIDDEN, ()
    if plain is bool:
        return AskKind.CHOICE, _YES_NO
    if get_origin(plain) is Literal:
        return AskKind.CHOICE, tuple((str(one), str(one).replace("_", " ") or "any") for one in get_args(plain))
    if isinstance(plain, type) and issubclass(plain, Enum):
        return AskKind.CHOICE, tuple((str(one.value), str(one.value)) for one in plain)
    return (AskKind.LINES if get_origin(plain) in (tuple, list) else AskKind.LINE), ()


def _plain(annotation: object) -> Any:  # noqa: ANN401  # any type that a model may use
    """Give what an optional type is optional of."""
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [one for one in get_args(annotation) if one is not type(None)]
        return kinds[0] if len(kinds) == 1 else annotation
    return annotation


def _is_path(field: FieldInfo) -> bool:
    """Tell whether a setting names a file of this machine: no page may have one read."""
    return _plain(field.annotation) is Path


def _in_words(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return "\n".join(map(str, value))
    return str(value.value) if isinstance(value, Enum) else str(value)
