"""Does anything in the file rest on too few patients?

``fail``: a bin, leaf, category or group of one to ``few`` - 1 patients that has a count or a value
of its own. ``attention``: what follows only by subtraction, counts of outcomes in a band of risk,
and cells of a score (they say that somebody had this score, not who).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.federation.egress.verdict import Found, Status
from nof1.learn.bins import single
from nof1.learn.levels import FEW
from nof1.learn.rows import patient_shares
from nof1.learn.shapes import ShapeModel, Term
from nof1.learn.sums import FloatArray
from nof1.predict.crossfit import Rows

NEAR = 1e-6  # counts are sums of shares of patients
SAME = 1e-7  # scores


def small(count: FloatArray, few: int) -> NDArray[np.bool_]:
    """Where a count is of one to ``few`` - 1 patients."""
    inside: NDArray[np.bool_] = (count > NEAR) & (count < few - NEAR)
    return inside


def shapes(
    model: ShapeModel,
    place: str,
    few: int,
    rows: tuple[FloatArray, Rows] | None,
    patients: int | None,
) -> Iterator[Found]:
    """Bins of curves and planes.

    Parameters
    ----------
    rows : features (n, p) and patients (n,) that trained, to count the bins again; None when the
        patients of several sites did.
    patients : who trained, to find hidden bins by subtraction.
    """
    shares = patient_shares(rows[1].astype(np.uint64)) if rows is not None else None
    for term in model.terms:
        where = f"{place}, {term.name}"
        if shown := int(small(term.counts, few).sum()):
            yield Found(where, f"bins that show a count below {few}", shown)
        count = term.counts
        if rows is not None and shares is not None:
            count = _recount(term, rows[0], shares)
            lone = small(count, few) & (term.counts > 0)
            if lone.any():
                what = f"bins with fewer than {few} patients here that show more"
                yield Found(where, what, int(lone.sum()))
        if count.ndim == 1:
            yield from _own_bins(term, count, where, few)
        else:
            yield from _own_corners(term, count, where, few, "fail" if rows else "attention")
        hidden = patients - float(term.counts.sum()) if patients is not None else 0.0
        if rows is not None and bool(small(np.array(hidden), few)):
            what = "hidden bins whose patients follow by subtraction from all"
            yield Found(where, what, 1, "attention")


def _own_bins(term: Term, count: FloatArray, where: str, few: int) -> Iterator[Found]:
    """Bins of a curve with a value though fewer than ``few`` patients are in them."""
    values = np.concatenate([term.scores[None], term.bags])
    own = (np.abs(values) > SAME).any(axis=0) & ((term.counts <= NEAR) | small(count, few))
    if own.any():
        yield Found(where, f"bins of fewer than {few} patients with a value", int(own.sum()))


def _own_corners(
    term: Term, count: FloatArray, where: str, few: int, status: Status
) -> Iterator[Found]:
    """Parts of a plane that got a value from fewer than ``few`` patients.

    A plane is a sum of steps, each of four quadrants around a corner, and of numbers for whole rows
    and columns. The mixed difference at a corner is not 0 where a step was; then each quadrant's
    patients gave a value. Missing values (row and column 0) take no part in it. Where hidden cells
    cannot be counted (several sites), the quadrants may hold more than it seems: ``attention``.
    """
    values = np.concatenate([term.scores[None], term.bags])[:, 1:, 1:]
    mixed = np.diff(np.diff(values, axis=1), axis=2)
    corner = (np.abs(mixed) > SAME).any(axis=0)
    inside = count[1:, 1:]
    total = np.zeros((inside.shape[0] + 1, inside.shape[1] + 1))
    total[1:, 1:] = inside.cumsum(axis=0).cumsum(axis=1)
    upper = total[1:-1, 1:-1]
    left, top = total[1:-1, -1:] - upper, total[-1:, 1:-1] - upper
    quadrants = np.stack([upper, left, top, inside.sum() - upper - left - top])
    below = corner & small(quadrants, few).any(axis=0)
    if below.any():
        what = f"corners of a plane of which one side has fewer than {few} patients"
        yield Found(where, what, int(below.sum()), status)


def _recount(term: Term, X: FloatArray, shares: FloatArray) -> FloatArray:
    codes = []
    for feature, cuts in zip(term.features, term.cuts, strict=True):
        values = single(X[:, feature])
        code = np.searchsorted(cuts, values, side="right") + 1
        codes.append(np.where(np.isnan(values), 0, code))
    count = np.zeros(term.counts.shape)
    np.add.at(count, tuple(codes), shares)
    return count


def trees(text: str, place: str, few: int) -> Iterator[Found]:
    """Leaves of LightGBM's text by the counts that it stores (rows)."""
    below = 0
    for line in text.splitlines():
        name, _, values = line.partition("=")
        if name in ("leaf_count", "internal_count") and values.strip():
            counts = np.array(values.split(), dtype=np.float64)
            below += int(small(counts, few).sum())
    if below:
        yield Found(place, f"leaves with fewer than {few} rows", below)


def leaves(text: str, codes: FloatArray, patients: Rows, place: str, few: int) -> Iterator[Found]:
    """Leaves of LightGBM counted again by patients of this site; codes (n, p) as the trees take."""
    import lightgbm

    leaf = np.asarray(
        lightgbm.Booster(model_str=text).predict(codes, pred_leaf=True, num_threads=1)
    )
    below = 0
    for tree in leaf.reshape(len(codes), -1).T:
        pairs = np.unique(np.column_stack([tree, patients]), axis=0)
        below += int((np.unique(pairs[:, 0], return_counts=True)[1] < few).sum())
    if below:
        yield Found(place, f"leaves with fewer than {few} patients of this site", below)


def model_tables(data: Mapping[str, Any], few: int) -> Iterator[Found]:
    """Counts of ``model.json``: the baseline of drift, and the tables of scores."""
    if data.get("drift"):
        counts = np.asarray(data["drift"]["counts"], dtype=np.float64)
        odd = small(counts, few) & ~((counts == FEW / 2) & (few <= FEW))
        if odd.any():
            what = f"levels of features with fewer than {few} rows"
            yield Found("model.json, drift/counts", what, int(odd.sum()))
    for voice in data.get("voices", []):
        for label, weights in enumerate(voice["conformal"]["weights"]):
            yield from scores(
                f"model.json, voices/conformal, label {label} at {voice['horizon_days']:g} days",
                weights, few,
            )  # fmt: skip
    if data.get("domain"):
        for number, table in enumerate(data["domain"]["tables"]):
            yield from scores(f"model.json, domain/tables/{number}", table, few)


def scores(where: str, weights: Any, few: int) -> Iterator[Found]:
    """Cells of a score: they say that somebody had it, not who."""
    below = small(np.asarray(weights, dtype=np.float64), few)
    if below.any():
        what = f"cells of a score with fewer than {few} rows"
        yield Found(where, what, int(below.sum()), "attention")


def codes(
    named: Mapping[str, set[str]], patients: Mapping[str, int], chosen: set[str], few: int
) -> Iterator[Found]:
    """Codes in the file that few patients of this site have, unless the task's author named them.

    Parameters
    ----------
    named : place -> codes that stand there. patients : code -> patients who have it.
    """
    for where, found in named.items():
        rare = {code for code in found - chosen if 0 < patients.get(code, 0) < few}
        if rare:
            yield Found(where, f"codes that fewer than {few} patients here have", len(rare))


def card(data: Mapping[str, Any], few: int) -> Iterator[Found]:
    """Counts on the model card."""
    people = [float(step["people"]) for step in data.get("attrition", [])]
    yield from _told("card.json, attrition", "steps that left so few", people, few)
    lost = [before - after for before, after in pairwise(people)]
    yield from _told(
        "card.json, attrition", "steps that took so few, by subtraction", lost, few, "attention"
    )
    size = data.get("data", {})
    yield from _told("card.json, data", "totals", [float(size.get("events", 0))], few)
    judged = data.get("evaluation") or {}
    for row in judged.get("subgroups", []):
        if row.get("rows") is None:
            continue
        parts = [float(row["events"]), float(row["rows"]) - float(row["events"])]
        where = f"card.json, group {row['attribute']}={row['group']}"
        yield from _told(where, "people with or without the outcome", parts, few)
    bins = judged.get("calibration", [])
    rows = [float(one["rows"]) for one in bins]
    cases = [float(one["rows"]) * float(one["observed"] or 0) for one in bins]
    yield from _told("card.json, calibration", "people in a band of risk", rows, few)
    outcomes = [*cases, *(n - c for n, c in zip(rows, cases, strict=True))]
    yield from _told(
        "card.json, calibration", "outcomes in a band of risk", outcomes, few, "attention"
    )
    total = float(judged.get("rows") or 0)
    flagged = [total * float(one["flagged_share"]) for one in judged.get("net_benefit", [])]
    yield from _told(
        "card.json, net benefit", "people above a threshold", flagged, few, "attention"
    )


def effect_card(data: Mapping[str, Any], few: int) -> Iterator[Found]:
    """Counts on the card of an effect."""
    steps = data.get("attrition", [])
    people = [float(step["patients"]) for step in steps]
    yield from _told("card.json, attrition", "steps that left so few", people, few)
    lost = [before - after for before, after in pairwise(people)]
    yield from _told(
        "card.json, attrition", "steps that took so few, by subtraction", lost, few, "attention"
    )
    counts = {key: float(value) for key, value in data.get("people", {}).items()}
    yield from _told("card.json, people", "groups of people", list(counts.values()), few)
    whole = counts.get("treatment", 0.0) + counts.get("comparator", 0.0)
    rest = [whole - counts[key] for key in ("outcome_known", "compared") if key in counts]
    yield from _told("card.json, people", "people left out, by subtraction", rest, few, "attention")
    benefit = [float(one["people"]) for one in data.get("heterogeneity", {}).get("groups", [])]
    yield from _told("card.json, heterogeneity", "groups by benefit", benefit, few)
    events = [float(one["events"] or 0) for one in data.get("negative_controls", [])]
    yield from _told("card.json, negative controls", "events", events, few)
    for arm in ("comparator", "treatment"):
        yield from scores(f"card.json, overlap/{arm}", data.get("overlap", {}).get(arm, []), few)


def _told(
    where: str, what: str, counts: list[float], few: int, status: Status = "fail"
) -> Iterator[Found]:
    below = int(small(np.round(np.array(counts, dtype=np.float64)).astype(np.float64), few).sum())
    if below:
        yield Found(where, f"fewer than {few} {what}" if status != "fail" else
                    f"{what}: fewer than {few}", below, status)  # fmt: skip
