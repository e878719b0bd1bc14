"""How a reader relies on cards: never a grade, always a share with its interval and its count.

An act is *right* when it is what the true risk asks for (``truth.right``); the outcome that was
drawn for one patient is chance and judges no act. Four shares, each over the cases where it can be
seen:

=================== ============================================ =============================
share               of the cases where ...                       it counts ... (higher)
=================== ============================================ =============================
over-reliance       own act right, the card's advice wrong       final act wrong (worse)
under-reliance      own act wrong, the card's advice right       final act wrong (worse)
turned away         own act right, the card's advice right       final act wrong (worse)
own accuracy        every case                                   own act right (better)
=================== ============================================ =============================

Over-reliance is 1 - RSR and under-reliance 1 - RAIR of Schemmer et al. (relative self-reliance and
relative AI reliance). Where own act and advice are both wrong, reliance cannot be seen: such cases
count in ``wrong_with_wrong_card`` only, the share of all wrong cards that ended in a wrong act.

*Signal detection of acceptance*: a card is accepted when the final act is what it advises, whatever
button was pressed. A hit is an accepted right card, a false alarm an accepted wrong one. d' says
how well right and wrong cards are told apart, c which way the reader leans (below 0: accepts
readily).

*Chances*: Brier score (mean squared distance from the outcome; lower is better, 0.25 is what "50 of
100" always gets), the mean distance from the true risk, and a table of what was said against what
happened.

*Worth*: acting is worth ``(risk - t) / (1 - t)`` in true cases treated, by the true risk and the
case's threshold t, because at the threshold one needless action weighs t / (1 - t) of a true case.

References
----------
Schemmer et al., IUI 2023, 410 (appropriate reliance); Stanislaw & Todorov, Behavior Research
Methods 31 (1999) 137; Hautus, ibid. 27 (1995) 46; Brier, Monthly Weather Review 78 (1950) 1;
Vickers & Elkin, Medical Decision Making 26 (2006) 565.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nof1.academy.answers import Answer, Asked, Pair, paired
from nof1.academy.posterior import Share, bias, discrimination, share
from nof1.academy.spread import Said, Worth, mean_figure, middle, table, worth
from nof1.learn.figures import Figure

SCHEMA = "nof1/academy-scores/1"
UNPROVEN = (
    "Whether this training makes people read cards better is not proven; only a trial can show it."
)


@dataclass(frozen=True)
class Scores:
    """The figures over ``cases`` answered cases, of which ``faulty`` had a wrong card.

    Shares as in the module's table. ``hits`` and ``alarms``: accepted right and wrong cards.
    ``brier`` and ``distance`` are (before, after) the card; ``said`` likewise (see ``Said``).
    ``caught``: faulty cases where the one check that shows the fault was opened; ``unchecked``:
    cards accepted without any check. ``seconds``: median and quartiles for each case.
    """

    cases: int
    faulty: int
    over_reliance: Share
    under_reliance: Share
    turned_away: Share
    own_accuracy: Share
    final_accuracy: Share
    wrong_with_wrong_card: Share
    hits: Share
    alarms: Share
    d_prime: Figure
    bias_c: Figure
    brier: tuple[Figure, Figure]
    distance: tuple[Figure, Figure]
    said: tuple[list[Said], list[Said]]
    caught: Share
    unchecked: Share
    checks: dict[str, int]
    seconds: tuple[float, float, float] | None
    worth: Worth | None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form (schema ``nof1/academy-scores/1``)."""
        return {
            "schema": SCHEMA,
            "cases": self.cases,
            "faulty": self.faulty,
            **{name: getattr(self, name).to_dict() for name in (*SHARES, "d_prime", "bias_c")},
            "brier": _sides([one.to_dict() for one in self.brier]),
            "distance": _sides([one.to_dict() for one in self.distance]),
            "said": _sides([[one.to_dict() for one in side] for side in self.said]),
            "checks": dict(self.checks),
            "seconds": None if self.seconds is None else dict(
                zip(("low", "median", "high"), self.seconds, strict=True)),
            "worth": self.worth.to_dict() if self.worth else None,
            "notice": UNPROVEN,
        }  # fmt: skip


def _sides(two: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(("before", "after"), two, strict=True))


SHARES = (
    "over_reliance", "under_reliance", "turned_away", "own_accuracy", "final_accuracy",
    "wrong_with_wrong_card", "hits", "alarms", "caught", "unchecked",
)  # fmt: skip


def score(cases: Sequence[Asked], answers: Sequence[Answer]) -> Scores:
    """Figures of these answers.

    Raises
    ------
    InputError : an answer is about a case that is not among ``cases``.
    """
    return score_pairs(paired(cases, answers))


def score_pairs(pairs: Sequence[Pair]) -> Scores:
    """Figures of answers that stand beside their cases; every pair counts."""
    hits, alarms = (_share(pairs, _accepted, on) for on in (_sound, _faulty))
    said = [_said(pairs, when) for when in ("before", "after")]
    outcome = np.array([case.truth.outcome for case, _ in pairs], float)
    risk = np.array([case.truth.risk for case, _ in pairs], float)
    return Scores(
        cases=len(pairs),
        faulty=alarms.of,
        over_reliance=_share(pairs, _wrong, lambda p: _own(p) and _faulty(p)),
        under_reliance=_share(pairs, _wrong, lambda p: not _own(p) and _sound(p)),
        turned_away=_share(pairs, _wrong, lambda p: _own(p) and _sound(p)),
        own_accuracy=_share(pairs, _own),
        final_accuracy=_share(pairs, lambda p: not _wrong(p)),
        wrong_with_wrong_card=_share(pairs, _wrong, _faulty),
        hits=hits,
        alarms=alarms,
        d_prime=discrimination(hits, alarms),
        bias_c=bias(hits, alarms),
        brier=(mean_figure((said[0] - outcome) ** 2), mean_figure((said[1] - outcome) ** 2)),
        distance=(mean_figure(abs(said[0] - risk)), mean_figure(abs(said[1] - risk))),
        said=(table(said[0], outcome, risk), table(said[1], outcome, risk)),
        caught=_share(pairs, lambda p: p[0].catches in p[1].checks, _faulty),
        unchecked=_share(pairs, lambda p: not p[1].checks, _accepted),
        checks=_checks(pairs),
        seconds=middle([answer.seconds for _, answer in pairs]),
        worth=worth(pairs),
    )


Asks = Callable[[Pair], bool]


def _share(pairs: Iterable[Pair], counts: Asks, among: Asks | None = None) -> Share:
    """How many of the pairs ``among`` which it can be seen count."""
    seen = [counts(one) for one in pairs if among is None or among(one)]
    return share(sum(seen), len(seen))


def _own(pair: Pair) -> bool:
    """The own act is right."""
    return pair[1].before.act == pair[0].truth.right


def _wrong(pair: Pair) -> bool:
    """The final act is wrong."""
    return pair[1].after.act != pair[0].truth.right


def _faulty(pair: Pair) -> bool:
    """The card's advice is wrong."""
    return pair[0].advised != pair[0].truth.right


def _sound(pair: Pair) -> bool:
    """The card's advice is right."""
    return not _faulty(pair)


def _accepted(pair: Pair) -> bool:
    """The final act is what the card advises."""
    return pair[1].after.act == pair[0].advised


def _said(pairs: Sequence[Pair], when: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(n,) the chances said ``before`` or ``after`` the card."""
    return np.array([getattr(answer, when).probability for _, answer in pairs], dtype=np.float64)


def _checks(pairs: Iterable[Pair]) -> dict[str, int]:
    """How often each check was opened."""
    found: dict[str, int] = {}
    for _, answer in pairs:
        for one in answer.checks:
            found[one] = found.get(one, 0) + 1
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
