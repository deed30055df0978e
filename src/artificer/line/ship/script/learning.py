"""Plain code of the steps that learn from the rows they are trained on; one that reads the target is cross-fitted.

Each takes `known`, a dict that it fills when it is given `y`, and reads when it is not.
"""

from __future__ import annotations

CROSS_FITTED = ("target_mean", "number_means", "engineered", "text_score")
CODE = {
    "parts_of": '''
def parts_of(n_rows, group):
    """Which of five parts a row to train on is in; it is told what the other four say. A group is in one of them."""
    rng, part = np.random.default_rng(SEED), np.empty(n_rows, np.int64)
    if group is not None and group.max() > 0:
        return (rng.permutation(group.max() + 1) % 5)[group]
    part[rng.permutation(n_rows)] = np.arange(n_rows) % 5
    return part
''',
    "outcomes_of": '''
def outcomes_of(y):
    """What means are told of: the number, the one class, or each of the five commonest classes."""
    if len(CLASSES) <= 2:
        return y[:, None]
    commonest = np.argsort(-np.bincount(y.astype(int), minlength=len(CLASSES)), kind="stable")[:5]
    return (y[:, None] == commonest).astype(np.float64)
''',
    "target_mean": '''
def target_mean(values, known, y, weight, group, strength=10.0):
    """The target's mean at each code, drawn to that of all rows; rows to train on are told those of the other four fifths."""
    if y is None:
        return means_told(values, *known["means"])
    outcomes, weight = outcomes_of(y), np.ones(len(y)) if weight is None else weight
    known["means"] = means_of(values, outcomes, weight, strength)
    told = np.empty((len(values), values.shape[1] * outcomes.shape[1]), np.float32)
    part = parts_of(len(y), group)
    for left_out in range(5):
        here, there = part == left_out, part != left_out
        told[here] = means_told(values[here], *means_of(values[there], outcomes[there], weight[there], strength))
    return told


def means_of(values, outcomes, weight, strength):
    overall, tables = weight @ outcomes / weight.sum(), []
    for codes in values.T:
        held, n_codes = codes >= 0, max(codes.max(initial=0), 0) + 1
        n = np.bincount(codes[held], weight[held], n_codes)
        sums = [np.bincount(codes[held], (weight * one)[held], n_codes) for one in outcomes.T]
        tables.append((np.stack(sums, axis=1) + strength * overall) / (n + strength)[:, None])
    return tables, overall


def means_told(values, tables, overall):
    parts = []
    for codes, table in zip(values.T, tables):
        held = (codes >= 0) & (codes < len(table))
        parts.append(np.where(held[:, None], table[np.where(held, codes, 0)], overall))
    return np.concatenate(parts, axis=1).astype(np.float32)
''',
    "counts": '''
def counts(values, known, y, weight):
    """log(1 + how often a code stands in training)."""
    if y is not None:
        known["counts"] = [np.log1p(np.bincount(codes[codes >= 0], minlength=1)) for codes in values.T]
    parts = []
    for codes, table in zip(values.T, known["counts"]):
        held = (codes >= 0) & (codes < len(table))
        parts.append(np.where(held, table[np.where(held, codes, 0)], 0.0))
    return np.stack(parts, axis=1).astype(np.float32)
''',
    "number_means": '''
def number_means(values, known, y, weight, group, kept, strength=10.0, fewest_rows=2):
    """Numbers that are names: the target's mean at each that came back, and how many other rows hold it."""
    values = values[:, kept]
    if y is not None:
        found = [np.unique(column[~np.isnan(column)], return_counts=True) for column in values.T]
        known["numbers"] = [(numbers[n >= fewest_rows], n[n >= fewest_rows]) for numbers, n in found]
    codes = [places(column, numbers) for column, (numbers, _) in zip(values.T, known["numbers"])]
    others = np.zeros(values.shape, np.float32)
    for at, (code, (_, n)) in enumerate(zip(codes, known["numbers"])):
        met = code >= 0
        others[met, at] = np.log1p(n[code[met]] - (0.0 if y is None else own(code, group)[met]))
    return np.concatenate([target_mean(np.stack(codes, axis=1), known, y, weight, group, strength), others], axis=1)


def own(code, group):
    """Rows of a row's own group that hold its number, itself among them."""
    if group is None or group.max() == 0:
        return np.ones(len(code))
    _, at, n = np.unique(group * (code.max() + 2) + code, return_inverse=True, return_counts=True)
    return n[at]
''',
    "places": '''
def places(values, among):
    """Where values stand among sorted ones; -1 where they do not."""
    if not len(among):
        return np.full(len(values), -1)
    at = np.minimum(np.searchsorted(among, values), len(among) - 1)
    return np.where(among[at] == values, at, -1)
''',
    "engineered": '''
def engineered(values, known, y, weight, group, pairs, crosses):
    """Arithmetic of two columns, a number beside the mean of its level, and what is known of two levels together."""
    if y is not None:
        known["levels"] = [level_means(values[:, a], values[:, b].astype(int), how) for how, a, b in pairs]
        known["crosses"] = [common(keys_of(values[:, a], values[:, b])) for a, b in crosses]
    parts = [paired(how, values[:, a], values[:, b], table) for (how, a, b), table in zip(pairs, known["levels"])]
    made = [np.stack(parts, axis=1).astype(np.float32)] if parts else [np.empty((len(values), 0), np.float32)]
    if crosses:
        keys = [keys_of(values[:, a], values[:, b]) for a, b in crosses]
        codes = [np.where(key < 0, -1, places(key, held) + 1) for key, held in zip(keys, known["crosses"])]
        codes = np.stack(codes, axis=1)
        made += [target_mean(codes, known, y, weight, group), counts(codes, known, y, weight)]
    return np.concatenate(made, axis=1)


def paired(how, first, second, table):
    if table is not None:
        codes = second.astype(int)
        mean, deviation = table[np.where((codes >= 0) & (codes < len(table) - 1), codes, -1)].T
        first, second = (first - mean, deviation) if how == "deviations in" else (first, mean)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if how in ("-", "- mean in"):
            made = first - second
        elif how == "+":
            made = first + second
        elif how == "*":
            made = first * second
        else:
            made = np.where(second == 0, np.nan, first / second)
    largest = float(np.finfo(np.float32).max)
    return np.clip(made, -largest, largest)


def level_means(number, codes, how):
    """Mean and deviation of a number at each code; last, and for levels of fewer than ten rows, those of all rows."""
    if not how.endswith(" in"):
        return None
    known = ~np.isnan(number)
    largest = max(np.abs(number[known]).max(initial=0.0), 1e-300)
    single, at = number[known] / largest, codes[known]
    everywhere = (single.mean(), single.std()) if len(single) else (0.0, 0.0)
    held, n_codes = at >= 0, codes.max(initial=-1) + 1
    n = np.bincount(at[held], minlength=n_codes)
    mean = np.bincount(at[held], single[held], n_codes) / np.maximum(n, 1)
    square = np.bincount(at[held], (single[held] - mean[at[held]]) ** 2, n_codes) / np.maximum(n, 1)
    own = np.where((n >= 10)[:, None], np.stack([mean, np.sqrt(square)], axis=1), everywhere)
    return np.concatenate([own, [everywhere]]) * largest


def keys_of(first, second):
    """Two codes as one number; -1 where one is unseen."""
    one, other = first.astype(np.int64), second.astype(np.int64)
    return np.where((one < 0) | (other < 0), -1, one * 2**31 + other)


def common(keys):
    """The commonest keys of at least five rows, 4,096 at most, sorted."""
    known, n = np.unique(keys, return_counts=True)
    held = np.flatnonzero((n >= 5) & (known >= 0))
    return np.sort(known[held[np.argsort(-n[held], kind="stable")[:4096]]])
''',
    "vocabulary": '''
def tokens(text, letters):
    """Words of at least two letters or digits, or all that is not space as runs of so many letters; in lower case."""
    text = text[:20_000].lower()
    if not letters:
        return re.findall(r"\\w\\w+", text)
    padded = [f" {word} " for word in text.split()]
    return [word[at : at + n] for word in padded for n in letters for at in range(len(word) - n + 1)]


def vocabulary(texts, max_words, min_rows, letters):
    """The place of each of the words that most rows hold, and how rare it is."""
    rows = Counter(word for text in texts for word in set(tokens(text, letters)))
    fewest = max(min(min_rows, len(texts)), 1)
    held = sorted((-n, word) for word, n in rows.items() if n >= fewest)[:max_words]
    rarity = np.log((1 + len(texts)) / (1 - np.array([n for n, _ in held], np.float64))) + 1
    return {word: place for place, (_, word) in enumerate(held)}, rarity, letters


def weighted(texts, place, rarity, letters):
    """Words of texts, weighted by their rarity (tf-idf): a sparse matrix of rows of length one, or zero."""
    bags = [Counter(place[word] for word in tokens(text, letters) if word in place) for text in texts]
    found = [(row, word, bag[word]) for row, bag in enumerate(bags) for word in sorted(bag)]
    row, word, n = np.array(found, np.int64).reshape(-1, 3).T
    weight = (1 + np.log(n)) * rarity[word]
    length = np.sqrt(np.bincount(row, weight**2, len(texts)))
    return sparse.csr_array(((weight / length[row]).astype(np.float32), (row, word)), shape=(len(texts), len(place)))
''',
    "words": '''
def words(values, known, y, weight, max_words=1000, min_rows=2, letters=()):
    """Weighted words of each column."""
    if y is not None:
        known["words"] = [vocabulary(texts, max_words, min_rows, letters) for texts in values.T]
    parts = [weighted(texts, *told).toarray() for texts, told in zip(values.T, known["words"])]
    return np.concatenate(parts, axis=1)
''',
    "word_factors": '''
def word_factors(values, known, y, weight, n_factors=16, max_words=1000, min_rows=2, letters=()):
    """A few factors of a text's weighted words (latent semantic analysis), and its length."""
    if y is not None:
        known["words"] = [vocabulary(texts, max_words, min_rows, letters) for texts in values.T]
        rng = np.random.default_rng(SEED)
        sample = np.sort(rng.permutation(len(values))[:20_000])
        known["directions"] = [
            directions(weighted(texts[sample], *told).toarray(), n_factors, rng)
            for texts, told in zip(values.T, known["words"])
        ]
    parts = []
    for texts, told, way in zip(values.T, known["words"], known["directions"]):
        parts += [factors_of(weighted(texts, *told), way), np.array([[len(text)] for text in texts], np.float32)]
    return np.concatenate(parts, axis=1).astype(np.float32)


def factors_of(X, way):
    """The sparse words of each row times the directions, each row added up by itself."""
    made, held = np.zeros((X.shape[0], way.shape[1])), np.flatnonzero(np.diff(X.indptr))
    if len(held):
        made[held] = np.add.reduceat(X.data[:, None] * way[X.indices], X.indptr[held], axis=0)
    return made


def directions(block, n_factors, rng):
    """Truncated singular value decomposition by a random projection (Halko, Martinsson and Tropp 2011)."""
    n_factors = min(n_factors, *block.shape)
    probe = rng.normal(size=(block.shape[1], min(n_factors + 8, block.shape[1]))).astype(np.float32)
    basis, _ = np.linalg.qr(block.T @ (block @ (block.T @ (block @ probe))))
    rows = np.linalg.svd(block @ basis, full_matrices=False)[2]
    found = (basis @ rows.T)[:, :n_factors]
    signs = np.sign(found[np.abs(found).argmax(axis=0), np.arange(n_factors)])
    return found * np.where(signs == 0, 1, signs)
''',
    "text_score": '''
def text_score(values, known, y, weight, group, strength=1.0, max_words=1000, min_rows=2, letters=()):
    """What a ridge regression on a text's words tells; rows to train on are told by what the other four fifths say."""
    if y is None:
        parts = [
            weighted(texts, *told).astype(np.float64) @ coefficients + known["overall"]
            for texts, told, coefficients in zip(values.T, known["words"], known["coefficients"])
        ]
        return np.concatenate(parts, axis=1).astype(np.float32)
    outcomes, weight = outcomes_of(y), np.ones(len(y)) if weight is None else weight
    known["overall"] = overall = weight @ outcomes / max(weight.sum(), 1e-12)
    known["words"] = [vocabulary(texts, max_words, min_rows, letters) for texts in values.T]
    known["coefficients"], parts = [], []
    part = parts_of(len(y), group)
    for texts, told in zip(values.T, known["words"]):
        X = weighted(texts, *told).astype(np.float64)
        start = np.zeros(X.shape[1])
        full = [text_ridge(X, one, weight, strength, start) for one in (outcomes - overall).T]
        known["coefficients"].append(np.stack(full, axis=1))
        made = np.empty(outcomes.shape)
        for held_out in range(5):
            here, there = part == held_out, weight * (part != held_out)
            for at, start in enumerate(full):
                found = text_ridge(X, outcomes[:, at] - overall[at], there, strength, start)
                made[here, at] = overall[at] + (X @ found)[here]
        parts.append(made)
    return np.concatenate(parts, axis=1).astype(np.float32)


def text_ridge(X, outcome, weight, strength, start):
    """Coefficients by conjugate gradients, from those of a near problem."""
    target, told = X.T @ (weight * outcome), start.copy()
    left = target - X.T @ (weight * (X @ told)) - strength * told
    way, size = left.copy(), left @ left
    for _ in range(200):
        if size <= 1e-6 * (target @ target):
            break
        turned = X.T @ (weight * (X @ way)) + strength * way
        length = size / (way @ turned)
        told += length * way
        left -= length * turned
        size, before = left @ left, size
        way = left + size / before * way
    return told
''',
}
NEEDS = {
    "target_mean": ("parts_of", "outcomes_of"),
    "number_means": ("parts_of", "outcomes_of", "target_mean", "places"),
    "engineered": ("parts_of", "outcomes_of", "target_mean", "counts", "places"),
    "words": ("vocabulary",),
    "word_factors": ("vocabulary",),
    "text_score": ("parts_of", "outcomes_of", "vocabulary"),
}
# Of a step's settings, those that its function is told.
SETTINGS = ("strength", "fewest_rows", "max_words", "min_rows", "letters", "n_factors")
IMPORTS = {"vocabulary": ("import re", "from collections import Counter", "from scipy import sparse")}
