"""The catalogue of faults: what can be wrong behind a card, and which check shows it.

A fault takes a sound situation and damages a copy of one part of it: the record, or the model, or
the rule. Whether that flips the advice is found out by asking the engine (``bank``), never assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nof1.academy import model_faults as models
from nof1.academy import record_faults as records
from nof1.academy.cases import CHECKS, SURPRISING
from nof1.academy.situation import Situation
from nof1.academy.ward import Person, Ward

Inject = Callable[[Ward, Person, np.random.Generator], Situation | None]


@dataclass(frozen=True)
class Fault:
    """One entry of the catalogue.

    Attributes
    ----------
    name : key, in file and address; ``title`` : as people read it.
    happens : what happens in a hospital. how : how it is put into a case.
    catches : the check of ``CHECKS`` that shows it.
    also : checks that may show a consequence of it.
    explain : one sentence in plain words, for the feedback. lesson : where it is taught.
    others : whether it concerns people whom the model was not made for.
    reach : log odds by which it can move a card; only cards so near the threshold are tried.
    inject : makes the damaged situation of a person, or None where it cannot happen.
    """

    name: str
    title: str
    happens: str
    how: str
    catches: str
    explain: str
    lesson: str
    inject: Inject
    also: frozenset[str] = frozenset()
    others: bool = False
    reach: float = 1.3

    def __post_init__(self) -> None:
        assert {self.catches} | self.also <= set(CHECKS)


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault(
            "stale-lab",
            "Old results with a new date",
            "A laboratory sends old results again, and the interface dates them by their arrival.",
            "The results of the last year are replaced by the patient's first ones; the days stay.",
            "lab-dates",
            "The card rests on old results that carry a new date: the same source line appears "
            "twice, and the sample is much older than the chart says.",
            "dataset-shift",
            records.stale,
            reach=0.7,
        ),
        Fault(
            "unit-slip",
            "A unit slips",
            "A result is converted with the factor of another substance, or not at all.",
            "The newest result is multiplied by a wrong conversion factor; its unit stays.",
            "units",
            "One result jumped by a conversion factor against the same patient's earlier ones; no "
            "body changes like that, but a unit does.",
            "explanation-traps",
            records.unit_slip,
            reach=0.7,
        ),
        Fault(
            "wrong-population",
            "The model was made for other people",
            "Somebody widens the list of people a model is asked about, and nobody validates it.",
            "A copy of the model also answers for people who start an anticoagulant, and its own "
            "check for strangers is switched off.",
            "population",
            "The model learned from people after a coronary stent; this patient is not one of "
            "them, so its number is the risk of other people.",
            "base-rates",
            models.wrong_population,
            others=True,
        ),
        Fault(
            "leakage",
            "The model looked at the answer",
            "In training, an input was counted over the whole record, also after the start of the "
            "time span; at the bedside it is never there in time.",
            "A copy of the model has one more curve, over what an admission leaves in the record.",
            "source-events",
            "A strong reason rests on entries that, in training, were also counted when they were "
            "made because of the outcome. At the bedside they say little, there or not there.",
            "explanation-traps",
            models.leakage,
            also=frozenset({"calibration", "reasons"}),
        ),
        Fault(
            "miscalibration",
            "Right order, wrong size",
            "The model ranks patients well, but its numbers are too high or too low here.",
            "A copy of the model gives odds that are 1.6 to 2.5 times too high, or too low.",
            "calibration",
            "The model tells high from low risks as well as ever, but its numbers do not agree "
            "with what then happens.",
            "calibration",
            models.miscalibration,
        ),
        Fault(
            "drifted-feature",
            "An input has moved",
            "A new method, sensor or cuff reads higher or lower than the one the model knows.",
            "All readings of one input of the last months are multiplied by a constant: this "
            "patient's, and those of everybody in the drift monitor.",
            "drift",
            "Since a while one input arrives higher or lower from everybody: the instrument "
            "changed, not the people.",
            "dataset-shift",
            records.drifted,
            also=frozenset({"units"}),
            reach=0.7,
        ),
        Fault(
            "imputed",
            "A missing value was filled in",
            "Something was never measured, and an average or a default was put in its place.",
            "All entries of one input are removed, and the default of the hospital stands there.",
            "missing",
            "A reason (or the lack of one) rests on a default value that nobody measured in this "
            "patient.",
            "intervals",
            records.imputed,
            reach=0.7,
        ),
        Fault(
            "spurious",
            "A reason that is none",
            "A model finds by chance that something harmless goes with the outcome.",
            "A copy of the model has one more curve, over an input that causes nothing.",
            "reasons",
            "The strongest reason makes no difference among this hospital's own patients: those "
            "with it had the outcome as often as those without.",
            "explanation-traps",
            models.spurious,
            also=frozenset({"calibration"}),
        ),
        Fault(
            "old-rule",
            "The rule has run out",
            "A house rule is still in use years after the day until which it was valid.",
            "A rule that was believed once, and is not true in this hospital, changes the odds.",
            "knowledge-date",
            "The card was changed by a rule that had run out years before; what it says is not "
            "true of these patients.",
            "alert-fatigue",
            models.old_rule,
        ),
    )
}

LESSON_OF_SURPRISE = "explanation-traps"
TOPICS: tuple[str, ...] = (*FAULTS, SURPRISING)
"""The ten entries of the catalogue: nine faults, and the card that is right and looks odd."""
