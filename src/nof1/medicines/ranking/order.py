"""The order of the medicines: a rule that anybody can follow by hand, and each place explained.

Medicines are compared within one purpose only (platelets, cholesterol, heart rate): a statin is no
alternative to aspirin. Within a purpose:

1. The verdict: ``standard``, ``adjust``, ``check_first``, ``avoid``, ``contraindicated``.
2. The evidence that it works for the disease: disease-modifying before symptomatic; then guideline,
   trial, label, and how many physicians agreed.
3. Fewer open questions first.
4. What is taken already comes first; then by name.

Nothing is added up. What cell lines say has no part in it.
"""

from __future__ import annotations

from collections.abc import Iterable

from nof1.medicines.ranking.columns import Row, Verdict

RULE = (
    "Medicines are compared within one purpose only, best first. 1: the verdict (standard, adjust, "
    "check first, avoid, contraindicated), which is the most cautious thing that any column asks "
    "for; a question whose answer could forbid the medicine makes it check first, and so do tables "
    "that know nothing about its safety. 2: the evidence "
    "that it works for the disease. 3: fewer open questions. 4: what is taken already; then the "
    "name. Nothing is added up, and laboratory hypotheses have no part in it."
)
STRANGER = "Our tables of safety know nothing about it: read the label."
WORDS = {
    Verdict.CONTRAINDICATED: "contraindicated",
    Verdict.AVOID: "avoid",
    Verdict.CHECK_FIRST: "check first",
    Verdict.ADJUST: "adjust",
    Verdict.STANDARD: "standard",
}
PLACES = tuple(reversed(Verdict))  # best first


def ordered(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows purpose by purpose (the best evidence first, no purpose last), each best first."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.purpose, []).append(row)
    return tuple(
        row for _, group in sorted(groups.items(), key=_group_key) for row in sorted(group, key=key)
    )


def _group_key(group: tuple[str, list[Row]]) -> tuple[bool, int, str]:
    purpose, rows = group
    return not purpose, min(row.grade for row in rows), purpose


def key(row: Row) -> tuple[int, int, int, bool, str]:
    """What the order looks at, one after the other; smaller comes first."""
    place, name = PLACES.index(row.verdict), row.medicine.name
    return place, row.grade, len(row.opens), row.current is None, name


def why(row: Row) -> tuple[str, str]:
    """What decides the verdict, in a few words and in full; for ``standard`` what is still open."""
    if row.verdict is Verdict.CHECK_FIRST:
        if not row.covered:
            return "read the label: not in our tables", STRANGER
        first = row.opens[0]
        return f"{first.short} not known", first.text
    reasons = [one for column in row.columns.values() for one in column.reasons]
    reasons = [one for one in reasons if one.level == row.level]
    if reasons and row.level < 4:
        return reasons[0].short, reasons[0].text
    if row.opens:
        number = len(row.opens)
        return f"{number} not checked", row.opens[0].text
    return "nothing found against it", "Every column was checked and nothing was found against it."


def before(row: Row, after: Row) -> str:
    """Why ``row`` stands before ``after``, by the first part of the rule that tells them apart."""
    name, mine, theirs = after.medicine.name, key(row), key(after)
    if mine[0] != theirs[0]:
        return (
            f"before {name}: {WORDS[row.verdict]} before {WORDS[after.verdict]} ({why(after)[0]})"
        )
    if mine[1] != theirs[1]:
        return f"before {name}: better evidence ({row.grade_text}; not only {after.grade_text})"
    if mine[2] != theirs[2]:
        return f"before {name}: fewer open questions ({mine[2]} and {theirs[2]})"
    if mine[3] != theirs[3]:
        return f"before {name}: it is taken already"
    return f"before {name}: by name only, the rule sees no difference"
