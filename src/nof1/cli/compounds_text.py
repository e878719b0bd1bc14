"""``nof1 compounds train`` and ``predict`` as text of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from nof1.cli.options import WIDTH, table
from nof1.core.finding import NOTICE

SHOWN = 20
MAIN = {"regression": ("rmse", "RMSE"), "classification": ("auroc", "AUROC")}


def trained(data: Mapping[str, Any]) -> str:
    """What was learned from, the figures of each label on three splits, and what may speak."""
    rows, model = data["rows"], data["model"]
    lines = [f"{rows['rows']:,} rows, {rows['compounds']:,} compounds to learn from"]
    lines += [f"  set aside: {n:,} ({why})" for why, n in rows["set_aside"].items()]
    lines += [f"  changed:   {n:,} ({why})" for why, n in rows["changed"].items()]
    if rows["repeated_rows"]:
        lines.append(f"  repeats:   {rows['repeated_rows']:,} rows of a compound that came before")
    lines += _counted("conflict: ", rows["conflicts"], "compounds with different labels, removed")
    lines += _counted("unreadable:", rows["unreadable_labels"], "labels")
    if rows["without_label"]:
        lines.append(f"  left out:  {rows['without_label']:,} compounds without a usable label")
    if rows["shared_ids"]:
        lines.append(f"  ids:       {rows['shared_ids']:,} stand for different compounds, all kept")
    for label in data["labels"]:
        lines += ["", *_label(label)]
    if data.get("challenger"):
        lines += ["", *_race(data["challenger"])]
    lines += ["", f"Model {model['name']} version {model['version']} stored."]
    lines.append(f"Next step: nof1 compounds predict {model['name']} FILE")
    return "\n".join([*lines, NOTICE])


def _counted(what: str, found: Mapping[str, int], unit: str) -> list[str]:
    return [f"  {what} {n:,} {unit} ({label})" for label, n in found.items() if n]


def _label(label: Mapping[str, Any]) -> Iterator[str]:
    name, title = MAIN[label["kind"]]
    positive = "" if label["positive"] is None else f", {label['positive']:,} of class 1"
    yield from _wrapped(
        f"{label['name']} ({label['kind']}): {label['compounds']:,} compounds{positive}"
    )
    rows = []
    for split, found in label["splits"].items():
        if not found["repeats"]:
            rows.append([split, "no figure: one class only", "", "", ""])
            continue
        covered = found["coverage"]["all"]["covered"]
        rows.append(
            [
                f"{split} ({found['repeats']} x {found['test_compounds']:g})",
                _figure(found["metrics"][name]),
                f"{found['naive']:.3f}",
                f"{found['neighbour']:.3f}",
                f"{covered:.0%}",
            ]
        )
    head = ["split", f"{title} (95 %)", "naive", "neighbour", "coverage"]
    yield from ("  " + line for line in table(rows, head, right="234").splitlines())
    if label["status"] == "withheld":
        yield from _wrapped(f"WITHHELD: {label['why']}")


def _race(race: Mapping[str, Any]) -> Iterator[str]:
    """Ours beside the challenger's on the same compounds, and what both cost."""
    from nof1.medicines.properties.card import challenge_words

    for label, splits in race["labels"].items():
        yield from _wrapped(f"{label}: race on the same compounds", indent="")
        rows = []
        for split, one in splits.items():
            if one is not None:
                both = [f"{one[who]['value']:.3f}" for who in ("ours", "challenger")]
                rows.append([split, *both, _figure(one["difference"]), one["reading"]])
        head = ["split", "ours", race["name"], "difference (95 %)", "reading"]
        yield from ("  " + line for line in table(rows, head, right="123").splitlines())
    for sentence in challenge_words(race):
        yield from _wrapped(sentence)


def _figure(found: Mapping[str, Any]) -> str:
    if found["value"] is None:
        return "-"
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


def predicted(data: Mapping[str, Any]) -> str:
    """Each prediction with interval, domain and neighbour; then what could not be used."""
    lines = [f"Model {data['model']['name']} version {data['model']['version']}"]
    kinds = {one["name"]: one["kind"] for one in data["labels"]}
    for one in data["predictions"][:SHOWN]:
        lines += ["", *_prediction(one, kinds)]
    left = len(data["predictions"]) - SHOWN
    if left > 0:
        lines += ["", f"and {left:,} more: see --table FILE or --json"]
    counts = data["counts"]
    lines += [
        "",
        f"{counts['rows']:,} rows: {counts['predicted']:,} predicted, "
        f"{counts['withheld']:,} withheld, {counts['unusable']:,} not usable",
    ]
    lines += [f"  {n:,} {reason}" for reason, n in data["reasons"].items()]
    lines += [f"  row {one['row']}: {one['reason']}" for one in data["unusable"][:SHOWN]]
    if len(data["unusable"]) > SHOWN:
        lines.append(
            f"  and {len(data['unusable']) - SHOWN:,} more rows: see --table FILE or --json"
        )
    explained = data.get("explanation")
    if explained:
        lines += ["", f"What speaks for {explained['label']}, drawn in {explained['file']}:"]
        lines += [f"  {text}" for text in explained["strongest"]]
    elif "explanation" in data:
        lines += ["", "Nothing was drawn: there is no prediction to explain."]
    return "\n".join([*lines, NOTICE])


def _prediction(one: Mapping[str, Any], kinds: Mapping[str, str]) -> Iterator[str]:
    yield from _wrapped(f"row {one['row']}  {one['smiles']}", indent="")
    for name, answer in one["answers"].items():
        yield from _wrapped(f"{name}: {_answer(answer, kinds[name])}")
    domain = one["domain"]
    known = "; this compound was in training" if domain["in_training"] else ""
    yield from _wrapped(f"domain {domain['zone']}: {domain['reason']}{known}")
    if domain["neighbour"] and not domain["in_training"]:
        yield from _wrapped(f"nearest {domain['neighbour']}")
    for note in one["notes"]:
        yield from _wrapped(f"note {note}")


def _answer(answer: Mapping[str, Any], kind: str) -> str:
    if answer["value"] is None:
        return f"WITHHELD, {answer['withheld']}"
    if kind == "regression":
        return f"{answer['value']:.3g} ({answer['low']:.3g} to {answer['high']:.3g}, 90 % interval)"
    said = {(0,): "class 0", (1,): "class 1", (0, 1): "cannot tell"}.get(
        tuple(answer["classes"]), "unlike both classes"
    )
    return f"{said} at 90 %; probability of class 1 {answer['value']:.2g}"


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_on_hyphens=False
    )
