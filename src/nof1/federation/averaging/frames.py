"""Does a federated model see more than the outer frame of a film? The trial of the gates, by sums.

A plain learner sees the frame alone: its cells, their principal parts, a logistic regression. All
of it is fitted by sums over the sites. Its order of the test pictures is then compared with the
model's, in one table of both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.special import logit

from nof1.federation.averaging.exact import FARTHEST, Question, solve
from nof1.federation.averaging.films import Films
from nof1.federation.averaging.joint import Joint, counted
from nof1.imaging.gates.cells import FRAME, GRID, cell_features, only_frame, squares_of
from nof1.imaging.gates.plain import PARTS, RESTRAINT
from nof1.imaging.training.labels import MISSING
from nof1.learn.comparison import difference
from nof1.learn.discrimination import auroc, auroc_figure
from nof1.learn.sums import FloatArray

FEWEST = 10  # test pictures with, and without, a finding
FINE = np.linspace(-12.0, 12.0, 4801)  # log odds
BINS = 96  # of equal size, in each direction of the table
FLAT = 1e-6


def against_frame(films: Films, risk: FloatArray, joint: Joint) -> dict[str, Any]:
    """For each finding: the frame alone, the model, and the paired difference on test pictures.

    Parameters
    ----------
    risk : (test rows, K) of the model.
    """
    test, classes = films.values[films.test], films.asked.task.classes
    counts = np.stack([(test == answer).sum(axis=0) for answer in (0, 1)]).astype(np.float64)
    (total,) = joint.sums(counts)
    asked = [k for k in range(len(classes)) if float(total[:, k].min()) >= FEWEST]
    parts = frame_parts(films, joint) if asked else np.zeros((0, 0))
    found = {}
    for k in asked:
        score = _frame_score(films, parts, k, joint)
        known = test[:, k] != MISSING
        y = (test[known, k] == 1).astype(np.int64)
        own = np.clip(risk[known, k], 1e-9, 1 - 1e-9)
        found[classes[k]] = _compared(y, logit(own), score[films.test][known], joint)
    return found


def frame_parts(films: Films, joint: Joint) -> FloatArray:
    """(n, parts) principal parts of the films' frames, each of spread 1 over the training films."""
    cells = cell_features(only_frame(squares_of(list(films.data.images))))
    middle = np.ones((GRID, GRID), dtype=bool)
    middle[FRAME:-FRAME, FRAME:-FRAME] = False
    layers = cells.shape[1] // GRID**2
    table = cells[:, np.tile(middle.ravel(), layers)].astype(np.float64)
    table, rows = _standard(table, films.taught, joint)
    taught = table[films.taught]
    upper = np.triu_indices(table.shape[1])
    (half,) = joint.sums((taught.T @ taught)[upper])
    square = np.zeros((table.shape[1],) * 2)
    square[upper] = half
    most = min(PARTS, max(1, int(rows) // 3), table.shape[1])
    (axes,) = joint.shared(_axes(square + np.triu(square, 1).T, most, joint.first))
    found, _ = _standard(table @ axes, films.taught, joint)
    return found


def _axes(square: FloatArray, most: int, first: bool) -> FloatArray:
    """(D, most) principal axes, longest first; only the first site's are used, so only it asks."""
    wide = len(square)
    if not first:
        return np.zeros((wide, most))
    return np.asarray(eigh(square, subset_by_index=[wide - most, wide - 1])[1][:, ::-1])


def _standard(
    table: FloatArray, taught: NDArray[np.int64], joint: Joint
) -> tuple[FloatArray, float]:
    """The table in units of its spread over the training films, and how many they are."""
    rows = table[taught]
    count, summed = joint.sums(np.array([float(len(rows))]), rows.sum(axis=0))
    mean = summed / count[0]
    (squares,) = joint.sums(((rows - mean) ** 2).sum(axis=0))
    spread = np.sqrt(squares / count[0])
    scaled = np.where(spread > FLAT, (table - mean) / np.where(spread > FLAT, spread, 1.0), 0.0)
    return np.clip(scaled, -FARTHEST, FARTHEST), float(count[0])


def _frame_score(films: Films, parts: FloatArray, k: int, joint: Joint) -> FloatArray:
    """(n,) log odds of a finding from the frame alone."""
    rows, truth = films.taught, films.values[films.taught, k]
    known = (truth != MISSING).astype(np.float64)
    asked = Question(parts[rows], (truth == 1).astype(np.float64)[:, None], known)
    (count,) = joint.sums(np.array([known.sum()]))
    (beta,) = solve([asked], 1 / (RESTRAINT * max(float(count[0]), 1.0)), joint)
    return np.asarray(parts @ beta[0, :-1] + beta[0, -1])


def _compared(
    y: NDArray[np.int64], model: FloatArray, frame: FloatArray, joint: Joint
) -> dict[str, Any]:
    """AUROC of both scores and their paired difference, from one table of all sites."""
    places = [_binned(score, joint) for score in (model, frame)]
    cell = (places[0] * BINS + places[1]) * 2 + y
    (table,) = joint.sums(np.bincount(cell, minlength=2 * BINS**2).astype(np.float64))
    counts = counted(table)
    rest, outcome = np.divmod(np.repeat(np.arange(len(counts)), counts), 2)
    full, alone = np.divmod(rest, BINS)
    return {
        "full": auroc_figure(outcome, full).to_dict(),
        "frame_only": auroc_figure(outcome, alone).to_dict(),
        "difference": difference(auroc(outcome, full), auroc(outcome, alone)).to_dict(),
    }


def _binned(score: FloatArray, joint: Joint) -> NDArray[np.int64]:
    """(n,) bin of each score; bins hold about as many pictures of all sites each."""
    place = np.searchsorted(FINE, score)
    (table,) = joint.sums(np.bincount(place, minlength=len(FINE) + 1).astype(np.float64))
    below = np.cumsum(table) - table / 2
    bins = np.floor(BINS * below / max(float(table.sum()), 1.0)).astype(np.int64)
    return np.asarray(np.clip(bins, 0, BINS - 1)[place])
