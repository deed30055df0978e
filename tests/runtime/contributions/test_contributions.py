"""Contributions add up to the prediction, whatever is blended, and each row is explained by itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_members import LINKS, MAKERS, N_FEATURES, kernel, linear, network, oblivious, rows, trees

from artificer.line.refine.seeds import together
from artificer_runtime import RowsError, walk
from artificer_runtime.contributions import Explainer, counted, sampled
from artificer_runtime.contributions import linear as of_linear
from artificer_runtime.contributions import trees as of_trees
from artificer_runtime.members import Member
from artificer_runtime.members.packed import Forest
from artificer_runtime.members.trees import Trees
from artificer_runtime.package import Contents, Weighted, write
from artificer_runtime.predictor import Predictor, load
from artificer_runtime.recipe import Block, FittedRecipe, Recipe
from artificer_runtime.schema import Column, Schema

SCHEMA = Schema(
    (
        *(Column(name, "number") for name in ("a", "b", "c")),
        Column("id", "identifier"),
        Column("shop", "category", ("x", "y", "z")),
        Column("unread", "number"),
        Column("kind", "category", ("p", "q", "r", "s")),
    )
)
BLOCKS = (Block("numbers", "numbers@1", ("a", "b", "c")), Block("codes", "codes@1", ("shop", "kind")))
CLASSES = {"logit": ("no", "yes"), "softmax": ("blue", "green", "red"), "identity": ()}


def predictor(members: list[tuple[Member, float]], link: str, **more: Any) -> Predictor:
    task = {"logit": "binary", "softmax": "multiclass", "identity": "regression"}[link]
    recipe = FittedRecipe(Recipe(BLOCKS), SCHEMA, {"numbers": {}, "codes": {}})
    blend = tuple(Weighted(member, weight, ("numbers", "codes")) for member, weight in members)
    return Predictor(Contents(task, "won", CLASSES[link], "string", recipe, blend, **more))


def table(rng: np.random.Generator, n_rows: int) -> list[dict[str, Any]]:
    """Rows with gaps and levels never seen."""
    return [
        {
            **{name: None if rng.random() < 0.1 else float(rng.normal()) for name in ("a", "b", "c", "unread")},
            "shop": rng.choice(["x", "y", "z", "new", ""]),
            "kind": rng.choice(["p", "q", "r", "s", "new", ""]),
        }
        for _ in range(n_rows)
    ]


def on_scale(model: Predictor, given_rows: list[dict[str, Any]]) -> np.ndarray:
    """What the totals of an explanation must be."""
    if not model.contents.classes:
        values = model.predict(given_rows)[:, None]
        return np.log1p(values) if model.contents.transform else values
    logs = np.log(model.predict_proba(given_rows))
    return logs[:, 1:] - logs[:, :1] if logs.shape[1] == 2 else logs


@given(
    seed=st.integers(0, 2**32 - 1), link=st.sampled_from(sorted(LINKS)), temperature=st.sampled_from([1.0, 0.7, 2.5])
)
def test_contributions_add_up_to_the_prediction_of_any_blend(seed, link, temperature):
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(MAKERS), 3)
    members = [(MAKERS[place](rng, link), weight) for place, weight in zip(chosen, (0.5, 0.2, 0.3), strict=True)]
    more: dict[str, Any] = {"temperature": temperature}
    if link == "identity":
        more = {"transform": str(rng.choice(["", "log1p"]))}
    model, asked = predictor(members, link, **more), table(rng, 9)
    told = model.explain(asked)
    assert told.columns == ("a", "b", "c", "shop", "unread", "kind")
    assert told.scale == {"logit": "log-odds", "softmax": "log-probabilities"}.get(
        link, more.get("transform") or "value"
    )
    np.testing.assert_allclose(told.base + told.contributions.sum(axis=1), told.totals, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(told.totals, on_scale(model, asked), rtol=1e-9, atol=1e-8)
    assert (told.contributions[:, told.columns.index("unread")] == 0).all()


@pytest.mark.parametrize("way", ["compiled", "numpy"])
@pytest.mark.parametrize("link", sorted(LINKS))
def test_a_row_is_explained_alike_alone_among_others_and_with_its_columns_in_another_order(link, way, monkeypatch):
    if way == "numpy":
        monkeypatch.setattr(walk, "KERNEL", None)
    rng = np.random.default_rng(0)
    model = predictor([(make(rng, link), 1 / len(MAKERS)) for make in MAKERS], link)
    asked = table(rng, 40)
    together = model.explain(asked)
    for place in (0, 17, 39):
        alone = model.explain(dict(reversed(asked[place].items())))
        np.testing.assert_allclose(alone.contributions[0], together.contributions[place], rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(alone.totals[0], together.totals[place], rtol=1e-12)
    assert model.explain(asked[:0]).contributions.shape == (0, 6, len(together.base))


def test_one_member_keeps_its_own_shares_of_log_odds_however_sure_it_is():
    rng = np.random.default_rng(0)
    member, asked = trees(rng, "logit"), table(rng, 20)
    for times in (1.0, 400.0):
        surer = replace(member, value=member.value * times)
        told = predictor([(surer, 1.0)], "logit").explain(asked)
        raw = on_raw(surer, asked)
        np.testing.assert_allclose(told.totals, raw, rtol=1e-9)
        np.testing.assert_allclose(
            told.contributions[:, 0], told_alone(surer, asked)[:, 0], rtol=1e-9, atol=1e-12 * times
        )


def on_raw(member: Member, asked: list[dict[str, Any]]) -> np.ndarray:
    encoded = SCHEMA.encode(asked)
    blocks = predictor([(member, 1.0)], "logit").contents.recipe.apply(encoded, ("numbers", "codes"))
    return member.raw(np.concatenate([blocks["numbers"], blocks["codes"]], axis=1))


def told_alone(member: Trees, asked: list[dict[str, Any]]) -> np.ndarray:
    encoded = SCHEMA.encode(asked)
    blocks = predictor([(member, 1.0)], "logit").contents.recipe.apply(encoded, ("numbers", "codes"))
    X = np.concatenate([blocks["numbers"], blocks["codes"]], axis=1)
    return of_trees.Shares.of_trees(member, np.arange(N_FEATURES), N_FEATURES).of(X)


@given(seed=st.integers(0, 2**32 - 1), link=st.sampled_from(sorted(LINKS)), symmetric=st.booleans())
def test_shares_of_trees_are_shapley_values_by_their_definition_for_columns_and_groups(seed, link, symmetric):
    rng = np.random.default_rng(seed)
    member = oblivious(rng, link) if symmetric else trees(rng, link, 3)
    group = rng.permutation([0, 1, 2, 2, 1])
    kind = of_trees.Shares
    shares = kind.of_symmetric(member, group, 3) if symmetric else kind.of_trees(member, group, 3)
    X = rows(rng, 2)
    wanted = by_definition(shares, X, group, member)
    np.testing.assert_allclose(shares.of(X), wanted, rtol=1e-8, atol=1e-8)


def by_definition(shares: of_trees.Shares, X: np.ndarray, group: np.ndarray, member: Any) -> np.ndarray:
    """Marginal gains over all orders of three groups, each set's value by walking the trees."""
    one = shares.trees
    cover, right = of_trees.covered(one, Forest.of(one.child, one.root)), one.rights(X)

    def walked(row: int, node: int, known: frozenset[int]) -> np.ndarray:
        child = one.child[node]
        if child == node:
            return np.asarray(one.value[one.leaf[node]], np.float64)
        if group[one.slot_feature[one.slot[node]]] in known:
            return walked(row, child + int(right[row, node]), known)
        both = cover[child] + cover[child + 1]
        left = cover[child] / both if both else 0.5
        return left * walked(row, child, known) + (1 - left) * walked(row, child + 1, known)

    def value(row: int, known: frozenset[int]) -> np.ndarray:
        total = np.zeros(one.n_out)
        for tree, root in enumerate(one.root):
            if one.value.ndim == 2:
                total += walked(row, root, known)
            else:
                total[tree % one.n_out] += walked(row, root, known)
        return total * shares.scale

    wanted = np.zeros((len(X), 3, one.n_out))
    for row in range(len(X)):
        values = {frozenset(s): value(row, frozenset(s)) for n in range(4) for s in permutations(range(3), n)}
        for order in permutations(range(3)):
            for turn, player in enumerate(order):
                before = frozenset(order[:turn])
                wanted[row, player] += (values[before | {player}] - values[before]) / factorial(3)
        np.testing.assert_allclose(values[frozenset()] + getattr(member, "bias", 0.0), shares.base, atol=1e-8)
    return wanted


def test_numpy_and_compiled_code_tell_the_same(monkeypatch):
    rng = np.random.default_rng(3)
    found = []
    for link in sorted(LINKS):
        member, X = trees(rng, link, 40), rows(rng, 50)
        shares = of_trees.Shares.of_trees(member, np.arange(N_FEATURES), N_FEATURES)
        compiled = shares.of(X)
        with monkeypatch.context() as without:
            without.setattr(walk, "KERNEL", None)
            np.testing.assert_allclose(shares.of(X), compiled, rtol=1e-9, atol=1e-10)
        found.append(np.abs(compiled).max())
    assert min(found) > 0.1


def test_of_a_linear_model_what_is_typical_adds_nothing():
    rng = np.random.default_rng(0)
    typical = rng.normal(size=N_FEATURES).astype(np.float32)
    member = replace(linear(rng, "softmax"), typical=typical)
    shares = of_linear.Shares.of_member(member, np.array([0, 1, 0, 2, 2]), 3)
    np.testing.assert_allclose(shares.of(typical[None]), 0, atol=1e-12)
    np.testing.assert_allclose(shares.base, member.raw(typical[None])[0])
    moved = typical + np.array([1, 0, 2, 0, 0], np.float32)
    wanted = member.coefficients[:, 0] + 2 * member.coefficients[:, 2]
    np.testing.assert_allclose(shares.of(moved[None])[0], [wanted, np.zeros(3), np.zeros(3)], atol=1e-6)


@pytest.mark.parametrize("make", [network, kernel])
def test_of_networks_and_kernels_two_columns_alone_are_exact(make):
    rng = np.random.default_rng(0)
    member, group, X = make(rng, "identity"), np.array([0, 0, 0, 1, 1]), rows(rng, 6)
    shares = sampled.Shares.of_member(member, group, 2)
    gap = np.full_like(X, np.nan)
    first, second = np.where(group == 0, X, gap), np.where(group == 1, X, gap)
    nothing, both = member.raw(gap), member.raw(X)
    wanted = (member.raw(first) - nothing + both - member.raw(second)) / 2
    np.testing.assert_allclose(shares.of(X)[:, 0], wanted, atol=1e-12)


def test_features_of_two_columns_share_equally():
    schema = Schema((Column("from", "time"), Column("to", "time")))
    recipe = Recipe((Block("gaps", "date_gaps@1", ("from", "to")),))
    member = replace(
        linear(np.random.default_rng(0), "identity"), coefficients=np.ones((1, 1)), fill=np.zeros(1, np.float32)
    )
    contents = Contents(
        "regression",
        "days",
        (),
        "number",
        FittedRecipe(recipe, schema, {"gaps": {"pairs": [[0, 1]]}}),
        (Weighted(replace(member, intercept=np.zeros(1)), 1.0, ("gaps",)),),
    )
    told = Predictor(contents).explain({"from": "2009-01-01", "to": "2009-01-11"})
    np.testing.assert_allclose(told.contributions[0, :, 0], [5, 5])
    np.testing.assert_allclose(told.totals, [[10]])


def test_packages_without_counts_say_how_to_mend_it():
    rng = np.random.default_rng(0)
    for member in (trees(rng, "logit"), oblivious(rng, "logit")):
        model = predictor([(replace(member, cover=None), 1.0)], "logit")
        model.predict(table(rng, 1))
        with pytest.raises(RowsError, match="train it again"):
            model.explain(table(rng, 1))


def test_an_explainer_is_made_once():
    rng = np.random.default_rng(0)
    model = predictor([(trees(rng, "logit"), 1.0)], "logit")
    assert model._explainer is model._explainer
    assert isinstance(model._explainer, Explainer)


@pytest.mark.parametrize("link", sorted(LINKS))
def test_a_package_explains_after_saving_as_before(link, tmp_path):
    rng = np.random.default_rng(0)
    plain = replace(linear(rng, link), typical=rng.normal(size=N_FEATURES).astype(np.float32))
    members = [plain, replace(network(rng, link), typical=np.zeros(N_FEATURES, np.float32)), kernel(rng, link)]
    members += [trees(rng, link), oblivious(rng, link)]
    model, asked = predictor([(member, 0.2) for member in members], link), table(rng, 5)
    write(tmp_path / "package", model.contents)
    loaded = load(tmp_path / "package").explain(asked)
    np.testing.assert_array_equal(loaded.contributions, model.explain(asked).contributions)


def test_fewer_iterations_and_members_made_one_keep_their_counts():
    rng = np.random.default_rng(0)
    X, group = rows(rng, 7), np.arange(N_FEATURES)
    for make, of in ((trees, of_trees.Shares.of_trees), (oblivious, of_trees.Shares.of_symmetric)):
        first, second = make(rng, "logit"), make(rng, "logit")
        (both,) = together([first, second])
        apart = [of(one, group, N_FEATURES).of(X) for one in (first, second)]
        np.testing.assert_allclose(of(both, group, N_FEATURES).of(X), np.mean(apart, axis=0), atol=1e-12)
        few = of(first.truncated(4), group, N_FEATURES)
        np.testing.assert_allclose(few.base + few.of(X).sum(axis=1), first.truncated(4).raw(X), atol=1e-12)


def test_a_package_says_beforehand_whether_its_trees_hold_the_counts_that_this_needs() -> None:
    made = load(Path(__file__).parents[2] / "golden" / "0.1.0" / "binary.zip").contents
    assert not counted(made)  # it was made before trees kept them
    others = tuple(one for one in made.members if not hasattr(one.member, "cover"))
    assert others
    assert counted(replace(made, members=others))
