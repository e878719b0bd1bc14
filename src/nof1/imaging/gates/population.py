"""Was this model made for such a patient and such a picture?

A model trained on children of one to five years says nothing about a man of sixty. Where the header
says that the picture is of another kind than any in training, the gate refuses; where the header
does not say, the answer is "not validated" for the age (a wrong age group cannot be excluded) and a
doubt is never silently dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nof1.imaging.gates.verdict import Verdict
from nof1.imaging.image import Header

GATE = "population"
SMALLEST_GROUP = 10  # patients of a kind from which the kind counts as seen
AGE_SLACK = 0.005  # share of the youngest and of the oldest that do not widen the range
SAME_MODALITY = {"DX": "film", "CR": "film", "RG": "film", "RF": "film", "XR": "film"}


@dataclass(frozen=True)
class Population:
    """Who and what was in the training pictures; None or empty: nobody knows.

    Attributes
    ----------
    age_years : (youngest, oldest).
    sexes : letters M and F. modalities, views, body_parts : DICOM's words, upper case.
    """

    age_years: tuple[float, float] | None = None
    sexes: frozenset[str] = frozenset()
    modalities: frozenset[str] = frozenset()
    views: frozenset[str] = frozenset()
    body_parts: frozenset[str] = frozenset()

    @classmethod
    def fit(cls, headers: Iterable[Header]) -> Population:
        """Learn from the headers of the training pictures; kinds below 10 pictures do not count."""
        known = list(headers)
        ages = [one.age_years for one in known if one.age_years is not None]
        return cls(
            age_years=age_range(ages),
            sexes=_seen(one.sex for one in known),
            modalities=_seen(one.modality for one in known),
            views=_seen(one.view for one in known),
            body_parts=_seen(one.body_part for one in known),
        )

    def check(self, header: Header) -> tuple[Verdict, ...]:
        """Every doubt about one picture, refusals first; one passed verdict when there is none."""
        doubts = [
            self._kind(header.modality, self.modalities, "modality"),
            self._kind(header.body_part, self.body_parts, "body_part"),
            self._kind(header.view, self.views, "view"),
            self._age(header.age_years),
            self._kind(header.sex, self.sexes, "sex"),
        ]
        found = [one for one in doubts if one is not None]
        found.sort(key=lambda one: one.status != "refused")
        return tuple(found) or (Verdict(gate=GATE, status="passed"),)

    def _kind(self, value: str | None, seen: frozenset[str], name: str) -> Verdict | None:
        """Doubt about one word of the header; a word that nobody knows in training is no doubt."""
        if not seen:
            return None
        word = _word(value)
        told = name.replace("_", " ")
        if not word:
            if name == "sex":
                return None
            return _verdict("not validated", name, f"The file does not say its {told}.")
        if word in seen or _alike(word) & {one for kind in seen for one in _alike(kind)}:
            return None
        status = "not validated" if name == "sex" else "refused"
        return _verdict(status, name, f"No training picture had this {told}.")

    def _age(self, age_years: float | None) -> Verdict | None:
        if self.age_years is None:
            return _verdict("not validated", "age", "Nobody knows the ages in training.")
        low, high = self.age_years
        between = f"{low:g} to {high:g} years"
        if age_years is None:
            reason = f"The file does not say the age; the model knows people of {between}."
            return _verdict("not validated", "age", reason)
        if low - 0.5 <= age_years < high + 1:
            return None
        reason = f"The model knows people of {between}; this patient is outside."
        return _verdict("refused", "age", reason)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "age_years": None if self.age_years is None else list(self.age_years),
            "sexes": sorted(self.sexes),
            "modalities": sorted(self.modalities),
            "views": sorted(self.views),
            "body_parts": sorted(self.body_parts),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Population:
        """Read back what ``to_dict`` wrote; parts that are absent are not known."""
        age = data.get("age_years")
        words = {
            name: frozenset(_word(one) for one in data.get(name) or ())
            for name in ("sexes", "modalities", "views", "body_parts")
        }
        return cls(age_years=None if age is None else (float(age[0]), float(age[1])), **words)


def age_range(ages: ArrayLike) -> tuple[float, float] | None:
    """Whole years that hold nearly all patients, or None when fewer than 10 ages are known."""
    known = np.asarray(ages, dtype=np.float64)
    known = known[np.isfinite(known)]
    if len(known) < SMALLEST_GROUP:
        return None
    low, high = np.quantile(known, [AGE_SLACK, 1 - AGE_SLACK])
    return float(np.floor(low)), float(np.floor(high))


def _seen(values: Iterable[str | None]) -> frozenset[str]:
    words = [_word(value) for value in values]
    return frozenset(word for word in set(words) if word and words.count(word) >= SMALLEST_GROUP)


def _word(value: str | None) -> str:
    return str(value or "").strip().upper()


def _alike(word: str) -> set[str]:
    """Words that mean the same: the modalities of a film; a body part with its other spellings."""
    return {word, SAME_MODALITY.get(word, word), "CHEST" if word == "THORAX" else word}


def _verdict(status: Any, code: str, reason: str) -> Verdict:
    next_step = "Use a model that was trained on such patients, or read the picture without one."
    if status == "not validated":
        next_step = "Read any score with this doubt in mind; a person must decide."
    return Verdict(gate=GATE, status=status, code=code, reason=reason, next_step=next_step)
