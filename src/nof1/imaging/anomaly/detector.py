"""How unusual is a film among the site's normal films, and where; silent until proven.

Two judges look at each place: the distance to the memory of normal places (:mod:`bank`), and, where
the nets learned from planted changes, their own log odds that the place was changed. Both are
brought to one scale (mean 0, spread 1 over the places of held-out normal films) and averaged. A
film's score is the mean of its most unusual tenth of places, so one odd pixel does not decide.

The threshold is conformal: the score is ranked among held-out normal films. At level 0.05, one of
20 films *like those* is called unusual, whatever the model (Laxhammar & Falkman, Ann. Math. Artif.
Intell. 74 (2015) 67). The ranks are counts on a fixed grid; no film's score is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import ModelError
from nof1.imaging.anomaly.bank import Bank
from nof1.imaging.anomaly.sight import Sight, twin_of
from nof1.imaging.anomaly.trial import NOT_A_DIAGNOSIS, UNTRIED, Proof, prove

FloatMap = NDArray[np.float64]
LEVEL = 0.05
TOP = 0.1  # share of the places that make the score
GRID = np.linspace(-10.0, 30.0, 4001)
PREFIX = "anomaly-"
FORMAT = "nof1/anomaly/1"
Answer = Literal["unusual", "not unusual", "withheld"]


@dataclass(frozen=True, eq=False)
class Look:
    """What the detector says about one film.

    Attributes
    ----------
    answer : ``withheld`` when the detector has not proven itself.
    p_value : share of normal films at least as unusual, in (0, 1]; None when withheld.
    score : mean of the most unusual tenth of places, standard deviations of normal places.
    places : (h, w) how unusual each place is, same unit; high = unusual. None when withheld.
    reason, next_step : in words.
    """

    answer: Answer
    p_value: float | None
    score: float | None
    places: FloatMap | None
    reason: str
    next_step: str


@dataclass(frozen=True, eq=False)
class Detector:
    """Memory, scale, ranks and proof. The nets themselves are kept beside it.

    Parameters
    ----------
    banks : one for each net.
    scales : (judges, 2) mean and spread of each judge over normal places.
    counts : (cells,) held-out normal films by score.
    proof : what it has shown.
    level : share of normal films that are called unusual.
    """

    banks: tuple[Bank, ...]
    scales: FloatMap
    counts: FloatMap
    proof: Proof
    level: float = LEVEL

    @classmethod
    def build(
        cls,
        sight: Sight,
        normal: ArrayLike,
        held_out: ArrayLike,
        *,
        patients: ArrayLike | None = None,
        abnormal: ArrayLike | None = None,
        abnormal_patients: ArrayLike | None = None,
        level: float = LEVEL,
        seed: int = 0,
    ) -> Detector:
        """Remember normal films, set the threshold and put it on trial.

        Parameters
        ----------
        sight : trained nets.
        normal : (n, s, s) uint8 normal films; those that the nets learned from may be used.
        held_out : (m, s, s) normal films of *other* patients; ``patients`` says whose.
        abnormal, abnormal_patients : films called abnormal, for the trial only.

        Raises
        ------
        ModelError : when there are too few held-out films for the level, or no memory can be made.
        """
        others = np.asarray(held_out)
        _check_count(len(others), level)
        ready = cls._remembering(sight, normal, others, level, seed)
        pair = twin_of(sight, seed=seed)
        twin = None if pair is None else cls._remembering(pair, normal, others, level, seed)
        proof = prove(
            lambda films: scores_of(ready.places(sight, films)),
            twin and (lambda films: scores_of(twin.places(pair, films))),  # type: ignore[arg-type]
            sight.origin,
            sight.kinds,
            others,
            patients=patients,
            abnormal=abnormal,
            abnormal_patients=abnormal_patients,
            seed=seed,
        )
        return replace(ready, proof=proof)

    @classmethod
    def _remembering(
        cls, sight: Sight, normal: ArrayLike, others: ArrayLike, level: float, seed: int
    ) -> Detector:
        """Memory, scales and ranks; not tried yet."""
        banks = tuple(Bank.fit(one, seed=seed) for one in sight.look(normal))
        draft = cls(banks, np.empty((0, 2)), np.zeros(len(GRID) + 1), UNTRIED, level)
        judged = draft._judged(sight, others)
        scales = np.array([[one.mean(), max(float(one.std()), 1e-9)] for one in judged])
        scaled = replace(draft, scales=scales)
        cells = np.searchsorted(GRID, scores_of(scaled._combined(judged)))
        counts = np.bincount(cells, minlength=len(GRID) + 1).astype(np.float64)
        return replace(scaled, counts=counts)

    def places(self, sight: Sight, films: ArrayLike) -> FloatMap:
        """(n, h, w) how unusual each place is; for research and for the trial, not for a reader."""
        return self._combined(self._judged(sight, films))

    def _judged(self, sight: Sight, films: ArrayLike) -> list[FloatMap]:
        """What each judge says of each place, (n, h, w) each, mean over the nets."""
        seen = sight.look(films)
        if len(seen) != len(self.banks):
            raise ModelError("The nets are not those of this detector.", next_step="Build it anew.")
        far = [bank.distance(maps) for bank, maps in zip(self.banks, seen, strict=True)]
        judged = [np.mean(far, axis=0)]
        if sight.head is not None and sight.bias is not None:
            odds = np.einsum("md,mndhw->mnhw", sight.head, seen.astype(np.float64), optimize=True)
            judged.append((odds + sight.bias[:, None, None, None]).mean(axis=0))
        return judged

    def _combined(self, judged: list[FloatMap]) -> FloatMap:
        pairs = zip(judged, self.scales, strict=True)
        combined: FloatMap = np.mean([(one - mean) / sd for one, (mean, sd) in pairs], axis=0)
        return combined

    def p_values(self, scores: ArrayLike) -> FloatMap:
        """(rows at least as unusual + 1) / (held-out rows + 1) of scores (n,)."""
        from_here = np.cumsum(self.counts[::-1])[::-1]
        cell = np.searchsorted(GRID, np.asarray(scores, dtype=np.float64))
        ranks: FloatMap = (from_here[cell] + 1) / (self.counts.sum() + 1)
        return ranks

    def look(self, sight: Sight, film: ArrayLike) -> Look:
        """What it says about one film (s, s), ``uint8`` or 0 to 1; withheld without a proof."""
        if not self.proof.passed:
            return Look("withheld", None, None, None, self.proof.reason, self.proof.next_step)
        places = self.places(sight, np.asarray(film)[None])[0]
        score = float(scores_of(places[None])[0])
        p_value = float(self.p_values([score])[0])
        normal = int(self.counts.sum())
        unusual = p_value <= self.level
        words = "is unusual among" if unusual else "is not unusual among"
        reason = (
            f"This film {words} {normal} normal films of the site: {100 * p_value:.0f} % of them "
            f"are at least as unusual. {self.proof.reason or NOT_A_DIAGNOSIS}"
        )
        step = "Look at the marked places." if unusual else "Read the film as always."
        return Look("unusual" if unusual else "not unusual", p_value, score, places, reason, step)

    def to_parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """The section for ``model.json`` and the arrays, to be kept with the nets."""
        arrays: dict[str, NDArray[Any]] = {
            f"{PREFIX}scales": self.scales,
            f"{PREFIX}counts": self.counts,
        }
        for number, bank in enumerate(self.banks):
            arrays[f"{PREFIX}entries-{number}"] = bank.entries.astype(np.float32)
            arrays[f"{PREFIX}centre-{number}"] = bank.centre
            arrays[f"{PREFIX}spread-{number}"] = np.where(np.isfinite(bank.spread), bank.spread, 0)
        about = {"format": FORMAT, "banks": len(self.banks), "level": self.level}
        return {**about, "proof": self.proof.to_dict()}, arrays

    @classmethod
    def from_parts(cls, about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Detector:
        """Read back what :meth:`to_parts` wrote.

        Raises
        ------
        ModelError : when something is missing, damaged or of another format.
        """
        try:
            if about["format"] != FORMAT:
                raise ValueError
            banks = tuple(_bank(arrays, number) for number in range(int(about["banks"])))
            proof, level = Proof.from_dict(about["proof"]), float(about["level"])
            scales, counts = arrays[f"{PREFIX}scales"], arrays[f"{PREFIX}counts"]
            return cls(banks, scales, counts, proof, level)
        except (KeyError, ValueError, TypeError):
            raise ModelError(
                "The anomaly detector's parts are damaged.", next_step="Build it again."
            ) from None


def scores_of(places: FloatMap) -> FloatMap:
    """(n,) mean of the most unusual tenth of the places (n, h, w)."""
    flat = np.sort(places.reshape(len(places), -1), axis=1)
    count = max(1, round(TOP * flat.shape[1]))
    found: FloatMap = flat[:, -count:].mean(axis=1)
    return found


def _bank(arrays: Mapping[str, NDArray[Any]], number: int) -> Bank:
    spread = arrays[f"{PREFIX}spread-{number}"]
    return Bank(
        arrays[f"{PREFIX}entries-{number}"].astype(np.float64),
        arrays[f"{PREFIX}centre-{number}"],
        np.where(spread > 0, spread, np.inf),
    )


def _check_count(films: int, level: float) -> None:
    if not 0 < level < 1 or (films + 1) * level < 1:
        raise ModelError(
            f"{films} held-out normal films cannot give a p-value of {level}.",
            allowed="a level between 0 and 1, and 1 / level - 1 held-out films or more",
            next_step="Hold out more normal films.",
        )
