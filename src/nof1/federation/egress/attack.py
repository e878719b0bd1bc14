"""Membership inference: how well can somebody tell who was among the training patients?

Reference models are trained by the model's own recipe on halves of this site's patients, in pairs
of complements, so that each patient is inside exactly one of each pair. Two attacks are played:

- *loss threshold* (Yeom et al., CSF 2018): whoever the model fits better was inside;
- *likelihood ratio* (Carlini et al., IEEE S&P 2022): the score of a patient is compared with the
  scores that models with and without this very patient give.

Halves leak more than the whole. So the verdict comes from models that lack one fold, where that
fold's patients are the strangers, and from the stored file held against those. An AUC of .5 is
chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, rankdata

from nof1.federation.egress.trainer import Ints, Scorer, Target, Trainer
from nof1.federation.egress.verdict import Status
from nof1.learn.discrimination import auroc_figure
from nof1.learn.figures import LEVEL, Figure
from nof1.learn.sums import FloatArray

LIMIT = 0.60
WHY = (
    "The 95 % interval of each attack's AUC must end at or below .60. Chance is .50; two normal "
    "scores with AUC .60 lie 0.36 standard deviations apart, and of 100 patients named with 1 % "
    "false alarms among strangers about 2 more are hit than by chance. Deep boosted trees without "
    "any protection reach about .70 on 1,000 patients."
)
PAIRS = 6  # pairs of complementary reference models
MOST_PATIENTS = 4_000  # reference models are trained on so many at most; fewer leak more
RARE = 0.01  # rate of false alarms at which hits are counted


@dataclass(frozen=True)
class Attack:
    """What one attack reached.

    Attributes
    ----------
    auc : area under the curve of members against others, with its interval.
    hits : share of members found at 1 % false alarms, with its exact interval.
    """

    name: str
    auc: Figure
    hits: Figure

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"attack": self.name, "auc": self.auc.to_dict(), "hits_at_1": self.hits.to_dict()}

    @property
    def verdict(self) -> Status:
        """``pass`` below the limit, ``fail`` above it, ``attention`` when the interval holds it."""
        if self.auc.value is None or self.auc.high is None:
            return "not_checked"
        if self.auc.high <= LIMIT:
            return "pass"
        return "fail" if self.auc.value > LIMIT else "attention"


@dataclass(frozen=True)
class References:
    """Signed scores of all rows by the reference models.

    Attributes
    ----------
    scores : (2 * pairs, n) log odds of what really happened; higher: the model fits the row better.
    inside : (2 * pairs, n) whether the row trained that model.
    """

    scores: FloatArray
    inside: NDArray[np.bool_]


def signed(scorer: Scorer, X: FloatArray, label: FloatArray) -> FloatArray:
    """Log odds that the model gives to what really happened (n,)."""
    made: FloatArray = (2 * label - 1) * scorer(X)
    return made


def references(
    trainer: Trainer, X: FloatArray, target: Target, patients: Ints, *, pairs: int, seed: int
) -> References:
    """Train on halves of the patients, dealt evenly within those with and without the outcome."""
    rng = np.random.default_rng(seed)
    people, row = np.unique(patients, return_inverse=True)
    case = np.zeros(len(people), bool)
    np.logical_or.at(case, row, target.label == 1)
    scores, inside = np.empty((2 * pairs, len(X))), np.empty((2 * pairs, len(X)), bool)
    for pair in range(pairs):
        order = rng.permutation(len(people))
        order = order[np.argsort(case[order], kind="stable")]
        half = np.zeros(len(people), bool)
        half[order[pair % 2 :: 2]] = True
        for side, chosen in enumerate((half[row], ~half[row])):
            rows = np.flatnonzero(chosen)
            scorer = trainer(X[rows], target.at(rows), patients[rows])
            scores[2 * pair + side] = signed(scorer, X, target.label)
            inside[2 * pair + side] = chosen
    return References(scores, inside)


def by_recipe(found: References, known: NDArray[np.bool_], patients: Ints) -> list[Attack]:
    """Both attacks on each reference model, with the pairs that it is no part of as references."""
    models = len(found.scores)
    loss = [_ranked(one[known]) for one in found.scores]
    ratio = [_ranked(_ratio(found, model)[known]) for model in range(models)]
    inside = found.inside[:, known].ravel()
    people = np.tile(patients[known], models)
    return [
        _attack("loss threshold", np.concatenate(loss), inside, people),
        _attack("likelihood ratio", np.concatenate(ratio), inside, people),
    ]


def on_file(
    stored: FloatArray,
    folds: References,
    usual: FloatArray,
    known: NDArray[np.bool_],
    patients: Ints,
) -> list[Attack]:
    """Models that differ from the stored one by one fold, and the stored one against them.

    In each fold's model its own patients and those of the fold are told apart. The stored file has
    no strangers here; it is compared with the fold models at patients whom both have seen, so that
    a file which knows them better than its recipe does stands out.

    Parameters
    ----------
    stored : (n,) signed scores by the file. folds : scores by a model without each fold.
    usual : (n,) mean score by reference models without the patient: how easy the patient is.
    """
    models = len(folds.scores)
    inside, people = folds.inside[:, known].ravel(), np.tile(patients[known], models)
    plain = np.concatenate([_ranked(one[known]) for one in folds.scores])
    eased = np.concatenate([_ranked((one - usual)[known]) for one in folds.scores])
    seen = np.where(folds.inside, folds.scores, 0).sum(axis=0) / folds.inside.sum(axis=0)
    both = np.concatenate([stored[known], seen[known]])
    first = np.repeat([True, False], known.sum())
    return [
        _attack("without one fold, loss threshold", plain, inside, people),
        _attack("without one fold, against how easy the patient is", eased, inside, people),
        _attack("stored file against its own recipe", both, first, np.tile(patients[known], 2)),
    ]


def usual(found: References) -> FloatArray:
    """Mean score of each row by the reference models that never saw it (n,)."""
    made: FloatArray = np.where(found.inside, 0, found.scores).sum(axis=0) / np.maximum(
        (~found.inside).sum(axis=0), 1
    )
    return made


def _ranked(scores: FloatArray) -> FloatArray:
    """Ranks from 0 to 1 within one model, so that models can be laid together."""
    made: FloatArray = rankdata(scores) / len(scores)
    return made


def _ratio(found: References, model: int) -> FloatArray:
    """Log likelihood ratio of inside against outside for each row, for one target model.

    With few reference models a patient's own difference is mostly noise, so it is drawn towards the
    mean difference of all (empirical Bayes); the variances are shared by all patients.
    """
    others = np.arange(len(found.scores)) // 2 != model // 2
    scores, inside = found.scores[others], found.inside[others]
    pairs = len(scores) // 2
    within = np.where(inside, scores, 0).sum(axis=0) / pairs
    without = np.where(inside, 0, scores).sum(axis=0) / pairs
    spread = np.where(inside, scores - within, scores - without)
    variance = max(float((spread**2).sum() / max(spread.size - 2 * scores.shape[1], 1)), 1e-12)
    gap = within - without
    noise = 2 * variance / pairs
    kept = max(0.0, 1 - noise / max(float(gap.var()), 1e-12))
    gap = gap.mean() + kept * (gap - gap.mean())
    middle = (within + without) / 2
    made: FloatArray = gap * (found.scores[model] - middle) / variance
    return made


def _attack(name: str, score: FloatArray, inside: NDArray[np.bool_], patients: Ints) -> Attack:
    auc = auroc_figure(inside.astype(float), score, patients=patients)
    return Attack(name, auc, _hits(score, inside))


def _hits(score: FloatArray, inside: NDArray[np.bool_]) -> Figure:
    """Share of members above all but 1 % of the others; Clopper-Pearson interval."""
    others = np.sort(score[~inside])
    if len(others) < 1 / RARE:
        return Figure.missing(f"fewer than {1 / RARE:g} others")
    limit = others[-max(1, int(RARE * len(others))) - 1]
    hit, of = int((score[inside] > limit).sum()), int(inside.sum())
    tail = (1 - LEVEL) / 2
    low = float(beta.ppf(tail, hit, of - hit + 1)) if hit else 0.0
    high = float(beta.ppf(1 - tail, hit + 1, of - hit)) if hit < of else 1.0
    return Figure(hit / of, low, high, LEVEL)
