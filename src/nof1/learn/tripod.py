"""The reporting items of TRIPOD+AI, in our own words, and which of them a card answers.

A blank item is shown as blank: nobody should have to guess whether something was thought about.

Reference: Collins et al., BMJ 385 (2024) e078378 (TRIPOD+AI). The wording here is ours; the numbers
are those of the statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nof1.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Item:
    """One reporting item: its number, part of the report, and what a reader wants to know.

    ``card_field`` names the part of the card that answers it; empty when a person must.
    """

    number: str
    part: str
    question: str
    card_field: str = ""


ITEMS = (
    Item("1", "title", "Does the title name model, people and outcome?", "name"),
    Item("2", "abstract", "Is there a short structured summary?", "purpose"),
    Item("3a", "background", "Which clinical situation, and why is a model wanted?"),
    Item("3b", "background", "For whom, at which moment and for which user?", "intended_use"),
    Item("3c", "background", "Which health inequalities are known here?"),
    Item("4", "objectives", "Is this development, evaluation or both?", "purpose"),
    Item("5a", "data", "Where do the data come from, and do they fit?", "data"),
    Item("5b", "data", "From when to when were the data collected?", "data.period"),
    Item("6a", "people", "Which care setting, places and how many sites?", "data.sites"),
    Item("6b", "people", "Who was eligible, and who was left out?", "population"),
    Item("6c", "people", "Which treatments did they have, and how were these handled?"),
    Item("7", "preparation", "How were data cleaned, the same way in all groups?", "preparation"),
    Item("8a", "outcome", "What is predicted, by when, and how was it recorded?", "outcome"),
    Item("8b", "outcome", "Who judged the outcome, with which training?"),
    Item("8c", "outcome", "Were the judges blind to the predictors?"),
    Item("9a", "predictors", "How were the predictors chosen?", "features"),
    Item("9b", "predictors", "How and when was each one measured?", "features"),
    Item("9c", "predictors", "Who judged the subjective ones?"),
    Item("10", "sample size", "Are there enough people and outcomes?", "evaluation"),
    Item("11", "missing data", "How were missing values handled?", "missing_data"),
    Item("12a", "analysis", "Which rows trained, calibrated and tested?", "data.split"),
    Item("12b", "analysis", "How did predictors enter the model?", "features"),
    Item("12c", "analysis", "Which model, and how was it built and tuned?", "learners"),
    Item("12d", "analysis", "How do sites or clusters differ?", "heterogeneity"),
    Item("12e", "analysis", "Which measures of performance, and why?", "evaluation"),
    Item("12f", "analysis", "Was the model updated, for example recalibrated?", "recalibration"),
    Item("12g", "analysis", "How were predictions computed in evaluation?", "data.split"),
    Item(
        "13",
        "class imbalance",
        "Corrected? Were risks recalibrated after?",
        "recalibration",
    ),
    Item("14", "fairness", "What was done to find and reduce unfairness?", "evaluation.subgroups"),
    Item("15", "output", "What is put out, and how is a threshold chosen?", "output"),
    Item("16", "differences", "How do training and evaluation data differ?", "drift"),
    Item("17", "ethics", "Which ethics approval and consent?"),
    Item("18a", "open science", "Who paid?"),
    Item("18b", "open science", "Which conflicts of interest?"),
    Item("18c", "open science", "Where is the protocol?"),
    Item("18d", "open science", "Is the study registered?"),
    Item("18e", "open science", "Are the data available?"),
    Item("18f", "open science", "Is the code available?", "code"),
    Item("19", "public", "How were patients and the public involved?"),
    Item("20a", "results", "How did people flow through the study?", "attrition"),
    Item("20b", "results", "Who were they, with how much missing?", "characteristics"),
    Item("20c", "results", "How do development and evaluation people compare?", "drift"),
    Item("21", "results", "How many people and outcomes in each analysis?", "data"),
    Item("22", "results", "Is the full model given, so that others can use it?", "model_file"),
    Item("23a", "results", "How well does it perform, with intervals and in groups?", "evaluation"),
    Item("23b", "results", "How does performance vary between clusters?", "heterogeneity"),
    Item("24", "results", "What did updating change?", "recalibration"),
    Item("25", "discussion", "What do the results mean, also for fairness?"),
    Item("26", "discussion", "Which limits: sample, overfitting, missing data?", "limits"),
    Item("27a", "use", "What happens with poor or missing input?", "missing_data"),
    Item("27b", "use", "Must users act on it, and what must they know?", "intended_use"),
    Item("27c", "use", "What should be studied next?"),
)


def answered(card: Mapping[str, Any], answers: Mapping[str, str]) -> list[dict[str, Any]]:
    """Each item with its answer: from ``answers``, else a pointer into the card, else None.

    Parameters
    ----------
    card : the card as a dictionary. answers : item number to text, as the task's author gave it.

    Raises
    ------
    InputError : when an answer has an unknown item number.
    """
    unknown = sorted(set(answers) - {item.number for item in ITEMS})
    if unknown:
        raise InputError(
            f"Unknown TRIPOD+AI item {unknown[0]!r}.",
            where="tripod",
            allowed=[item.number for item in ITEMS],
        )
    rows = []
    for item in ITEMS:
        own = answers.get(item.number, "").strip()
        seen = bool(item.card_field) and _filled(card, item.card_field)
        pointer = f"see {item.card_field.replace('_', ' ').replace('.', ', ')}" if seen else None
        rows.append(
            {
                "item": item.number,
                "part": item.part,
                "question": item.question,
                "answer": own or pointer,
            }
        )
    return rows


def _filled(card: Mapping[str, Any], path: str) -> bool:
    value: Any = card
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value not in (None, "", [], {}, ())
