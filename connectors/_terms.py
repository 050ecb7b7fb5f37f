"""Ask for many names in few requests."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST_TERM = 200


def quoted(term: str) -> str:
    """Put a name in quotation marks as search services read them, so that it is looked for as it stands."""
    return '"' + " ".join(term.replace('"', " ").split())[:_LONGEST_TERM] + '"'


def groups(terms: Iterable[str], *, joiner: str, longest: int, most: int = 20) -> tuple[str, ...]:
    """Join quoted terms into as few queries as fit; each has at most `longest` characters and `most` terms.

    The order is kept and each term occurs once, so that the same terms always give the same queries.
    """
    made: list[list[str]] = []
    for one in dict.fromkeys(quoted(term) for term in terms if term.replace('"', " ").strip()):
        last = made[-1] if made else None
        if last is None or len(last) >= most or len(joiner.join([*last, one])) > longest:
            made.append([one])
        else:
            last.append(one)
    return tuple(joiner.join(one) for one in made)
