"""A drafted brief runs as it stands, whatever the columns are called, and assumes no more than the data say."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from command import artificer
from hypothesis import given
from hypothesis import strategies as st

from artificer.core.brief import Brief
from artificer.core.errors import DataError
from artificer.line.ask import ask, draft_brief, drafted, read_brief
from artificer.line.ask.decision import check_decision
from artificer.line.ask.draft import quoted
from artificer.line.ask.written import check

N = 120
texts = st.text(st.characters(exclude_categories=["Cs"]))
names_of_columns = texts.filter(lambda name: name and not name.startswith(("^", "*")))
odd_names = st.lists(names_of_columns, min_size=4, max_size=4, unique=True)


def frame(**columns: pl.Series | list[object]) -> pl.DataFrame:
    """A number, a class of which "yes" is the rarer, and what is asked for."""
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {"x": rng.normal(size=N), "bought": ["yes" if one < 0.3 else "no" for one in rng.random(N)], **columns}
    )


def draft(folder: Path, rows: pl.DataFrame, target: str = "bought") -> tuple[str, Brief]:
    path = folder / "rows.parquet"
    rows.write_parquet(path)
    text = draft_brief(path, target, folder=folder)
    (folder / "brief.toml").write_text(text, encoding="utf-8")
    return text, read_brief(folder / "brief.toml")


def uncommented(text: str) -> str:
    """The draft with every suggestion taken up that leaves nothing to fill in."""
    lines = text.split("\n")[1:]
    return "\n".join(line if "…" in line else line.removeprefix("# ") for line in lines)


@given(names=odd_names)
def test_odd_names_of_columns_survive(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    folder = tmp_path_factory.mktemp("odd")
    key, moment, word, target = names
    rows = frame().select(
        pl.Series(key, [f"k{place}" for place in range(N)]),
        pl.Series(moment, [f"2024-{1 + place % 12:02}-{1 + place % 28:02}" for place in range(N)]),
        pl.Series(word, ["unknown", "a", "b"] * (N // 3)),
        pl.col("bought").alias(target),
    )
    text, brief = draft(folder, rows, target)
    assert brief.target.column == target
    assert brief.data.key == (key,)
    taken = tomllib.loads(uncommented(text))
    assert taken["data"]["missing"] == ["unknown"]
    assert check(taken).target.column == target
    assert word in ask(folder / "brief.toml", workspace=folder / "work").features


@given(texts)
def test_what_is_quoted_reads_back(text: str) -> None:
    assert tomllib.loads(f"a = {quoted(text)}") == {"a": text}


@pytest.mark.parametrize("name", ["rows [final].parquet", "what's “new”.parquet", "a*b.parquet", 'say "hi".parquet'])
def test_odd_names_of_files_survive(tmp_path: Path, name: str) -> None:
    frame().write_parquet(tmp_path / name)
    (tmp_path / "briefs").mkdir()
    path = tmp_path / "briefs" / "brief.toml"
    path.write_text(draft_brief(tmp_path / name, "bought", folder=path.parent), encoding="utf-8")
    assert ask(path).train.n_rows == N


def test_the_rarer_class_is_success(tmp_path: Path) -> None:
    assert draft(tmp_path, frame())[1].target.positive == "yes"


def guesses(folder: Path, classes: list[str]) -> tuple[str, ...]:
    frame(kind=classes).write_parquet(folder / "rows.parquet")
    return drafted(folder / "rows.parquet", "kind", folder=folder).guesses


def test_a_class_that_counts_as_success_by_a_rule_of_thumb_is_asked_about(tmp_path: Path) -> None:
    (asked,) = guesses(tmp_path, ["stays"] * 66 + ["goes"] * 54)
    assert asked.startswith(
        "Which class of 'kind' counts as success? [target] positive says 'goes', with 45% of the rows"
    )
    assert guesses(tmp_path, ["No"] * 54 + ["Yes"] * 66) == ()
    assert guesses(tmp_path, ["a", "b", "c"] * (N // 3)) == ()


def test_classes_that_differ_by_capitals_alone_are_asked_about(tmp_path: Path) -> None:
    (asked,) = guesses(tmp_path, ["Yes", "yes", "No", "no "] * (N // 4))
    assert asked.startswith("Are 'No' and 'no' (and 1 more) different classes of 'kind'?")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, "there is none beside 'bought'"),
        ({"id": [f"k{place}" for place in range(N)]}, "of the other columns, 'id' identifies rows"),
        ({"way": ["a"] * N}, "of the other columns, 'way' never varies"),
    ],
)
def test_a_draft_that_does_not_run_says_so(tmp_path: Path, more: dict[str, list[object]], why: str) -> None:
    frame(**more).drop("x").write_parquet(tmp_path / "rows.parquet")
    said = artificer("ask", tmp_path / "rows.parquet", "--target", "bought").stdout
    assert f"It does not run as it stands: no column is left to predict 'bought' from ({why})" in said
    assert (
        (tmp_path / "rows.toml").read_text(encoding="utf-8").startswith("# Drafted from the data: it does not run yet")
    )
    with pytest.raises(DataError, match="no column is left"):
        ask(tmp_path / "rows.toml")


@pytest.mark.parametrize(
    ("values", "kind"),
    [([place * 1.5 for place in range(N)], "number"), ([place % 3 for place in range(N)], "class")],
)
def test_the_kind_of_prediction_is_stated(tmp_path: Path, values: list[object], kind: str) -> None:
    assert draft(tmp_path, frame(amount=values), "amount")[1].target.kind == kind


def test_a_time_without_gaps_is_taken(tmp_path: Path) -> None:
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 4, 29), eager=True)
    assert draft(tmp_path, frame(day=days))[1].data.time == "day"


def test_a_time_with_gaps_is_only_offered(tmp_path: Path) -> None:
    days = [None, *pl.date_range(pl.date(2024, 1, 2), pl.date(2024, 4, 29), eager=True).to_list()]
    text, brief = draft(tmp_path, frame(seen_on=days))
    assert brief.data.time == ""
    assert '# time = "seen_on"' in text


@pytest.mark.parametrize("name", ["birth_date", "BirthDay", "dob", "born on"])
def test_a_date_of_birth_orders_no_rows(tmp_path: Path, name: str) -> None:
    days = pl.date_range(pl.date(1980, 1, 1), pl.date(1980, 4, 29), eager=True)
    text, brief = draft(tmp_path, frame(**{name: days}))
    assert brief.data.time == ""
    assert f'# time = "{name}"' not in text


def test_personal_data_is_no_key_and_is_asked_about(tmp_path: Path) -> None:
    mail = [f"m{place}@example.org" for place in range(N)]
    text, brief = draft(tmp_path, frame(order=[f"o{place}" for place in range(N)], email=mail))
    assert brief.data.key == ("order",)
    assert "# group = …" in text
    assert '# [legal]\n# personal = ["email"]   # do these hold mail addresses?' in text
    text, brief = draft(tmp_path, frame(email=[*mail[:-1], mail[0]]))
    assert brief.data.key == ()
    assert '# group = "email"' in text
    assert check(tomllib.loads(uncommented(text))).legal.personal == ("email",)


def test_what_repeats_is_no_key(tmp_path: Path) -> None:
    order = [f"o{place}" for place in range(N)]
    again = [*order[:-1], order[0]]
    text, brief = draft(tmp_path, frame(order=again))
    assert brief.data.key == ()
    assert '# group = "order"' in text
    assert "[legal]" not in text
    assert draft(tmp_path, frame(order=again, line=order))[1].data.key == ("order", "line")


def test_a_rising_number_is_a_key_and_offered_as_time(tmp_path: Path) -> None:
    text, brief = draft(tmp_path, frame(step=list(range(N))))
    assert brief.data.key == ("step",)
    assert '# time = "step"' in text


def test_an_identifier_of_several_rows_is_offered_as_group(tmp_path: Path) -> None:
    text, brief = draft(tmp_path, frame(patient_id=[place // 3 for place in range(N)]))
    assert brief.data.group == ""
    assert '# group = "patient_id"' in text


def test_people_who_may_be_treated_worse_are_offered(tmp_path: Path) -> None:
    text, brief = draft(tmp_path, frame(Sex=["f", "m"] * (N // 2), message=["a", "b"] * (N // 2)))
    assert brief.features.protected == ()
    assert '# protected = ["Sex"]' in text


def test_the_example_of_accuracy_lies_above_the_commonest_class(tmp_path: Path) -> None:
    text, _ = draft(tmp_path, frame(kind=["a"] * 60 + ["b"] * 30 + ["c"] * 30), "kind")
    assert "accuracy = { at_least = 0.62 }   # the commonest class alone has 0.50" in text


def test_an_absent_target_names_the_closest_column(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'bougth'.*'bought'"):
        draft(tmp_path, frame(), "bougth")


@pytest.mark.parametrize(
    "values", [pl.Series([None] * N, dtype=pl.String), pl.Series([float("nan")] * N), pl.Series(["n/a"] * N)]
)
def test_a_target_that_is_missing_everywhere_is_refused(tmp_path: Path, values: pl.Series) -> None:
    with pytest.raises(DataError, match="missing in all"):
        draft(tmp_path, frame(paid=values), "paid")


def test_a_column_called_count_is_like_any_other(tmp_path: Path) -> None:
    rows = frame().select(pl.col("bought").alias("count"), x=pl.Series(["a", "b", "?"] * (N // 3)))
    assert draft(tmp_path, rows, "count")[1].target.positive == "yes"
    asked = ask(tmp_path / "brief.toml")
    assert asked.n_disguised == {"x": N // 3}


def test_a_column_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="column 3 in 'rows.parquet' has no name"):
        draft(tmp_path, frame(**{"": list(range(N))}))


@pytest.mark.parametrize("name", ["*", "^a.*$"])
def test_a_column_named_like_a_pattern_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="rename it"):
        draft(tmp_path, frame(**{name: list(range(N))}))
    frame(**{name: list(range(N))}).write_csv(tmp_path / "rows.csv")
    with pytest.raises(DataError, match="rename it"):
        draft_brief(tmp_path / "rows.csv", "bought", folder=tmp_path)


def test_of_several_classes_unsure_rows_are_offered_to_a_person(tmp_path: Path) -> None:
    text, brief = draft(tmp_path, frame(bought=pl.Series(["a", "b", "c"] * (N // 3))))
    offered = check(tomllib.loads(uncommented(text))).decision
    assert offered.review.when == ("score < 0.5",)
    check_decision(replace(brief, decision=offered), "multiclass")
    assert "capacity" not in text
