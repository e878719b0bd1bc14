"""What sites can compute together: one named list, and one interface for all entries.

A site's policy allows algorithms by name and code hash, a manifest asks for one by name, and the
same entry runs in one process, in a rehearsal and between hospitals. An entry is imported only when
it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from nof1.core.engine import Engine
from nof1.core.workspace import Workspace
from nof1.federation.link import Link
from nof1.federation.manifest import Privacy
from nof1.federation.policy import Policy
from nof1.federation.refusal import Refused

DEFAULT = "glassbox"


@dataclass(frozen=True)
class Asked:
    """One job at one site.

    Attributes
    ----------
    link : the line to the other sites. text : the task file.
    policy : the site's own rules. cohort : the name by which the privacy budget is kept.
    privacy : the noise that the sums must carry, or None.
    """

    link: Link
    workspace: Workspace
    text: str
    policy: Policy
    cohort: str
    privacy: Privacy | None
    engine: Engine | None = None


@dataclass(frozen=True)
class Result:
    """What a job made at one site.

    Attributes
    ----------
    name, version : of what is stored here. content_hash : the same at all sites; "" where nothing
        shared is stored.
    figures : JSON that goes to the coordinator: totals of all sites only, no row, no small cell,
        nothing of one site.
    """

    name: str
    version: str
    content_hash: str
    figures: dict[str, Any]


@dataclass(frozen=True)
class Algorithm:
    """An entry of the list.

    Attributes
    ----------
    outputs : kinds of results that leave a site; the site's policy must allow each.
    read : refuses the text of a task that it cannot read (InputError, with the line).
    run : takes part in a job; called at every site at the same time.
    noisy : whether it adds noise. It then needs ``Asked.privacy``; all others refuse a job with it.
    words : lines for people, at most 80 columns, from ``Result.figures``; None: the command says
        it in its own way. A true ``figures["withheld"]`` makes the command's exit code 1.
    """

    name: str
    outputs: tuple[str, ...]
    read: Callable[[str], None]
    run: Callable[[Asked], Result]
    noisy: bool = False
    words: Callable[[Mapping[str, Any]], list[str]] | None = None


ALGORITHMS: dict[str, str] = {
    "glassbox": "nof1.federation.learners:GLASSBOX",
    "logistic": "nof1.federation.learners:LOGISTIC",
    "cox": "nof1.federation.learners:COX",
    "hazards": "nof1.federation.learners:HAZARDS",
    "effect": "nof1.federation.effects:EFFECT",
    "counts": "nof1.federation.counts:COUNTS",
    "survival": "nof1.federation.incidence:SURVIVAL",
    "quality": "nof1.federation.quality:QUALITY",
    "drift": "nof1.federation.drifting:DRIFT",
    "recalibrate": "nof1.federation.recalibrating:RECALIBRATE",
    "private-glassbox": "nof1.federation.private.job:PRIVATE_GLASSBOX",
    "imaging-head": "nof1.federation.averaging.imaging:HEAD",
    "forecaster": "nof1.federation.averaging.forecaster:FORECASTER",
}


def algorithm(name: str) -> Algorithm:
    """The entry of this name.

    Raises
    ------
    Refused : there is none.
    """
    if name not in ALGORITHMS:
        raise Refused(
            "algorithms",
            "This nof1 does not know the algorithm.",
            next_step=f"Choose one of {', '.join(ALGORITHMS)}.",
        )
    module, _, entry = ALGORITHMS[name].partition(":")
    found: Algorithm = getattr(import_module(module), entry)
    return found


def outputs_of(names: list[str]) -> tuple[str, ...]:
    """Kinds of results of several algorithms, each once, in order.

    Raises
    ------
    Refused : a name is not known.
    """
    return tuple(dict.fromkeys(kind for name in names for kind in algorithm(name).outputs))
