"""What ``nof1 compounds index|search|screen`` say to people, in 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nof1.cli.options import WIDTH, counted, table
from nof1.core.finding import NOTICE
from nof1.core.whole import whole_file

if TYPE_CHECKING:
    from nof1.medicines.library.index import Library

SHOWN = 20
MEASURES = {"ef1": "EF 1 %", "bedroc": "BEDROC", "auroc": "AUROC"}
LABORATORY = "A similarity is a hypothesis about a compound, not evidence in a patient."


def indexed(data: Mapping[str, Any]) -> str:
    """What was indexed, and what was set aside by name."""
    counts = data["counts"]
    lines = _wrapped(
        f"Indexed {counted(counts['molecules'], 'molecule')} of {counted(counts['rows'], 'row')} "
        f"in {data['index']}."
    )
    if counts["set_aside"]:
        lines += ["", "Set aside (every row is named in set_aside.tsv there):"]
        lines += _counted(counts["set_aside"], data["first"])
    if counts["noted"]:
        lines += ["", "Kept, with a remark:", *_counted(counts["noted"], data["first"])]
    again = "nof1 compounds search DIR --smiles SMILES"
    return "\n".join([*lines, "", f"Next: {again}"])


def hits(opened: Library, molecules: Sequence[int], values: Any) -> list[dict[str, Any]]:
    """JSON form of hits, with the other rows of the same molecule."""
    also = opened.also(molecules)
    found = []
    for at, entry in enumerate(opened.entries(molecules)):
        row = entry.to_dict()
        if values is not None:
            row["similarity"] = values[at]
        found.append({**row, "also": also.get(entry.molecule, [])})
    return found


def searched(data: Mapping[str, Any]) -> str:
    """Hits as a short table."""
    query = data["query"].get("smiles") or data["query"].get("smarts")
    lines = _wrapped(f"{_kind(data)} {query} in {data['library']['molecules']:,} molecules.")
    for note in data["query"].get("notes", ()):
        lines += _wrapped(f"The query: {note}.")
    lines.append(f"Found {data['found']:,}.")
    if not data["complete"]:
        missing = data["untested"] + data["unreadable"]
        lines += _wrapped(
            f"NOT COMPLETE: {missing:,} molecules were not tested; they may hold it or not. Give "
            "more time (--seconds), or a pattern that says more."
        )
    if data["hits"]:
        lines += ["", *_hit_table(data["hits"][:SHOWN])]
        if any(row["also"] for row in data["hits"][:SHOWN]):
            lines += ["+1: so many other rows of the library hold the same molecule."]
    rest = data["found"] - min(SHOWN, len(data["hits"]))
    if rest > 0:
        lines += _wrapped(f"... and {rest:,} more: see --json, or write all with --table FILE.")
    return "\n".join(lines)


def screened(data: Mapping[str, Any]) -> str:
    """Whether the ranking holds, then the compounds."""
    known, check = data["known"], data["held_back"]
    lines = _wrapped(
        f"{data['library']['molecules']:,} molecules for {known['target']}: "
        f"{known['actives']:,} known actives, {known['inactives']:,} known inactives."
    )
    if known["set_aside"]:
        lines += ["Set aside of them:", *_counted(known["set_aside"], {})]
    if check["figures"]:
        lines += ["", *_check(check)]
    if data["status"] != "found":
        return "\n".join([*lines, "", *_wrapped(f"X {data['reason']}"), *_wrapped(data["resolve"])])
    lines += ["", *_picks(data["picks"])]
    if data["set_aside"]:
        lines += ["", f"Of the {data['looked_at']:,} best, or before them, set aside:"]
        lines += _counted(data["set_aside"], {})
    for kind in data["not_checked"]:
        lines += _wrapped(f"Not checked: {kind}; RDKit came without its scorer.")
    return "\n".join([*lines, "", *_wrapped(LABORATORY), NOTICE])


def write_table(opened: Library, molecules: Sequence[int], values: Any, path: Path) -> None:
    """All hits as tab-separated text: id, SMILES, similarity, file, row.

    Raises
    ------
    UsageError : the file cannot be written.
    """
    head = ["id", "smiles", "file", "row", *([] if values is None else ["similarity"])]
    with whole_file(path) as there, there.open("w", encoding="utf-8") as out:
        out.write("\t".join(head) + "\n")
        for at, number in enumerate(molecules):
            one = opened.entry(int(number))
            more = [] if values is None else [str(values[at])]
            out.write("\t".join([one.id, one.smiles, one.file, str(one.row), *more]) + "\n")


def _kind(data: Mapping[str, Any]) -> str:
    if data["kind"] == "substructure":
        return "Molecules that hold"
    least = data["threshold"]
    return "Most similar to" if least is None else f"Similarity of {least:g} or more to"


def _hit_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    similar = "similarity" in rows[0]
    names = [
        _short(row["id"], 24) + (f" +{len(row['also'])}" if row["also"] else "") for row in rows
    ]
    width = max(10, WIDTH - 11 * similar - max(map(len, names)) - 3)
    cells = [
        [*([f"{row['similarity']:.3f}"] if similar else []), name, _short(row["smiles"], width)]
        for row, name in zip(rows, names, strict=True)
    ]
    return table(cells, [*(["similar"] if similar else []), "id", "SMILES"]).splitlines()


def _check(check: Mapping[str, Any]) -> list[str]:
    """Held-back figures: a line for each score, the interval beside the value."""
    lines = _wrapped(
        f"Held back, a chemical series at a time: {check['actives']:,} actives of "
        f"{check['series']:,} series among {check['others']:,} {check['others_are']}."
    )
    rows = [
        [_short(name, 24), *(_figure(row[one]) for one in MEASURES)]
        for name, row in check["figures"].items()
    ]
    chance = [f"{check['chance'][one]:.2f}" for one in MEASURES]
    rows.append(["by chance", *chance])
    return [*lines, *table(rows, ["ranking by", *MEASURES.values()]).splitlines()]


def _figure(one: Mapping[str, Any]) -> str:
    if one["value"] is None:
        return "not known"
    places = 1 if one["value"] >= 10 else 2
    return f"{one['value']:.{places}f} ({one['low']:.{places}f}-{one['high']:.{places}f})"


def _picks(picks: Sequence[Mapping[str, Any]]) -> list[str]:
    if not picks:
        return _wrapped(
            "No compound is left: all of the most similar have liabilities. See --allow."
        )
    rows = []
    for row in picks:
        marks = ",".join(row["liabilities"]) or "-"
        qed = "-" if row["qed"] is None else f"{row['qed']:.2f}"
        made = "-" if row["synthesis"] is None else f"{row['synthesis']:.1f}"
        values = [f"{row['similarity']:.2f}", _short(row["id"], 18), qed, made]
        rows.append([*values, f"{row['weight']:.0f}", str(row["stands_for"]), _short(marks, 22)])
    head = ["similar", "id", "QED", "SA", "weight", "of", "liabilities allowed"]
    return table(rows, head, right="02345").splitlines()


def _counted(counts: Mapping[str, int], first: Mapping[str, Sequence[Any]]) -> list[str]:
    lines = []
    for reason, count in counts.items():
        lines.append(f"  {count:>9,}  {_short(reason, WIDTH - 13)}")
        named = ", ".join(f"{one['file']} row {one['row']:,}" for one in first.get(reason, ())[:2])
        if named:
            lines.append(f"{'':13}{_short(named + (' ...' if count > 2 else ''), WIDTH - 13)}")
    return lines


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_long_words=True, break_on_hyphens=False) or [""]
