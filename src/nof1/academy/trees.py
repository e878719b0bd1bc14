"""Natural-frequency trees as plain data: numbers of people out of 1,000, for a page to draw.

A node is ``{"text", "count", "of", "children"}``; the children's counts add up to the node's.
Whole people are rounded so that this always holds.

References
----------
Hoffrage & Gigerenzer, Academic Medicine 73 (1998) 538 (natural frequencies); Vickers & Elkin,
Medical Decision Making 26 (2006) 565 (a threshold's odds as the weight of a needless action).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nof1.academy.answers import Asked
    from nof1.academy.scores import Scores

PEOPLE = 1000
WRONG_IN_PRACTICE = 50  # wrong cards of 1,000, assumed: in a test far more are wrong


def case_tree(case: Asked) -> dict[str, Any]:
    """What acting and not acting does to 1,000 people like this one, by the true risk.

    Keys: ``of``; ``truth``, ``card`` and ``threshold``, each a count of 1,000 (what will have the
    outcome, what the card says, from where on acting is right); ``root``, the tree; ``if_act`` and
    ``if_not``: what becomes of the 1,000; ``words``.
    """
    true, said, least = (_people(one) for one in (case.truth.risk, case.risk, case.threshold))
    if not case.truth.right:  # rounding must not make the sentence below untrue
        true = min(true, least - 1)
    if not case.advised:
        said = min(said, least - 1)
    rest = PEOPLE - true
    root = _node(
        f"{PEOPLE:,} people like this patient", PEOPLE,
        _node("will have it", true), _node("will not have it", rest),
    )  # fmt: skip
    verb = "at least" if case.truth.right else "fewer than"
    words = (
        f"Of {PEOPLE:,} people like this one, {true:,} will have it; the card said {said:,}. "
        f"Acting is right from {least:,} on, and {true:,} is {verb} {least:,}."
    )
    return {
        "of": PEOPLE, "truth": true, "card": said, "threshold": least, "root": root,
        "if_act": {"treated in time": true, "treated for nothing": rest},
        "if_not": {"missed": true, "spared": rest}, "words": words,
    }  # fmt: skip


def practice_tree(scores: Scores, wrong: int = WRONG_IN_PRACTICE) -> dict[str, Any]:
    """What this reader's way of accepting would mean where ``wrong`` of 1,000 cards are wrong.

    The test holds far more wrong cards than practice does, and the reader must hear it at the end.
    Keys: ``of``, ``wrong``, ``accepted``, ``accepted_wrong``, ``root``, ``words``, ``enough`` (when
    False, show the words alone: there are too few cases).
    ``accepted_wrong`` of ``accepted`` is what a reader should expect of the cards that he or she
    accepts.
    """
    right = PEOPLE - wrong
    hits = math.floor(right * scores.hits.mean + 0.5)
    alarms = math.floor(wrong * scores.alarms.mean + 0.5)
    root = _node(
        f"{PEOPLE:,} cards in practice", PEOPLE,
        _node("right", right, _node("you accept", hits), _node("you do not", right - hits)),
        _node("wrong", wrong, _node("you accept", alarms), _node("you do not", wrong - alarms)),
    )  # fmt: skip
    enough = scores.hits.enough and scores.alarms.enough
    words = (
        f"Here {scores.alarms.of} of {scores.cases} cards were wrong. If {wrong} of "
        f"{PEOPLE:,} are wrong where you work (an assumption), you would accept {hits + alarms:,} "
        f"cards, of which {alarms:,} are wrong."
        if enough
        else f"What your way of accepting means in practice: too few cases to say ({scores.cases})."
    )
    return {"of": PEOPLE, "wrong": wrong, "accepted": hits + alarms, "accepted_wrong": alarms,
            "root": root, "enough": enough, "words": words}  # fmt: skip


def _node(text: str, count: int, *children: dict[str, Any]) -> dict[str, Any]:
    return {"text": text, "count": count, "of": PEOPLE, "children": list(children)}


def _people(risk: float) -> int:
    return math.floor(PEOPLE * risk + 0.5)
