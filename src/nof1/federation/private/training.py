"""The whole private training of one site among others: bins, curves, tables, guards, in this order.

Every sum in it carries noise (``NoisySum``), so whatever is made from the sums may be told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1.federation.judging import Groups
from nof1.federation.private import glassbox, guards
from nof1.federation.private.bins import Edges
from nof1.federation.private.glassbox import Private, Recipe
from nof1.federation.private.noise import NoisySum
from nof1.federation.private.plan import Plan
from nof1.federation.private.site import SiteRows
from nof1.federation.private.tables import Scale, Tables, tabulate
from nof1.federation.private.verdict import judged
from nof1.learn.domain import Domain
from nof1.learn.drift import Drift
from nof1.predict.card import Verdict


@dataclass(frozen=True)
class Fitted:
    """A private model of all sites, the same at each of them.

    Attributes
    ----------
    patients, events : of all sites together, from noised sums.
    """

    private: Private
    verdict: Verdict
    domain: Domain | None
    drift: Drift
    patients: int
    events: int


def fit(
    rows: SiteRows,
    names: Sequence[str],
    grids: Sequence[Edges | None],
    groups: Sequence[Groups],
    places: Mapping[str, NDArray[np.int64]],
    plan: Plan,
    total: NoisySum,
    recipe: Recipe,
    horizon_days: float,
    seed: int = 0,
) -> Fitted:
    """Train and judge; called at every site at the same time.

    Parameters
    ----------
    names, grids : of the columns, public. groups : shown on the card, public.
    places : attribute -> (n,) place of each row's label.
    seed : of draws that protect nothing, the same at all sites.
    """
    learn, judge = ~rows.judges, rows.judges
    made = glassbox.train(rows.X[learn], rows.y[learn], names, grids, plan, total, recipe, seed)
    scale = Scale.of(made.shapes)
    tables = tabulate(
        made.shapes.decision(rows.X[judge]),
        rows.y[judge],
        rows.half[judge],
        {name: place[judge] for name, place in places.items()},
        groups,
        scale,
        total,
        plan.tables,
    )
    domain = guards.domain_of(made.binned, names, made.patients, rows.X[judge], total, plan.domain)
    verdict = judged(tables, groups, horizon_days, seed)
    risks = verdict.voice.interval.risk(scale.middles)
    people = tables.cells.sum(axis=(0, 1))
    drift = guards.drift_of(made.binned, names, made.patients, risks, people)
    return Fitted(made, verdict, domain, drift, *_sizes(made, tables))


def _sizes(made: Private, tables: Tables) -> tuple[int, int]:
    patients = made.patients + tables.patients
    events = max(0.0, made.events) + float(tables.cells[:, 1].sum())
    return round(patients), round(min(events, patients))
