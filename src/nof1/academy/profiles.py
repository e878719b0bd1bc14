"""Which kind of reader the answers look like: five known kinds, and how well each explains them.

Each archetype of ``nof1.academy.learners`` says, for every case, how likely a wrong final act was.
The product over the cases, times equal prior odds, gives the kinds' posterior. It is a picture, no
diagnosis: a person is a mixture, and may be none of the five. Below ``ENOUGH`` cases nothing is
said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nof1.academy.answers import Pair
from nof1.academy.learners import ARCHETYPES, Learner, wrong_chance

ENOUGH = 48
SURE = 0.8  # posterior from which the picture is named
WORDS = {
    "always-follow": "follows the card, whatever it says",
    "never-follow": "keeps the own answer, whatever the card says",
    "explanation-follower": "follows a card whose reasons look right, and drops one that looks odd",
    "calibrated": "follows right cards and drops wrong ones",
    "fatigued": "begins with care and ends by following",
}


def profile(pairs: Sequence[Pair], kinds: Mapping[str, Learner] = ARCHETYPES) -> dict[str, float]:
    """Kind -> posterior (0 to 1, adding up to 1), most likely first; pairs in the order given."""
    logs = {name: _log_likelihood(pairs, one) for name, one in kinds.items()}
    top = max(logs.values())
    weights = {name: math.exp(value - top) for name, value in logs.items()}
    total = sum(weights.values())
    return dict(sorted(((n, w / total) for n, w in weights.items()), key=lambda item: -item[1]))


def _log_likelihood(pairs: Sequence[Pair], kind: Learner) -> float:
    end, total = max(len(pairs) - 1, 1), 0.0
    for i, (case, answer) in enumerate(pairs):
        own_right = answer.before.act == case.truth.right
        chance = wrong_chance(kind.at(i / end, case.topic), own_right, not case.faulty)
        wrong = answer.after.act != case.truth.right
        total += math.log(chance if wrong else 1 - chance)
    return total


def picture(pairs: Sequence[Pair]) -> dict[str, Any]:
    """What may be said of one reader: ``kinds`` (empty below ``ENOUGH`` cases) and ``words``."""
    if len(pairs) < ENOUGH:
        words = f"too few cases to say ({len(pairs)} of at least {ENOUGH})"
        return {"kinds": {}, "words": words}
    kinds = profile(pairs)
    first, weight = next(iter(kinds.items()))
    words = f"of five known kinds, most like one who {WORDS[first]}"
    if weight < SURE:
        words = "like none of the five known kinds more than like the others"
    return {"kinds": kinds, "words": words}
