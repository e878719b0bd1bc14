"""From a person to a case: put a fault in (or none), ask the engine, look at every check, keep it.

What is kept: a sound card that is right, clearly so, and in which no check shows anything odd; and
a card that a fault has turned wrong, where the sound one was right, and whose check shows the
fault. Cards lie within one distance of the threshold, faulty or not, so that no number gives the
answer away; neither do names, hashes, or the list of checks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import expit, logit

from nof1.academy import rules
from nof1.academy.cases import CHECKS, GOOD, SURPRISING, Case, Truth, per_hundred
from nof1.academy.chart import vignette
from nof1.academy.checks import look
from nof1.academy.faults import FAULTS, Fault
from nof1.academy.situation import Situation, card, sound
from nof1.academy.telling import explain_fault, explain_sound, question, surprising
from nof1.academy.ward import Person, Ward, features_of, risks

THRESHOLDS = (0.10, 0.15, 0.20, 0.30)
CLEAR = 0.3  # log odds, at least, between threshold and true risk
NEAR, FAR = 0.1, 1.3  # log odds, at least and at most, between threshold and card
USUAL = 0.2  # of that distance beyond the least, on average: as faulty cards have it
RULED = 0.5  # share of cards for which a current house rule is used, where one fits
# A fault often makes one reason strong; so do the bodies and towns of some people, and that must
# not tell the two apart: this share of the sound cards is sought among such people.
STRONG, STRONG_SHARE = 0.55, 0.85
ROUNDS = 12  # times that everybody is looked at for a sound case
AHEAD = 3  # cases of one direction that are made in search of one of the other
SOUND_CHECK = {GOOD: "calibration", SURPRISING: "source-events"}


@dataclass
class Desk:
    """Where cases are made; nobody is used twice."""

    ward: Ward
    seed: int
    used: set[int] = field(default_factory=set)

    def right(self, topic: str, wanted: int) -> list[Case]:
        """Up to ``wanted`` sound cards that are right; half of them advise to act."""
        rng = np.random.default_rng([self.seed, 50 + (topic == SURPRISING)])
        left = {True: wanted - wanted // 2, False: wanted // 2}
        cases: list[Case] = []
        everybody = len(self.ward.people)
        for place in np.concatenate([rng.permutation(everybody) for _ in range(ROUNDS)]):
            person, threshold = self.ward.people[place], float(rng.choice(THRESHOLDS))
            ruled, reach = rng.random() < RULED, NEAR + rng.exponential(USUAL)
            right = person.risk >= threshold
            if rng.random() < STRONG_SHARE and self.ward.strongest[place] < STRONG:
                continue
            if not left[right] or not self.fits(person, threshold, min(reach, FAR)):
                continue
            made = self._sound(topic, person, threshold, ruled)
            if made is not None:
                cases.append(made)
                self.used.add(person.subject)
                left[right] -= 1
            if not any(left.values()):
                break
        return cases

    def fits(self, person: Person, threshold: float, reach: float) -> bool:
        """Whether truth and sound card lie clearly on one side of the threshold, and near it."""
        if person.subject in self.used or not person.followed:
            return False
        if abs(_apart(person.risk, threshold)) < CLEAR:
            return False
        if person.row < 0:
            return True
        said = _apart(float(self.ward.told[person.row]), threshold)
        return (person.risk >= threshold) == (said >= 0) and NEAR <= abs(said) <= reach

    def _sound(self, topic: str, person: Person, threshold: float, ruled: bool) -> Case | None:
        behind = with_rule(sound(self.ward, person)) if ruled else sound(self.ward, person)
        if surprising(vignette(behind), person.risk >= threshold) != (topic == SURPRISING):
            return None
        return self.case(topic, behind, threshold)

    def case(self, topic: str, behind: Situation, threshold: float) -> Case | None:
        """The case if card and checks are what its topic says; None otherwise."""
        person, fault = behind.person, FAULTS.get(topic)
        name = self._name(person)
        found = card(self.ward, behind, name)
        if found is None or found.value is None:
            return None
        truth = Truth(risk=person.risk, right=person.risk >= threshold, outcome=person.outcome)
        advised = found.value.amount >= threshold
        seen = look(self.ward, behind, found, threshold)
        odd = {check for check, one in seen.items() if one.odd}
        before = self._before(behind, fault)
        if (advised != truth.right) != (fault is not None) or not _findable(fault, odd):
            return None
        if before is not None and (before >= threshold) != truth.right:
            return None
        if not _plain(found.value.amount, threshold):
            return None
        chart = vignette(behind)
        if fault is None:
            told = explain_sound(chart, found, truth, threshold, topic == SURPRISING)
        else:
            told = explain_fault(fault, behind, before, found, truth, threshold)
        return Case(
            id=name,
            topic=topic,
            faulty=fault is not None,
            question=question(behind, threshold),
            vignette=chart,
            card=found.to_dict(),
            threshold=threshold,
            advised=advised,
            truth=truth,
            evidence={check: seen[check].text for check in CHECKS},
            catches=SOUND_CHECK[topic] if fault is None else fault.catches,
            explain=told,
        )

    def _before(self, behind: Situation, fault: Fault | None) -> float | None:
        """What the card would have said without the fault; None where the engine had refused."""
        if behind.person.row < 0:
            return None
        told = float(self.ward.told[behind.person.row])
        if behind.rule is None or (fault is not None and not behind.rule.valid(behind.person.at)):
            return told
        return float(expit(logit(told) + behind.rule.log_odds))

    def _name(self, person: Person) -> str:
        """A name that tells nothing about the case."""
        text = f"{self.seed}\x1f{person.subject}\x1f{person.at.isoformat()}"
        return f"case-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def _apart(risk: float, threshold: float) -> float:
    """Distance of a risk from a threshold, in log odds; above 0: above it."""
    return float(logit(risk) - logit(threshold))


def _plain(risk: float, threshold: float) -> bool:
    """Whether a reader sees on which side the card is: its rounded number is not the threshold."""
    return per_hundred(risk) != per_hundred(threshold)


def _findable(fault: Fault | None, odd: set[str]) -> bool:
    """A sound case shows nothing odd; a fault shows in its check, and in no unrelated one."""
    if fault is None:
        return not odd
    return fault.catches in odd and odd <= fault.also | {fault.catches}


def with_rule(behind: Situation) -> Situation:
    """The same with a current house rule, where one fits."""
    fits = [rule for rule in rules.CURRENT if rule.applies(behind.seen)]
    return replace(behind, rule=fits[0]) if fits and behind.rule is None else behind


class FaultStream:
    """Cases of one fault, people in an order of its own; cards that advise to act take turns."""

    def __init__(self, desk: Desk, fault: Fault, number: int) -> None:
        self.desk, self.fault = desk, fault
        self.rng = np.random.default_rng([desk.seed, number])
        self._made = self._all()
        self._kept: dict[bool, list[tuple[Person, Case]]] = {True: [], False: []}
        self._given = {True: 0, False: 0}

    def next(self) -> Case | None:
        """The next case; None when nobody is left."""
        wanted = self._given[True] <= self._given[False]
        while not self._kept[wanted] and len(self._kept[not wanted]) < AHEAD:
            found = next(self._made, None)
            if found is None:
                break
            self._kept[found[1].advised].append(found)
        for way in (wanted, not wanted):
            while self._kept[way]:
                person, made = self._kept[way].pop(0)
                if person.subject not in self.desk.used:
                    self.desk.used.add(person.subject)
                    self._given[way] += 1
                    return made
        return None

    def _all(self) -> Iterator[tuple[Person, Case]]:
        ward = self.desk.ward
        pool = ward.others if self.fault.others else ward.people
        for place in self.rng.permutation(len(pool)):
            person, threshold = pool[place], float(self.rng.choice(THRESHOLDS))
            if not self.desk.fits(person, threshold, self.fault.reach):
                continue
            behind = self.fault.inject(ward, person, self.rng)
            if behind is None or not flips(behind, threshold):
                continue
            ruled = self.rng.random() < RULED
            made = self.desk.case(
                self.fault.name, with_rule(behind) if ruled else behind, threshold
            )
            if made is not None:
                yield person, made


def flips(behind: Situation, threshold: float) -> bool:
    """Whether the card of a situation is wrong and near the threshold, by its risk alone."""
    person = behind.person
    told = float(risks(behind.scorer, features_of(behind.scorer, behind.events, person.at))[0])
    apart = _apart(told, threshold) + (behind.rule.log_odds if behind.rule else 0.0)
    return (apart >= 0) != (person.risk >= threshold) and NEAR <= abs(apart) <= FAR
