"""A network of a few layers, in numpy."""

from __future__ import annotations

IMPORTS: tuple[str, ...] = ()
CODE = '''
def network_fits(X, y, weight, settings, n_stages, seeds):
    """One network a seed, in the manner of RealMLP (arXiv 2407.04491)."""
    return [network_trained(X, y, weight, settings, n_stages, np.random.default_rng(seed + 7)) for seed in seeds]


def network_trained(X, y, weight, settings, n_stages, rng):
    center, inverse = network_scales(X)
    ready, weight = bent(X, center, inverse).astype(np.float32), np.ones(len(y)) if weight is None else weight
    middle, spread = 0.0, 1.0
    low, high = (-np.inf, np.inf) if CLASSES else (y.min(), y.max())
    if not CLASSES:
        middle = np.average(y, weights=weight)
        spread = np.sqrt(np.average((y - middle) ** 2, weights=weight)) or 1.0
    target = ((y - middle) / spread).astype(np.float32)
    waves = np.flatnonzero(inverse > 0) if (inverse > 0).sum() <= 100 else np.empty(0, int)
    first = network_begun(ready.shape[1], len(waves), y, weight, settings, rng)
    flat = np.concatenate([values.ravel() for values, _, _ in first.values()]).astype(np.float32)
    rates = np.concatenate([np.full(values.size, rate, np.float32) for values, rate, _ in first.values()])
    decays = np.concatenate([np.full(values.size, decay, np.float32) for values, _, decay in first.values()])
    mean, square, p, start = np.zeros_like(flat), np.zeros_like(flat), {}, 0
    for name, (values, _, _) in first.items():  # views: one pass over `flat` updates them all
        p[name] = flat[start : start + values.size].reshape(values.shape)
        start += values.size
    batch, dropout = int(settings.get("batch", 256)), float(settings.get("dropout", 0.15))
    fastest = float(settings.get("learning_rate", 0.04 if CLASSES else 0.2))
    total = max(4, max(1, round(settings["epochs"])) * max(1, len(y) // batch))
    order, at = rng.permutation(len(y)), 0
    for step in range(round((2**n_stages - 1) / 15 * total)):  # a cycle ends after 1, 3, 7 and 15 fifteenths
        if step and (at := at + batch) >= max(len(y) - batch + 1, 1):
            order, at = rng.permutation(len(y)), 0
        rows = order[at : at + batch]
        calm = 1.0 if step / total < 0.5 else 0.5 * (1 + np.cos(np.pi * (2 * step / total - 1)))
        slopes = network_slopes(p, ready[rows], waves, target[rows], weight[rows], dropout * calm, rng)
        gradient = np.concatenate([slopes[name].ravel() for name in p])
        rate = fastest * 0.5 * (1 - np.cos(2 * np.pi * np.log2(1 + 15 * (step + 0.5) / total)))
        mean += (1 - 0.9) * (gradient - mean)
        square += (1 - 0.95) * (gradient**2 - square)
        root = np.sqrt(square * np.float32(1 / (1 - 0.95 ** (step + 1)))) + np.float32(1e-8)
        flat *= np.float32(1) - np.float32(rate * 0.02 * calm) * decays
        flat -= np.float32(rate / (1 - 0.9 ** (step + 1))) * rates * (mean / root)
    return p, center, inverse, waves, middle, spread, low, high


def network_scales(X):
    """Median, and the inverse of the spread between quartiles; 0 for features of 0 and 1."""
    center, inverse = np.zeros(X.shape[1], np.float32), np.zeros(X.shape[1], np.float32)
    for at, column in enumerate(X.T):
        values = column[~np.isnan(column)]
        if not len(values) or ((values == 0) | (values == 1)).all():
            continue
        lower, middle, upper = np.quantile(values, [0.25, 0.5, 0.75])
        spread = upper - lower or 0.5 * (values.max() - values.min())
        center[at], inverse[at] = middle, 1 / spread if spread > 0 else 0.0
    return center, inverse


def bent(X, center, inverse):
    """Numbers on one scale, clipped smoothly to 3; gaps are read as the middle."""
    far = np.clip((X - center) * inverse, -1e6, 1e6)
    return np.nan_to_num(np.where(inverse > 0, far / np.sqrt(1 + (far / 3.0) ** 2), np.clip(X, 0, 1)), nan=0.0)


def network_begun(n_features, n_waves, y, weight, settings, rng):
    """First values of each parameter, and the factors of its rate and its decay."""
    hidden, n_layers, n_inputs = int(settings.get("hidden", 256)), int(settings.get("layers", 3)) + 1, n_features + n_waves * 3
    first = {}
    if n_waves:
        first["frequency"] = rng.normal(0, 0.1 * 2 * np.pi, (n_waves, 16)), 0.1, 0.0
        first["phase"] = rng.uniform(-np.pi, np.pi, (n_waves, 16)), 0.1, 0.0
        first["mix"] = rng.normal(0, 1 / np.sqrt(16), (n_waves, 16, 3)), 0.1, 0.0
        first["shift"] = rng.normal(0, 0.1, (n_waves, 3)), 0.1, 0.0
    first["gain"] = np.ones(n_inputs), 6.0 / np.sqrt(max(n_inputs, 1)), 0.0
    prior = np.zeros(1)
    if CLASSES:
        share = np.bincount(y.astype(int), weights=weight, minlength=len(CLASSES))
        share = np.clip(share / max(share.sum(), 1e-12), 1e-5, 1)
        prior = np.log(share) if len(CLASSES) > 2 else np.log(share[1:] / share[:1])
    widths = [n_inputs, *[hidden] * (n_layers - 1), len(prior)]
    for layer, (n_in, n_out) in enumerate(zip(widths, widths[1:])):
        last = layer + 1 == n_layers
        size = 0.0 if last else 1 / np.sqrt(max(n_in, 1))
        first[f"weight{layer}"] = rng.normal(0, 1, (n_in, n_out)) * size, 1 / np.sqrt(max(n_in, 1)), 1.0
        first[f"bias{layer}"] = prior if last else rng.normal(0, 0.3, n_out), 0.1, 0.0
    return first


def network_through(p, ready, waves, dropout=0.0, rng=None):
    """What each layer is given and makes; the last one's are raw outputs."""
    angle, inputs = np.empty(0), ready
    if len(waves):
        angle = ready.T[waves][:, :, None] * p["frequency"][:, None, :] + p["phase"][:, None, :]
        shown = np.cos(angle) @ p["mix"] + p["shift"][:, None, :]
        inputs = np.concatenate([ready, shown.transpose(1, 0, 2).reshape(len(ready), -1)], axis=1)
    given, raws, masks = [inputs * p["gain"]], [], []
    n_layers = sum(name.startswith("weight") for name in p)
    for layer in range(n_layers):
        raws.append(given[-1] @ p[f"weight{layer}"] + p[f"bias{layer}"])
        if layer + 1 < n_layers:
            out = activated(raws[-1])
            if dropout:
                masks.append((rng.random(out.shape, np.float32) >= dropout) * np.float32(1 / (1 - dropout)))
                out = out * masks[-1]
            given.append(out)
    return angle, inputs, given, raws, masks


def activated(raw):
    """Self-normalising units for classes, Mish for numbers."""
    if CLASSES:
        scale, steep = 1.0507009873554805, 1.6732632423543772
        return np.maximum(raw, 0) * scale + (np.exp(np.minimum(raw, 0)) - 1) * (scale * steep)
    grown = np.exp(np.minimum(raw, 20.0))
    twice = grown * (grown + 2)
    return raw * (twice / (twice + 2))


def activation_slope(raw):
    if CLASSES:
        scale, steep = np.float32(1.0507009873554805), np.float32(1.0507009873554805 * 1.6732632423543772)
        return np.where(raw > 0, scale, activated(raw) + steep)
    grown = np.exp(np.minimum(raw, 20.0))
    twice = grown * (grown + 2)
    soft = twice / (twice + 2)
    return (soft + raw * (grown / (1 + grown)) * (1 - soft**2)).astype(np.float32)


def network_slopes(p, ready, waves, y, weight, dropout, rng):
    """Gradients of the mean loss over a batch: through the layers, and back."""
    angle, inputs, given, raws, masks = network_through(p, ready, waves, dropout, rng)
    share = (weight / max(weight.sum(), 1e-12)).astype(np.float32)[:, None]
    if not CLASSES:
        back = 2 * share * (raws[-1] - y[:, None])
    elif len(CLASSES) == 2:
        back = share * (1 / (1 + np.exp(-np.clip(raws[-1], -30, 30))) - y[:, None])
    else:
        back = share * (softmax(raws[-1]) - (y[:, None] == np.arange(len(CLASSES))).astype(np.float32))
    slopes = {}
    for layer in range(len(raws) - 1, -1, -1):
        slopes[f"weight{layer}"], slopes[f"bias{layer}"] = given[layer].T @ back, back.sum(axis=0)
        back = back @ p[f"weight{layer}"].T
        if layer:
            back = (back * masks[layer - 1] if dropout else back) * activation_slope(raws[layer - 1])
    slopes["gain"] = (back * inputs).sum(axis=0)
    if len(waves):
        mixed = (back * p["gain"])[:, ready.shape[1] :].reshape(len(back), len(waves), 3).transpose(1, 0, 2)
        turned = -np.sin(angle) * (mixed @ p["mix"].transpose(0, 2, 1))
        slopes["shift"], slopes["mix"] = mixed.sum(axis=1), np.cos(angle).transpose(0, 2, 1) @ mixed
        slopes["phase"], slopes["frequency"] = turned.sum(axis=1), (ready.T[waves][:, None, :] @ turned)[:, 0]
    return slopes


def network_predicts(models, X):
    """Probabilities or values: the mean over the seeds."""
    told = []
    for p, center, inverse, waves, middle, spread, low, high in models:
        raw = network_through(p, bent(X, center, inverse).astype(np.float32), waves)[3][-1].astype(np.float64)
        raw = np.clip(raw * spread + middle, low, high)
        told.append(raw if not CLASSES else logit(raw) if len(CLASSES) == 2 else softmax(raw))
    return np.mean(told, axis=0)
'''
