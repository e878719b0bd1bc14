"""The models in the race: hidden traits read from omics, ridge for each drug, trees, an average.

Each is fitted on what a masked screen shows, and predicts any screen: a pair of a known line and a
known drug, of a new line, of a new drug, or of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nof1.learn.sums import FloatArray
from nof1.medicines.response.factors import choose_setting, fit_factors
from nof1.medicines.response.kernels import Regression, Things, fit_regression
from nof1.medicines.response.naive import SMOOTH, Naive, fit_naive, subtype_labels
from nof1.medicines.response.ridge import DrugRidge, fit_ridge
from nof1.medicines.response.screen import Screen, places, positions, take
from nof1.medicines.response.space import Space, fit_space
from nof1.medicines.response.trees import Trees, fit_trees

MODELS = ("factors", "ridge", "trees")


@dataclass(frozen=True, eq=False)
class FactorModel:
    """Hidden traits: known from a line's other answers, else read from its omics and tissue.

    Attributes
    ----------
    line_side : omics and tissue -> traits; drug_side : structure and class -> mean and loadings
        (None in a stored model, which speaks about its own drugs only).
    blind_side : tissue and subtype alone -> traits.
    overall : mean response of all drugs.
    """

    lines: tuple[str, ...]
    drugs: tuple[str, ...]
    mean: FloatArray = field(repr=False)
    loading: FloatArray = field(repr=False)
    traits: FloatArray = field(repr=False)
    line_side: Regression
    drug_side: Regression | None
    blind_side: Regression
    overall: float

    def blind(self, screen: Screen, space: Space) -> FloatArray:
        """(lines, drugs) from tissue and subtype alone, for known lines too; a naive predictor."""
        drug_at = places(screen.drugs, positions(self.drugs))
        traits = self.blind_side.predict(without_omics(line_things(screen, space)))
        new = np.r_[self.overall, np.zeros(self.loading.shape[1])]
        answers = take(np.column_stack([self.mean, self.loading]), drug_at, new)
        made: FloatArray = answers[:, 0] + traits @ answers[:, 1:].T
        return made

    def predict(self, screen: Screen, space: Space) -> FloatArray:
        """(lines, drugs)."""
        line_at = places(screen.lines, positions(self.lines))
        drug_at = places(screen.drugs, positions(self.drugs))
        traits = self.line_side.predict(line_things(screen, space))
        traits = take(self.traits, line_at, traits)
        known = np.column_stack([self.mean, self.loading])
        new = np.full((len(screen.drugs), known.shape[1]), np.nan)
        if self.drug_side is not None and (drug_at < 0).any():
            new = self.drug_side.predict(drug_things(screen))
        answers = take(known, drug_at, new)
        made: FloatArray = answers[:, 0] + traits @ answers[:, 1:].T
        return made


@dataclass(frozen=True, eq=False)
class Components:
    """All predictors fitted on one screen."""

    space: Space
    naive: Naive
    factors: FactorModel
    ridge: DrugRidge
    trees: Trees | None

    def predict(self, screen: Screen) -> dict[str, FloatArray]:
        """Name -> (lines, drugs), the naive ones first."""
        naive = self.naive.predict(screen)
        naive[SMOOTH] = self.factors.blind(screen, self.space)
        scores = self.space.scores(screen)
        made = {
            "factors": self.factors.predict(screen, self.space),
            "ridge": naive["tissue_drug"] + self.ridge.predict(screen.drugs, scores),
        }
        if self.trees is not None:
            made["trees"] = self.trees.predict(screen, scores, naive[self.trees.base])
        return {**naive, **made}


def line_things(screen: Screen, space: Space) -> Things:
    """What a line is compared by: principal components of the omics, tissue, subtype."""
    labels: list[Sequence[str]] = [screen.tissues]
    if screen.has_subtypes() or space.has_subtypes:
        labels.append(subtype_labels(screen))
    return Things(space.scores(screen), tuple(tuple(column) for column in labels))


def without_omics(things: Things) -> Things:
    """The same things with their labels alone."""
    return Things(np.zeros((len(things.numbers), 0)), things.labels)


def drug_things(screen: Screen) -> Things:
    """What a drug is compared by: its structure (0 where there is none) and its class."""
    return Things(np.nan_to_num(screen.chemistry), (screen.classes,))


def fit_factor_model(screen: Screen, space: Space, setting: tuple[int, float]) -> FactorModel:
    """Fit hidden traits on the responses, then both sides on the traits."""
    seen = screen.known()
    fitted = fit_factors(seen.response, setting)
    things = line_things(seen, space)
    lines = fit_regression("lines", things, fitted.traits)
    blind = fit_regression("lines", without_omics(things), fitted.traits)
    answers = np.column_stack([fitted.mean, fitted.loading])
    drugs = fit_regression("drugs", drug_things(seen), answers)
    names, overall = (seen.lines, seen.drugs), float(np.nanmean(seen.response))
    arrays = fitted.mean, fitted.loading, fitted.traits
    return FactorModel(*names, *arrays, lines, drugs, blind, overall)


def fit_components(
    screen: Screen, setting: tuple[int, float], *, trees: bool, base: str, seed: int
) -> Components:
    """Fit all of them.

    Parameters
    ----------
    setting : of the factor analysis, from ``choose_setting`` on training pairs.
    trees : whether LightGBM runs too; on the residual of the naive predictor ``base``.
    """
    seen = screen.known()
    space = fit_space(seen)
    naive = fit_naive(seen)
    scores = space.scores(seen)
    guess = naive.predict(seen)
    return Components(
        space=space,
        naive=naive,
        factors=fit_factor_model(seen, space, setting),
        ridge=fit_ridge(seen.drugs, scores, seen.response - guess["tissue_drug"]),
        trees=fit_trees(seen, scores, base, guess[base], seed) if trees else None,
    )


def setting_for(screen: Screen, seed: int) -> tuple[int, float]:
    """The setting of the factor analysis, chosen on the pairs of this screen alone."""
    return choose_setting(screen.known().response, seed)
