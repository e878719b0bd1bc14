"""Words and JSON of ``nof1 audit``: verdicts, heads, replays."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from nof1.cli.options import table

if TYPE_CHECKING:
    from nof1.advice.ledger.chain import Head, Verdict
    from nof1.advice.ledger.replay import Replayed

LISTED = 20


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """The ledger's part of ``nof1 audit verify --json``."""
    return {
        "intact": not verdict.problems,
        "entries": verdict.entries,
        "broken_entry": verdict.broken_seq,
        "problems": list(verdict.problems),
        "notes": list(verdict.notes),
        "head": None if verdict.head is None else verdict.head.to_dict(),
    }


def verdict_text(verdict: Verdict) -> str:
    """The same for people."""
    state = "BROKEN" if verdict.problems else "whole"
    lines = [f"Ledger: {verdict.entries} entries, {state}", *verdict.problems]
    lines += [f"Note: {note}" for note in verdict.notes]
    if verdict.head is not None:
        lines.append(f"Ledger head: {verdict.head.hash} (entry {verdict.head.seq})")
    return "\n".join(lines)


def head_text(log: dict[str, Any], head: Head | None, trusted: bool) -> str:
    """What to write down or send elsewhere."""
    lines = [f"Log: {log['entries']} entries, head {log['head']}"]
    if head is None:
        lines.append("Ledger: none yet")
        return "\n".join(lines)
    lines += [
        f"Ledger {head.ledger}: {head.seq} entries, head {head.hash}",
        f"  signed {head.signed_at} with key {head.key}",
        f"  signature {head.signature}",
    ]
    if not trusted:
        lines.append("NOT TRUSTED: no key that is trusted here signed this head. Do not keep it.")
    lines.append("Keep it elsewhere: nof1 audit head --json > HEAD.json")
    return "\n".join(lines)


def replay_data(done: list[Replayed]) -> dict[str, Any]:
    """``nof1 audit replay --json``."""
    states = Counter(one.state for one in done)
    return {
        "schema": "nof1/audit-replay/1",
        "entries": len(done),
        "same": states["same"],
        "different": states["different"],
        "not_comparable": states["not_comparable"],
        "why": dict(sorted(Counter(one.why for one in done if one.why).items())),
        "changed": dict(sorted(Counter(c.name for one in done for c in one.changed).items())),
        "equal_now": sum(_equal_now(one) for one in done),
        "others": [one.to_dict() for one in done if one.state != "same"],
    }


def replay_text(done: list[Replayed]) -> str:
    """The same for people: counts, then the differing entries, then the others."""
    data = replay_data(done)
    lines = [
        f"{data['entries']} answers: {data['same']} the same byte for byte, "
        f"{data['different']} DIFFERENT, {data['not_comparable']} not comparable"
    ]
    if data["changed"]:
        changed = ", ".join(f"{name} ({count})" for name, count in data["changed"].items())
        lines.append(f"Other versions now: {changed}")
        lines.append(
            f"Of {data['why']['versions']} answers of other versions {data['equal_now']} would "
            "have the same bytes now: this says nothing about then."
        )
    others = [one for one in done if one.state != "same"]
    others.sort(key=lambda one: one.state != "different")
    if others:
        rows = [[one.seq, one.state.replace("_", " "), one.reason] for one in others[:LISTED]]
        lines.append(table(rows, ["entry", "state", "why"], right="0"))
    if len(others) > LISTED:
        lines.append(f"... and {len(others) - LISTED} more (all with --json)")
    return "\n".join(lines)


def _equal_now(one: Replayed) -> bool:
    return one.state == "not_comparable" and one.equal_now is True
