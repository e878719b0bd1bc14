"""The registry of learners: glass box, linear baseline and LightGBM, for yes/no and for time.

Every learner has the same verbs: ``fit``, ``predict`` (or ``predict_cumulative_incidence`` and
``risk``), ``contributions`` and ``save``/``load``. One shared test runs over all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nof1.core.errors import UsageError
from nof1.learn.binary import GlassBoxBinary, LinearBinary, TreesBinary
from nof1.learn.survival import GlassBoxSurvival, LinearSurvival, TreesSurvival


@dataclass(frozen=True)
class Learner:
    """One entry of the registry.

    Attributes
    ----------
    role : ``default``, ``baseline`` or ``challenger``.
    binary, survival : make an untrained ``BinaryLearner`` or ``SurvivalLearner``.
    """

    name: str
    title: str
    role: str
    binary: type[Any]
    survival: type[Any]


REGISTRY: dict[str, Learner] = {
    "glassbox": Learner(
        "glassbox", "Glass box (additive curves)", "default", GlassBoxBinary, GlassBoxSurvival
    ),
    "linear": Learner(
        "linear", "Logistic / proportional hazards", "baseline", LinearBinary, LinearSurvival
    ),
    "lightgbm": Learner("lightgbm", "LightGBM", "challenger", TreesBinary, TreesSurvival),
}


def learner(name: str) -> Learner:
    """Look a learner up.

    Raises
    ------
    UsageError : an unknown name.
    """
    if name not in REGISTRY:
        raise UsageError(f"No learner is called {name!r}.", allowed=sorted(REGISTRY))
    return REGISTRY[name]
