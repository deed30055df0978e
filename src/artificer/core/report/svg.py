"""Small charts as SVG, from numbers alone: colours come from the page, so that light, dark and print work."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from artificer.core.figures import MOST_DIGITS, figure

Point = tuple[float, float, float, float]  # x, value, low, high


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers from `low` to `high`, at most `most` + 1 of them.

    >>> ticks(0, 10)
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(first * step + k * step, 12) for k in range(int((high - first * step) / step + 1e-9) + 1)]


def lines_with_bands(
    curves: Sequence[tuple[str, Sequence[Point]]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    mark: float | None = None,
    mark_label: str = "",
) -> str:
    """One curve, or two, with intervals, and a mark on the x axis.

    Parameters
    ----------
    curves : sequence of (name, points)
        The first one full, the second dashed; points are (x, value, low, high), and infinite ends of intervals are cut at the
        chart's edge.
    """
    points = [point for _, own in curves for point in own]
    width, height, left, right, top, bottom = 860, 330, 64, 16, 22, 46
    xs = [point[0] for point in points]
    values = [point[1] for point in points]
    ends = [end for point in points for end in point[2:] if math.isfinite(end)]
    low, high = min([*values, *ends, 0.0]), max([*values, *ends, 0.0])
    x = _scale(min(xs), max(xs), left, width - right)
    y = _scale(low, high, height - bottom, top)

    def at(value: float) -> float:
        return y(min(max(value, low), high))

    def drawn(css: str, name: str, own: Sequence[Point]) -> str:
        band = [f"{x(px):.1f},{at(up):.1f}" for px, _, _, up in own]
        band += [f"{x(px):.1f},{at(down):.1f}" for px, _, down, _ in reversed(own)]
        curve = " ".join(f"{x(px):.1f},{at(value):.1f}" for px, value, _, _ in own)
        over = own[-1][1] == max(other[-1][1] for _, other in curves)
        beside = at(own[-1][1]) - 7 if over else min(at(own[-1][1]) + 16, height - bottom - 5)
        text = (
            f'<text class="mark-text" x="{width - right - 4}" y="{beside:.1f}" text-anchor="end">{escape(name)}</text>'
        )
        named = text if name else ""
        return f'<polygon class="band" points="{" ".join(band)}"/><polyline class="{css}" points="{curve}"/>{named}'

    parts = [
        *(_grid(y(tick), left, width - right, marked(tick)) for tick in ticks(low, high, 7)),
        *(_x_tick(x(tick), height - bottom, marked(tick)) for tick in ticks(min(xs), max(xs), 6)),
        f'<line class="zero" x1="{left}" x2="{width - right}" y1="{y(0):.1f}" y2="{y(0):.1f}"/>'
        if low < 0 < high
        else "",
        *(drawn(css, name, own) for css, (name, own) in zip(("curve", "other"), curves, strict=False)),
        _mark(x(mark), top, height - bottom, mark_label) if mark is not None else "",
        f'<text class="label" x="{(left + width - right) / 2}" y="{height - 8}" text-anchor="middle">{escape(x_label)}</text>',
        f'<text class="label" x="{left}" y="13" text-anchor="start">{escape(y_label)}</text>',
    ]
    return _svg(width, height, title, parts)


def over_time(
    points: Sequence[Point],
    other: Sequence[tuple[float, float]],
    *,
    title: str,
    y_label: str,
    x_ticks: Sequence[tuple[float, str]],
    marks: Sequence[tuple[float, str]],
    level: float | None = None,
    level_label: str = "",
    floor: float | None = None,
    height: int = 330,
) -> str:
    """A curve over time with its interval, another one dashed, upright marks, and a level line.

    Parameters
    ----------
    points : sequence of (moment, value, low, high)
    other : sequence of (moment, value)
    x_ticks, marks : sequences of (moment, label)
    floor : float, optional
        The least value that the axis shows, whatever the points.
    """
    width, left, right, top, bottom = 860, 64, 24, 26, 36
    ends = [end for point in points for end in point[1:] if math.isfinite(end)] + [value for _, value in other]
    ends += [one for one in (level, floor) if one is not None]
    low, high = domain(ends)
    low = max(low, floor) if floor is not None else low
    x = _scale(points[0][0], points[-1][0], left + 10, width - right)
    y = _scale(low, high, height - bottom, top)

    def at(value: float) -> float:
        return y(min(max(value, low), high))

    band = [f"{x(px):.1f},{at(up):.1f}" for px, _, _, up in points]
    band += [f"{x(px):.1f},{at(down):.1f}" for px, _, down, _ in reversed(points)]
    curve = " ".join(f"{x(px):.1f},{at(value):.1f}" for px, value, _, _ in points)
    dashed = " ".join(f"{x(px):.1f},{at(value):.1f}" for px, value in other)
    parts = [
        *(_grid(y(tick), left, width - right, marked(tick)) for tick in ticks(low, high, 6)),
        *(_x_tick(x(moment), height - bottom, escape(label)) for moment, label in x_ticks),
        f'<polygon class="band" points="{" ".join(band)}"/>',
        _level(at(level), left, width - right, level_label) if level is not None else "",
        f'<polyline class="other" points="{dashed}"/>' if other else "",
        f'<polyline class="curve" points="{curve}"/>',
        *(f'<circle class="dot" cx="{x(px):.1f}" cy="{at(value):.1f}" r="3.5"/>' for px, value, _, _ in points),
        *(_mark(x(moment), top, height - bottom, label) for moment, label in marks),
        f'<text class="label" x="{left}" y="14" text-anchor="start">{escape(y_label)}</text>',
    ]
    return _svg(width, height, title, parts)


def interval(value: float, low: float, high: float, domain: tuple[float, float], bound: float | None = None) -> str:
    """An estimate with its interval on a line, and the bound it is held against."""
    width, height, middle = 180, 26, 13
    x = _scale(*domain, 6, width - 6)

    def at(end: float) -> float:
        return x(min(max(end, domain[0]), domain[1]))

    parts = [
        f'<line class="axis" x1="6" x2="{width - 6}" y1="{middle}" y2="{middle}"/>',
        f'<line class="bound" x1="{at(bound):.1f}" x2="{at(bound):.1f}" y1="2" y2="{height - 2}"/>'
        if bound is not None
        else "",
        f'<line class="reach" x1="{at(low):.1f}" x2="{at(high):.1f}" y1="{middle}" y2="{middle}"/>',
        f'<circle class="dot" cx="{at(value):.1f}" cy="{middle}" r="4.5"/>',
    ]
    said = f"{figure(value)}, from {figure(low)} to {figure(high)}" + (
        f"; bound {figure(bound)}" if bound is not None else ""
    )
    return _svg(width, height, said, parts, css="inline")


def scatter(
    points: Sequence[Point], labels: Sequence[str], chosen: int, *, title: str, x_label: str, y_label: str
) -> str:
    """Points with their intervals, and one that is named.

    Parameters
    ----------
    points : sequence of (x, value, low, high)
    labels : sequence of str
        What each point is, shown when it is pointed at.
    chosen : int
        The one to mark; -1 for none.
    """
    width, height, left, right, top, bottom = 860, 300, 64, 24, 26, 46
    x_low, x_high = domain([point[0] for point in points])
    low, high = domain([end for point in points for end in point[1:]])
    x = _scale(x_low, x_high, left, width - right)
    y = _scale(low, high, height - bottom, top)

    def at(value: float) -> float:
        return y(min(max(value, low), high))

    parts = [
        *(_grid(y(tick), left, width - right, marked(tick)) for tick in ticks(low, high, 6)),
        *(_x_tick(x(tick), height - bottom, marked(tick)) for tick in ticks(x_low, x_high, 6)),
        *(
            f'<line class="reach thin" x1="{x(px):.1f}" x2="{x(px):.1f}" y1="{at(down):.1f}" y2="{at(up):.1f}"/>'
            for px, _, down, up in points
        ),
        *(
            f'<circle class="dot" cx="{x(point[0]):.1f}" cy="{y(point[1]):.1f}" r="{7 if place == chosen else 4.5}">'
            f"<title>{escape(label)}</title></circle>"
            for place, (point, label) in enumerate(zip(points, labels, strict=True))
        ),
        _mark(x(points[chosen][0]), top, height - bottom, "ships") if chosen >= 0 else "",
        f'<text class="label" x="{(left + width - right) / 2}" y="{height - 8}" text-anchor="middle">{escape(x_label)}</text>',
        f'<text class="label" x="{left}" y="13" text-anchor="start">{escape(y_label)}</text>',
    ]
    return _svg(width, height, title, parts)


def bars(counts: Sequence[int], labels: Sequence[str], *, title: str) -> str:
    """A small histogram; each bar says what it is."""
    width, height = 168, 40
    most = max(counts, default=0) or 1
    step = width / max(len(counts), 1)
    parts = [
        f'<rect x="{k * step:.1f}" y="{height - max(1.0, height * count / most):.1f}" width="{max(step - 1, 1):.1f}" '
        f'height="{max(1.0, height * count / most):.1f}"><title>{escape(label)}: {count:,}</title></rect>'
        for k, (count, label) in enumerate(zip(counts, labels, strict=False))
    ]
    return _svg(width, height, title, parts, css="bars")


def push(added: float, most: float) -> str:
    """A bar from the middle: to the right where something is added, to the left where it is taken away.

    It stands beside the figure that it draws, so that nobody need be told of it twice.

    Parameters
    ----------
    most : float
        The largest that any bar of its kind adds or takes, above 0.
    """
    width, height = 120, 19
    middle = width / 2
    long = max(1.0, abs(added) / most * (middle - 2))
    x = middle if added >= 0 else middle - long
    css = "more" if added >= 0 else "less"
    return (
        f'<svg class="push" viewBox="0 0 {width} {height}" aria-hidden="true">'
        f'<rect class="{css}" x="{x:.1f}" y="4" width="{long:.1f}" height="11" rx="2"/>'
        f'<line class="axis" x1="{middle}" x2="{middle}" y1="0" y2="{height}"/></svg>'
    )


def domain(ends: Sequence[float | None]) -> tuple[float, float]:
    """A range that holds all finite ends, with some room."""
    known = [end for end in ends if end is not None and math.isfinite(end)]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    room = 0.12 * (high - low) or 0.1 * abs(high) or 0.1
    return low - room, high + room


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    span = (high - low) or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def marked(tick: float) -> str:
    """What stands at a tick: all digits of a round number, so that no two ticks read alike, and no zeros behind them.

    >>> marked(0.2), marked(40.55), marked(1000.0), marked(-0.0001), marked(2e22)
    ('0.2', '40.55', '1,000', '−0.0001', '2e22')
    """
    if tick and not 0.0001 <= abs(tick) < MOST_DIGITS:
        return figure(tick)
    text = f"{tick:,}".replace("-", "−")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _grid(y: float, left: float, right: float, text: str) -> str:
    line = f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return f'{line}<text class="tick" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'


def _x_tick(x: float, y: float, text: str) -> str:
    line = f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{y + 5}"/>'
    return f'{line}<text class="tick" x="{x:.1f}" y="{y + 18}" text-anchor="middle">{text}</text>'


def _level(y: float, left: float, right: float, text: str) -> str:
    line = f'<line class="bound" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return f'{line}<text class="tick" x="{left + 6}" y="{y - 5:.1f}">{escape(text)}</text>'


def _mark(x: float, top: float, bottom: float, text: str) -> str:
    line = f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>'
    return f'{line}<text class="mark-text" x="{x + 6:.1f}" y="{top + 10}">{escape(text)}</text>'


def _svg(width: float, height: float, title: str, parts: Sequence[str], css: str = "chart") -> str:
    return (
        f'<svg class="{css}" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title, quote=True)}">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )
