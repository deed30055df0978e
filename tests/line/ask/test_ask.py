"""Brief and data become training rows, sealed rows, kinds and open questions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Accept, Brief, Data, Features, Target
from artificer.core.errors import BriefError, DataError
from artificer.core.run import Run
from artificer.core.stages import Asked, Rows
from artificer.data.table import read_table
from artificer.line.ask import ask, begin
from artificer.line.ask.draft import draft_brief
from artificer.line.ask.rows import labelled

N = 1000
BRIEF = Brief(target=Target(column="won", positive="yes"), data=Data(time="day"))


def frame() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    day = np.datetime64("2024-01-01") + rng.permutation(N) // 5
    return pl.DataFrame(
        {
            "id": [f"r{place}" for place in range(N)],
            "day": day,
            "x": rng.normal(size=N),
            "city": rng.choice(["Oslo", "Rome", "?"], N),
            "same": ["s"] * N,
            "won": rng.choice(["yes", "no"], N),
        }
    )


def asked(tmp_path: Path, brief: Brief = BRIEF, rows: pl.DataFrame | None = None) -> tuple[Run, Asked]:
    run = begin(brief, workspace=tmp_path, frame=frame() if rows is None else rows)
    return run, ask(run)


def positions(run: Run, rows: Rows) -> list[int]:
    return read_table(run.path(rows.path))["artificer:row"].to_list()


def test_training_and_sealed_rows_share_nothing_and_are_all(tmp_path: Path) -> None:
    run, found = asked(tmp_path)
    assert found.sealed is not None
    train, sealed = positions(run, found.train), positions(run, found.sealed.rows)
    assert sorted(train + sealed) == list(range(N))
    day = frame()["day"]
    assert day.gather(sealed).min() > day.gather(train).max()  # type: ignore[operator]


def test_columns_with_another_role_and_those_that_say_nothing_are_no_features(tmp_path: Path) -> None:
    brief = replace(BRIEF, features=Features(exclude=("city",)))
    _, found = asked(tmp_path, brief)
    assert found.features == ("day", "x")
    why = {decision.question: decision.because for decision in found.decisions}
    assert why["May 'city' be used to predict?"] == "the brief excludes it"
    assert why["May 'id' be used to predict?"] == "it identifies rows"
    assert why["May 'same' be used to predict?"] == "it never varies"


def test_rows_without_a_label_are_counted_and_not_trained_on(tmp_path: Path) -> None:
    won = pl.Series("won", [None, "", "n/a", *frame()["won"][3:]])
    run, found = asked(tmp_path, rows=frame().with_columns(won))
    assert found.n_unlabelled == 3
    assert not {0, 1, 2} & set(positions(run, found.train))
    assert [finding.code for finding in found.findings] == ["unlabelled"]


def test_rows_younger_than_the_horizon_have_no_label_yet(tmp_path: Path) -> None:
    brief = replace(BRIEF, target=replace(BRIEF.target, horizon="10d"))
    _, found = asked(tmp_path, brief)
    assert found.n_unlabelled == 50
    with pytest.raises(BriefError, match=r"horizon needs \[data\] time"):
        asked(tmp_path, replace(brief, data=Data()))


def test_a_file_of_the_clients_is_the_sealed_test_set(tmp_path: Path) -> None:
    frame().head(100).write_parquet(tmp_path / "test.parquet")
    run = begin(replace(BRIEF, data=Data(test=str(tmp_path / "test.parquet"))), workspace=tmp_path / "w", frame=frame())
    found = ask(run)
    assert found.sealed is not None
    assert (found.sealed.how, found.sealed.rows.n_rows, found.train.n_rows) == ("file", 100, N)


def test_a_test_file_with_another_class_is_refused(tmp_path: Path) -> None:
    frame().with_columns(won=pl.lit("maybe")).write_parquet(tmp_path / "test.parquet")
    with pytest.raises(DataError, match="'maybe'"):
        asked(tmp_path / "w", replace(BRIEF, data=Data(test=str(tmp_path / "test.parquet"))))


def test_the_order_of_columns_changes_no_row_that_is_sealed(tmp_path: Path) -> None:
    run, found = asked(tmp_path)
    other, again = asked(tmp_path, rows=frame().select(reversed(frame().columns)))
    assert found.sealed is not None
    assert again.sealed is not None
    assert positions(run, found.sealed.rows) == positions(other, again.sealed.rows)


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"data": Data(time="dya")}, r"\[data\.time\] names the column 'dya'.*'day'"),
        ({"data": Data(key=("idd",))}, r"\[data\.key\].*'id'"),
        ({"features": Features(exclude=("cty",))}, r"\[features\.exclude\].*'city'"),
        ({"target": Target(column="wonn")}, r"\[target\.column\].*'won'"),
        ({"features": Features(exclude=("won",))}, "another role"),
        ({"data": Data(time="city")}, "no date or time"),
        ({"features": Features(exclude=("day", "x", "city")), "data": Data()}, "no column is left"),
        ({"accept": {"beats": Accept(by=0.1, rule="won == 'yes'")}}, "reads the target"),
    ],
)
def test_what_the_data_lack_or_the_brief_confuses_is_refused(tmp_path: Path, part: dict[str, Any], says: str) -> None:
    with pytest.raises((BriefError, DataError), match=says):
        asked(tmp_path, replace(BRIEF, **part))


def test_of_several_classes_none_is_more_than_another(tmp_path: Path) -> None:
    rows = frame().with_columns(won=pl.Series(["yes", "no", "drawn", "no"] * (N // 4)))
    brief = replace(BRIEF, target=Target(column="won"), features=Features(effect={"x": "increasing"}))
    with pytest.raises(BriefError, match="of the 3 classes of 'won' none is more"):
        asked(tmp_path, brief, rows)


def test_questions_are_asked_until_the_brief_answers(tmp_path: Path) -> None:
    _, found = asked(tmp_path)
    assert any("Who may be treated worse?" in question for question in found.questions)
    answered = replace(BRIEF, features=Features(protected=("city",)), accept={"roc_auc": Accept(at_least=0.5)})
    assert len(asked(tmp_path, answered)[1].questions) == len(found.questions) - 2


def test_labels_moments_and_groups_stand_beside_the_rows(tmp_path: Path) -> None:
    run, found = asked(tmp_path, replace(BRIEF, data=Data(time="day", group="city", weight="w")), weighted(1.0))
    rows = labelled(run, found, found.train)
    assert rows.n_rows == found.train.n_rows == len(rows.y)
    assert rows.weight is not None
    assert rows.weight.tolist() == [1.0] * rows.n_rows
    assert rows.group is not None
    assert len(set(rows.group)) == len(set(rows.frame["city"].fill_null("").to_list()))
    assert rows.time is not None
    assert rows.time.max() < np.datetime64("2025-01-01").astype("datetime64[s]").astype(float)


@pytest.mark.parametrize("weight", [-1.0, None, 0.0, float("nan")])
def test_weights_that_weigh_nothing_are_refused(tmp_path: Path, weight: float | None) -> None:
    run, found = asked(tmp_path, replace(BRIEF, data=Data(weight="w")), weighted(weight))
    with pytest.raises(DataError, match="'w'"):
        labelled(run, found, found.train)


def weighted(weight: float | None) -> pl.DataFrame:
    return frame().with_columns(w=pl.Series([weight] * N, dtype=pl.Float64))


class TestBegin:
    def test_the_workspace_stands_beside_the_brief(self, tmp_path: Path) -> None:
        (tmp_path / "brief.toml").write_text('[target]\ncolumn = "won"\n[run]\nlimit_s = 9\n')
        run = begin(tmp_path / "brief.toml")
        assert run.workspace.root == tmp_path / "artificer-work"
        assert run.folder == tmp_path
        assert run.clock.left_s <= 9

    def test_a_limit_overrides_the_briefs_and_counts_what_was_spent(self, tmp_path: Path) -> None:
        run = begin(BRIEF, workspace=tmp_path, limit_s=30, spent_s=5)
        assert run.brief.run.limit_s == 30
        assert run.clock.left_s <= 25

    def test_a_run_under_way_is_given_back(self, tmp_path: Path) -> None:
        run = begin(BRIEF, workspace=tmp_path)
        assert begin(run, limit_s=1) is run


def test_a_column_that_was_left_out_may_be_excluded_and_has_no_other_role(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": np.arange(60.0) % 7, "tags": [["a"]] * 60, "won": ["yes", "no"] * 30})
    frame.write_parquet(tmp_path / "rows.parquet")
    path = tmp_path / "brief.toml"

    def asked(text: str) -> Asked:
        path.write_text(f'name = "n"\n[data]\nsource = "rows.parquet"\n{text}', encoding="utf-8")
        return ask(path, workspace=tmp_path / "work")

    target = '[target]\ncolumn = "won"\n'
    assert asked(f'{target}[features]\nexclude = ["tags"]\n').features == ("x",)
    assert asked(f'{target}known_after = ["tags"]\n').features == ("x",)
    for wrong in (f'key = ["tags"]\n{target}', '[target]\ncolumn = "tags"\n'):
        with pytest.raises(DataError, match="'tags' holds lists"):
            asked(wrong)
    with pytest.raises(DataError, match="'tags' holds lists"):
        draft_brief(tmp_path / "rows.parquet", "tags", folder=tmp_path)


@pytest.mark.parametrize("kind", ["", "number"])
def test_a_word_for_a_missing_value_leaves_a_number_to_predict_a_number(tmp_path: Path, kind: str) -> None:
    rows = frame().with_columns(won=pl.Series(["NA", "unknown", *(f"{place / 7:.3f}" for place in range(N - 2))]))
    rows.write_csv(tmp_path / "rows.csv")
    data = Data(source=str(tmp_path / "rows.csv"), missing=("Unknown",))
    asked = ask(Brief(target=Target(column="won", kind=kind), data=data), workspace=tmp_path)
    assert (asked.task, asked.n_unlabelled) == ("regression", 2)
    assert read_table(tmp_path / asked.train.path)["won"].dtype == pl.Float64
