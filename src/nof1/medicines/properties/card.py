"""The model card of a property model: JSON for programs, Markdown for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nof1.core.finding import NOTICE
from nof1.medicines.chemistry.toolkit import VERSION
from nof1.medicines.properties.domain import FAR, NEAR, ZONES
from nof1.medicines.properties.evaluate import NAMES
from nof1.medicines.properties.figures import MAIN
from nof1.medicines.properties.model import PropertyModel
from nof1.medicines.properties.table import Table
from nof1.pictures.compound_charts import TITLES

SCHEMA = "nof1/compounds-card/1"
CHALLENGER_BETTER = "challenger better"
MEANING = (
    "Random splits ask about compounds like those in training; scaffold splits about new ring "
    "systems. If you will ask about new chemistry, read the scaffold rows. Intervals of the "
    "figures: 95 %, resampling test compounds. Nothing was tuned on test compounds.",
    f"Inside: the scaffold was in training and the nearest training compound has Tanimoto {NEAR} "
    f"or more (ECFP4). Outside: nothing as similar as {FAR} and a new scaffold, an element that "
    "training never had, or a size, log P or polar surface far beyond training; such predictions "
    "are withheld.",
    "The promise of 90 % coverage holds for compounds drawn like the training ones. For new "
    "scaffolds read the measured coverage of the scaffold splits.",
    "Stereo and tautomers are not seen by the model. Predictions are hypotheses for the "
    "laboratory, never advice about a patient.",
)


def make(
    name: str,
    source: str,
    data: Table,
    model: PropertyModel,
    figures: Mapping[str, Any],
    *,
    seed: int,
    challenger: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The card as JSON; ``challenger`` is the summary of a race (see ``race``), if one was run."""
    return {
        "schema": SCHEMA,
        "name": name,
        "source": source,
        "rdkit": VERSION,
        "seed": seed,
        "rows": data.counts,
        "set_aside": data.set_aside,
        "features": {
            "descriptors": len(model.columns.fill),
            "surroundings": len(model.columns.bins),
        },
        "labels": [
            {
                "name": label.name,
                "kind": label.kind,
                "compounds": int((column == column).sum()),
                "positive": int((column == 1).sum()) if label.kind == "classification" else None,
                "status": "withheld" if label.name in model.failed else "speaks",
                "why": model.failed.get(label.name),
                "limits": fitted.bounds.to_dict(),
                "calibrated_on": fitted.calibrated_on,
                "splits": figures[label.name],
            }
            for label, column, fitted in zip(data.labels, data.values.T, model.fitted, strict=True)
        ],
        "meaning": list(MEANING),
        "notice": NOTICE,
        "challenger": challenger,
    }


def text(card: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    lines = [f"# {card['name']}", "", f"Learned from {card['source']}.", "", *_rows(card["rows"])]
    for label in card["labels"]:
        lines += ["", *_label(label)]
    if card.get("challenger"):
        lines += ["", *_challenge(card)]
    lines += ["", "## How to read it", ""]
    lines += [f"- {sentence}" for sentence in card["meaning"]]
    return "\n".join([*lines, "", card["notice"], ""])


def _rows(counts: Mapping[str, Any]) -> Iterator[str]:
    yield f"- {counts['rows']:,} rows, {counts['compounds']:,} compounds to learn from"
    for reason, number in counts["set_aside"].items():
        yield f"- set aside: {number:,} ({reason})"
    for reason, number in counts["changed"].items():
        yield f"- changed: {number:,} ({reason})"
    yield f"- repeats of a compound: {counts['repeated_rows']:,} rows"
    if counts["shared_ids"]:
        yield f"- ids that stand for different compounds: {counts['shared_ids']:,} (all kept)"
    if counts["without_label"]:
        yield f"- compounds without a usable label: {counts['without_label']:,}"
    for label, number in counts["conflicts"].items():
        if number:
            yield f"- conflicting labels removed: {number:,} compounds ({label})"
    for label, number in counts["unreadable_labels"].items():
        if number:
            yield f"- unreadable labels: {number:,} ({label})"


def _label(label: Mapping[str, Any]) -> Iterator[str]:
    positive = f", {label['positive']:,} of class 1" if label["positive"] is not None else ""
    yield f"## {label['name']} ({label['kind']})"
    yield ""
    yield f"{label['compounds']:,} compounds{positive}."
    if label["status"] == "withheld":
        yield f"**Withheld: {label['why']}.**"
    names = [name for split in label["splits"].values() for name in split.get("metrics", {})]
    names = list(dict.fromkeys(names))
    main = TITLES[MAIN[label["kind"]]]
    heads = [TITLES[name] for name in names]
    heads += [f"naive {main}", f"nearest neighbour {main}", "coverage at 90 %"]
    yield ""
    yield "| split | " + " | ".join(heads) + " |"
    yield "|---" * (len(heads) + 1) + "|"
    for split in NAMES:
        yield _split(split, label["splits"][split], names)
    yield ""
    yield "| coverage | " + " | ".join(NAMES) + " |"
    yield "|---" * (len(NAMES) + 1) + "|"
    for group in (*ZONES, "class 1", "class 0"):
        cells = [_covered(label["splits"][name], group) for name in NAMES]
        if any(cells):
            yield f"| {group} | " + " | ".join(cells) + " |"


def challenge_rows(card: Mapping[str, Any], label: str) -> list[tuple[str, ...]]:
    """Split, ours, the challenger's, their difference and what it means; no row without a race."""
    race = card.get("challenger")
    found = {} if not race else race["labels"][label]
    return [
        (
            split,
            shown(one["ours"]),
            shown(one["challenger"]),
            shown(one["difference"]),
            one["reading"],
        )
        for split, one in found.items()
        if one is not None
    ]


def challenge_words(race: Mapping[str, Any]) -> list[str]:
    """What a race says in sentences: where the challenger is better, and the CPU seconds."""
    better = [
        f"{label} ({split})"
        for label, splits in race["labels"].items()
        for split, one in splits.items()
        if one is not None and one["reading"] == CHALLENGER_BETTER
    ]
    where = ", ".join(better) if better else "nowhere"
    found = [
        f"{race['name']} ({race['settings']}) got the same indices. The model that is kept is "
        f"ours. {race['name']} is better by more than the interval: {where}."
    ]
    for split, cost in race["cpu_seconds"].items():
        found.append(
            f"CPU seconds a split, {split}: ours {cost['ours']:.1f} "
            f"({cost['ours_without_limits']:.1f} without limits), {race['name']} "
            f"{cost['challenger']:.1f}"
        )
    return found


def _challenge(card: Mapping[str, Any]) -> Iterator[str]:
    race = card["challenger"]
    yield f"## Race against {race['name']}"
    yield ""
    for label in card["labels"]:
        yield f"| {label['name']} | ours | {race['name']} | difference | reading |"
        yield "|---|---|---|---|---|"
        for row in challenge_rows(card, label["name"]):
            yield "| " + " | ".join(row) + " |"
        yield ""
    for sentence in challenge_words(race):
        yield f"- {sentence}"


def _split(name: str, found: Mapping[str, Any], names: list[str]) -> str:
    if not found["repeats"]:
        return f"| {name} | {found['why']} |" + " |" * (len(names) + 2)
    cells = [shown(found["metrics"][metric]) for metric in names]
    cells += [f"{found['naive']:.3f}", f"{found['neighbour']:.3f}", _covered(found, "all")]
    return (
        f"| {name} ({found['repeats']} x {found['test_compounds']:g}) | " + " | ".join(cells) + " |"
    )


def shown(figure: Mapping[str, Any]) -> str:
    """A figure with its interval, for a table."""
    if figure["value"] is None:
        return "-"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def _covered(found: Mapping[str, Any], group: str) -> str:
    one = found.get("coverage", {}).get(group)
    if not one or not one["predictions"]:
        return ""
    return f"{one['covered']:.1%} of {one['predictions']:,}"
