"""An edit of one curve of a glass box, as a person asked for it; nothing else changes.

The intercept is left alone, so everybody outside the edited range keeps the score bit for bit; the
price is that the mean risk may move, which the evaluation after the edit shows. The spread of the
bags stays as wide as it was: a person's decision adds no data. A dropped curve takes its spread
with it. Planes of two features are not touched, also not those that hold the feature.

Reference: Caruana et al., KDD 2015 (why a readable model must be editable: asthma and pneumonia).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import ModelError, UsageError
from nof1.learn.shapes import ShapeModel, Term
from nof1.learn.sums import FloatArray
from nof1.predict.fitting import GLASSBOX, Trained

FLAT, CAP, FLOOR, RISING, FALLING, DROP = "flat", "cap", "floor", "rising", "falling", "drop"
WAYS = {
    FLAT: "set to one value",
    CAP: "not above a value",
    FLOOR: "not below a value",
    RISING: "only rising",
    FALLING: "only falling",
    DROP: "leave the whole curve out",
}
VALUED = (FLAT, CAP, FLOOR)
LARGEST = 10.0  # log odds; beyond it a risk is 0 or 1 whatever else is known


@dataclass(frozen=True)
class Edit:
    """What is asked for.

    Attributes
    ----------
    feature : the column whose curve is edited.
    way : one of ``WAYS``.
    low, high : the range from ``low`` to under ``high``, in the feature's unit; None is open.
    value : of ``flat``, ``cap`` and ``floor``, in log odds (log hazard in survival); above 0
        raises the risk.
    missing : whether people without a value are edited too.
    """

    feature: str
    way: str
    low: float | None = None
    high: float | None = None
    value: float | None = None
    missing: bool = False

    def __post_init__(self) -> None:
        numbers = [one for one in (self.low, self.high, self.value) if one is not None]
        if self.way not in WAYS:
            raise UsageError("There is no such edit.", where="way", allowed=list(WAYS))
        if not all(math.isfinite(one) for one in numbers):
            raise UsageError("A number is not finite.", where="low, high or value")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise UsageError("The range is empty.", where="low and high", allowed="low below high")
        if (self.way in VALUED) != (self.value is not None):
            raise UsageError(
                "A value belongs to flat, cap and floor, and to them alone.", where="value"
            )
        if self.value is not None and abs(self.value) > LARGEST:
            raise UsageError("The value is out of range.", where="value",
                             allowed=f"-{LARGEST:g} to {LARGEST:g} log odds")  # fmt: skip
        if self.way == DROP and (self.low is not None or self.high is not None or self.missing):
            raise UsageError("A curve is dropped as a whole: give no range.", where="low and high")

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Edit:
        """Read the JSON form."""
        return cls(**{name: stored[name] for name in cls.__dataclass_fields__})

    def words(self) -> str:
        """The edit in words, without the feature.

        >>> Edit("age_years", "cap", low=80.0, value=0.5).words()
        'from 80: not above +0.50'
        """
        value = "" if self.value is None else f"{self.value:+.2f}"
        what = {FLAT: f"set to {value}", CAP: f"not above {value}", FLOOR: f"not below {value}"}
        said = what.get(self.way, WAYS[self.way])
        return said if self.way == DROP else f"{self.span()}: {said}"

    def span(self) -> str:
        """The range in words."""
        start = "" if self.low is None else f"from {self.low:g}"
        end = "" if self.high is None else f"below {self.high:g}"
        span = " ".join(part for part in (start, end) if part) or "everywhere"
        return f"{span}, and where missing" if self.missing else span


def curves(trained: Trained) -> ShapeModel:
    """The curves of a trained glass box: of the log odds, or of the outcome's log hazard.

    Raises
    ------
    UsageError : another learner, which has none.
    """
    if trained.name != GLASSBOX:
        raise UsageError(
            "This model has no curves that a person could edit.",
            where=f"learner {trained.name}",
            allowed=GLASSBOX,
            next_step="Train it with the glass box alone: learners: [glassbox].",
        )
    learner = trained.learner
    found: ShapeModel = (
        learner.model.causes[0].shapes if trained.kind == "survival" else learner.shapes
    )
    return found


def curve_of(shapes: ShapeModel, feature: str) -> int | None:
    """Place of the curve of a feature among the terms; None when it has none."""
    for place, term in enumerate(shapes.terms):
        if len(term.features) == 1 and shapes.names[term.features[0]] == feature:
            return place
    return None


def planes_with(shapes: ShapeModel, feature: str) -> int:
    """How many planes hold the feature; an edit of its curve leaves them as they are."""
    held = (term for term in shapes.terms if len(term.features) == 2)
    return sum(any(shapes.names[j] == feature for j in term.features) for term in held)


def edited(shapes: ShapeModel, edit: Edit, *, exact: bool = True) -> ShapeModel:
    """The curves after an edit; intercept and all other terms are the very same.

    Parameters
    ----------
    exact : the range must begin and end at the curve's own cuts, and the curve must be there.
        Otherwise (models of folds, with cuts of their own) bins are split where the range ends,
        which changes no score, and a curve that was not needed is flat at 0 before the edit.

    Raises
    ------
    UsageError : there is no such curve, no bin lies in the range, or it is not at the cuts.
    """
    if edit.feature not in shapes.names:
        raise UsageError("The model has no such feature.", where=edit.feature)
    place = curve_of(shapes, edit.feature)
    if place is None and exact:
        raise UsageError("The model has no curve of this feature.", where=edit.feature)
    terms = list(shapes.terms)
    if edit.way == DROP:
        kept = tuple(term for number, term in enumerate(terms) if number != place)
        return replace(shapes, terms=kept)
    if place is None:
        place = len(terms)
        terms.append(_flat_zero(shapes, edit.feature))
    term = terms[place]
    for edge in (edit.low, edit.high):
        if edge is not None and edge not in term.cuts[0]:
            if exact:
                raise UsageError("The range must begin and end at cuts of the curve.",
                                 where=f"{edge:g}", allowed=_shown(term.cuts[0]))  # fmt: skip
            term = split_at(term, edge)
    terms[place] = changed(term, edit)
    return replace(shapes, terms=tuple(terms))


def chosen(term: Term, edit: Edit) -> NDArray[np.bool_]:
    """Which bins (n_bins,) an edit speaks of; bin 0 is missing."""
    lows = np.r_[-np.inf, term.cuts[0]]
    highs = np.r_[term.cuts[0], np.inf]
    low = -np.inf if edit.low is None else edit.low
    high = np.inf if edit.high is None else edit.high
    inside: NDArray[np.bool_] = (lows >= low) & (highs <= high)
    return np.concatenate([[edit.missing], inside])


def changed(term: Term, edit: Edit) -> Term:
    """One curve after an edit whose range ends at its cuts; bins outside stay bit for bit.

    Raises
    ------
    UsageError : no bin lies in the range.
    """
    places = chosen(term, edit)
    if not places.any():
        raise UsageError("No part of the curve lies in this range.", where="low and high",
                         allowed=_shown(term.cuts[0]))  # fmt: skip
    scores = term.scores.copy()
    scores[places] = _asked(term.scores[places], term.counts[places], edit)
    moved = scores - term.scores
    bags = np.where(places, term.bags + moved, term.bags)
    return replace(term, scores=scores, bags=bags)


def _asked(scores: FloatArray, counts: FloatArray, edit: Edit) -> FloatArray:
    if edit.value is not None:
        if edit.way == FLAT:
            return np.full(len(scores), edit.value)
        return (np.minimum if edit.way == CAP else np.maximum)(scores, edit.value)
    first = 1 if edit.missing else 0  # "missing" has no place on the axis
    sign = 1.0 if edit.way == RISING else -1.0
    made = scores.copy()
    weights = np.maximum(counts[first:], 1.0)
    made[first:] = sign * _isotonic(sign * scores[first:], weights)
    return made


def _isotonic(values: FloatArray, weights: FloatArray) -> FloatArray:
    """The nearest rising sequence, in weighted squares: pool neighbours that fall (PAVA)."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, m, i), (b, n, j) = blocks[-2:]
            blocks[-2:] = [((a * m + b * n) / (m + n), m + n, i + j)]
    return np.repeat([block[0] for block in blocks], [block[2] for block in blocks])


def split_at(term: Term, cut: float) -> Term:
    """The same curve with one more cut: both halves of the bin keep its score."""
    place = int(np.searchsorted(term.cuts[0], cut, side="right"))
    edges = np.insert(term.cuts[0], place, cut)
    bin_ = place + 1
    counts = np.insert(term.counts, bin_, term.counts[bin_] / 2)
    counts[bin_ + 1] = counts[bin_]
    return replace(
        term,
        cuts=(edges,),
        scores=np.insert(term.scores, bin_, term.scores[bin_]),
        standard_errors=np.insert(term.standard_errors, bin_, term.standard_errors[bin_]),
        counts=counts,
        bags=np.insert(term.bags, bin_, term.bags[:, bin_], axis=1),
    )


def _flat_zero(shapes: ShapeModel, feature: str) -> Term:
    blank, bags = np.zeros(2), np.zeros((shapes.n_bags, 2))
    place = shapes.names.index(feature)
    return Term(feature, (place,), (np.empty(0),), blank, blank, blank, bags)


def _shown(cuts: FloatArray) -> str:
    some = [f"{one:g}" for one in cuts[:12]]
    return ", ".join(some) + (f" ... {cuts[-1]:g}" if len(cuts) > 12 else "")


def edited_learner(trained: Trained, edit: Edit, *, exact: bool = True) -> Trained:
    """A trained glass box after an edit; in survival the hazard of the outcome alone changes.

    Raises
    ------
    UsageError : as ``edited``, or another learner.
    ModelError : the stored form is not as expected.
    """
    shapes = edited(curves(trained), edit, exact=exact).to_dict()
    files = trained.save()
    if trained.kind == "survival":
        hazards = json.loads(files["hazards.json"])
        hazards["causes"][0]["shapes"] = shapes
        return Trained.load(GLASSBOX, trained.kind, {"hazards.json": json.dumps(hazards).encode()})
    if "shapes.json" not in files:
        raise ModelError("The glass box has no file of curves.", where="shapes.json")
    return Trained.load(GLASSBOX, trained.kind, {"shapes.json": json.dumps(shapes).encode()})


def steps(before: Term, edit: Edit) -> list[dict[str, Any]]:
    """Bin by bin, what an edit changes: rows of low, high, before, after and people.

    ``low`` and ``high`` None in the first and last bin; both None and ``missing`` for no value.
    """
    after = None if edit.way == DROP else changed(before, edit).scores
    edges = [None, *before.cuts[0].tolist(), None]
    rows = []
    for number in range(len(before.scores)):
        new = 0.0 if after is None else float(after[number])
        if new != before.scores[number] or (after is None and before.counts[number]):
            low, high = (None, None) if number == 0 else (edges[number - 1], edges[number])
            rows.append(
                {
                    "missing": number == 0, "low": low, "high": high,
                    "before": float(before.scores[number]), "after": new,
                    "people": int(before.counts[number]),
                }
            )  # fmt: skip
    return rows
