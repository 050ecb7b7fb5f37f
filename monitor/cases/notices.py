"""Say of a notice which parts it has and which it lacks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.cases.registry import NoticeKind, NoticePart, Platform, Registry


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Hold one part of a notice: what it is, the rule that asks for it, and its words, empty when it is missing."""

    fact: str
    label: str
    ask: str
    reference: str
    value: str

    @property
    def is_missing(self) -> bool:
        """Say whether nothing was given."""
        return not self.value


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """Hold a notice as far as it can be filled; it is complete only when no part is missing."""

    kind: NoticeKind
    platform: Platform | None
    parts: tuple[Part, ...]

    @property
    def missing(self) -> tuple[Part, ...]:
        """Give the parts that nothing was given for."""
        return tuple(part for part in self.parts if part.is_missing)

    @property
    def is_complete(self) -> bool:
        """Say whether every part is there."""
        return not self.missing

    @property
    def unverified(self) -> tuple[str, ...]:
        """Name what nobody has compared with its source: the kind of notice, the platform's row."""
        rows = [(self.kind.title, self.kind.unverified)]
        if self.platform is not None:
            rows.append((self.platform.title, self.platform.unverified))
        return tuple(title for title, is_unverified in rows if is_unverified)


def fill(registry: Registry, kind: NoticeKind, facts: Mapping[str, str], *, platform: Platform | None = None) -> Filled:
    """Fill a notice with what is known; a value of nothing but white space counts as missing.

    What the platform's own form asks for beyond the rule is a part as well.
    """
    asked = {part.fact: part for part in kind.parts}
    if platform is not None:
        for fact in platform.asks:
            asked.setdefault(fact, NoticePart(fact=fact, reference=f"asked by {platform.title}"))
    return Filled(
        kind=kind,
        platform=platform,
        parts=tuple(_part(registry, one, facts.get(one.fact, "")) for one in asked.values()),
    )


def _part(registry: Registry, asked: NoticePart, value: str) -> Part:
    fact = registry.facts[asked.fact]
    return Part(fact=asked.fact, label=fact.label, ask=fact.ask, reference=asked.reference, value=value.strip())
