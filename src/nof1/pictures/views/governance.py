"""The governance page: from ``nof1/governance/1`` to numbers, tables and open proposals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STATES = {"on": "good", "shadow": "info", "off": "warning"}


def context(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs; rules that were never shown and are on are only counted."""
    rows = [_row(one) for one in data["rules"]]
    seen = [one for one in rows if one["seen"]]
    return {
        "title": "Governance of rules and models",
        "synthetic": data["synthetic"],
        "data_date": data["as_of"][:10],
        "json_name": data.get("json_name"),
        "fault": data["fault"],
        "ledger": data["ledger"],
        "numbers": {
            "rules on": sum(one["state"] == "on" for one in rows),
            "in shadow": sum(one["state"] == "shadow" for one in rows),
            "off": sum(one["state"] == "off" for one in rows),
            "decisions": data["decisions"],
        },
        "rows": seen,
        "quiet": len(rows) - len(seen),
        "models": [_row(one) for one in data["models"]],
        "proposals": data["proposals"],
        "strays": data["feedback_on_unknown_cards"],
    }


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    found = one["acceptance"]
    return {
        **one,
        "word": "paused" if one.get("paused") else one["state"],
        "severity": "warning" if one.get("paused") else STATES[one["state"]],
        "accepted": "" if found is None else _share(found["acceptance"]),
        "silent": "" if found is None else found["no_answer"],
        "reasons": {} if found is None else found["reasons"],
        "seen": one["state"] != "on" or found is not None or one["unseen"] or one["since"],
    }


def _share(share: Mapping[str, Any]) -> str:
    """``12 of 80: 15 % (8 to 24)``; never a percentage without its counts."""
    if share["value"] is None:
        return "no answer"
    value, low, high = (100 * share[name] for name in ("value", "low", "high"))
    return f"{share['count']} of {share['of']}: {value:.0f} % ({low:.0f} to {high:.0f})"
