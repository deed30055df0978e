"""Charts of the description as SVG: a map of strengths, levels with intervals, a learning curve, patterns of gaps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from artificer.core.figures import figure
from artificer.core.records import Estimate
from artificer.core.report.svg import _grid, _mark, _scale, _svg, _x_tick, domain, marked, ticks

LONGEST = 23  # letters: two days and the dash between them


def heat(names: Sequence[str], strengths: Sequence[Sequence[float]], *, title: str, marked: str = "") -> str:
    """A square of strengths from 0 to 1; each cell says what it is, strong ones in figures.

    Parameters
    ----------
    marked : str
        The name to print bold.
    """
    cell = 40 if len(names) <= 12 else 30
    left, top = 168, 10
    size = cell * len(names)
    parts = []
    for row, name in enumerate(names):
        bold = ' class="label strong"' if name == marked else ' class="label"'
        y = top + row * cell
        if row:  # below the diagonal the first has no row, and the last no column
            parts.append(f'<text{bold} x="{left - 8}" y="{y + cell / 2 + 4}" text-anchor="end">{_short(name)}</text>')
        x, down = left + row * cell + cell / 2 + 4, top + size + 10
        turn = f'transform="rotate(-40 {x} {down})"'
        if row < len(names) - 1:
            parts.append(f'<text{bold} x="{x}" y="{down}" text-anchor="end" {turn}>{_short(name)}</text>')
        for column, strength in enumerate(strengths[row][:row]):
            told = f"{escape(name)} and {escape(names[column])}: {strength:.2f}"
            at = left + column * cell
            parts.append(
                f'<rect class="cell" x="{at + 1}" y="{y + 1}" width="{cell - 2}" height="{cell - 2}" rx="4" '
                f'fill-opacity="{0.04 + 0.9 * strength:.3f}"><title>{told}</title></rect>'
            )
            if strength >= 0.3:
                css = "cell-text on" if strength >= 0.55 else "cell-text"
                text = f"{strength:.1f}".lstrip("0") if strength < 0.95 else "1"
                parts.append(
                    f'<text class="{css}" x="{at + cell / 2}" y="{y + cell / 2 + 4}" text-anchor="middle">{text}</text>'
                )
    room = 30 + 4.6 * min(LONGEST, max(map(len, names)))  # for names that lean
    return _svg(left + size + 12, top + size + room, title, parts, css="chart map")


def levels(rows: Sequence[tuple[str, Estimate, float | None, str]], *, title: str, middle: float) -> str:
    """Levels under each other: a believed value with its interval, a hollow dot where the rows themselves lie.

    Parameters
    ----------
    rows : sequence of (name, estimate, raw value or None, what to say when it is pointed at)
    middle : float
        Where the upright line stands.
    """
    width, right, step, top = 440, 12, 22, 6
    left = 20 + 7.2 * min(LONGEST, max(len(name) for name, *_ in rows))
    ends = [end for _, one, raw, _ in rows for end in (one.low, one.high, raw)]
    low, high = domain([*ends, middle])
    x = _scale(low, high, left, width - right)
    bottom = top + step * len(rows)

    def at(value: float) -> float:
        return x(min(max(value, low), high))

    parts = [f'<line class="bound" x1="{at(middle):.1f}" x2="{at(middle):.1f}" y1="{top}" y2="{bottom}"/>']
    for place, (name, one, raw, said) in enumerate(rows):
        y = top + step * place + step / 2
        parts.append(f'<text class="label" x="{left - 8}" y="{y + 4}" text-anchor="end">{_short(name)}</text>')
        parts.append(f'<line class="grid" x1="{left}" x2="{width - right}" y1="{y}" y2="{y}"/>')
        parts.append(f'<line class="reach" x1="{at(one.low):.1f}" x2="{at(one.high):.1f}" y1="{y}" y2="{y}"/>')
        if raw is not None:
            parts.append(f'<circle class="hollow" cx="{at(raw):.1f}" cy="{y}" r="4"/>')
        parts.append(
            f'<circle class="dot" cx="{at(one.value):.1f}" cy="{y}" r="4"><title>{escape(said)}</title></circle>'
        )
    parts += [_x_tick(x(tick), bottom, marked(tick)) for tick in ticks(low, high, 4)]
    return _svg(width, bottom + 26, title, parts, css="chart half")


def learning(
    curve: Sequence[tuple[int, Estimate]],
    measured: Sequence[tuple[int, Estimate]],
    n_rows: int,
    *,
    title: str,
    y_label: str,
) -> str:
    """A score against training rows, each step to the right twice as many: what was measured, and the curve beyond."""
    width, height, left, right, top, bottom = 860, 320, 64, 24, 26, 46
    low, high = domain([end for _, one in measured for end in (one.low, one.high)] + [curve[-1][1].value])
    x_low, x_high = math.log2(curve[0][0]), math.log2(curve[-1][0])
    across, up = _scale(x_low, x_high, left + 10, width - right - 10), _scale(low, high, height - bottom, top)

    def x(n: float) -> float:
        return across(math.log2(n))

    def y(value: float) -> float:
        return up(min(max(value, low), high))

    band = [f"{x(n):.1f},{y(one.high):.1f}" for n, one in curve] + [
        f"{x(n):.1f},{y(one.low):.1f}" for n, one in reversed(curve)
    ]
    known = [(n, one) for n, one in curve if n <= measured[-1][0]]
    beyond = [*known[-1:], *((n, one) for n, one in curve if n > measured[-1][0])]
    rounds = [10.0**power * one for power in range(1, 9) for one in (1, 2, 5)]
    parts = [
        *(_grid(y(tick), left, width - right, marked(tick)) for tick in ticks(low, high, 6)),
        *(_x_tick(x(tick), height - bottom, marked(tick)) for tick in rounds if curve[0][0] <= tick <= curve[-1][0]),
        f'<polygon class="band" points="{" ".join(band)}"/>',
        f'<polyline class="curve" points="{" ".join(f"{x(n):.1f},{y(one.value):.1f}" for n, one in known)}"/>',
        f'<polyline class="other" points="{" ".join(f"{x(n):.1f},{y(one.value):.1f}" for n, one in beyond)}"/>',
        *(
            f'<line class="reach thin" x1="{x(n):.1f}" x2="{x(n):.1f}" y1="{y(one.low):.1f}" y2="{y(one.high):.1f}"/>'
            f'<circle class="dot" cx="{x(n):.1f}" cy="{y(one.value):.1f}" r="4.5"><title>{n:,} rows: '
            f"{figure(one.value)}, from {figure(one.low)} to {figure(one.high)}</title></circle>"
            for n, one in measured
        ),
        _mark(x(n_rows), top, height - bottom, f"{n_rows:,} rows"),
        f'<text class="label" x="{(left + width - right) / 2}" y="{height - 8}" text-anchor="middle">training rows</text>',
        f'<text class="label" x="{left}" y="13" text-anchor="start">{escape(y_label)}</text>',
    ]
    return _svg(width, height, title, parts)


def reliability(points: Sequence[tuple[float, Estimate]], *, title: str, x_label: str, y_label: str) -> str:
    """What was predicted against what came, each with its interval, and the line on which they are the same."""
    width, height, left, right, top, bottom = 860, 380, 64, 24, 26, 46
    furthest = min(1.0, 1.1 * max(stated for stated, _ in points))
    highest = min(1.0, max(furthest, 1.04 * max(one.high for _, one in points)))
    x, y = _scale(0, furthest, left, width - right), _scale(0, highest, height - bottom, top)
    curve = " ".join(f"{x(stated):.1f},{y(one.value):.1f}" for stated, one in points)
    parts = [
        *(_grid(y(tick), left, width - right, marked(tick)) for tick in ticks(0, highest, 6)),
        *(_x_tick(x(tick), height - bottom, marked(tick)) for tick in ticks(0, furthest, 6)),
        f'<polyline class="other" points="{x(0):.1f},{y(0):.1f} {x(furthest):.1f},{y(furthest):.1f}"/>',
        f'<polyline class="curve" points="{curve}"/>',
        *(
            f'<line class="reach thin" x1="{x(stated):.1f}" x2="{x(stated):.1f}" y1="{y(one.low):.1f}" '
            f'y2="{y(one.high):.1f}"/><circle class="dot" cx="{x(stated):.1f}" cy="{y(one.value):.1f}" r="4.5"><title>'
            f"{figure(stated)} predicted: {figure(one.value)} came, from {figure(one.low)} to {figure(one.high)}, "
            f"of {one.n:,} rows</title></circle>"
            for stated, one in points
        ),
        f'<text class="label" x="{(left + width - right) / 2}" y="{height - 8}" text-anchor="middle">{escape(x_label)}</text>',
        f'<text class="label" x="{left}" y="13" text-anchor="start">{escape(y_label)}</text>',
    ]
    return _svg(width, height, title, parts)


def gap_patterns(names: Sequence[str], rows: Sequence[tuple[frozenset[str], float, str]], *, title: str) -> str:
    """Which columns are missing together: a dot where a column is missing, a bar for the share of rows.

    Parameters
    ----------
    rows : sequence of (missing columns, share of rows, what to say of it)
    """
    step, left, top, side = 24, 168, 8, 190
    bar = 150
    height = top + step * len(names)
    parts = []
    for place, name in enumerate(names):
        y = top + step * place + step / 2
        parts.append(f'<text class="label" x="{left - 8}" y="{y + 4}" text-anchor="end">{_short(name)}</text>')
        parts.append(f'<line class="grid" x1="{left}" x2="{left + step * len(rows)}" y1="{y}" y2="{y}"/>')
    most = max(share for _, share, _ in rows)
    for column, (missing, share, said) in enumerate(rows):
        x = left + step * column + step / 2
        places = [place for place, name in enumerate(names) if name in missing]
        if len(places) > 1:
            ends = (top + step * places[0] + step / 2, top + step * places[-1] + step / 2)
            parts.append(f'<line class="reach" x1="{x}" x2="{x}" y1="{ends[0]}" y2="{ends[1]}"/>')
        parts += [f'<circle class="dot" cx="{x}" cy="{top + step * place + step / 2}" r="6"/>' for place in places]
        tall = max(2.0, bar * share / most * 0.6)
        parts.append(
            f'<rect class="cell" x="{x - 8}" y="{height + 8}" width="16" height="{tall:.1f}" rx="3" '
            f'fill-opacity=".7"><title>{escape(said)}</title></rect>'
        )
        parts.append(
            f'<text class="tick" x="{x}" y="{height + 8 + tall + 14:.1f}" text-anchor="middle">{_percent(share)}</text>'
        )
    return _svg(left + step * len(rows) + side, height + bar, title, parts, css="chart map")


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%" if share >= 0.005 else "&lt;1%"


def _short(name: str) -> str:
    return escape(name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…")
