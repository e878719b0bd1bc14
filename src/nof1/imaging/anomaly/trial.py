"""The gate: a detector must prove itself on films it has not seen before it speaks about one.

Two trials, and both must be passed. *Planted*: held-out normal films against the same films with a
planted change of kinds that were never trained on. *Labelled*: held-out normal films against films
that people called abnormal, where the site has some. Neither replaces the other: planted changes
say nothing about disease (without labelled films an answer must carry that note), and labels alone
can be passed by a shortcut.

Each trial asks two questions. Does the lower limit of the AUROC's interval lie above a floor well
over 0.5? And is the detector better than its *twin*, the same memory on the same kind of net with
random weights? The second is needed: on very plain films random weights reach 0.60 for planted
changes, and on the NIH films 0.69 for pneumonia, because the ill are photographed differently.
Without a twin nothing is proven.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.imaging.anomaly.planting import PROOF, Kind, plant
from nof1.imaging.anomaly.sight import Origin
from nof1.learn.comparison import difference
from nof1.learn.discrimination import auroc, auroc_figure
from nof1.learn.figures import Figure

FLOOR_PLANTED = 0.55  # lower limit of the interval; planted changes are faint on purpose
FLOOR_LABELLED = 0.60
FEWEST_HELD_OUT = 40  # normal films
FEWEST_LABELLED = 20  # abnormal films; fewer are shown but decide nothing
MARGIN = 0.02  # by which the planted AUROC must exceed the untrained twin's
ROUNDS = 3  # plantings of each kind
NO_KIND = "every kind of planted change was used in training"
MORE = "Train on more normal films of the site, or on more passes; then try it again."
NOT_A_DIAGNOSIS = "Unusual does not mean ill, and not unusual does not mean healthy."
NO_DISEASE = (
    "Never tried on films with a disease: it is known only to find planted changes. "
    + NOT_A_DIAGNOSIS
)

Scores = Callable[[NDArray[np.uint8]], NDArray[np.float64]]  # higher = more unusual


@dataclass(frozen=True)
class Proof:
    """What the detector has shown.

    Attributes
    ----------
    passed : whether it may speak.
    planted : AUROC over all unseen kinds together; ``kinds``: each kind alone.
    planted_gain : how much better than the untrained twin, difference of AUROCs.
    labelled, labelled_gain : the same against films called abnormal; None without enough of them.
    reason, next_step : why it is silent, or what a reader must know.
    """

    passed: bool
    planted: Figure
    planted_gain: Figure
    kinds: dict[str, Figure]
    labelled: Figure | None
    labelled_gain: Figure | None
    reason: str
    next_step: str

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Proof:
        """Read back what :meth:`to_dict` wrote."""
        return cls(
            passed=bool(data["passed"]),
            planted=Figure(**data["planted"]),
            planted_gain=Figure(**data["planted_gain"]),
            kinds={name: Figure(**one) for name, one in data["kinds"].items()},
            labelled=_maybe(data["labelled"]),
            labelled_gain=_maybe(data["labelled_gain"]),
            reason=data["reason"],
            next_step=data["next_step"],
        )


def _maybe(data: dict[str, Any] | None) -> Figure | None:
    return None if data is None else Figure(**data)


UNTRIED = Proof(
    False,
    Figure.missing("not tried yet"),
    Figure.missing("not tried yet"),
    {},
    None,
    None,
    "The detector has not been tried on held-out films.",
    "Build it with held-out normal films.",
)


@dataclass(frozen=True, eq=False)
class Rows:
    """Scores on trial films: label 1 = changed or abnormal; ``twin`` None without a twin."""

    labels: NDArray[np.float64]
    patients: NDArray[Any]
    own: NDArray[np.float64]
    twin: NDArray[np.float64] | None

    def figure(self) -> Figure:
        """AUROC of the detector; a patient counts as one."""
        return auroc_figure(self.labels, self.own, patients=self.patients)

    def gain(self) -> Figure:
        """AUROC of the detector minus that of its twin, paired."""
        if self.twin is None:
            return Figure.missing("no untrained twin to compare with")
        pair = [auroc(self.labels, one) for one in (self.own, self.twin)]
        return difference(pair[0], pair[1], patients=self.patients)


def prove(
    scores: Scores,
    twin: Scores | None,
    origin: Origin,
    trained_kinds: Sequence[Kind],
    held_out: ArrayLike,
    *,
    patients: ArrayLike | None = None,
    abnormal: ArrayLike | None = None,
    abnormal_patients: ArrayLike | None = None,
    seed: int = 0,
) -> Proof:
    """Put a detector on trial.

    Parameters
    ----------
    scores : uint8 films (n, s, s) -> (n,) higher = more unusual.
    twin : the same of the untrained twin; None if there is none, and then it cannot pass.
    origin, trained_kinds : what the features come from (:class:`sight.Sight`).
    held_out : (n, s, s) normal films of patients that neither training nor memory have seen.
    patients, abnormal_patients : who they belong to; a patient counts as one in the intervals.
    abnormal : (m, s, s) films called abnormal, if there are any.
    """
    normal = np.asarray(held_out)
    whose = np.arange(len(normal)) if patients is None else np.asarray(patients)
    base = _scored((scores, twin), normal, whose, 0)
    by_kind = {
        kind: [_scored((scores, twin), films, whose, 1) for films in _changed(normal, kind, seed)]
        for kind in PROOF
        if kind not in trained_kinds
    }
    kinds: dict[str, Figure] = {
        kind: _joined(base, *rows).figure() for kind, rows in by_kind.items()
    }
    every = [rows for found in by_kind.values() for rows in found]
    planted = _joined(base, *every).figure() if every else Figure.missing(NO_KIND)
    gain = _joined(base, *every).gain() if every else Figure.missing(NO_KIND)
    labelled, labelled_gain = None, None
    if abnormal is not None and len(np.asarray(abnormal)) >= FEWEST_LABELLED:
        ill = np.asarray(abnormal)
        # without names every abnormal film counts as another patient
        theirs = -1 - np.arange(len(ill)) if abnormal_patients is None else abnormal_patients
        rows = _joined(base, _scored((scores, twin), ill, np.asarray(theirs), 1))
        labelled, labelled_gain = rows.figure(), rows.gain()
    faults = _faults(origin, len(normal), (planted, gain), (labelled, labelled_gain))
    found = (planted, gain, kinds, labelled, labelled_gain)
    if faults:
        return Proof(False, *found, " ".join(faults), MORE)
    if labelled is None:
        return Proof(True, *found, NO_DISEASE, "Try it on films that people called abnormal.")
    return Proof(True, *found, "", "")


def _changed(normal: NDArray[np.uint8], kind: Kind, seed: int) -> list[NDArray[np.uint8]]:
    return [plant(normal, [kind], seed=seed * 997 + 31 * k)[0] for k in range(ROUNDS)]


def _scored(
    judges: tuple[Scores, Scores | None], films: NDArray[np.uint8], whose: NDArray[Any], label: int
) -> Rows:
    own, twin = judges
    labels = np.full(len(films), float(label))
    return Rows(labels, whose.astype(str), own(films), None if twin is None else twin(films))


def _joined(*parts: Rows) -> Rows:
    twins = [one.twin for one in parts if one.twin is not None]
    return Rows(
        np.concatenate([one.labels for one in parts]),
        np.concatenate([one.patients for one in parts]),
        np.concatenate([one.own for one in parts]),
        np.concatenate(twins) if len(twins) == len(parts) else None,
    )


def _faults(
    origin: Origin,
    films: int,
    planted: tuple[Figure, Figure],
    labelled: tuple[Figure | None, Figure | None],
) -> list[str]:
    faults = []
    if origin == "untrained":
        faults.append("The features are those of an untrained net, which find nothing.")
    if films < FEWEST_HELD_OUT:
        faults.append(f"Only {films} held-out normal films; {FEWEST_HELD_OUT} are needed.")
    faults += _doubts("Planted changes of unseen kinds", *planted, FLOOR_PLANTED, MARGIN)
    if labelled[0] is not None and labelled[1] is not None:
        faults += _doubts("Films called abnormal", *labelled, FLOOR_LABELLED, 0.0)  # type: ignore[arg-type]
    return faults


def _doubts(what: str, figure: Figure, gain: Figure, floor: float, margin: float) -> list[str]:
    doubts = []
    if not figure.lies_above(floor):
        doubts.append(
            f"{what} are not found well enough: AUROC {figure}; "
            f"the lower limit must be above {floor}."
        )
    if not gain.lies_above(margin):
        doubts.append(
            f"{what} are not found better than by an untrained net: difference {gain}; "
            f"the lower limit must be above {margin}."
        )
    return doubts
