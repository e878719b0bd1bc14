"""The page of an egress file: from ``nof1/federation-egress/1`` to verdict, checks and findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SEVERITY = {"pass": "good", "attention": "warning", "fail": "critical", "not_checked": "info"}
WORDS = {
    "pass": "Pass",
    "attention": "Needs a person",
    "fail": "Fail",
    "not_checked": "Not checked",
}
VERDICTS = {
    "pass": "Every check passed.",
    "attention": "No check failed; a person must look at some answers before the model leaves.",
    "fail": "At least one check failed: the model should not leave as it is.",
}


def context(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs."""
    model, signature = data["model"], data.get("signature") or {}
    return {
        "title": f"Egress of {model['name']}, version {model['version']}",
        "synthetic": data["synthetic"],
        "data_date": data["created"][:10],
        "json_name": data.get("json_name"),
        "verdict": _word(data["verdict"]),
        "meaning": VERDICTS.get(data["verdict"], ""),
        "about": {
            "site": data["site"],
            "made": data["created"],
            "learner": model["learner"] or "not a model of patients' records",
            "trained by": f"{model['sites']} sites" if model["federated"] else "this site",
            "promise": _claim(model["claim"]),
            "content hash": model["content_hash"],
            "code": f"nof1 {data['code']['nof1']}, {data['code']['sha256']}",
            "signed by": f"{signature.get('key', 'nobody')} key {signature.get('public_key', '')}",
        },
        "checks": [_check(one) for one in data["checks"]],
        "files": [
            {"name": name, "bytes": one["bytes"], "sha256": one["sha256"]}
            for name, one in data["files"].items()
        ],
    }


def _word(status: str) -> dict[str, str]:
    return {"severity": SEVERITY.get(status, "critical"), "word": WORDS.get(status, status)}


def _claim(claim: Mapping[str, Any] | None) -> str:
    if claim is None:
        return "no differential privacy"
    return f"epsilon {claim['epsilon']:g} at delta {claim['delta']:g}"


def _check(one: Mapping[str, Any]) -> dict[str, Any]:
    figures = {name: value for name, value in one["figures"].items() if name != "attacks"}
    return {
        **one,
        **_word(one["status"]),
        "figures": {name.replace("_", " "): value for name, value in figures.items()},
        "attacks": [_attack(row) for row in one["figures"].get("attacks", [])],
        "found": [{**row, **_word(row["status"])} for row in one["found"]],
        "more": one["findings"] - len(one["found"]),
    }


def _attack(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": row["attack"],
        "decides": row["decides"],
        "auc": _figure(row["auc"]),
        "hits": _figure(row["hits_at_1"]),
    }


def _figure(one: Mapping[str, Any]) -> str:
    if one["value"] is None:
        return one["note"] or "not estimable"
    return f"{one['value']:.3f} ({one['low']:.3f} to {one['high']:.3f})"
