"""Repairs: what could be done about a finding, as rows that do not train or a column that is read otherwise.

None of them touches the label of a row that measures, and none is done for its own sake: `weigh` measures what it gains.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from artificer.core.records import Finding
from artificer.line.audit.duplicates import alike
from artificer.line.audit.label_errors import suspects as doubtful
from artificer.line.audit.price import Prices
from artificer.line.audit.seen import Seen
from artificer.line.audit.spellings import merged
from artificer.measure.probe import Probe
from artificer_runtime.schema import GROUPS, Column

# Numbers far from all others are moved to the ends of what all but these shares of the values hold.
ENDS = (0.001, 0.999)

Probes = tuple[Probe, Probe]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A finding whose cost can be measured.

    Attributes
    ----------
    name : str
        Code and place of the finding: ``"typos:city"``.
    bound : float
        Roughly the most that it may cost, 0 to 1: the share of rows that it touches, times what the column tells alone.
    choice : str
        What a repair does, in words; "" where nothing can be mended.
    column : Column or None
        How the column is read when mended.
    in_folds : bool
        Whether rows are left out that must be found anew among the training rows of every fold.
    measure : callable (prices, number of the cut into folds) → yardstick as it is and mended, or None
    """

    name: str
    bound: float
    choice: str
    measure: Callable[[Prices, int], Probes | None]
    column: Column | None = None
    in_folds: bool = False


def name_of(finding: Finding) -> str:
    """Code and place."""
    return f"{finding.code}:{finding.where}"


def suspects(seen: Seen, findings: Iterable[Finding]) -> list[Suspect]:
    """What can be measured, the largest suspects first; each is named once."""
    found: dict[str, Suspect] = {}
    for finding in findings:
        suspect = _suspect(seen, finding)
        if suspect is None or finding.effect is not None:
            continue
        if suspect.column is None or all(one.column != suspect.column for one in found.values()):
            found.setdefault(suspect.name, suspect)
    return sorted(found.values(), key=lambda one: -one.bound)


def copies(seen: Seen) -> np.ndarray:
    """Rows that repeat an earlier one in every column: bool (n_rows,)."""
    same = alike(seen)
    first = np.zeros(len(same), bool)
    first[np.unique(same, return_index=True)[1]] = True
    return ~first


def outvoted(seen: Seen) -> np.ndarray:
    """Rows whose equals in every feature mostly, or as often, have another label: bool (n_rows,)."""
    _, group = np.unique(seen.hashes, return_inverse=True)
    pairs, place, counts = np.unique(
        np.stack([group, seen.rows.y], axis=1), axis=0, return_inverse=True, return_counts=True
    )
    of_group = pairs[:, 0].astype(np.int64)
    commonest = np.zeros(len(np.unique(group)), np.int64)
    np.maximum.at(commonest, of_group, counts)
    n_commonest = np.bincount(of_group, counts == commonest[of_group])
    wins = (counts == commonest[of_group]) & (n_commonest[of_group] == 1)
    return np.asarray(~wins[place.reshape(-1)])


def mislabelled(seen: Seen) -> np.ndarray:
    """Rows whose label is suspected to be wrong: bool (n_rows,)."""
    mask = np.zeros(seen.rows.n_rows, bool)
    mask[doubtful(seen)] = True
    return mask


# Which rows do not train, by what the rows that train say themselves, and what that is called.
ROWS: dict[str, tuple[Callable[[Seen], np.ndarray], str]] = {
    "conflicts": (outvoted, "rows that their equals outvote do not train"),
    "label_errors": (mislabelled, "rows whose label is in doubt do not train"),
}
COPIES = "duplicates"


def _suspect(seen: Seen, finding: Finding) -> Suspect | None:
    name, touched = name_of(finding), _share(finding)
    if finding.code == COPIES:
        return Suspect(name, touched, "copies are left out", partial(_copies, seen, name))
    if finding.code in ROWS and (seen.asked.classes or finding.code != "conflicts"):
        find, choice = ROWS[finding.code]
        return Suspect(name, touched, choice, partial(_rows, seen, name, find), in_folds=True)
    raw = next((one for one in seen.asked.schema.columns if one.name == finding.where), None)
    if raw is None or finding.where not in seen.prices.alone:
        return None
    bound = touched * seen.prices.alone[raw.name]
    if finding.code == "missing":
        return Suspect(name, bound, "", partial(_more_gaps, name, raw))
    if finding.code not in COLUMNS:
        return None
    mend, choice = COLUMNS[finding.code]
    mended = mend(seen, raw, finding)
    return None if mended == raw else Suspect(name, bound, choice, partial(_column, name, mended), mended)


def _share(finding: Finding) -> float:
    """The share of rows that it touches, as its own facts say; 1 where they do not."""
    shares = (
        fact.value for fact in finding.facts if fact.unit.startswith("share of") and isinstance(fact.value, float)
    )
    return next(shares, 1.0)


def _copies(seen: Seen, name: str, prices: Prices, draw: int) -> Probes | None:
    """Measured on rows without a twin: one whose twin trains says nothing of rows to come."""
    few = seen.part(prices.kept)
    same, counts = np.unique(alike(few), return_inverse=True, return_counts=True)[1:]
    copied = np.zeros(seen.rows.n_rows, bool)
    copied[prices.kept] = copies(few)
    return prices.mending(name, left_out=copied.__getitem__, unmeasured=counts[same] > 1, draw=draw)


def _rows(seen: Seen, name: str, find: Callable[[Seen], np.ndarray], prices: Prices, draw: int) -> Probes | None:
    return prices.mending(name, left_out=lambda places: find(seen.part(places)), draw=draw)


def _column(name: str, mended: Column, prices: Prices, draw: int) -> Probes | None:
    return prices.mending(name, values={mended.name: prices.read_as(mended)}, draw=draw)


def _more_gaps(name: str, column: Column, prices: Prices, draw: int) -> Probes | None:
    """As many gaps again, drawn among the cells that are known: what the worse data would gain by being as it is."""
    values = prices.read_as(column)
    is_code = GROUPS[column.kind] == "codes"
    known = np.flatnonzero(values != 0 if is_code else ~np.isnan(values))
    n_more = min(len(values) - len(known), len(known) // 2)
    drawn = np.random.default_rng([draw, zlib.crc32(column.name.encode())]).permutation(known)[:n_more]
    values[drawn] = 0.0 if is_code else np.nan
    probes = prices.mending(name, values={column.name: values}, draw=draw)
    return None if probes is None else (probes[1], probes[0])


def _merged(seen: Seen, column: Column, finding: Finding) -> Column:
    """Variants read as the level that is meant."""
    meant = merged(seen.rows.frame[column.name])
    levels = tuple(level for level in column.levels if level not in meant)
    pairs = tuple(sorted((written, level) for written, level in meant.items() if level in levels))
    kept = {written for written, _ in pairs}
    return replace(column, levels=tuple(one for one in column.levels if one not in kept), spellings=pairs)


def _clipped(seen: Seen, column: Column, finding: Finding) -> Column:
    known = seen.rows.frame[column.name].drop_nulls().to_numpy()
    low, high = np.quantile(known[np.isfinite(known)], ENDS)
    return replace(column, within=(float(low), float(high)))


def _emptied(seen: Seen, column: Column, finding: Finding) -> Column:
    codes = tuple(fact.value for fact in finding.facts if fact.name == "value" and isinstance(fact.value, float))
    return replace(column, gaps=codes)


COLUMNS: dict[str, tuple[Callable[[Seen, Column, Finding], Column], str]] = {
    **dict.fromkeys(("case_variants", "typos"), (_merged, "other spellings are read as the level that is meant")),
    "outliers": (_clipped, f"what lies beyond {ENDS[0]:.1%} and {ENDS[1]:.1%} of its values is read as these ends"),
    "sentinel": (_emptied, "the code is read as missing"),
}
