"""Draw one quantity against another with a logarithmic first axis, as an SVG without a script or a font of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _FOOT = 640, 320, 70, 150, 40, 50
_COLOURS = ("#2c5f8a", "#8a5a2c", "#52606d")
_DASHES = ("none", "6 4", "2 4")

Points = Sequence[tuple[float, float]]


def write_chart(path: Path, title: str, across: str, up: str, lines: Mapping[str, Points]) -> None:
    """Write a chart of one or more lines; each is told apart by colour, dash and its name at its end."""
    points = [point for line in lines.values() for point in line]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    step = _round_step(max(y for _, y in points))
    top = step * 4

    def place(x: float, y: float) -> tuple[float, float]:
        share = (math.log(x) - math.log(left)) / ((math.log(right) - math.log(left)) or 1.0)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _FOOT - y / top * (_HEIGHT - _TOP - _FOOT)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        ' font-family="system-ui, sans-serif" font-size="13" fill="#1f2933">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="22" font-size="15">{escape(title)}</text>',
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 10}" text-anchor="middle">{escape(across)}</text>',
        f'<text transform="rotate(-90)" x="{-(_HEIGHT - _FOOT + _TOP) / 2}" y="18" text-anchor="middle">'
        f"{escape(up)}</text>",
    ]
    for value in (step * number for number in range(5)):
        y = place(left, value)[1]
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#d8ddda"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>')
    parts += [
        f'<text x="{place(x, 0)[0]:.1f}" y="{_HEIGHT - 30}" text-anchor="middle">{x:,.0f}</text>'
        for x in sorted({x for x, _ in points})
    ]
    for number, (name, line) in enumerate(lines.items()):
        colour, dash = _COLOURS[number % 3], _DASHES[number % 3]
        placed = [place(x, y) for x, y in sorted(line)]
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(
            f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in placed]
        x, y = placed[-1]
        parts.append(f'<text x="{x + 10:.1f}" y="{y + 4:.1f}" fill="{colour}">{escape(name)}</text>')
    path.write_text("\n".join([*parts, "</svg>", ""]), "utf-8")


def _round_step(most: float) -> float:
    """Give a round number of which four are not less than the most."""
    power = 10.0 ** math.floor(math.log10(most / 4 or 1.0))
    return next(power * one for one in (1.0, 2.0, 2.5, 5.0, 10.0) if power * one * 4 >= most)
