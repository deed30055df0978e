"""The description's part of the page: what was found is shown, what was not leaves no empty heading, markup stays text."""

from __future__ import annotations

import re

import pytest

from artificer.core.description import (
    Above,
    ByLevel,
    Clusters,
    Collinearity,
    Course,
    Cycle,
    Gap,
    Level,
    Map,
    MoreRows,
    Pair,
    Pattern,
    Redundant,
)
from artificer.core.records import Estimate
from artificer.core.report import description, plots
from artificer.core.report.templates import compiled
from artificer.core.stages import Description

ONE = Estimate(0.4, 0.3, 0.5, "somehow", 100)
NASTY = "<i>&"
FULL = Description(
    n_rows=100,
    columns=(),
    pairs=(Pair("a", NASTY, ONE, 0.01),),
    together=Map(("a", NASTY, "y"), ((1.0, 0.6, 0.2), (0.6, 1.0, 0.4), (0.2, 0.4, 1.0))),
    patterns=(Pattern((), ONE), Pattern(("a", NASTY), ONE)),
    gaps=(Gap("a", ONE, ONE, 0.2), Gap(NASTY, ONE, ONE, 1e-9, "a", ONE, 0.01)),
    collinearity=Collinearity(((NASTY, float("inf")), ("a", 1.0)), 99.0, (Redundant(("a", NASTY), "a", 0.95),)),
    courses=(Course("y", "mean", "1d", 90, ONE, "year", 0.03, (Cycle("weekday", 0.2, 0.001, (("Mon", ONE),)),), ONE),),
    clusters=(Clusters(NASTY, False, 30, ONE, 0.01, 3.0, Estimate(33, 20, 60, "rows", 30)),),
    by_level=(
        ByLevel(
            "a",
            "mean",
            ONE,
            (Level(NASTY, 20, 0.45, ONE), Level("low", 80, 0.3, ONE)),
            5.0,
            (Above(NASTY, "low", 0.87),),
        ),
    ),
    more_rows=MoreRows("roc_auc", ((60, ONE), (120, ONE)), ((60, ONE), (120, ONE), (240, ONE)), 120, ONE),
    target_over_time=tuple((f"2024-0{month}", ONE) for month in range(1, 6)),
)


def shown(told: Description) -> str:
    return compiled("description.html").render(**description.parts(told, "y"))


def test_all_that_was_found_has_its_heading() -> None:
    headings = re.findall("<h3>(.*?)</h3>", shown(FULL))
    assert headings == [
        "y by the columns that tell most of it",
        "What goes together",
        "What says the same twice",
        "What is missing",
        "y over time",
        "Rows that are alike",
        "What more rows would bring",
    ]


def test_figures_stand_with_intervals_and_adjusted_p_values() -> None:
    page = shown(FULL)
    assert page.count("0.400 (0.300 to 0.500)") > 8
    assert "p &lt; 0.001" in page or "&lt; 0.001" in page
    assert "∞-fold" in page
    assert "&#39;&lt;i&gt;&amp;&#39; lies above &#39;low&#39; with a chance of 87% (approximate)" in page
    assert page.count("<svg") == 6


def test_names_that_are_markup_stay_text() -> None:
    assert NASTY not in shown(FULL)
    assert "&lt;i&gt;&amp;" in shown(FULL)


def test_what_was_not_found_leaves_nothing() -> None:
    assert shown(Description(n_rows=5, columns=())).strip() == ""


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_a_map_says_each_strength_once(strength: float) -> None:
    chart = plots.heat(["a", "b", "c"], [[1.0, strength, 0.1], [strength, 1.0, 0.2], [0.1, 0.2, 1.0]], title="map")
    assert chart.count('class="cell"') == 3
    assert f"b and a: {strength:.2f}" in chart


def test_infinite_ends_are_cut_at_the_edge() -> None:
    open_end = Estimate(0.4, float("-inf"), float("inf"), "somehow", 2)
    curve = [(60, ONE), (120, open_end)]
    for chart in (
        plots.levels([("a", open_end, None, "a"), ("b", ONE, 0.4, "b")], title="levels", middle=0.4),
        plots.learning(curve, curve, 120, title="curve", y_label="score"),
    ):
        assert "inf" not in re.sub("<title>.*?</title>", "", chart)
        assert "nan" not in chart
