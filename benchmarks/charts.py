"""Charts as SVG, written line by line: no library, the same bytes for the same figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 760, 340
LEFT, RIGHT, TOP, BOTTOM = 60, 150, 40, 46
COLOURS = ("#c2410c", "#1d4ed8", "#15803d", "#7c3aed")
_TICKS = 5


@dataclass(frozen=True, kw_only=True)
class Line:
    """Values at places from left to right, and what they are."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]


def line_chart(
    title: str, lines: Sequence[Line], *, x_label: str, y_max: float, limit: float | None = None
) -> str:
    """Draw shares (0 to `y_max`) over places; `limit` is a dashed line across."""
    x_max = max(max(line.xs) for line in lines)
    parts = [*_frame(title, x_label, x_max, y_max)]
    if limit is not None:
        y = _y(limit, y_max)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"'
            ' stroke="#6b7280" stroke-dasharray="5 4"/>'
        )
        parts.append(_text(LEFT + 6, y - 5, f"promise: at most {limit:.0%}", colour="#6b7280"))
    for number, line in enumerate(lines):
        parts += _drawn(line, COLOURS[number % len(COLOURS)], x_max, y_max)
    return _svg(title, parts)


def dot_chart(
    title: str, rows: Sequence[tuple[str, float, float]], *, x_min: float, x_max: float
) -> str:
    """Draw a dot for what was found and a tick for what was promised, one row each."""
    height = TOP + 24 * len(rows) + BOTTOM
    left, right = 330, 40

    def place(value: float) -> float:
        return left + (value - x_min) / (x_max - x_min) * (WIDTH - left - right)

    parts = [_text(16, 24, title, size=15, weight="600")]
    for number, (name, found, promised) in enumerate(rows):
        y = TOP + 24 * number + 14
        parts.append(_text(left - 10, y + 4, name, anchor="end"))
        parts.append(
            f'<line x1="{place(x_min):.1f}" x2="{place(x_max):.1f}" y1="{y}" y2="{y}"'
            ' stroke="#e5e7eb"/>'
        )
        parts.append(
            f'<line x1="{place(promised):.1f}" x2="{place(promised):.1f}" y1="{y - 8}"'
            f' y2="{y + 8}" stroke="#111827" stroke-width="2"/>'
        )
        colour = COLOURS[2] if found >= promised - 0.005 else COLOURS[0]
        parts.append(
            f'<circle cx="{place(max(x_min, found)):.1f}" cy="{y}" r="5" fill="{colour}"/>'
        )
    for n in range(_TICKS + 1):
        value = x_min + (x_max - x_min) * n / _TICKS
        parts.append(_text(place(value), height - 22, f"{value:.0%}", anchor="middle"))
    parts.append(_text(left, height - 6, "dot: found, bar: promised", colour="#6b7280"))
    return _svg(title, parts, height=height)


def _frame(title: str, x_label: str, x_max: float, y_max: float) -> list[str]:
    parts = [_text(16, 24, title, size=15, weight="600")]
    for n in range(_TICKS + 1):
        value = y_max * n / _TICKS
        y = _y(value, y_max)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e5e7eb"/>'
        )
        parts.append(_text(LEFT - 8, y + 4, f"{value:.0%}", anchor="end"))
        place = x_max * n / _TICKS
        x = _x(place, x_max)
        parts.append(_text(x, HEIGHT - BOTTOM + 18, f"{place:.0f}", anchor="middle"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(_text(middle, HEIGHT - 8, x_label, anchor="middle", colour="#6b7280"))
    return parts


def _drawn(line: Line, colour: str, x_max: float, y_max: float) -> list[str]:
    points = " ".join(
        f"{_x(x, x_max):.1f},{_y(y, y_max):.1f}" for x, y in zip(line.xs, line.ys, strict=True)
    )
    last = _y(line.ys[-1], y_max)
    return [
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>',
        _text(WIDTH - RIGHT + 6, last - 5, f"{line.name} {line.ys[-1]:.1%}", colour=colour),
    ]


def _x(value: float, x_max: float) -> float:
    return LEFT + value / x_max * (WIDTH - LEFT - RIGHT)


def _y(value: float, y_max: float) -> float:
    return HEIGHT - BOTTOM - min(value, y_max) / y_max * (HEIGHT - TOP - BOTTOM)


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    size: int = 12,
    weight: str = "400",
    colour: str = "#111827",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
        f' font-weight="{weight}" fill="{colour}">{escape(text)}</text>'
    )


def _svg(title: str, parts: Sequence[str], *, height: int = HEIGHT) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' aria-label="{escape(title)}" font-family="system-ui, sans-serif">'
    )
    ground = f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, ground, *parts, "</svg>"]) + "\n"
