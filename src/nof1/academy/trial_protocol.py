"""The protocol of the trial in words, part by part; numbers come from the assumptions.

The parts follow SPIRIT (Chan et al., BMJ 346 (2013) e7586). It is a draft for a site's own ethics
committee and statistician: nobody has approved it, and no such trial has been done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nof1.academy.trial import MARGIN, NOT_SHOWN
from nof1.academy.trial_size import POWER, Assumptions, people_needed


@dataclass(frozen=True, slots=True)
class Part:
    """One heading of the protocol and its text."""

    title: str
    text: str


@dataclass(frozen=True)
class Protocol:
    """The protocol with the number of people that the assumptions ask for (None: over 600)."""

    parts: tuple[Part, ...]
    assumed: Assumptions
    each_arm: int | None
    power: float | None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form (schema ``nof1/academy-protocol/1``)."""
        return {
            "schema": "nof1/academy-protocol/1",
            "parts": {one.title: one.text for one in self.parts},
            "assumptions": self.assumed.to_dict(),
            "people_each_arm": self.each_arm, "power": self.power, "notice": NOT_SHOWN,
        }  # fmt: skip


def protocol(assumed: Assumptions | None = None) -> Protocol:
    """The protocol; the number of people is found by simulating the trial."""
    assumed = assumed or Assumptions()
    found = people_needed(assumed)
    each, power = found or (None, None)
    return Protocol((*_before(), _size(assumed, each, power), *_after()), assumed, each, power)


def _before() -> tuple[Part, ...]:
    return (
        Part("State of knowledge", f"{NOT_SHOWN} Explanations beside a wrong model, and a course "
             "of 20 hours, did not protect readers in earlier trials."),
        Part("Question", "Among clinicians, does practice on simulated cards with faults lower "
             "over-reliance on wrong cards, more than lessons alone?"),
        Part("People", "Clinicians who read such cards or will. Own consent, no pay by result, and "
             "no superior sees anybody's figures."),
        Part("Arms", "simulator: eight lessons and four practice sittings with faults in four "
             "weeks. lessons: the eight lessons. waiting: nothing until the last test, then all."),
        Part("Drawing", "One by one into equal arms, in blocks of changing size, by somebody who "
             "meets nobody. Colleagues talk: ask afterwards who saw what of the other arms."),
        Part("Tests", "48 cases in four sittings, 17 to 24 with a wrong card, before and after; "
             "another form each time, forms in both orders. No feedback between the cases of a "
             "test, so that the test does not teach. A third test 90 days later."),
        Part("Primary outcome", "Over-reliance: among cases where the card is wrong and the own "
             "act before it was right, the share with a wrong final act; each person's own value."),
    )  # fmt: skip


def _size(assumed: Assumptions, each: int | None, power: float | None) -> Part:
    need = f"more than 600 people in each arm for a power of {100 * POWER:.0f} of 100"
    if each is not None and power is not None:
        need = (
            f"{each} people in each arm ({3 * each} in all); {100 * power:.0f} of 100 simulated "
            "trials then see the difference"
        )
    falls = ", ".join(f"{100 * one:.0f}" for one in assumed.falls)
    return Part(
        "Number of people",
        f"ASSUMED: over-reliance {100 * assumed.over:.0f} of 100 before (spread between people "
        f"{100 * assumed.between:.0f}), falling by {falls} in simulator, lessons and waiting; own "
        f"act right in {100 * assumed.accuracy:.0f} of 100; {assumed.faulty} of {assumed.cases} "
        f"cards wrong; {100 * assumed.dropout:.0f} of 100 do not come again. Then: {need}. Nobody "
        "knows these values for your people: look at the first thirty, and compute again.",
    )


def _after() -> tuple[Part, ...]:
    return (
        Part("Analysis", "Simulator minus lessons after the training, everybody in the arm drawn, "
             "adjusted for the own value before; 95 % interval with HC3 spread. Missing tests: "
             "once left out, once with the value before. Other differences are secondary."),
        Part("Guard", f"Whoever drops every card over-relies never. Under-reliance must surely "
             f"not rise by {100 * MARGIN:.0f} of 100 or more, or the primary counts for little."),
        Part("Harm", "Teaching with faults can teach distrust: the guard, the time for a case, and "
             "a line for complaints are looked at half-way by somebody outside."),
        Part("Data", "Staff data: a number instead of a name, own file, deletable until the "
             "analysis. No patient is real. The answers file and this code are published."),
        Part("What it cannot show", "That patients fare better. Cases are invented, and people who "
             "know that they are tested check more."),
    )  # fmt: skip
