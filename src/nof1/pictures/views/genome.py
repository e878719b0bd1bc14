"""The page about genes and medicines: what to do first, then the genes and what was not checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SEVERITY = {
    "unread": "warning",
    "avoid": "critical",
    "alternative": "critical",
    "reduce": "warning",
    "increase": "warning",
    "monitor": "info",
    "not_excluded": "info",
    "not_checked": "warning",
    "standard": "good",
    "no_advice": "info",
}
SHOWN = ("act", "watch", "not_excluded")
MANY = 12  # so many medicines and more: their names first, their words after the genes


def context(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs, from the report of one sample (``nof1/genome-report/1``)."""
    genes = data["genes"]
    shown = [row for row in genes if row["outcome"] != "not_called"]
    return {
        **data,
        "title": f"Genes and medicines: {data['sample']}",
        "data_date": data["as_of"],
        "json_name": data.get("json_name"),
        "glance": [{**row, "severity": SEVERITY[row["action"]]} for row in data["glance"]],
        "act": [medicine(one) for one in data["act"]],
        "watch": [medicine(one) for one in data["watch"]],
        "unsure": [medicine(one) for one in data["not_excluded"] if one["worst"] != "monitor"],
        "perhaps": [
            drug
            for one in data["not_excluded"]
            if one["worst"] == "monitor"
            for drug in one["drugs"]
        ],
        "genes": [gene(row) for row in shown],
        "uncalled": [row["gene"] for row in genes if row["outcome"] == "not_called"],
        "asked": len(genes),
        "unchecked": [name for row in data["not_checked"] for name in _waited_for(row, data)],
        "called": sum(row["outcome"] == "called" for row in genes),
        "expired": [row for row in data["knowledge"] if row["expired"]],
        "disagree": any(one["disagree"] for row in data["glance"] for one in row["medicines"]),
        "many": sum(len(one["drugs"]) for name in SHOWN for one in data[name]) >= MANY,
    }


def _waited_for(row: Mapping[str, Any], data: Mapping[str, Any]) -> list[str]:
    """The genes of a row; of current medicines only those that some of them wait for."""
    everything = data["current"] is None
    return [gene for gene in row["genes"] if everything or row["medicines"].get(gene)]


def medicine(one: Mapping[str, Any]) -> dict[str, Any]:
    """One medicine; the reason stands once when it is the same for all sources."""
    reasons = {entry["because"] for entry in one["entries"] if entry["because"]}
    return {
        **one,
        "severity": SEVERITY[one["action"]],
        "because": next(iter(reasons)) if len(reasons) == 1 else None,
        "entries": [_entry(entry) for entry in one["entries"]],
    }


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    other = entry["not_excluded"]
    return {
        **entry,
        "severity": SEVERITY[entry["action"]],
        "groups": "; ".join(entry["populations"]),
        "other": None if other is None else {**other, "severity": SEVERITY[other["action"]]},
    }


def gene(row: Mapping[str, Any]) -> dict[str, Any]:
    """One row of the gene table."""
    more = row["diplotypes"] - 1
    return {
        **row,
        "more": f"or {more:,} more that fit" if more > 0 else None,
        "severity": _certainty(row),
        "seen": f"{row['seen']} of {row['of']}" if row["of"] else None,
        "others": _most(row["others"]),
    }


def _most(others: Sequence[str], most: int = 2) -> str:
    rest = len(others) - most
    return ", ".join(others[:most]) + (f" and {rest} more" if rest > 0 else "")


def _certainty(row: Mapping[str, Any]) -> str:
    if row["outcome"] != "called":
        return "warning"
    return "info" if row["others"] else "good"
