"""Show a configuration without its secrets: what is not known to be harmless is hidden."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

if TYPE_CHECKING:
    from pydantic import BaseModel

    from monitor.plugins import Catalogue
    from monitor.settings import Settings

HIDDEN = "***"
_SECRET_NAME = re.compile(r"pass|pwd|token|secret|key|auth|credential|cookie|session|signature|\bsig\b|bearer", re.I)


def redacted(settings: Settings, catalogue: Catalogue) -> dict[str, Any]:
    """Give the configuration as plain values, secrets replaced by "***"; of an address its scheme stays."""
    shown = settings.model_dump(mode="json", exclude_none=True)
    shown["alerts"]["urls"] = [hide_address(url.get_secret_value()) for url in settings.alerts.urls]
    shown["store"]["url"] = hide_address(settings.store.url.get_secret_value())
    for source in shown["source"]:
        entry = catalogue.connectors.get(source["connector"])
        model = entry.spec.settings if entry else None
        source["settings"] = {
            key: _hide(key, value, model, is_known=entry is not None) for key, value in source["settings"].items()
        }
    return shown


def hide_address(url: str) -> str:
    """Keep of an address only its scheme, which says what sort of channel or database it is."""
    tags, is_tagged, rest = url.partition("=")
    if is_tagged and re.fullmatch(r"[a-z, ]{1,60}", tags) and re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", rest):
        return f"{tags}={hide_address(rest)}"
    scheme, found, _ = url.partition("://")
    return f"{scheme}://{HIDDEN}" if found and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme) else url and HIDDEN


def _hide(key: str, value: Any, model: type[BaseModel] | None, *, is_known: bool) -> Any:  # noqa: ANN401 # any TOML value
    if not is_known or _SECRET_NAME.search(key) or _is_secret_field(model, key):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(name): _hide(str(name), entry, None, is_known=True) for name, entry in value.items()}
    if isinstance(value, list):
        return [_hide(key, entry, model, is_known=True) for entry in value]
    return hide_in_url(value) if isinstance(value, str) else value


def _is_secret_field(model: type[BaseModel] | None, key: str) -> bool:
    field = model.model_fields.get(key) if model else None
    return field is not None and mentions_secret(field.annotation)


def mentions_secret(annotation: object) -> bool:
    """Tell whether a field of this type may hold a secret."""
    from pydantic import SecretBytes, SecretStr

    return _mentions(annotation, (SecretStr, SecretBytes))


def _mentions(annotation: object, kinds: tuple[type, ...]) -> bool:
    return annotation in kinds or any(_mentions(part, kinds) for part in get_args(annotation))


def hide_in_url(text: str) -> str:
    """Hide user names, passwords and tokens in an address; other text stays as it is."""
    try:
        parts = urlsplit(text)
        if not parts.scheme or not parts.netloc:
            return text
        host = parts.netloc.rpartition("@")[2]
        netloc = f"{HIDDEN}@{host}" if "@" in parts.netloc else host
        pairs = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return HIDDEN
    query = urlencode([(name, HIDDEN if _SECRET_NAME.search(name) else value) for name, value in pairs], safe="*/:,")
    return urlunsplit((parts.scheme, netloc, parts.path, query, parts.fragment))
