"""Draw how far something has spread, as SVG with words in it. Pure.

Numbers and names only; no style sheet, no script, so that it may stand in a page, a document or a mail.
"""

from __future__ import annotations

from html import escape

from monitor.cases.spread import Spread

_LEFT, _TOP, _CELL, _GAP, _MOST_SOURCES = 170, 28, 22, 3, 20
_INK, _FAINT, _EMPTY = "#1d2430", "#5b6575", "#eef1f5"
_SHADES = ("#c9d8ea", "#93b2d6", "#5b88bd", "#2f6099")


def spread_svg(spread: Spread) -> str:
    """Draw one row a source and one square a span of days, darker for more, with its count written in it."""
    sources = spread.sources[:_MOST_SOURCES]
    width = _LEFT + max(len(spread.starts), 1) * _CELL + 60
    height = _TOP + max(len(sources), 1) * _CELL + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="Noto Sans, sans-serif" font-size="10"><title>{escape(summary(spread))}</title>'
    ]
    for row, source in enumerate(sources):
        y = _TOP + row * _CELL
        name = source if len(source) <= 26 else source[:25] + "…"
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end" fill="{_INK}">{_plain(name)}</text>')
        parts += [_square(column, y, count) for column, count in enumerate(spread.counts[row])]
        parts.append(
            f'<text x="{width - 52}" y="{y + 14}" fill="{_INK}" font-weight="bold">{sum(spread.counts[row])}</text>'
        )
    parts += _days(spread, height)
    return "".join([*parts, "</svg>"])


def summary(spread: Spread) -> str:
    """Say in one sentence what the picture shows, for those who cannot see it."""
    if not spread.total:
        return "Nothing is confirmed yet."
    sources = f"{len(spread.sources)} source{'s' if len(spread.sources) != 1 else ''}"
    times = f"{spread.total} time{'s' if spread.total != 1 else ''}"
    first, last = min(row.first_on for row in spread.rows), max(row.last_on for row in spread.rows)
    return f"Seen {times} on {sources}, from {first.isoformat()} to {last.isoformat()}."


def _square(column: int, y: int, count: int) -> str:
    x, size = _LEFT + column * _CELL, _CELL - _GAP
    shade = _EMPTY if not count else _SHADES[min((count - 1).bit_length(), len(_SHADES) - 1)]
    square = f'<rect x="{x}" y="{y}" width="{size}" height="{size}" rx="3" fill="{shade}"/>'
    if not count:
        return square
    ink = "#ffffff" if count > 2 else _INK
    middle = x + size / 2
    return f'{square}<text x="{middle}" y="{y + 13}" text-anchor="middle" fill="{ink}" font-size="9">{count}</text>'


def _days(spread: Spread, height: int) -> list[str]:
    if not spread.starts:
        return []
    days = "day" if spread.days_per_span == 1 else f"{spread.days_per_span} days"
    last = _LEFT + (len(spread.starts) - 1) * _CELL
    lines = [
        f'<text x="{_LEFT}" y="16" fill="{_FAINT}">{spread.starts[0].isoformat()}</text>',
        f'<text x="{_LEFT}" y="{height - 8}" fill="{_FAINT}">one square: {days}</text>',
    ]
    if len(spread.starts) > 6:
        end = f'<text x="{last}" y="16" text-anchor="middle" fill="{_FAINT}">{spread.starts[-1].isoformat()}</text>'
        lines.append(end)
    return lines


def _plain(text: str) -> str:
    return escape("".join(char if char.isprintable() else "\ufffd" for char in text))
