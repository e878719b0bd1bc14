"""What a learner has done so far, from the sittings: tests, all answers, figures over both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nof1.academy.answers import Pair, first_only
from nof1.academy.scores import Scores, score_pairs
from nof1.academy.sitting import SITTINGS, Sitting, Step


@dataclass(frozen=True)
class Exam:
    """One test form of a learner: ``done`` of four sittings, and its figures."""

    form: int
    begun: str
    done: int
    scores: Scores

    @property
    def complete(self) -> bool:
        """Whether all four sittings were finished to the end."""
        return self.done == SITTINGS

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "form": self.form, "begun": self.begun, "done": self.done, "of": SITTINGS,
            "complete": self.complete, "scores": self.scores.to_dict(),
        }  # fmt: skip


def pairs_of(sittings: Iterable[Sitting], kind: str | None = None) -> list[Pair]:
    """All finished answers (of ``kind``) with the facts of their cases, oldest first."""
    return [pair for one in sittings if kind in (None, one.kind) for pair in one.pairs]


def sittings_of_form(sittings: Iterable[Sitting], form: int) -> list[Sitting]:
    """The sittings of one test form that are over, by number."""
    mine = [one for one in sittings if one.kind == "test" and one.form == form]
    return sorted((one for one in mine if one.step is Step.DONE), key=lambda one: one.number)


def exams(sittings: Sequence[Sitting]) -> list[Exam]:
    """Every test of a learner, oldest first; scores of what is answered so far."""
    found: dict[int, list[Sitting]] = {}
    for one in sittings:
        if one.kind == "test":
            found.setdefault(one.form, []).append(one)
    return [
        Exam(form, mine[0].begun, sum(len(one.answers) == len(one.cases) for one in mine),
             score_pairs(pairs_of(mine)))
        for form, mine in found.items()
    ]  # fmt: skip


def all_scores(sittings: Sequence[Sitting]) -> tuple[Scores, int]:
    """Figures over the first answer to each case, and how many repeated answers were left out."""
    pairs, repeated = first_only(pairs_of(sittings))
    return score_pairs(pairs), repeated
