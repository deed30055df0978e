"""Limits from earlier deliveries keep to the stated number of false alarms, and see what is amiss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from artificer.core.errors import ContractError
from artificer.core.stages import Alarms, Contract, Rule
from artificer.data.kinds import infer_schema
from artificer.data.table import normalise
from artificer.line.audit.contract import contract_of, contract_text, deliveries_of, hold, with_history
from artificer.line.audit.contract.limits import predicted
from artificer.line.audit.contract.written import read_toml

LEVELS = ["a", "b", "c", "d"]


def deliveries(rng: np.random.Generator, n: int, *, uneven: bool) -> Iterator[pl.DataFrame]:
    """Stationary ones; uneven: their rate, level and shares differ from one to the next beyond the draw of rows."""
    for _ in range(n):
        n_rows = int(rng.poisson(150 * (rng.gamma(25, 1 / 25) if uneven else 1.0)))
        moved = 0.1 * rng.normal() if uneven else 0.0
        shares = rng.dirichlet(100 * np.array([0.6, 0.25, 0.12, 0.03])) if uneven else [0.6, 0.25, 0.12, 0.03]
        yield pl.DataFrame(
            {
                "even": rng.normal(moved, 1, n_rows),
                "skewed": rng.exponential(1, n_rows) + moved,
                "kind": rng.choice(LEVELS, n_rows, p=shares),
            }
        ).with_columns(gap=pl.when(pl.Series(rng.random(n_rows)) > 0.05).then(pl.col("even").abs()))


def learned(frames: list[pl.DataFrame], per_month: float = 1.0, a_month: float = 30.0) -> Contract:
    together = pl.concat(frames)
    schema = infer_schema(together)
    plain = contract_of(normalise(together, schema), schema, "", ())
    return with_history(plain, frames, per_month=per_month, deliveries_per_month=a_month)


def only_limits(contract: Contract) -> Contract:
    return replace(contract, rules=tuple(rule for rule in contract.rules or () if rule.about is not None))


@pytest.mark.slow
@pytest.mark.parametrize("uneven", [False, True])
def test_false_alarms_keep_to_their_number(uneven: bool) -> None:
    rng = np.random.default_rng(11)
    per_month, n_months, n_alarms = 6.0, 0, 0
    for _ in range(12):
        contract = only_limits(learned(list(deliveries(rng, 30, uneven=uneven)), per_month))
        n_months += 3
        n_alarms += sum(
            finding.code != "contract:new"
            for frame in deliveries(rng, 90, uneven=uneven)
            for finding in hold(frame, contract).findings
        )
    # 216 are asked for; alarms of one history hang together, hence the room above.
    assert n_alarms / n_months <= 1.3 * per_month
    assert n_alarms / n_months >= 0.1 * per_month


def test_what_is_amiss_raises_an_alarm() -> None:
    rng = np.random.default_rng(3)
    contract = learned(list(deliveries(rng, 40, uneven=False)))
    (usual,) = deliveries(rng, 1, uneven=False)
    assert hold(usual, only_limits(contract)).findings == ()
    for changed, code in [
        (usual[:60], "contract:rows"),
        (usual.with_columns(pl.col("even") + 1), "contract:mean"),
        (
            usual.with_columns(kind=pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("c")).otherwise("kind")),
            "contract:share",
        ),
        (usual.with_columns(gap=pl.when(pl.int_range(pl.len()) % 4 > 0).then("gap")), "contract:missing"),
    ]:
        assert code in {finding.code for finding in hold(changed, only_limits(contract)).findings}


def test_an_infinite_value_spoils_neither_a_limit_nor_the_file() -> None:
    rng = np.random.default_rng(4)
    frames = list(deliveries(rng, 20, uneven=False))
    frames[3] = frames[3].with_columns(even=pl.when(pl.int_range(pl.len()) == 5).then(float("inf")).otherwise("even"))
    contract = only_limits(learned(frames))
    found = read_toml(contract_text(contract)[0], "c.toml")
    assert {rule.about for rule in found.rules or ()} == {rule.about for rule in contract.rules or ()}
    (usual,) = deliveries(rng, 1, uneven=False)
    (one,) = (rule for rule in contract.rules or () if rule.kind == "mean" and rule.columns == ("even",))
    assert abs(one.about or 0.0) < 0.1
    assert hold(usual, contract).findings == ()
    with_one = usual.with_columns(even=pl.when(pl.int_range(pl.len()) == 5).then(float("inf")).otherwise("even"))
    assert hold(with_one, contract).findings == ()
    alone = usual.with_columns(even=pl.lit(float("inf")))
    assert [finding.code for finding in hold(alone, contract).findings] == ["contract:mean"]


def test_numbers_too_large_to_tell_how_they_vary_have_no_limit_of_their_mean() -> None:
    rng = np.random.default_rng(4)
    frames = [frame.with_columns(even=pl.col("even") * 1e300) for frame in deliveries(rng, 20, uneven=False)]
    contract = learned(frames)
    means = [rule.columns for rule in contract.rules or () if rule.kind == "mean"]
    assert ("even",) not in means
    assert ("skewed",) in means
    read_toml(contract_text(contract)[0], "c.toml")


def test_fewer_tolerable_alarms_widen_each_limit() -> None:
    for rule in (
        Rule("rows", about=100.0, spread=5.0),
        Rule("share", ("a",), values=("x",), about=0.1, spread=0.01),
        Rule("missing", ("a",), about=0.1),
        Rule("mean", ("a",), about=3.0, spread=0.1, sd=2.0, skew=1.0),
    ):
        widths = [
            high - low
            for low, high in (predicted(rule, 500, Alarms(n, 30.0, 30, 15_000), 20) for n in (0.1, 1.0, 10.0))
        ]
        assert widths == sorted(widths, reverse=True)
        assert widths[0] > widths[2]


@pytest.mark.parametrize("n", [1, 30, 5_000, 30_000_000])
def test_limits_of_shares_are_shares_however_large_the_delivery(n: int) -> None:
    for about, spread in [(0.0, 0.0), (1e-5, 0.0), (0.3, 0.0), (0.3, 0.2), (1.0, 0.0)]:
        low, high = predicted(Rule("missing", ("a",), about=about, spread=spread), n, Alarms(1.0, 30.0, 20, 20 * n), 10)
        assert 0 <= low <= about <= high <= 1


def test_a_person_changes_the_number_of_alarms_in_the_file() -> None:
    contract = learned(list(deliveries(np.random.default_rng(5), 20, uneven=False)))
    text = contract_text(contract)[0]
    assert "per_month = 1  # false ones" in text
    found = read_toml(text.replace("per_month = 1 ", "per_month = 20 "), "c.toml")
    assert (found.alarms, contract.alarms) == (replace(contract.alarms or Alarms(), per_month=20.0), contract.alarms)
    assert {rule.about for rule in found.rules or ()} == {rule.about for rule in contract.rules or ()}


class TestDeliveries:
    def test_a_column_of_moments_parts_rows_by_the_shortest_period_that_is_long_enough(self) -> None:
        days = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 3, 30), "1h", eager=True).alias("day")
        frame = pl.DataFrame({"day": days, "x": range(len(days))})
        weeks, a_month = deliveries_of("day", frame, Path())
        assert [len(one) for one in weeks] == [168] * 11  # a day has but 24 rows; the first and last week are left out
        assert a_month == pytest.approx(4.35, abs=0.01)
        by_day, a_month = deliveries_of("day:day", frame, Path())
        assert (len(by_day), a_month) == (88, pytest.approx(30.4, abs=0.1))

    def test_files_of_a_folder_are_deliveries(self, tmp_path: Path) -> None:
        for n in range(3):
            pl.DataFrame({"x": [n]}).write_csv(tmp_path / f"{n}.csv")
        assert [one["x"][0] for one in deliveries_of(str(tmp_path), pl.DataFrame(), tmp_path)[0]] == [0, 1, 2]
        assert len(deliveries_of("[01].csv", pl.DataFrame(), tmp_path)[0]) == 2

    @pytest.mark.parametrize(
        ("history", "says"), [("dya", "closest name here: 'day'"), ("x", "moments"), ("day:year", "day:week")]
    )
    def test_what_is_none_is_named(self, history: str, says: str) -> None:
        frame = pl.DataFrame({"day": ["2024-01-01"] * 9, "x": [1] * 9})
        with pytest.raises(ContractError, match=says):
            deliveries_of(history, frame, Path("/nowhere"))

    def test_few_deliveries_are_refused(self) -> None:
        frames = list(deliveries(np.random.default_rng(0), 4, uneven=False))
        with pytest.raises(ContractError, match="at least 8"):
            learned(frames)
