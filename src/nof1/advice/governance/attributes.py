"""Source attributes: what a user of a rule or model may ask about it, by regulation.

45 CFR 170.315(b)(11)(iv), of the rule HTI-1 (89 FR 1192, 9 January 2024; in force since 1 January
2025): (A) 13 attributes of interventions that rest on evidence, (B) 31 of predictive ones. The
questions here are in our own words. For some of (B) the regulation lets a developer say that there
is nothing to review; we say so wherever it is true, and count both kinds. A proposed rule (HTI-5,
December 2025) would remove these requirements; the questions stay good ones. This is no claim that
nof1 is certified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RULE, MODEL = "evidence-based", "predictive"
CITED = "45 CFR 170.315(b)(11)(iv)"


@dataclass(frozen=True)
class Question:
    """One attribute: its paragraph, its part, what is asked, and whether "nothing" is foreseen."""

    number: str
    part: str
    text: str
    may_lack: bool = False


EVIDENCE = (
    Question("A.1", "Source", "Which publication or guideline does it rest on?"),
    Question("A.2", "Source", "Who made it from that?"),
    Question("A.3", "Source", "Who paid for making it?"),
    Question("A.4", "Source", "When was it, or its source, released and revised?"),
    Question("A.5", "Use of data", "Does it use race?"),
    Question("A.6", "Use of data", "Does it use ethnicity?"),
    Question("A.7", "Use of data", "Does it use language?"),
    Question("A.8", "Use of data", "Does it use sexual orientation?"),
    Question("A.9", "Use of data", "Does it use gender identity?"),
    Question("A.10", "Use of data", "Does it use sex?"),
    Question("A.11", "Use of data", "Does it use the date of birth?"),
    Question("A.12", "Use of data", "Does it use social determinants of health?"),
    Question("A.13", "Use of data", "Does it use assessments of health status?"),
)
PREDICTIVE = (
    Question("B.1.i", "Details and output", "Who developed it, and how are they reached?"),
    Question("B.1.ii", "Details and output", "Who paid for making it?"),
    Question("B.1.iii", "Details and output", "What value does it put out?"),
    Question("B.1.iv", "Details and output", "Which kind of output is that?"),
    Question("B.2.i", "Purpose", "What is it meant to be used for?"),
    Question("B.2.ii", "Purpose", "For which patients?"),
    Question("B.2.iii", "Purpose", "By whom?"),
    Question("B.2.iv", "Purpose", "Does it inform, add to or replace a decision?"),
    Question("B.3.i", "Out of scope", "For which tasks, situations or people must it not be used?"),
    Question("B.3.ii", "Out of scope", "Which risks, wrong settings and limits are known?"),
    Question("B.4.i", "Development", "Who was taken into the training data, and who was not?"),
    Question("B.4.ii", "Development", "Which of the data of A.5 to A.13 are inputs?"),
    Question("B.4.iii", "Development", "How far do the training data represent people?"),
    Question("B.4.iv", "Development", "How do the training data fit the place of use?"),
    Question("B.5.i", "Fairness", "What was done so that the output is fair?"),
    Question("B.5.ii", "Fairness", "What was done against bias?"),
    Question("B.6.i", "External validation", "On which other data was it validated?", True),
    Question("B.6.ii", "External validation", "By whom?", True),
    Question("B.6.iii", "External validation", "Whom do those data represent?", True),
    Question("B.6.iv", "External validation", "How was that done?", True),
    Question("B.7.i", "Performance", "How valid is it on test data of the same source?"),
    Question("B.7.ii", "Performance", "How fair is it on test data of the same source?"),
    Question("B.7.iii", "Performance", "How valid is it on data of another source?", True),
    Question("B.7.iv", "Performance", "How fair is it on data of another source?", True),
    Question("B.7.v", "Performance", "Which studies tell what its use does to outcomes?", True),
    Question("B.8.i", "Maintenance", "How, and how often, is its validity watched?"),
    Question("B.8.ii", "Maintenance", "How valid is it on local data?", True),
    Question("B.8.iii", "Maintenance", "How, and how often, is its fairness watched?"),
    Question("B.8.iv", "Maintenance", "How fair is it on local data?", True),
    Question("B.9.i", "Updates", "How, and how often, is it updated?", True),
    Question("B.9.ii", "Updates", "How soon is performance corrected when risks are found?", True),
)


@dataclass(frozen=True)
class Answer:
    """What is said to one question; ``available`` False: nothing to review, and why."""

    text: str
    available: bool = True


def nothing(reason: str) -> Answer:
    """The open statement that there is nothing to review."""
    return Answer(reason, available=False)


@dataclass(frozen=True)
class Attributes:
    """All attributes of one rule or model, in the order of the regulation."""

    subject: str
    kind: str
    answers: tuple[tuple[Question, Answer], ...]

    @property
    def blank(self) -> tuple[str, ...]:
        """Numbers of questions without any answer; there must be none."""
        return tuple(one.number for one, answer in self.answers if not answer.text.strip())

    @property
    def lacking(self) -> tuple[str, ...]:
        """Numbers of questions to which there is nothing to review, and this is said."""
        return tuple(one.number for one, answer in self.answers if not answer.available)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        foreseen = [one.number for one, answer in self.answers if one.may_lack]
        lacking = self.lacking
        return {
            "subject": self.subject,
            "kind": self.kind,
            "regulation": CITED,
            "attributes": [
                {
                    "number": one.number,
                    "part": one.part,
                    "question": one.text,
                    "answer": answer.text,
                    "available": answer.available,
                }
                for one, answer in self.answers
            ],
            "count": len(self.answers),
            "answered": len(self.answers) - len(lacking) - len(self.blank),
            "not_available": list(lacking),
            "not_available_beyond_the_regulation": [n for n in lacking if n not in foreseen],
            "blank": list(self.blank),
        }


def attributes(subject: str, kind: str, given: Mapping[str, Answer]) -> Attributes:
    """The attributes of a kind, from answers by number; a question without one stays blank."""
    asked: Sequence[Question] = EVIDENCE if kind == RULE else PREDICTIVE
    return Attributes(
        subject, kind, tuple((one, given.get(one.number, Answer(""))) for one in asked)
    )
