"""What ``nof1 governance`` prints for people, in 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from nof1.cli.options import WIDTH, table

if TYPE_CHECKING:
    from nof1.advice.governance.acceptance import Acceptance
    from nof1.advice.governance.attributes import Attributes
    from nof1.advice.governance.burden import Burden
    from nof1.advice.governance.decisions import Decision
    from nof1.advice.governance.drift import Look
    from nof1.advice.governance.overview import Overview, Row
    from nof1.advice.governance.proposals import Proposal

LOUD = 1
NO_LEDGER = "There is no ledger yet: what became of cards is not known."
SHARE = "Shares have 95 % intervals (Jeffreys); they take answers as independent."
DECIDE = "Decide: nof1 governance decide NAME --accept|--reject --by ROLE --why TEXT"
TIERS = {1: "interrupting", 2: "in line", 3: "on demand"}


def wrapped(text: str, indent: str = "", first: str | None = None) -> list[str]:
    """Lines of at most 80 columns."""
    start = indent if first is None else first
    return textwrap.wrap(text, WIDTH, initial_indent=start, subsequent_indent=indent)


def overview(made: Overview, everything: bool) -> str:
    """Rules that were shown or are not on, models, proposals, and what is wrong."""
    lines = _fault(made)
    count = {
        value: sum(one.value == value for one in made.rules) for value in ("on", "shadow", "off")
    }
    lines.append(
        f"{len(made.rules)} rules: {count['on']} on, {count['shadow']} in shadow, "
        f"{count['off']} off. {made.decisions} decisions."
    )
    rows = [one for one in made.rules if everything or _of_note(one)]
    if rows:
        lines += ["", *_rows(rows).splitlines()]
    if len(rows) < len(made.rules):
        lines.append(f"{len(made.rules) - len(rows)} rules are on and were never shown (--all).")
    lines += ["", *_models(made.models), ""]
    lines += [NO_LEDGER] if not made.has_ledger else wrapped(SHARE)
    if made.strays:
        lines.append(f"{made.strays} answers were about cards that this ledger never showed.")
    return "\n".join([*lines, "", proposals(made.proposals)])


def _fault(made: Overview) -> list[str]:
    lines = ["SYNTHETIC: every patient is invented."] if made.synthetic else []
    if made.fault:
        lines += wrapped(
            f"NOT FOLLOWED: {made.fault}. All rules are on and all models are silent until it is "
            "put back, or signed off as it is: nof1 governance adopt"
        )
    return lines


def _of_note(row: Row) -> bool:
    return row.value != "on" or row.acceptance is not None or bool(row.unseen or row.day)


def _rows(rows: Sequence[Row]) -> str:
    cells = []
    for one in rows:
        found = one.acceptance
        changed = one.tier != one.rule.tier
        state = f"{one.value} ({one.unseen} unseen)" if one.unseen else one.value
        told = ["", ""] if found is None else [f"{found.shown}", found.share.short()]
        cells.append([one.rule.id, f"{one.tier}{'*' * changed}", state, *told])
    text = table(cells, ["rule", "tier", "state", "shown", "accepted"], right="3")
    changed = any(one.tier != one.rule.tier for one in rows)
    return f"{text}\n* by decision; the table of tiers says another one" if changed else text


def _models(rows: Sequence[Row]) -> list[str]:
    if not rows:
        return ["No model of patients is in the workspace."]
    lines = ["Models"]
    for one in rows:
        state = f"{one.value}, PAUSED" if one.paused else one.value
        lines += wrapped(f"{one.rule.id} ({state}): {one.drift}", "    ", "  ")
    return lines


def switched(made: Decision, tier: int | None) -> str:
    """What a switch does from now on."""
    text = {
        "on": "is on: its alerts are shown.",
        "shadow": "runs in shadow: its alerts are kept in the ledger and not shown; each answer "
        "says so.",
        "off": "is off: it is not shown and not kept; each answer says that it was not checked.",
    }[made.value]
    lines = wrapped(f"{made.subject} {text}")
    if tier == LOUD and made.value != "on":
        lines += wrapped("WARNING: this rule interrupts. Each answer begins with this warning.")
    return "\n".join([*lines, f"Decision {made.number}, by {made.by}."])


def burden(made: Burden) -> str:
    """Alerts for each 100 orders, with what the forecast rests on."""
    what = made.rule or "all rules"
    unit = "views" if made.rule.startswith("models/") else "orders"
    lines = wrapped(
        f"Forecast for {what}: {made.orders} {unit} of {made.patients} patients, "
        f"from {made.source}."
    )
    cells = [
        [f"tier {tier} ({TIERS[tier]})", one.count, one.text()] for tier, one in made.tiers.items()
    ]
    lines += [
        "",
        *table(cells, ["alerts", "count", f"per 100 {unit} (95 %)"], right="1").splitlines(),
    ]
    lines += ["", f"Requests with at least one: {made.requests.text()}"]
    days = made.clinician_days
    if days is None:
        lines.append("Interruptions per clinician and day: not known, nobody is named.")
    else:
        lines.append(
            f"Interruptions per clinician and day: {days.text()}, {days.count} in {days.of} days"
        )
    lines += [f"Left out: {count} ({why})." for why, count in made.left_out.items()]
    return "\n".join(
        [*lines, "", *wrapped("The same people and habits as in the past are assumed.")]
    )


def acceptance(rows: Sequence[Acceptance], strays: int) -> str:
    """One line a rule, and its override reasons below."""
    if not rows:
        return "No card was shown yet."
    lines = _accepted(rows).splitlines()
    reasons = [
        [one.rule, one.tier, reason, count] for one in rows for reason, count in one.reasons.items()
    ]
    if reasons:
        lines += [
            "",
            *table(reasons, ["overridden", "tier", "reason", "count"], right="13").splitlines(),
        ]
    if strays:
        lines += ["", f"{strays} answers were about cards that this ledger never showed."]
    return "\n".join([*lines, "", *wrapped(SHARE)])


def _accepted(rows: Iterable[Acceptance]) -> str:
    cells = [
        [one.rule, one.tier, one.shown, one.shown - one.answered, one.people, one.share.short()]
        for one in rows
    ]
    return table(cells, ["rule", "tier", "shown", "silent", "people", "accepted"], right="1234")


def months(found: Mapping[str, Sequence[Acceptance]]) -> str:
    """One table a month."""
    parts = [f"{month}\n{_accepted(rows)}" for month, rows in found.items() if rows]
    return "\n\n".join(parts) or "No card was shown yet."


def proposals(made: Sequence[Proposal]) -> str:
    """Each proposal with its evidence and how to decide."""
    if not made:
        return "No proposal is open."
    lines = ["Proposals (nothing changes until somebody decides)"]
    for one in made:
        lines += wrapped(f"{one.id}: {one.text()}", "    ", "  ")
    return "\n".join([*lines, DECIDE])


def decided(made: Decision) -> str:
    """What became of a proposal."""
    text = {
        "tier": f"{made.subject} now speaks at tier {made.value}.",
        "review": f"{made.subject}: the proposal is {made.value}; the rule goes on as before.",
    }[made.kind]
    return f"{text}\nDecision {made.number}, by {made.by}."


def drift(looks: Sequence[Look]) -> str:
    """One paragraph a model."""
    if not looks:
        return "No model of patients is in the workspace."
    lines = []
    for one in looks:
        state = {"steady": "steady", "drifted": "DRIFTED, paused", "not_checked": "not checked"}
        lines += wrapped(
            f"{one.model} version {one.version}: {state[one.state]}. {one.reason}.", "  ", ""
        )
        known = "no outcome is known yet"
        if one.outcomes:
            words = {True: "the odds have SHIFTED", False: "no shift of the odds", None: "too few"}
            known = f"{one.outcomes} outcomes known: {words[one.alarm]}"
        if one.rows:
            span = f"{one.rows} predictions, {one.since} to {one.until}"
            lines += wrapped(f"{span}; {known}.", "  ")
        rows = [[f["words"][:40], f"{f['psi']:.2f}", f"{f['ks']:.2f}"] for f in one.features]
        if rows:
            text = table(rows, ["what drifted", "PSI", "KS"], right="12")
            lines += [f"  {line}" for line in text.splitlines()]
    return "\n".join(lines)


def attributes(made: Attributes) -> str:
    """All questions and answers of one rule or model."""
    lines = [f"{made.subject}: source attributes ({made.kind})"]
    part = ""
    for question, answer in made.answers:
        if question.part != part:
            part = question.part
            lines += ["", part]
        text = answer.text if answer.available else f"NOT AVAILABLE: {answer.text}"
        lines += wrapped(f"{question.number:6}  {question.text}", "          ", "  ")
        lines += wrapped(text or "BLANK", "          ")
    count = f"{len(made.answers)} questions, {len(made.lacking)} with nothing to review"
    return "\n".join([*lines, "", f"{count}, {len(made.blank)} blank."])


def completeness(made: Sequence[Attributes]) -> str:
    """One line for each rule and model."""
    cells = [
        [one.subject, len(one.answers), len(one.lacking), ", ".join(one.blank) or "none"]
        for one in made
    ]
    head = ["rule or model", "questions", "nothing to review", "blank"]
    return "\n".join(
        [table(cells, head, right="12"), "", "One by one: nof1 governance attributes NAME"]
    )


def history(made: Sequence[Decision]) -> str:
    """One paragraph a decision."""
    if not made:
        return "Nothing was ever decided: all rules are on."
    lines = []
    for one in made:
        what = f"{one.number}. {one.day} {one.subject}: {one.kind} {one.value}"
        lines += wrapped(f"{what}, by {one.by}. {one.why}", "   ", "")
    return "\n".join(lines)
