"""The order of the medicines: a rule that anybody can follow by hand, and each place explained.

Medicines are compared within one purpose only (platelets, cholesterol, heart rate): a statin is no
alternative to aspirin. Within a purpose:

1. The verdict: ``standard``, ``adjust``, ``check_first``, ``avoid``, ``contraindicated``.
2. The benefit expected for this person, where it is known, on one outcome by one model, of every
   medicine of this purpose and verdict; otherwise it has no part.
3. The evidence that it works for the disease: disease-modifying before symptomatic; then guideline,
   trial, label, and how many physicians agreed.
4. Fewer open questions first.
5. What is taken already comes first; then by name.

Nothing is added up. What cell lines say has no part in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nof1.medicines.ranking.expected import Benefit
from nof1.medicines.ranking.rows import Row, Verdict

About = tuple[str, str, float | None]  # outcome, model and version, days (``Benefit.about``)

RULE = (
    "Medicines are compared within one purpose only, best first. 1: the verdict (standard, adjust, "
    "check first, avoid, contraindicated), which is the most cautious thing that any column asks "
    "for; a question whose answer could forbid the medicine makes it check first, and so do tables "
    "that know nothing about its safety. 2: the benefit expected for this person, only where it is "
    "known for every medicine of the same purpose and verdict, on one outcome. 3: the evidence "
    "that it works for the disease. 4: fewer open questions. 5: what is taken already; then the "
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
    return tuple(row for _, group in sorted(groups.items(), key=_group_key) for row in _best(group))


def _group_key(group: tuple[str, list[Row]]) -> tuple[bool, int, str]:
    purpose, rows = group
    return not purpose, min(row.grade for row in rows), purpose


def _best(rows: list[Row]) -> list[Row]:
    """Medicines of one purpose; the benefit counts where all of one verdict have it."""
    found: list[Row] = []
    for verdict in PLACES:
        alike = [row for row in rows if row.verdict is verdict]
        about = common(alike)
        found += sorted(alike, key=lambda row: (-fewer(row, about), key(row)))
    return found


def common(rows: Sequence[Row]) -> About | None:
    """The first outcome and model for which every row has an expected benefit; None: there is none.

    One row alone is compared with nothing.
    """
    if len(rows) < 2:
        return None
    shared = [{one.about for one in row.benefits} for row in rows]
    about = (one.about for one in rows[0].benefits)
    return next((one for one in about if all(one in each for each in shared)), None)


def fewer(row: Row, about: About | None) -> float:
    """The benefit that the order looks at, 0 when it looks at none; the largest of equal questions.

    Differences below one in 100,000 people count as none.
    """
    found = [one.fewer for one in row.benefits if one.about == about]
    return round(max(found, default=0.0), 5)


def key(row: Row) -> tuple[int, int, int, bool, str]:
    """What the order looks at beside the benefit, one after the other; smaller comes first."""
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


def before(row: Row, after: Row, about: About | None = None) -> str:
    """Why ``row`` stands before ``after``, by the first part of the rule that tells them apart.

    ``about`` : the outcome on which the benefits of their purpose and verdict are compared.
    """
    name, mine, theirs = after.medicine.name, key(row), key(after)
    if mine[0] != theirs[0]:
        return (
            f"before {name}: {WORDS[row.verdict]} before {WORDS[after.verdict]} ({why(after)[0]})"
        )
    if about is not None and fewer(row, about) != fewer(after, about):
        return f"before {name}: {_expected(row, after, about)}"
    if mine[1] != theirs[1]:
        return f"before {name}: better evidence ({row.grade_text}; not only {after.grade_text})"
    if mine[2] != theirs[2]:
        return f"before {name}: fewer open questions ({mine[2]} and {theirs[2]})"
    if mine[3] != theirs[3]:
        return f"before {name}: it is taken already"
    return f"before {name}: by name only, the rule sees no difference"


def _expected(row: Row, after: Row, about: About) -> str:
    mine, theirs = (
        max((one for one in each.benefits if one.about == about), key=lambda one: one.fewer)
        for each in (row, after)
    )
    text = f"larger benefit expected on {about[0]} ({_counts(mine)}, not {_counts(theirs)})"
    if max(mine.low, theirs.low) > min(mine.high, theirs.high):
        return text
    return f"{text}; the ranges overlap, so this may be chance"


def _counts(one: Benefit) -> str:
    return one.counts.split(" people", maxsplit=1)[0] if one.fewer else "no change"
