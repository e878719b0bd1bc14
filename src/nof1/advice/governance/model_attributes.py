"""The 31 source attributes of a model, from its card, its inputs and what governance knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nof1.advice.governance.attributes import MODEL, Answer, Attributes, attributes, nothing
from nof1.advice.governance.rule_attributes import FUNDING
from nof1.advice.governance.state import FRESH_DAYS, NOTHING, State
from nof1.core.artefacts import Artefact

# Attribute of (A) -> how inputs that hold it begin, and its name.
INPUTS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "A.5": (("static/RACE//", "RACE//"), "race"),
    "A.6": (("static/ETHNICITY//", "ETHNICITY//"), "ethnicity"),
    "A.7": (("static/LANGUAGE//", "LANGUAGE//"), "language"),
    "A.8": (("LOINC//76690-7", "static/LOINC//76690-7"), "sexual orientation"),
    "A.9": (("LOINC//76691-5", "static/LOINC//76691-5"), "gender identity"),
    "A.10": (("static/GENDER//",), "sex"),
    "A.11": (("age_years",), "date of birth (as age)"),
    "A.12": (("EXPOSURE//", "static/REGION//", "SDOH//"), "social determinants (surroundings)"),
    "A.13": (("LIFESTYLE//", "LOINC//72166-2", "LOINC//82810-3"), "health status"),
}
SHOWN = ("auroc", "uno_c", "harrell_c", "calibration_slope", "ece_debiased", "conformal_coverage")
ELSEWHERE = "the model was not validated on data of another source"
LOCAL = "no verdict on this version in this workspace; run: nof1 governance drift"


def of_model(artefact: Artefact, state: State = NOTHING) -> Attributes:
    """The attributes of one stored model.

    Parameters
    ----------
    state : what governance knows: verdicts on drift, and whether it is on.
    """
    card = artefact.json("card.json")
    columns = (
        artefact.json("model.json").get("columns", []) if "model.json" in artefact.files else []
    )
    given: dict[str, Answer] = {}
    for part in (_details, _purpose, _development, _fairness, _performance):
        given.update(part(card, columns))
    given.update(_elsewhere(card))
    given.update(_maintenance(artefact, state))
    return attributes(f"models/{artefact.name}", MODEL, given)


def _details(card: Mapping[str, Any], columns: Sequence[str]) -> Iterator[tuple[str, Answer]]:
    yield (
        "B.1.i",
        Answer(
            f"Trained with nof1 ({card.get('code', 'nof1')}) by whoever runs this workspace; the "
            "nof1 authors wrote the program and are reached through its repository"
        ),
    )
    paid = _tripod(card, "18a")
    yield "B.1.ii", Answer(paid) if paid else nothing(FUNDING)
    yield "B.1.iii", Answer(f"{card['outcome']} {card.get('output', '')}".strip())
    yield "B.1.iv", Answer("Prediction: a risk with an interval, or an open refusal")


def _purpose(card: Mapping[str, Any], columns: Sequence[str]) -> Iterator[tuple[str, Answer]]:
    yield "B.2.i", Answer(card["intended_use"])
    yield "B.2.ii", Answer(f"{card['purpose'].strip()} {_steps(card)}")
    yield "B.2.iii", Answer("Researchers, teachers and students; clinicians only in research")
    yield "B.2.iv", Answer("Informs; it replaces no decision and asks for none by itself")
    yield (
        "B.3.i",
        Answer(
            "Any use in care outside a study; people who do not fit the rules of the cohort; other "
            "moments than the index event; people unlike the training data, who get a refusal"
            + _silent(card)
        ),
    )
    limits = list(card["limits"])
    yield "B.3.ii", Answer(" ".join(limits)) if limits else nothing("the card names no limit")


def _development(card: Mapping[str, Any], columns: Sequence[str]) -> Iterator[tuple[str, Answer]]:
    yield "B.4.i", Answer(_steps(card))
    yield "B.4.ii", _inputs(columns)
    data = card["data"]
    groups = [_size(one) for one in card["evaluation"]["subgroups"]]
    yield (
        "B.4.iii",
        Answer("; ".join(groups))
        if groups
        else nothing("the task names no groups, so nothing was counted by group"),
    )
    synthetic = " SYNTHETIC: the data are of invented people." if card["synthetic"] else ""
    yield (
        "B.4.iv",
        Answer(
            f"Trained on this workspace's own record: {data['patients']} patients of "
            f"{data['sites']} sites, {data['period']}. "
            f"For another place nothing is known.{synthetic}"
        ),
    )


def _fairness(card: Mapping[str, Any], columns: Sequence[str]) -> Iterator[tuple[str, Answer]]:
    yield (
        "B.5.i",
        Answer(
            "Discrimination, calibration and coverage are measured in each group that the task "
            "names; a model is silent about a group in which it failed" + _silent(card)
        ),
    )
    yield (
        "B.5.ii",
        Answer(
            "A leakage audit of inputs before training; risks recalibrated out of fold; no group "
            "is weighted or corrected, so bias in the record stays in the model"
        ),
    )
    internal = [f"{one['attribute']} {one['group']}: {_figure('auroc', one)}, observed/expected "
                f"{_number(one.get('observed_expected'))}"
                for one in card["evaluation"]["subgroups"]]  # fmt: skip
    yield "B.7.ii", Answer("; ".join(internal)) if internal else nothing("no groups were measured")


def _performance(card: Mapping[str, Any], columns: Sequence[str]) -> Iterator[tuple[str, Answer]]:
    figures = card["evaluation"]["figures"]
    told = [_figure(name, figures) for name in SHOWN if figures.get(name)]
    verdict = (
        "passed" if card["gate"]["passed"] else f"FAILED ({', '.join(card['gate']['failed'])})"
    )
    yield "B.7.i", Answer(f"{card['data']['split']}: {'; '.join(told)}; gate {verdict}")
    yield "B.7.v", nothing("nobody has studied what the use of this model does to outcomes")


def _elsewhere(card: Mapping[str, Any]) -> Iterator[tuple[str, Answer]]:
    """External validation: leaving one site out at a time is the nearest that training offers."""
    split = str(card["data"]["split"])
    note = ELSEWHERE
    if "site" in split.partition(",")[2]:
        note += "; sites were left out one at a time, which is not another source"
    for number in ("B.6.i", "B.6.ii", "B.6.iii", "B.6.iv", "B.7.iii", "B.7.iv"):
        yield number, nothing(note)


def _maintenance(artefact: Artefact, state: State) -> Iterator[tuple[str, Answer]]:
    yield (
        "B.8.i",
        Answer(
            "nof1 governance drift compares inputs and risks with those of training, and risks "
            f"with outcomes that have become known; a verdict counts for {FRESH_DAYS} days, and a "
            "model that drifted is paused. It runs when somebody starts it, not by itself"
        ),
    )
    verdict = state.drift.get(artefact.name)
    same = verdict is not None and verdict.content_hash == artefact.content_hash
    if verdict is not None and same:
        yield "B.8.ii", Answer(f"{verdict.state} on {verdict.day}: {verdict.reason}")
    else:
        yield "B.8.ii", nothing(LOCAL)
    yield "B.8.iii", Answer("At each training, by group; between trainings it is not watched")
    yield "B.8.iv", nothing("fairness on local data after training is not measured")
    yield (
        "B.9.i",
        Answer(
            f"By training again (nof1 train), when its operator decides to; this is version "
            f"{artefact.version}. There is no schedule"
        ),
    )
    yield (
        "B.9.ii",
        Answer(
            "At once for drift that was seen: the model's cards are withheld until it is trained "
            "anew or a later look finds it steady. There is no schedule beyond that"
        ),
    )


def _size(group: Mapping[str, Any]) -> str:
    """Rows and outcomes of one group; small groups are not counted out, to protect them."""
    name = f"{group['attribute']} {group['group']}"
    if group["rows"] is None:
        return f"{name}: too few to count"
    return f"{name}: {group['rows']} rows, {group['events']} outcomes"


def _inputs(columns: Sequence[str]) -> Answer:
    if not columns:
        return nothing("the model does not list its inputs by code")
    told = []
    for starts, name in INPUTS.values():
        count = sum(column.startswith(starts) for column in columns)
        told.append(f"{name}: {f'{count} of {len(columns)} inputs' if count else 'not an input'}")
    return Answer(
        f"{'; '.join(told)}. Told by their codes; diagnoses and measurements that hint at them "
        "are not counted"
    )


def _steps(card: Mapping[str, Any]) -> str:
    steps = [f"{one['step']}: {one['people']}" for one in card["attrition"]]
    return f"People left after each rule: {'; '.join(steps)}." if steps else card["population"]


def _silent(card: Mapping[str, Any]) -> str:
    groups = card["gate"]["withheld_groups"]
    return f". It is silent about: {', '.join(groups)}" if groups else ""


def _tripod(card: Mapping[str, Any], item: str) -> str | None:
    found = [one for one in card["tripod"]["items"] if one["item"] == item]
    return str(found[0]["answer"]) if found and found[0]["answer"] else None


def _figure(name: str, figures: Mapping[str, Any]) -> str:
    return f"{name.replace('_', ' ')} {_number(figures.get(name))}"


def _number(figure: Mapping[str, Any] | None) -> str:
    if figure is None or figure.get("value") is None:
        return "not measured"
    if figure.get("low") is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
