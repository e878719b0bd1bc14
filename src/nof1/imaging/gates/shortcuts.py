"""How much of a model's skill could come from something else than the finding?

The same question is asked of models that cannot see the finding: one sees only the outer frame of
the picture (the lungs painted over), one only what the header says, one only the site. On the NIH
films the frame alone reaches an AUROC above 0.8 for pneumonia; a model of the whole picture there
must be reported as *full minus frame-only*, never alone. Every figure comes from the same folds by
patient, with an interval that counts patients, not pictures.

Reference: DeGrave, Janizek & Lee, Nature Machine Intelligence 3 (2021) 610 (models of chest films
prefer shortcuts when there are any).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.imaging.gates.cells import Cells, cell_features, frame_levels, only_frame, squares_of
from nof1.imaging.gates.matching import age_bands, matched_rows
from nof1.imaging.gates.plain import Floats, Folds, from_pictures, from_table
from nof1.imaging.gates.verdict import GateReport, Judgement
from nof1.imaging.training.splits import folds, patient_codes
from nof1.learn.comparison import difference
from nof1.learn.discrimination import auroc, auroc_figure
from nof1.learn.figures import Figure

GATES = ("frame only", "exposure only", "metadata only", "within view", "site")
PARTS = 5
ABOVE_CHANCE = 0.55  # the interval of a shortcut must begin above this to count
LEAST_GAIN = 0.15  # by which the full model must be better than a shortcut
SITE_TOLD = 0.7  # AUROC from which a picture tells its site
FEWEST = 20  # cases, and controls, below which nothing is said
FEWEST_IN_GROUP = 10
PLAIN = "the whole picture (plain features)"
GIVEN = "the model"


@dataclass(frozen=True, eq=False)
class Question:
    """What is audited.

    Attributes
    ----------
    images : grey pictures (rows, columns), any size.
    y : (n,) 0 or 1.
    patients : (n,) ids, or None where nobody knows.
    table : name -> (n,) what the header says (view, age_years, sex, rows, columns ...).
    views, sites : (n,) names, or None.
    ordered : (n,) numbers in the order of collection, for the matched subset.
    """

    images: Sequence[NDArray[Any]]
    y: NDArray[np.int64]
    patients: ArrayLike | None = None
    table: Mapping[str, ArrayLike] = field(default_factory=dict)
    views: ArrayLike | None = None
    sites: ArrayLike | None = None
    ordered: ArrayLike | None = None


@dataclass(frozen=True, eq=False)
class Scores:
    """Out-of-fold scores (n,) of each model of the audit, over the same ``fold`` (n,).

    ``frame_features`` are what the frame model saw.
    """

    fold: Folds
    full: Floats
    full_is: str
    frame: Floats
    metadata: Floats | None
    exposure: Floats | None
    site: Floats | None
    frame_features: Cells


def audit_folds(y: ArrayLike, patients: ArrayLike | None = None, seed: int = 0) -> Folds:
    """(n,) fold of each picture: whole patients; give a model's scores over these folds."""
    return folds(y, patients, PARTS, seed=seed)


def shortcut_scores(
    question: Question, *, full: ArrayLike | None = None, fold: Folds | None = None
) -> Scores:
    """Scores of the shortcut models.

    Parameters
    ----------
    full : (n,) out-of-fold score of the model that is audited; None: plain features of the whole
        picture stand in for it.
    fold : the folds of ``full``; default :func:`audit_folds`.
    """
    y = question.y
    parts = audit_folds(y, question.patients) if fold is None else fold
    squares = squares_of(question.images)
    plain = from_pictures(cell_features(squares), y, parts) if full is None else None
    frame = cell_features(only_frame(squares))
    metadata = _varying({**file_sizes(question.images), **question.table})
    levels = _varying(frame_exposure(question.images))
    return Scores(
        fold=parts,
        full=np.asarray(full, dtype=np.float64) if plain is None else plain,
        full_is=GIVEN if plain is None else PLAIN,
        frame=from_pictures(frame, y, parts),
        metadata=from_table(metadata, y, parts) if metadata else None,
        exposure=from_table(levels, y, parts) if levels else None,
        site=None if question.sites is None else _site_scores(question.sites, y, parts),
        frame_features=frame,
    )


def _varying(table: Mapping[str, ArrayLike]) -> dict[str, ArrayLike]:
    """The columns that are not the same for every picture."""
    return {k: v for k, v in table.items() if len({str(one) for one in np.asarray(v)}) > 1}


def file_sizes(images: Sequence[NDArray[Any]]) -> dict[str, ArrayLike]:
    """Rows and columns of each picture."""
    shapes = np.array([np.asarray(image).shape for image in images])
    return {"rows": shapes[:, 0], "columns": shapes[:, 1]}


def frame_exposure(images: Sequence[NDArray[Any]]) -> dict[str, ArrayLike]:
    """The grey levels of each picture's frame, as the file has them."""
    levels = np.array([frame_levels(np.asarray(image)) for image in images])
    return {"darkest": levels[:, 0], "middle": levels[:, 1], "brightest": levels[:, 2]}


def _site_scores(sites: ArrayLike, y: NDArray[np.int64], fold: Folds) -> Floats:
    """Share of cases at the site of each picture, counted in the other folds."""
    _, code = np.unique([str(site) for site in np.asarray(sites)], return_inverse=True)
    answer = np.zeros(len(y))
    for one in np.unique(fold):
        train, test = fold != one, fold == one
        cases = np.bincount(code[train], weights=y[train], minlength=code.max() + 1) + y.mean()
        answer[test] = (cases / (np.bincount(code[train], minlength=code.max() + 1) + 1))[
            code[test]
        ]
    return answer


def shortcut_reports(
    question: Question, *, full: ArrayLike | None = None, fold: Folds | None = None
) -> tuple[GateReport, ...]:
    """Reports of the gates in :data:`GATES`.

    Raises
    ------
    InputError : labels other than 0 and 1.
    """
    if not np.isin(question.y, (0, 1)).all():
        raise InputError("A label is neither 0 nor 1.", where="labels", allowed=["0", "1"])
    few = min(int(question.y.sum()), int((1 - question.y).sum()))
    if few < FEWEST:
        because = f"only {few} pictures of the rarer label, {FEWEST} are needed"
        return tuple(
            GateReport(gate=name, judgement="not checkable", because=because) for name in GATES
        )
    scores = shortcut_scores(question, full=full, fold=fold)
    return (
        frame_report(question, scores),
        exposure_report(question, scores),
        metadata_report(question, scores),
        within_report(question, scores, "within view", question.views, "view"),
        site_report(question, scores),
    )


def frame_report(question: Question, scores: Scores) -> GateReport:
    """Full, frame only, their difference; all of it again on the matched subset."""
    figures = _against(question, scores, scores.frame, "frame_only")
    rows = matched_rows(question.y, _kinds(question), ordered=question.ordered)
    figures["matched_pictures"] = len(rows)
    if len(rows) >= 2 * FEWEST:
        matched = _against(question, scores, scores.frame, "frame_only", rows)
        figures["matched"] = matched
    return _compared("frame only", figures, "frame_only", "the outer frame alone")


def _kinds(question: Question) -> dict[str, ArrayLike]:
    """Columns that the matched subset is balanced in."""
    kinds: dict[str, ArrayLike] = {}
    for name in ("view", "sex", "site"):
        if name in question.table:
            kinds[name] = question.table[name]
    if question.views is not None:
        kinds["view"] = question.views
    if question.sites is not None:
        kinds["site"] = question.sites
    if "age_years" in question.table:
        kinds["age"] = age_bands(question.table["age_years"])
    return kinds


def metadata_report(question: Question, scores: Scores) -> GateReport:
    """What the header and the size of a picture alone tell about the label."""
    if scores.metadata is None:
        because = "all pictures have the same size, and there are no other columns"
        return GateReport(gate="metadata only", judgement="not checkable", because=because)
    figures = _against(question, scores, scores.metadata, "metadata_only")
    figures["columns"] = ["rows", "columns", *question.table]
    return _compared("metadata only", figures, "metadata_only", "the header alone")


def exposure_report(question: Question, scores: Scores) -> GateReport:
    """What three grey levels of the frame alone tell about the label."""
    if scores.exposure is None:
        because = "the frames of all pictures have the same grey levels"
        return GateReport(gate="exposure only", judgement="not checkable", because=because)
    figures = _against(question, scores, scores.exposure, "exposure_only")
    return _compared("exposure only", figures, "exposure_only", "the grey of the frame alone")


def within_report(
    question: Question, scores: Scores, gate: str, groups: ArrayLike | None, word: str
) -> GateReport:
    """The full model within each group: what is left when the group cannot help."""
    if groups is None or len({str(one) for one in np.asarray(groups)}) < 2:
        because = f"there is no column of the {word}, or only one {word}"
        return GateReport(gate=gate, judgement="not checkable", because=because)
    names = np.array([str(one) for one in np.asarray(groups)])
    person = _people(question)
    rows: dict[str, Any] = {}
    total = weight = 0.0
    for name in np.unique(names):
        inside = names == name
        y = question.y[inside]
        if min(y.sum(), (1 - y).sum()) < FEWEST_IN_GROUP:
            rows[str(name)] = Figure.missing("too few pictures of one label").to_dict()
            continue
        figure = auroc_figure(y, scores.full[inside], patients=person[inside])
        rows[str(name)] = {**figure.to_dict(), "pictures": int(inside.sum())}
        total += float(figure.value or 0) * len(y)
        weight += len(y)
    overall = auroc(question.y, scores.full).value
    figures = {"full": overall, "within": rows, "model": scores.full_is}
    if not weight:
        because = f"no {word} has {FEWEST_IN_GROUP} pictures of each label"
        return GateReport(gate=gate, judgement="not checkable", because=because, figures=figures)
    figures["mean_within"] = total / weight
    lost, because = overall - total / weight, ""
    # A model that knows nothing has nothing to lose: its figures differ by chance alone.
    if lost > 0.05 and auroc_figure(question.y, scores.full, patients=person).lies_above(0.5):
        because = f"within one {word} the AUROC falls by {lost:.2f}"
    judgement: Judgement = "failed" if because else "passed"
    return GateReport(gate=gate, judgement=judgement, because=because, figures=figures)


def site_report(question: Question, scores: Scores) -> GateReport:
    """Does the site tell the label, and does the frame of a picture tell the site?"""
    report = within_report(question, scores, "site", question.sites, "site")
    if scores.site is None or not report.figures:
        return report
    names, here = _largest_site(question.sites)
    person = _people(question)
    told_by_frame = from_pictures(scores.frame_features, here, scores.fold)
    seen = auroc_figure(here, told_by_frame, patients=person)
    exposed = from_table(frame_exposure(question.images), here, scores.fold)
    exposure = auroc_figure(here, exposed, patients=person)
    figures = {
        **report.figures,
        "sites": names,
        "site_only": auroc_figure(question.y, scores.site, patients=person).to_dict(),
        "site_from_frame": seen.to_dict(),
        "site_from_exposure": exposure.to_dict(),
    }
    site = auroc_figure(question.y, scores.site, patients=person)
    told = seen.lies_above(SITE_TOLD) or exposure.lies_above(SITE_TOLD)
    if site.lies_above(ABOVE_CHANCE) and told:
        because = "sites have different shares of cases, and a picture's frame tells its site"
        return GateReport(gate="site", judgement="failed", because=because, figures=figures)
    return GateReport(
        gate="site", judgement=report.judgement, because=report.because, figures=figures
    )


def _largest_site(sites: ArrayLike | None) -> tuple[int, NDArray[np.int64]]:
    """Number of sites, and (n,) 1 for the pictures of the largest."""
    names, code = np.unique([str(site) for site in np.asarray(sites)], return_inverse=True)
    return len(names), (code == np.bincount(code).argmax()).astype(np.int64)


def _people(question: Question) -> NDArray[np.int64]:
    return patient_codes(question.patients, len(question.y))


def _against(
    question: Question,
    scores: Scores,
    other: Floats,
    name: str,
    rows: NDArray[np.int64] | None = None,
) -> dict[str, Any]:
    """AUROC of the full and of the other model, and the paired difference, over some rows."""
    kept = np.arange(len(question.y)) if rows is None else rows
    y, person = question.y[kept], _people(question)[kept]
    first, second = auroc(y, scores.full[kept]), auroc(y, other[kept])
    return {
        "model": scores.full_is,
        "pictures": len(kept),
        "full": auroc_figure(y, scores.full[kept], patients=person).to_dict(),
        name: auroc_figure(y, other[kept], patients=person).to_dict(),
        f"full_minus_{name}": difference(first, second, patients=person).to_dict(),
    }


def _compared(gate: str, figures: dict[str, Any], name: str, words: str) -> GateReport:
    low, gain = figures[name]["low"], figures[f"full_minus_{name}"]["value"]
    if low is None or gain is None:
        return GateReport(
            gate=gate, judgement="not checkable", because="no interval", figures=figures
        )
    if low > ABOVE_CHANCE and gain < LEAST_GAIN:
        because = (
            f"{words} reaches an AUROC of {figures[name]['value']:.2f}; {figures['model']} is only "
            f"{gain:.3f} better (at least {LEAST_GAIN} is asked for)"
        )
        return GateReport(gate=gate, judgement="failed", because=because, figures=figures)
    return GateReport(gate=gate, judgement="passed", figures=figures)
