"""A row alone goes a way of its own, and gives the bits that it gives among others."""

from __future__ import annotations

import math
import pickle
from array import array
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_members import LINKS, linear, trees

from artificer_runtime import RowsError, single
from artificer_runtime.interactions import Pair
from artificer_runtime.package import Contents, Weighted
from artificer_runtime.predictor import Predictions, Predictor
from artificer_runtime.recipe import Block, Recipe, fit_recipe
from artificer_runtime.rows import Rows
from artificer_runtime.schema import Column, Schema
from artificer_runtime.steps import BUILTIN, Task, engineered, load, text_score, text_shape, word_factors, words

SCHEMA = Schema(
    (
        Column("age", "number", low=-2.0, high=2.0),
        Column("income", "number", low=0.0, high=9.0, gaps=(7.0,), within=(1.0, 8.0)),
        Column("score", "number", form="1,234.5"),
        Column("id", "identifier"),
        Column("shop", "category", ("a", "b", "c"), spellings=(("B", "b"),)),
        Column("town", "category", tuple(f"t{k}" for k in range(8))),
        Column("member", "boolean", ("false", "true")),
        Column("begun", "time", low=1e9, high=1.5e9),
        Column("ended", "time", low=0.0, high=1.5e9, form="%d.%m.%Y"),
        Column("note", "text"),
    ),
    missing=("unknown", "-1"),
)
COLUMNS = {
    "numbers": ("age", "income", "score"),
    "codes": ("shop", "town", "member"),
    "times": ("begun", "ended"),
    "texts": ("note",),
}
N = 400
# One of each kind, so that none is left untried.
PAIRS = [
    *(Pair(how, first, second) for how, first, second in (("-", 0, 1), ("+", 1, 2), ("*", 0, 2), ("/", 2, 1))),
    *(
        Pair(how, first, second)
        for how, first, second in (("- mean in", 0, 3), ("/ mean in", 2, 4), ("deviations in", 1, 3))
    ),
    Pair("&", 3, 4),
    Pair("&", 4, 5),
]


@cache
def contents(link: str) -> Contents:
    """A linear model and trees on blocks of every step."""
    rng = np.random.default_rng(0)
    encoded = SCHEMA.encode([drawn(rng) for _ in range(N)])
    blocks = tuple(block(name) for name in BUILTIN)
    with patch.object(engineered, "telling_pairs", return_value=PAIRS):
        recipe, made = fit_recipe(Recipe(blocks), SCHEMA, encoded, rng.normal(size=N), n_classes=0)
    n_features = sum(part.shape[1] for part in made.values())
    n_out = LINKS[link]
    straight = replace(
        linear(rng, link),
        coefficients=rng.normal(size=(n_out, n_features)),
        fill=np.zeros(n_features, np.float32),
    )
    grown = trees(rng, link)
    return Contents(
        {"logit": "binary", "softmax": "multiclass", "identity": "regression"}[link],
        "won",
        {"logit": ("no", "yes"), "softmax": ("blue", "green", "red"), "identity": ()}[link],
        "string",
        recipe,
        (Weighted(straight, 0.7, BUILTIN), Weighted(grown, 0.3, ("numbers", "codes"))),
        temperature=1.0 if link == "identity" else 1.3,
    )


def block(name: str) -> Block:
    reads = load(f"{name}@1").READS
    if reads == "mixed":
        return Block(name, f"{name}@1", COLUMNS["numbers"] + COLUMNS["codes"], {"n_codes": 3})
    numbers = [[float(k) for k in range(n)] for n in (3, 8, 2)]
    return Block(name, f"{name}@1", COLUMNS[reads], {"numbers": numbers} if name == "level_numbers" else {})


def drawn(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "age": float(rng.normal()),
        "income": None if rng.random() < 0.1 else int(rng.integers(0, 9)),
        "score": float(rng.normal()),
        "shop": str(rng.choice(["a", "b", "c", ""])),
        "town": f"t{rng.integers(0, 8)}",
        "member": bool(rng.integers(0, 2)),
        "begun": datetime.fromtimestamp(float(rng.integers(1e9, 1.5e9)), UTC),
        "ended": f"{rng.integers(1, 28):02}.{rng.integers(1, 12):02}.{rng.integers(1990, 2015)}",
        "note": " ".join(rng.choice(["red", "green", "of"], rng.integers(0, 5))),
    }


NUMBERS = st.one_of(
    st.none(),
    st.floats(width=64),
    st.integers(-(10**400), 10**400),
    st.integers(-3, 9),
    st.booleans(),
    st.sampled_from(["3.5", " 2 ", "1,000", "7", "-1", "x", "unknown", ""]),
    st.sampled_from([np.float32(0.1), np.int64(7), np.float64(math.nan), np.bool_(True), np.timedelta64(5, "ns")]),
)
LEVELS = st.sampled_from(
    ["a", "b", "B", "c", "t3", " t4 ", "new", "", "unknown", None, math.nan, 1, 0, 1.0, True, False, "TRUE", "1"]
) | st.sampled_from([np.int64(1), np.float32(1.5), np.bool_(True)])
TIMES = st.one_of(
    st.none(),
    st.datetimes(datetime(1, 1, 2), datetime(9998, 1, 1), timezones=st.sampled_from([None, UTC])),
    st.dates(date(1, 1, 2), date(9998, 1, 1)),
    st.sampled_from(["2009-03-04", "2009-03-04T05:06:07+02:00", "04.03.2009", "", "soon", math.nan, 3]),
)
ROWS = st.fixed_dictionaries(
    {
        **dict.fromkeys(COLUMNS["numbers"], NUMBERS),
        **dict.fromkeys(COLUMNS["codes"], LEVELS),
        **dict.fromkeys(COLUMNS["times"], TIMES),
        "note": st.sampled_from(["", "red green", "of x1 unknown", "unknown", None, 3, math.nan]),
    }
)


@given(row=ROWS, link=st.sampled_from(sorted(LINKS)))
def test_a_row_alone_gives_the_bits_and_flags_of_a_batch(row, link):
    same_bits(row, link)


@given(seed=st.integers(0, 2**32 - 1), link=st.sampled_from(sorted(LINKS)))
def test_so_do_plain_rows_and_they_go_the_short_way(seed, link):
    row = drawn(np.random.default_rng(seed))
    Predictor(contents(link))._single.read(row)
    same_bits(row, link)


@pytest.mark.parametrize("number", ["2", " 2.5 ", "unknown", np.float64(2.5), np.int32(2), np.float32(0.1)])
def test_numbers_written_as_text_and_those_of_numpy_go_the_short_way(number):
    row = drawn(np.random.default_rng(1)) | {"age": number, "score": "1,250.5", "member": np.bool_(True)}
    Predictor(contents("logit"))._single.read(row)
    same_bits(row, "logit")


def same_bits(row: dict[str, Any], link: str) -> None:
    model = Predictor(contents(link))
    refused = refusal(model, [row, row])
    assert refusal(model, row) == refused
    if refused:
        return
    wanted = model.predict_full([row, row])
    full = model.predict_full(row)
    assert full.values.dtype == wanted.values.dtype
    assert full.values[0] == wanted.values[0]
    assert {name: bool(flag[0]) for name, flag in full.flags.items()} == {
        name: bool(flag[0]) for name, flag in wanted.flags.items()
    }
    assert same_in_plain_values(model, row, wanted)
    for alone in (row, [row]):
        raw = model.predict_proba(alone) if link != "identity" else model.predict(alone)[:, None]
        many = wanted.probabilities if wanted.probabilities is not None else wanted.values[:, None]
        assert raw.tobytes() == many[:1].tobytes()


def same_in_plain_values(model: Predictor, row: dict[str, Any], wanted: Predictions) -> bool:
    one = model.predict_one(row)
    if one is None:  # it has to be read as batches are
        return True
    probabilities = wanted.probabilities
    assert one.probabilities == (None if probabilities is None else probabilities[0].tolist())
    assert one.flags == [name for name, flag in wanted.flags.items() if flag[0]]
    return bool(one.value == wanted.values.tolist()[0]) and type(one.value) is type(wanted.values.tolist()[0])


def refusal(model: Predictor, rows: Any) -> str:
    try:
        model.predict_full(rows)
    except RowsError as error:
        return str(error)
    return ""


def test_a_frame_of_one_row_goes_the_same_way():
    model, row = Predictor(contents("logit")), drawn(np.random.default_rng(1))
    row["begun"] = "2009-03-04"
    frame = pd.DataFrame([row, row])
    assert model.predict_proba(frame[:1]).tobytes() == model.predict_proba(frame)[:1].tobytes()


@pytest.mark.parametrize("narrow", [0, 32])
def test_moments_and_gaps_of_pandas_go_the_short_way(narrow, monkeypatch):
    monkeypatch.setattr("artificer_runtime.rows.NARROW", narrow)
    model, rng = Predictor(contents("logit")), np.random.default_rng(5)
    frame = pd.DataFrame([drawn(rng) for _ in range(40)])  # enough to be read column by column
    wanted = model.predict_proba(frame)
    for place, row in enumerate(frame.to_dict("records")):
        for alone in (frame[place : place + 1], row):
            model._single.read(alone)
            assert model.predict_proba(alone).tobytes() == wanted[place : place + 1].tobytes()


def test_whole_numbers_beyond_double_precision_keep_their_digits(monkeypatch):
    monkeypatch.setattr("artificer_runtime.rows.NARROW", 0)
    frame = pd.DataFrame({"a": [2**60 + 1], "b": [0.5], "c": [True]})
    assert Rows(frame[["a", "b"]], ["b", "a"]).row() == [0.5, 2**60 + 1]
    assert list(map(type, Rows(frame, ["a", "b", "c"]).row())) == [int, float, bool]


STEPS_OF_TEXTS = st.sampled_from([words, word_factors, text_score, text_shape])


@given(texts=st.lists(st.text("abÉ é,1$!\n", max_size=90), min_size=1, max_size=30), step=STEPS_OF_TEXTS)
def test_a_text_alone_gives_the_bits_that_it_gives_among_others(texts, step):
    states = fitted(step)
    for state in states:
        among = step.apply(state, np.array([[text, "ab"] for text in texts * 20], np.object_))
        make = step.single(state)
        assert b"".join(array("f", make([text, "ab"])).tobytes() for text in texts) == among[: len(texts)].tobytes()


@cache
def fitted(step: Any) -> list[dict[str, Any]]:
    """On words, and on runs of letters; a word that stands a hundred times is among them."""
    rng = np.random.default_rng(6)
    texts = [" ".join(rng.choice(["ab", "bé", "aab", "ba,b"], rng.integers(0, 9))) for _ in range(60)] + ["ab " * 100]
    values, y = np.array([[text, "ab bb"] for text in texts], np.object_), rng.normal(size=61)
    return [step.fit(values, y, Task(0), {"letters": letters, "n_factors": 3}) for letters in ((), (2, 3))]


def test_numbers_of_many_levels_are_no_tables(monkeypatch):
    monkeypatch.setattr(single, "MOST_CODES", 5)
    same_bits(drawn(np.random.default_rng(2)), "softmax")


def test_threads_may_share_a_predictor_and_a_process_may_send_it():
    model, rng = Predictor(contents("logit")), np.random.default_rng(3)
    rows = [drawn(rng) for _ in range(200)]
    wanted = model.predict_proba(rows)
    with ThreadPoolExecutor(4) as pool:
        found = np.concatenate(list(pool.map(model.predict_proba, rows)))
    assert found.tobytes() == wanted.tobytes()
    sent = pickle.loads(pickle.dumps(model))
    assert sent.predict_proba(rows[0]).tobytes() == wanted[:1].tobytes()


def test_so_do_members_that_predict_logarithms():
    made, rng = contents("identity"), np.random.default_rng(4)
    model = Predictor(replace(made, members=made.members[1:], transform="log1p"))
    rows = [drawn(rng) for _ in range(30)]
    assert np.concatenate([model.predict(row) for row in rows]).tobytes() == model.predict(rows).tobytes()
