"""Audit finds each planted problem, prices what hangs on a column, and leaves clean data alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, Data, Features, Legal, RunPart, Target
from artificer.core.clock import Clock
from artificer.core.records import Estimate, Finding
from artificer.core.stages import Audited
from artificer.core.store import load
from artificer.data.scan import Profile
from artificer.line.ask import ask, begin
from artificer.line.ask.rows import Labelled, labelled
from artificer.line.audit import audit, builtin, ranked
from artificer.line.audit.drift import drift
from artificer.line.audit.price import Prices
from artificer.line.audit.seen import Seen

N = 900
Frame = dict[str, Any]


def clean(n: int = N, seed: int = 0) -> Frame:
    """Two features that bear on the outcome, and one that does not."""
    rng = np.random.default_rng(seed)
    age, income = rng.normal(40, 10, n), rng.normal(0, 1, n)
    chance = 1 / (1 + np.exp(-(age - 40) / 10 - income))
    bought = np.where(rng.random(n) < chance, "yes", "no")
    return {"age": age, "income": income, "colour": rng.choice(["red", "green", "blue"], n), "bought": bought}


def audited(folder: Path, frame: Frame, target: str = "bought", **brief: Any) -> Audited:
    known_after = brief.pop("known_after", ())
    told = Brief(target=Target(column=target, known_after=known_after), **brief)
    return audit(told, frame=pl.DataFrame(frame), workspace=folder, limit_s=600)


def found(result: Audited, code: str) -> list[Finding]:
    return [finding for finding in result.findings if finding.code == code]


def test_clean_data_gives_no_finding_but_what_its_rows_cannot_tell(tmp_path: Path) -> None:
    (told,) = audited(tmp_path, clean()).findings
    assert (told.code, told.severity) == ("label_power", "note")


def test_the_profile_of_the_training_rows_is_kept(tmp_path: Path) -> None:
    result = audited(tmp_path, clean())
    assert load(tmp_path / result.profile, Profile).n_rows == 720


def test_a_column_known_too_late_is_priced_and_left_out(tmp_path: Path) -> None:
    frame = clean()
    frame["seconds"] = np.where(frame["bought"] == "yes", 500.0, 100.0) + np.random.default_rng(1).normal(0, 200, N)
    (leak,) = found(audited(tmp_path, frame, known_after=("seconds",)), "leakage")
    assert (leak.severity, leak.where) == ("note", "seconds")
    assert leak.effect is not None
    assert leak.effect.high < 0  # leaving it out costs
    assert "known only afterwards" in leak.says
    assert "costs" in leak.says


def test_a_suspected_leak_stays_in_and_is_a_warning_with_its_price(tmp_path: Path) -> None:
    frame = clean()
    frame["refund"] = np.where(frame["bought"] == "yes", 3.0, 0.0) + np.random.default_rng(1).normal(0, 1, N)
    (leak,) = found(audited(tmp_path, frame), "leakage")
    assert (leak.severity, leak.where) == ("warning", "refund")
    assert leak.effect is not None
    assert leak.effect.high < 0
    assert 'known_after = ["refund"]' in leak.fix


def test_the_target_in_other_words_is_a_blocker(tmp_path: Path) -> None:
    frame = clean()
    frame["outcome"] = np.where(frame["bought"] == "yes", "won", "lost")
    result = audited(tmp_path, frame)
    assert (result.findings[0].severity, result.findings[0].where) == ("blocker", "outcome")


def test_two_leaks_do_not_hide_each_other(tmp_path: Path) -> None:
    frame = clean()
    for name, seed in (("refund", 1), ("thanks", 2)):
        frame[name] = np.where(frame["bought"] == "yes", 3.0, 0.0) + np.random.default_rng(seed).normal(0, 1, N)
    leaks = found(audited(tmp_path, frame), "leakage")
    assert {leak.where for leak in leaks} == {"refund", "thanks"}
    assert all(leak.effect is not None and leak.effect.high < 0 for leak in leaks)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_leaks_are_priced_in_every_task(tmp_path: Path, task: str) -> None:
    rng = np.random.default_rng(7)
    frame = clean()
    value = rng.integers(0, 3, N) if task == "multiclass" else rng.normal(0, 1, N)
    frame["bought"] = [f"c{one}" for one in value] if task == "multiclass" else value
    frame["later"] = value + rng.normal(0, 0.05, N)
    (leak,) = found(audited(tmp_path, frame), "leakage")
    assert leak.where == "later"
    assert leak.effect is not None
    assert leak.effect.high < 0


def test_without_effects_suspects_are_named_and_not_priced(tmp_path: Path) -> None:
    frame = clean()
    frame["outcome"] = np.where(frame["bought"] == "yes", 1.0, 0.0)
    run = begin(Brief(target=Target(column="bought")), frame=pl.DataFrame(frame), workspace=tmp_path)
    run.effects = False
    result = audit(run)
    assert [finding.effect for finding in found(result, "leakage")] == [None]
    assert not result.cut


def test_when_time_has_run_out_effects_are_left_open_and_the_result_is_not_reused(tmp_path: Path) -> None:
    frame = clean()
    frame["outcome"] = np.where(frame["bought"] == "yes", 1.0, 0.0)
    run = begin(Brief(target=Target(column="bought")), frame=pl.DataFrame(frame), workspace=tmp_path)
    ask(run)
    run.clock = Clock.after(0.7 * run.brief.run.limit_s)  # checks may look until 40% of it has passed
    result = audit(run)
    assert result.cut
    assert any("unmeasured" in decision.question for decision in result.decisions)
    longer = 1.5 * run.brief.run.limit_s
    again = begin(Brief(target=Target(column="bought")), frame=pl.DataFrame(frame), workspace=tmp_path, limit_s=longer)
    assert not audit(again).cut
    assert "audit" not in again.reused


def test_rows_stored_twice_are_duplicates(tmp_path: Path) -> None:
    frame = pl.DataFrame(clean())
    twice = pl.concat([frame, frame.head(90)]).to_dict(as_series=False)
    result = audited(tmp_path, twice)
    (copies,) = found(result, "duplicates")
    assert copies.severity == "warning"
    (known,) = found(result, "overlap")
    assert known.where == "sealed rows"
    assert found(result, "conflicts") == []


def test_rows_that_a_column_beside_the_features_tells_apart_are_no_duplicates(tmp_path: Path) -> None:
    frame = pl.DataFrame(clean())
    twice = pl.concat([frame, frame.head(90)]).with_row_index("nr").to_dict(as_series=False)
    assert found(audited(tmp_path, twice), "duplicates") == []


def test_copies_are_told_by_the_columns_that_were_compared(tmp_path: Path) -> None:
    frame = pl.DataFrame(clean())
    twice = pl.concat([frame, frame.head(90)]).with_columns(who=pl.Series([f"p{n}" for n in range(frame.height + 90)]))
    brief = Brief(target=Target(column="bought"), legal=Legal(personal=("who",)))
    (copies,) = found(audit(begin(brief, frame=twice, workspace=tmp_path)), "duplicates")
    assert "in every column but 'who', which is not compared" in copies.says


def test_equal_features_with_other_labels_conflict_and_bound_the_accuracy(tmp_path: Path) -> None:
    frame = {"a": [1.0, 1.0, 2.0, 3.0] * 100, "y": ["x", "z", "x", "z"] * 100}
    (conflict,) = found(audited(tmp_path, frame, "y"), "conflicts")
    facts = {fact.name: fact.value for fact in conflict.facts}
    assert facts["share_conflicting"] == 0.5
    assert facts["ceiling"] == 0.75


def test_equal_features_with_other_values_bound_the_explained_variance(tmp_path: Path) -> None:
    frame = {"a": [1.0, 1.0, 2.0, 2.0] * 50, "y": [0.5, 2.5, 10.5, 12.5] * 50}
    (conflict,) = found(audited(tmp_path, frame, "y"), "conflicts")
    ceiling = next(fact.value for fact in conflict.facts if fact.name == "ceiling")
    assert ceiling == pytest.approx(25 / 26)


def test_gaps_are_counted_however_they_are_spelt(tmp_path: Path) -> None:
    frame = clean()
    frame["colour"] = ["?" if row % 4 == 0 else colour for row, colour in enumerate(frame["colour"])]
    (gap,) = found(audited(tmp_path, frame), "missing")
    facts = {fact.name: fact.value for fact in gap.facts}
    assert gap.where == "colour"
    assert facts["share_missing"] == pytest.approx(0.25, abs=0.03)
    assert facts["n_disguised"] == facts["n_missing"]


def test_a_gap_that_tells_the_target_is_a_warning(tmp_path: Path) -> None:
    frame = clean()
    frame["reason"] = [
        None if one == "yes" else "price" if row % 2 else "size" for row, one in enumerate(frame["bought"])
    ]
    (gap,) = found(audited(tmp_path, frame), "missing")
    assert gap.severity == "warning"
    assert "the gap itself tells" in gap.says


@pytest.mark.parametrize("named", [False, True])
def test_a_gap_of_few_groups_does_not_tell_the_target_of_others(tmp_path: Path, named: bool) -> None:
    rng = np.random.default_rng(4)
    shop = np.repeat(np.arange(30), 40)
    lacks = np.arange(30) < 9
    chance = np.where(lacks, np.arange(30) < 7, np.arange(30) % 2) * 0.6 + 0.2  # of 9 shops 7 are high, of 21 half
    frame = {
        "shop": [f"s{one}" for one in shop],
        "size": np.where(lacks[shop], np.nan, rng.normal(size=len(shop))),
        "age": rng.normal(size=len(shop)),
        "bought": np.where(rng.random(len(shop)) < chance[shop], "yes", "no"),
    }
    result = audited(tmp_path, frame, data=Data(group="shop" if named else ""))
    (gap,) = found(result, "missing")
    assert ("the gap itself tells" in gap.says) is not named


def test_columns_that_tell_nothing_have_the_codes_that_choose_reads(tmp_path: Path) -> None:
    frame = clean() | {"one": ["a"] * N, "none": [None] * N}
    frame["years"] = frame["age"]
    codes = {finding.where: finding.code for finding in audited(tmp_path, frame).findings}
    assert codes.pop("bought") == "label_power"
    assert codes == {"one": "constant", "none": "empty", "years": "copy"}


def test_words_among_numbers_are_mixed_types(tmp_path: Path) -> None:
    frame = clean()
    frame["income"] = [f"{value:.3f}" for value in frame["income"]]
    frame["income"][3] = "a lot"
    frame["size"] = ["12" if row % 2 else "large" for row in range(N)]
    mixed = found(audited(tmp_path, frame), "mixed_types")
    assert {finding.where for finding in mixed} == {"income", "size"}


def test_identifiers_and_keys_that_repeat_are_told(tmp_path: Path) -> None:
    frame = clean()
    frame["customer_id"] = [f"c-{row:05d}" for row in range(N)]
    frame["order"] = [row // 2 for row in range(N)]
    result = audited(tmp_path, frame, data=Data(key=("order",)))
    assert [finding.where for finding in found(result, "identifier")] == ["customer_id"]
    assert [finding.severity for finding in found(result, "key")] == ["warning"]
    assert result.contract.unique == ()


def test_infinite_and_far_numbers_and_codes_in_disguise_are_told(tmp_path: Path) -> None:
    frame = clean()
    frame["income"][[1, 2, 3, 4, 5, 6, 7, 8]] = [np.inf, -np.inf, 1e308, 1e5, np.inf, 1e308, 1e5, 1e5]
    frame["last_seen"] = np.where(np.arange(N) % 3 == 0, -1.0, np.round(np.random.default_rng(0).uniform(5, 300, N)))
    result = audited(tmp_path, frame)
    assert [finding.where for finding in found(result, "infinite")] == ["income"]
    assert [finding.where for finding in found(result, "outliers")] == ["income"]
    assert [finding.where for finding in found(result, "sentinel")] == ["last_seen"]


def test_a_value_beyond_all_that_an_even_spread_reaches_is_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame: Frame = {"age": rng.integers(18, 90, 3_000), "tail": np.exp(rng.normal(size=3_000) * 0.8)}
    frame["bought"] = np.where(rng.random(3_000) < 0.5, "yes", "no")
    assert found(audited(tmp_path / "clean", frame), "outliers") == []
    frame["age"][[7, 9]] = 430, -120
    (far,) = found(audited(tmp_path / "wrong", frame), "outliers")
    assert "of 'age' lies far beyond 18 to 89, which hold 99.8% of them" in far.says  # the other one is sealed


def test_a_few_values_below_zero_are_told_unless_they_are_the_thin_end_of_the_rest(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame: Frame = {"age": rng.integers(0, 90, 3_000), "adult": rng.integers(18, 90, 3_000)}
    normal = rng.normal(size=3_000)
    frame |= {"gauge": normal - np.sort(normal)[2:4].mean(), "bought": np.where(rng.random(3_000) < 0.5, "yes", "no")}
    assert 0 < (frame["gauge"] < 0).sum() <= 3
    assert found(audited(tmp_path / "clean", frame), "outliers") == []
    frame["age"][7] = frame["adult"][7] = -5
    told = found(audited(tmp_path / "wrong", frame), "outliers")
    assert {one.where for one in told} == {"age", "adult"}
    assert "is below 0 (the least -5), where all others are 0 or more" in told[0].says


def test_weights_of_which_one_outweighs_all_are_told(tmp_path: Path) -> None:
    frame = clean() | {"weight": np.random.default_rng(0).uniform(0.5, 2.0, N)}
    assert found(audited(tmp_path / "even", frame, data=Data(weight="weight")), "uneven_weights") == []
    frame["weight"][N - 1] = 1e9
    (told,) = found(audited(tmp_path / "one", frame, data=Data(weight="weight")), "uneven_weights")
    assert told.severity == "warning"
    assert f"as 1 that weigh alike; the heaviest, row {N - 1:,} of the source" in told.says
    frame["weight"] = np.where(np.arange(N) % 60, 1e-6, 1.0)
    (told,) = found(audited(tmp_path / "few", frame, data=Data(weight="weight")), "uneven_weights")
    assert told.severity == "note"
    assert "carries" in told.says


def test_a_class_of_one_group_alone_is_told(tmp_path: Path) -> None:
    frame = clean() | {"site": np.arange(N) % 7}
    assert found(audited(tmp_path / "many", frame, data=Data(group="site")), "lone_groups") == []
    frame["site"] = np.where(np.asarray(frame["bought"]) == "yes", 7, np.arange(N) % 7)
    (told,) = found(audited(tmp_path / "one", frame, data=Data(group="site")), "lone_groups")
    assert told.severity == "warning"
    assert "all training rows of class 'yes' are of one group" in told.says  # the sealed ones may be of others
    assert "scores out of fold say little of it" in told.says


def test_a_rare_class_is_an_imbalance(tmp_path: Path) -> None:
    frame = clean()
    frame["bought"] = ["yes" if row % 30 == 0 else "no" for row in range(N)]
    (rare,) = found(audited(tmp_path, frame), "imbalance")
    assert rare.severity == "warning"
    assert "'yes'" in rare.says


def test_rare_levels_are_told(tmp_path: Path) -> None:
    frame = clean()
    frame["town"] = [f"town {row}" if row % 5 == 0 else "capital" for row in range(N)]
    assert [finding.where for finding in found(audited(tmp_path, frame), "rare_levels")] == ["town"]


def test_a_long_tail_does_not_hide_that_a_number_moves(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    burnt = np.exp(rng.normal(0, 3, 600))
    days = pl.Series(19_000 + np.arange(600)).cast(pl.Date)
    for moved, values in ((True, np.where(np.arange(600) > 250, 5 * burnt, burnt)), (False, burnt)):
        frame = {"bought": values, "day": days, "x": rng.normal(size=600)}
        told = found(audited(tmp_path / str(moved), frame, data=Data(time="day")), "drift")
        assert [one.says.startswith("the share of 'bought' above") for one in told] == [True] * moved


def test_a_target_that_moves_is_drift(tmp_path: Path) -> None:
    frame = clean()
    late = np.arange(N) > N / 2
    frame["bought"] = np.where(np.random.default_rng(0).random(N) < np.where(late, 0.6, 0.2), "yes", "no")
    frame["day"] = [f"2024-{1 + row // 75:02d}-{1 + (row % 75) // 3:02d}" for row in range(N)]
    (moved,) = found(audited(tmp_path, frame, data=Data(time="day")), "drift")
    assert moved.severity == "warning"


def test_groups_that_follow_each_other_are_no_drift(tmp_path: Path) -> None:
    brief = Brief(target=Target(column="bought"))
    asked = ask(begin(brief, frame=pl.DataFrame(clean(300)), workspace=tmp_path))

    def told(seed: int) -> bool:
        rng, group = np.random.default_rng(seed), np.repeat(np.arange(90), 40)
        own = 1 / (1 + np.exp(1.5 - 0.8 * rng.normal(size=90)))
        y = (rng.random(3600) < own[group]).astype(np.float64)
        rows = Labelled(pl.DataFrame({"x": y}), y, None, np.arange(3600.0), group)
        seen = Seen(brief, asked, Profile(0, ()), rows, np.empty(0, np.uint64), None, Prices(brief, asked, rows, None))
        return any(drift(seen))

    assert sum(map(told, range(60))) <= 3  # rows taken for independent: 10


def test_the_order_of_rows_is_harmless(tmp_path: Path) -> None:
    frame = pl.DataFrame(clean(300) | {"one": ["a"] * 300})
    frame = pl.concat([frame, frame.head(20)])
    ahead, back = (
        audited(tmp_path / name, rows.to_dict(as_series=False))
        for name, rows in (("ahead", frame), ("back", frame.reverse()))
    )
    assert [(one.code, one.where, one.severity) for one in ahead.findings] == [
        (one.code, one.where, one.severity) for one in back.findings
    ]


def test_findings_are_ranked_by_severity_then_by_effect() -> None:
    def finding(severity: Any, effect: float | None) -> Finding:
        return Finding("c", severity, "", "", "", (), Estimate(effect, 0, 0, "m", 1) if effect else None)

    slight, cheap, dear, worst = (
        finding("note", 0.9), finding("warning", -0.1), finding("warning", -0.3), finding("blocker", None)
    )  # fmt: skip
    assert ranked([slight, cheap, dear, worst]) == (worst, dear, cheap, slight)


@pytest.mark.parametrize("check", builtin(), ids=lambda check: check.code)
def test_a_check_reads_only_what_it_says_it_needs(check: Any, tmp_path: Path) -> None:
    class Watched:
        def __init__(self, seen: Seen) -> None:
            self.seen, self.read = seen, set()

        def __getattr__(self, name: str) -> Any:
            self.read.add(name)
            return getattr(self.seen, name)

    frame = clean(200) | {"town": ["a", None] * 100, "id": [f"{row}x" for row in range(200)]}
    told = Brief(target=Target(column="bought"), data=Data(key=("town",)), features=Features())
    run = begin(told, frame=pl.DataFrame(frame), workspace=tmp_path)
    asked = ask(run)
    rows = labelled(run, asked, asked.train)
    profile = load(tmp_path / audit(run).profile, Profile)
    seen = Seen(told, asked, profile, rows, np.arange(200, dtype=np.uint64), None, Prices(told, asked, rows, None))
    watched = Watched(replace(seen))
    list(check(watched))
    assert watched.read <= check.needs | {"brief", "asked"}


@pytest.mark.parametrize("judged", [False, True])
def test_checks_that_there_is_no_time_for_are_told(tmp_path: Path, judged: bool) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=100)
    frame = pl.DataFrame({"x": [*x[:99], np.inf], "same": [*x[:99], np.inf], "y": rng.integers(0, 2, 100)})
    said: list[str] = []
    brief = Brief(target=Target(column="y"), run=RunPart(limit_s=1e-6))
    run = begin(brief, workspace=tmp_path, frame=frame, progress=lambda stage, text: said.append(text))
    found = audit(replace(run, effects=judged, seal=False, judged=judged))
    assert {one.code for one in found.findings} == {"copy"}  # which columns serve must not hang on the clock
    assert any("no time was left for the checks" in text for text in said)
    assert found.cut
    assert any(one.question == "Which checks were left out?" for one in found.decisions)
