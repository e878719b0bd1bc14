"""A ranking as text for a terminal of 80 columns: the list, then the first medicines in full."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nof1.cli.options import WIDTH

Data = Mapping[str, Any]
COLUMNS = (
    *("efficacy", "pharmacogenomics", "phenoconversion", "interactions", "allergies", "renal"),
    *("hepatic", "pregnancy", "age", "conditions", "duplicates", "laboratory"),
)
LABELS = {"pharmacogenomics": "genes", "phenoconversion": "others on genes"}
STATUS = {"stop": "X", "caution": "!", "clear": "+", "not_known": "?"}
IN_FULL, LABEL, VERDICT, NAME = 3, 18, 19, 21


def told(data: Data) -> str:
    """The whole answer (``nof1/medicines-rank/1``)."""
    lines = [*_head(data), "", *_list(data["rows"]), *_deciding(data["deciding"])]
    lines += _compared(data.get("effects", ()))
    first = [row for row in data["rows"] if row["place"] == 1][:IN_FULL]
    for row in first:
        lines += ["", *_row(row)]
    more = len(data["rows"]) - len(first)
    if more > 0:
        lines += ["", f"{more} more in full with --page FILE or --json."]
    lines += _refused(data["not_indicated"])
    lines += ["", *_wrap(f"Order. {data['order']}"), "", *_sources(data["knowledge"])]
    return "\n".join(_plain(line) for line in [*lines, "", data["notice"]])


def listed(data: Data) -> tuple[list[str], list[list[object]]]:
    """Header and rows of a table: a line for each medicine, two cells for each question."""
    head = ["purpose", "place", "medicine", "rxnorm", "taken", "verdict", "because", "why_here"]
    head += [f"{name}{end}" for name in COLUMNS for end in ("", "_text")]
    head.append("effect_models")
    rows = []
    for row in data["rows"]:
        cells = [row["purpose"], row["place"], row["medicine"]["name"], row["medicine"]["rxnorm"]]
        cells += ["yes" if row["current"] else "no", row["verdict"], row["because"]["text"]]
        columns = [row[name] or {} for name in COLUMNS]
        cells += [row["next"], *(one.get(key) for one in columns for key in ("status", "text"))]
        cells.append(" ".join(one["text"] for one in row.get("effect_models", ())))
        rows.append(cells)
    return head, rows


def _head(data: Data) -> Iterator[str]:
    head = f"Patient {data['subject']['id']}, as of {data['as_of'][:16].replace('T', ' ')} UTC"
    yield f"{head:<{WIDTH - 16}}{'SYNTHETIC DATA':>16}" if data["synthetic"] else head
    yield from _wrap(f"Medicines for {data['condition']['name']} ({data['condition']['code']})")
    if not data["dated_codes"]:
        yield from _wrap("! Nothing of this patient is recorded until then.")
    yield from _wrap(f"Taken now: {_taken(data)}. Gene results: {data['genes'] or 'none'}.")
    for one in data["risks"]:
        yield from _wrap(_risk(one))


def _taken(data: Data) -> str:
    """What is taken, and how many codes nobody here knows."""
    strange = len(data["not_recognised"])
    more = [f"{strange} with a code that is not known here"] if strange else []
    return ", ".join([*data["current"], *more]) or "none in the record"


def _risk(one: Data) -> str:
    """The own risk, or why it is not known."""
    finding, outcome = one["finding"], " or ".join(one["outcome"])
    if "frequency" not in finding:
        reason = finding["reason"]
        return f"Own risk of {outcome}: not known because {reason[:1].lower()}{reason[1:]}"
    days = f" within {finding['horizon_days']:g} days" if "horizon_days" in finding else ""
    basis = finding["basis"]
    return (
        f"Own risk of {outcome}{days}: {finding['frequency']['text']} (model {basis['id']}/"
        f"{basis['version']})."
    )


def _list(rows: Sequence[Data]) -> Iterator[str]:
    yield f"{'verdict':<{VERDICT}}{'medicine':<{NAME}}first reason"
    several = len({row["purpose"] for row in rows}) > 1
    for row in rows:
        if row["place"] == 1 and several:
            yield from _wrap(f"  -- {row['purpose'] or 'purpose not in our table'}")
        name = row["medicine"]["name"] + (" (taken)" if row["current"] else "")
        start = f"{row['place']:>2} {row['verdict_word']:<{VERDICT - 3}}{name:<{NAME}}"
        if len(name) >= NAME:
            start = f"{start} "
        yield from textwrap.wrap(
            _expected(row) + row["because"]["short"] + _also(row),
            WIDTH,
            initial_indent=start,
            subsequent_indent=" " * (VERDICT + NAME),
            break_on_hyphens=False,
        )


def _deciding(found: Sequence[Data]) -> Iterator[str]:
    """Medicines that are taken and alone keep others from being given."""
    for one in found:
        text = f"{one['name']}, taken now, alone decides: {', '.join(one['medicines'])}."
        yield from ("", *_wrap(f"! {text} Without it their verdicts would be milder."))


def _compared(found: Sequence[Data]) -> Iterator[str]:
    """What stored effects say about two of the medicines, apart from all other evidence."""
    for one in found:
        pair = f"{' or '.join(one['treatment'])} against {' or '.join(one['comparator'])}"
        yield from ("", *_wrap(f"= Effect model, {pair}: {one['text']}"))
    if found:
        yield from _wrap("  This is no part of the order, and merged with no other evidence.")


def _refused(found: Sequence[Data]) -> Iterator[str]:
    """Medicines that are no treatment for it; those that are taken now with the reason."""
    for one in found:
        if one["current"]:
            why = f" ({one['why']})" if one["why"] else ""
            text = f"! {one['name']} is taken now; for this it is no treatment{why}."
            yield from ("", *_wrap(text))
    names = ", ".join(one["name"] for one in found)
    if names:
        yield from ("", *_wrap(f"Looked at for it, and no treatment: {names}."))


def _expected(row: Data) -> str:
    """The first benefit that is expected, where one is: ``9 to 7 of 100 expected; ``."""
    change = [one for one in row["expected"] if one["ratio"] is not None]
    return f"{row['efficacy']['reasons'][0]['short']} expected; " if change else ""


def _also(row: Data) -> str:
    """How many questions are open, where the reason has not said it."""
    count = len(row["not_known"])
    if not count or row["because"]["short"].endswith("not checked"):
        return ""
    return f"; {count} not checked"


def _row(row: Data) -> Iterator[str]:
    rest = " (taken now)" if row["current"] else ""
    yield from _wrap(f"{row['place']}. {row['medicine']['name']}{rest}: {row['verdict_word']}")
    for name in COLUMNS:
        column = row[name]
        if column is not None:
            label = f"{STATUS[column['status']]} {LABELS.get(name, name)}"
            yield from _field(label, column["text"])
    for one in row.get("effect_models", ()):
        yield from _field("= effect model", one["text"])
    if row["next"]:
        yield from _field("  why here", row["next"])


def _sources(found: Sequence[Data]) -> Iterator[str]:
    named = [
        f"{one['id']} ({one['published'] or 'no date'}"
        f"{', EXPIRED ' + one['valid_until'] if one['expired'] else ''})"
        for one in found
    ]
    yield from _wrap(f"Sources: {', '.join(named) or 'none'}.")
    yield from _wrap(
        "X stop, ! caution, + checked and nothing found, ? not known. No pharmacist has signed off "
        "these facts; what is not in our tables was not checked."
    )


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _field(label: str, text: str) -> list[str]:
    start = f"  {label:<{LABEL}}"
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * (LABEL + 2),
        break_on_hyphens=False,
    )


def _plain(line: str) -> str:
    """What a hostile name could do to a terminal is cut."""
    return "".join(c if c.isprintable() else "?" for c in line)
