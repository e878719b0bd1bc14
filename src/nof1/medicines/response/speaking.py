"""What a response model says about one tumour: a ranked list, or why there is none.

A laboratory hypothesis: cell lines are not patients. Only drugs for which the model beat the best
naive predictor on new cell lines are ranked; for the others the average of the tissue is given.
Potencies of two drugs cannot be compared (a low IC50 is not efficacy), so the rank is by how much
more sensitive than usual *for this drug* the tumour should be, in standard deviations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from nof1.core.errors import UsageError
from nof1.learn.sums import FloatArray
from nof1.medicines.response.card import NOTICE
from nof1.medicines.response.components import line_things
from nof1.medicines.response.judging import SILENT
from nof1.medicines.response.model import ResponseModel
from nof1.medicines.response.screen import UNKNOWN, Screen

NEIGHBOURS, VOICES = 5, 3


@dataclass(frozen=True)
class Profile:
    """One tumour: values (features,) by name, NaN where missing, with its tissue."""

    name: str
    features: tuple[str, ...]
    values: FloatArray
    tissue: str
    subtype: str = UNKNOWN


@dataclass(frozen=True)
class Voice:
    """A cell line that speaks: ``shift`` < 0 (unit of the response) for more sensitive."""

    line: str
    tissue: str
    shift: float


@dataclass(frozen=True)
class Neighbour:
    """A near cell line; ``distance`` in the space of the principal components."""

    line: str
    tissue: str
    distance: float


@dataclass(frozen=True)
class DrugAnswer:
    """What is said about one drug.

    Attributes
    ----------
    predicted, low, high : response with its interval; None where the drug is silent.
    naive : the average of the tissue (the best naive predictor).
    sensitivity : standard deviations below the drug's mean; > 0 is more sensitive than usual.
    gain : RMSE saved on new cell lines against the naive predictor, with its interval.
    """

    drug: str
    title: str
    drug_class: str
    naive: float
    predicted: float | None
    low: float | None
    high: float | None
    sensitivity: float | None
    gain: Mapping[str, float | None] | None
    voices: tuple[Voice, ...]


@dataclass(frozen=True)
class Answer:
    """All that is said about one tumour.

    Attributes
    ----------
    status : ``found`` or ``withheld`` (then ``reason`` and ``resolve`` say why, and ``ranked`` is
        empty).
    silent : drugs without a personal answer: no better than the average of the tissue.
    counts : features given, missing and unknown.
    """

    profile: str
    status: str
    reason: str
    resolve: str
    ranked: tuple[DrugAnswer, ...]
    silent: tuple[DrugAnswer, ...]
    neighbours: tuple[Neighbour, ...]
    counts: Mapping[str, int]
    notice: str = NOTICE

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


def answer(model: ResponseModel, profile: Profile) -> Answer:
    """The answer for one tumour.

    Raises
    ------
    UsageError : a subtype that the model does not know.
    """
    _check_subtype(model, profile)
    omics, counts = aligned(model, profile)
    known = profile.tissue in model.parts.naive.tissue.groups
    reason, resolve = _refusal(model, omics, profile.tissue)
    screen = _as_screen(model, profile, omics)
    neighbours = _neighbours(model, screen) if counts["features_given"] else ()
    naive = model.parts.predict(screen)[model.blend.base][0]
    if reason:
        silent = [_row(model, j, naive[j]) for j in range(len(model.screen.drugs))] if known else []
        return Answer(
            profile.name, "withheld", reason, resolve, (), tuple(silent), neighbours, counts
        )
    ranked, silent = _rows(model, screen, naive)
    return Answer(profile.name, "found", "", "", tuple(ranked), tuple(silent), neighbours, counts)


def _check_subtype(model: ResponseModel, profile: Profile) -> None:
    """An unknown subtype is refused: without a word it would count as none."""
    known = model.parts.naive.subtype.groups if model.parts.naive.subtype else ()
    start = f"{profile.tissue} / "
    names = [one.removeprefix(start) for one in known if one.startswith(start)]
    if profile.subtype and profile.subtype not in names:
        raise UsageError(
            f"The training had no subtype of this name in the tissue '{profile.tissue}'."
            if known
            else "The model was trained without subtypes.",
            where="--subtype",
            allowed=names or "no --subtype",
            next_step="Leave --subtype out: the average of the tissue is used then.",
        )


def aligned(model: ResponseModel, profile: Profile) -> tuple[FloatArray, dict[str, int]]:
    """(features,) in the model's order, NaN where missing, with the books of the features."""
    place = {name: k for k, name in enumerate(profile.features)}
    wanted = model.parts.space.features
    values = [profile.values[place[name]] if name in place else np.nan for name in wanted]
    omics = np.array(values, dtype=np.float64)
    given = int(np.isfinite(omics).sum())
    counts = {
        "features_given": given,
        "features_missing": len(wanted) - given,
        "features_unknown": len(set(profile.features) - set(wanted)),
    }
    return omics, counts


def _refusal(model: ResponseModel, omics: FloatArray, tissue: str) -> tuple[str, str]:
    if model.withheld:
        return model.withheld, "More cell lines, or omics that say more, and another training."
    if tissue not in model.parts.naive.tissue.groups:
        return (
            "no cell line of this tissue was in the training, so no drug was judged for it",
            _way_out(tissue, model.parts.naive.tissue.groups),
        )
    problem = model.domain.problem(model.parts.space, omics)
    if problem is not None:
        return (
            f"outside the model's domain: {problem}",
            "Measure the profile as the training's cell lines were measured.",
        )
    return "", ""


def _way_out(tissue: str, known: Sequence[str]) -> str:
    """What to do about a tissue without a training line; a typing error is named first."""
    near = get_close_matches(tissue.lower().replace(" ", "_"), known, n=1)
    perhaps = f"Perhaps '{near[0]}' is meant. " if near else ""
    return (
        f"{perhaps}The training knows {', '.join(known)}: write the tissue as it stands there. "
        "For another tissue, train with cell lines of it."
    )


def _as_screen(model: ResponseModel, profile: Profile, omics: FloatArray) -> Screen:
    return replace(
        model.screen,
        lines=("(this tumour)",),
        response=np.full((1, len(model.screen.drugs)), np.nan),
        omics=omics[None, :],
        tissues=(profile.tissue,),
        subtypes=(profile.subtype,),
    )


def _rows(
    model: ResponseModel, screen: Screen, naive: FloatArray
) -> tuple[list[DrugAnswer], list[DrugAnswer]]:
    predicted = model.blend.of(model.parts.predict(screen))[0]
    half = model.intervals.of(screen.drugs)
    usual = (model.parts.naive.drug_mean - predicted) / np.maximum(model.spread, 1e-9)
    voices = _voices(model, screen)
    ranked, silent = [], []
    for j, drug in enumerate(screen.drugs):
        row = _row(model, j, naive[j])
        if drug not in model.speaks:
            silent.append(row)
            continue
        said = float(predicted[j])
        ranked.append(
            replace(
                row,
                predicted=said,
                low=said - float(half[j]),
                high=said + float(half[j]),
                sensitivity=float(usual[j]),
                voices=_loudest(model, voices[:, j]),
            )
        )
    ranked.sort(key=lambda row: (-(row.sensitivity or 0.0), row.drug))
    return ranked, silent


def _row(model: ResponseModel, j: int, naive: float) -> DrugAnswer:
    screen = model.screen
    gain = model.data["gains"].get(screen.drugs[j])
    names = screen.drugs[j], screen.titles[j], screen.classes[j]
    return DrugAnswer(*names, float(naive), None, None, None, None, gain, ())


def _voices(model: ResponseModel, screen: Screen) -> FloatArray:
    """(lines, drugs) what each training line adds to the prediction through the hidden traits."""
    side = model.parts.factors.line_side
    each = side.voices(line_things(screen, model.parts.space))[0]
    made: FloatArray = model.blend.weights.get("factors", 0.0) * (
        each @ model.parts.factors.loading.T
    )
    return made


def _loudest(model: ResponseModel, shifts: FloatArray) -> tuple[Voice, ...]:
    order = np.argsort(-np.abs(shifts), kind="stable")[:VOICES]
    return tuple(
        Voice(model.lines[i], model.tissues[i], float(shifts[i])) for i in order if shifts[i]
    )


def _neighbours(model: ResponseModel, screen: Screen) -> tuple[Neighbour, ...]:
    scores = model.parts.space.scores(screen)
    far = np.sqrt(((model.domain.scores - scores) ** 2).sum(axis=1))
    return tuple(
        Neighbour(model.lines[i], model.tissues[i], float(far[i]))
        for i in np.argsort(far, kind="stable")[:NEIGHBOURS]
    )


def silent_reason(rows: Sequence[DrugAnswer]) -> str:
    """Why some drugs are not ranked, in one sentence."""
    return f"{len(rows):,} drugs are not ranked: {SILENT}."
