"""What became of the cards: shown, accepted, overridden with which reason, or no answer.

A client tells "accepted" when a suggestion of a card was taken, and "overridden" when somebody went
on against it (CDS Hooks, feedback). Most cards get no answer, and no answer is neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nof1.advice.governance.figures import Share, share
from nof1.advice.ledger.shapes import Entry

COVERAGE = "coverage"  # the card that says what was not checked is no rule
NO_REASON = "no reason given"
ACCEPTED, OVERRIDDEN = "accepted", "overridden"


@dataclass(frozen=True)
class Showing:
    """One card that was shown. ``month`` is YYYY-MM; ``outcome`` None: nobody answered."""

    rule: str
    tier: int
    month: str
    person: str | None
    outcome: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Acceptance:
    """What became of the cards of one rule, all of one tier.

    ``people`` counts the different people who were shown them and answered.
    """

    rule: str
    tier: int
    shown: int
    accepted: int
    overridden: int
    people: int
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def answered(self) -> int:
        """Cards with an answer."""
        return self.accepted + self.overridden

    @cached_property
    def share(self) -> Share:
        """Accepted, of those that were answered."""
        return share(self.accepted, self.answered)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "rule": self.rule,
            "tier": self.tier,
            "shown": self.shown,
            "accepted": self.accepted,
            "overridden": self.overridden,
            "no_answer": self.shown - self.answered,
            "people": self.people,
            "acceptance": self.share.to_dict(),
            "reasons": dict(self.reasons),
        }


@dataclass(frozen=True)
class Ledgered:
    """All that the ledger says about cards.

    ``unseen`` are cards of rules in shadow; ``strays`` counts feedback on cards that this ledger
    never showed. Answers to the card that says what was not checked count nowhere: it is no rule.
    """

    showings: tuple[Showing, ...]
    unseen: tuple[Showing, ...] = ()
    strays: int = 0

    def rules(self) -> tuple[Acceptance, ...]:
        """One row for each rule and tier, the most shown first."""
        return _grouped(self.showings)

    def months(self) -> dict[str, tuple[Acceptance, ...]]:
        """The same for each month, oldest first."""
        names = sorted({one.month for one in self.showings})
        return {
            name: _grouped([one for one in self.showings if one.month == name]) for name in names
        }


NOTHING = Ledgered(())


def of_entries(entries: Iterable[Entry]) -> Ledgered:
    """Cards and their outcomes from the ledger's entries.

    A card that was shown twice (the same request again) counts once; of several answers the last
    counts.
    """
    cards: dict[str, Showing] = {}
    unseen: dict[str, Showing] = {}
    answers: dict[str, tuple[str, str | None]] = {}
    coverage: set[str] = set()  # cards that were shown and are of no rule
    for entry in entries:
        if entry.kind == "exchange":
            for uuid, showing in _showings(entry, "cards"):
                cards.setdefault(uuid, showing)
            shown = entry.details.get("cards", ())
            coverage |= {card["uuid"] for card in shown if card["rule"] == COVERAGE}
            unseen |= dict(_showings(entry, "shadow"))
        elif entry.kind == "feedback":
            told = entry.details
            answers[told["card"]] = (told["outcome"], told.get("reason"))
    found = [_answered(showing, answers.get(uuid)) for uuid, showing in cards.items()]
    strays = sum(uuid not in cards and uuid not in coverage for uuid in answers)
    return Ledgered(tuple(found), tuple(unseen.values()), strays)


def _showings(entry: Entry, part: str) -> Iterable[tuple[str, Showing]]:
    for card in entry.details.get(part, ()):
        if card["rule"] != COVERAGE:
            showing = Showing(card["rule"], card["tier"], entry.asked_at[:7], entry.person)
            yield card["uuid"], showing


def _answered(showing: Showing, answer: tuple[str, str | None] | None) -> Showing:
    if answer is None:
        return showing
    return Showing(showing.rule, showing.tier, showing.month, showing.person, *answer)


def _grouped(showings: Iterable[Showing]) -> tuple[Acceptance, ...]:
    groups: dict[tuple[str, int], list[Showing]] = {}
    for one in showings:
        groups.setdefault((one.rule, one.tier), []).append(one)
    made = [_of(rule, tier, found) for (rule, tier), found in groups.items()]
    return tuple(sorted(made, key=lambda one: (-one.shown, one.rule, one.tier)))


def _of(rule: str, tier: int, found: list[Showing]) -> Acceptance:
    over = [one for one in found if one.outcome == OVERRIDDEN]
    reasons = Counter(_code(one.reason) for one in over)
    return Acceptance(
        rule=rule,
        tier=tier,
        shown=len(found),
        accepted=sum(one.outcome == ACCEPTED for one in found),
        overridden=len(over),
        people=len({one.person for one in found if one.outcome and one.person}),
        reasons=dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))),
    )


def _code(reason: str | None) -> str:
    """The code of ``system|code``."""
    return NO_REASON if not reason else reason.rpartition("|")[2]
