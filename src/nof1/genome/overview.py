"""One sample's report on one page: what to act on, the genes, what was not checked, the sources.

The same data make the terminal text and the page. A medicine stands where its likeliest advice
belongs; what is not excluded stands beside it, or in a list of its own, and never vanishes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nof1.genome import words
from nof1.genome.genelines import gene_line, not_checked, waiting
from nof1.genome.prescribing import unknown_for
from nof1.genome.results import GeneResult
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.prescribing import ACTIONS, by_drug

SCHEMA = "nof1/genome-report/1"
ACT = ("unread", "avoid", "alternative", "reduce", "increase")
WORDS = {
    "unread": "Read the source",
    "avoid": "Avoid",
    "alternative": "Other medicine",
    "reduce": "Lower dose",
    "increase": "Higher dose",
    "monitor": "Monitor",
    "no_advice": "No advice",
    "standard": "Usual dose",
}
TINY, SURE = 1e-9, 0.995
REMOTE = 1e-4  # what is less likely than this is named, without its words
Data = dict[str, Any]


def overview(
    head: Mapping[str, Any],
    sample: str,
    results: Mapping[str, GeneResult],
    rows: Sequence[Data],
    *,
    conversions: Sequence[Data] = (),
    current: Sequence[str] | None = None,
    asked: Sequence[str] | None = None,
    base: Base = SHIPPED,
) -> Data:
    """The report of one sample (schema ``nof1/genome-report/1``).

    Parameters
    ----------
    head : ``report.head``.
    rows : ``report.medicine_rows`` of this sample, also those under the other medicines.
    current : the medicines asked about; None asks about all.
    asked : the genes asked for; None asks for all.
    """
    medicines = [_medicine(drug, found) for drug, found in _by_drug(rows).items()]
    medicines.sort(key=lambda one: (ACTIONS.index(one["action"]), one["drug"]))
    drugs = list(by_drug(base)) if current is None else list(current)
    lists = _shared_out(medicines)
    unsaid = _without_a_word(drugs, results, rows, base)
    return {
        **{key: head[key] for key in KEPT},
        "notes": folded(head["notes"]),
        "schema": SCHEMA,
        "sample": sample,
        "current": None if current is None else list(current),
        "glance": _glance(lists, _unchecked(current, results, rows, base), unsaid),
        **{name: _grouped(lists[name]) for name in LISTS[:3]},
        "remote": [
            {"drug": one["drug"], "word": WORDS[one["worst"]], "chance": words.chance(_chance(one))}
            for one in lists["remote"]
        ],
        "usual": [one["drug"] for one in lists["usual"]],
        "no_advice": sorted([*(one["drug"] for one in lists["no_advice"]), *unsaid]),
        "genes": [gene_line(result, base) for _, result in sorted(results.items())],
        "not_checked": not_checked(results, waiting(results, rows, drugs, base), current, asked),
        "without_guideline": [drug for drug in drugs if drug not in by_drug(base)],
        "conversions": [row for row in conversions if row["changed"]],
    }


KEPT = ("as_of", "build", "file", "synthetic", "notice", "knowledge")
_ABSENT = re.compile(r"\S+: the file has no record of (\S+) \(all missing\)")


def folded(notes: Mapping[str, int]) -> dict[str, int]:
    """Notes with one for all absent chromosomes; their genes stand under "not checked"."""
    found = {text: _ABSENT.fullmatch(text) for text in notes}
    absent = [match.group(1) for match in found.values() if match]
    rest = {text: count for text, count in notes.items() if not found[text]}
    if absent:
        rest[f"the file has no record of {', '.join(dict.fromkeys(absent))}"] = 1
    return rest


# medicines ----------------------------------------------------------------------------------------


def _by_drug(rows: Iterable[Data]) -> dict[str, list[Data]]:
    found: dict[str, list[Data]] = {}
    for row in rows:
        found.setdefault(row["drug"], []).append(row)
    return found


def expected(row: Mapping[str, Any]) -> str:
    """The action to count with: of the likeliest results, or at the least where genes are open."""
    likely = row["likely"]
    if likely is None:
        mild = row["at_least"]
        return str(row["action"] if mild is None or mild in ACT else mild)
    return "no_advice" if _silent(row) else str(likely["action"])


def _silent(row: Mapping[str, Any]) -> bool:
    """Whether the source says nothing about the likeliest results (DPWG lists no normal ones)."""
    likely = row["likely"]
    return likely is not None and row["uncovered"] > (likely["prior"] or 0.0)


def _medicine(drug: str, rows: Sequence[Data]) -> Data:
    """One medicine with what each source says; equal advice to several groups is one entry."""
    entries: list[Data] = []
    for row in rows:
        made = _entry(row)
        same = next((one for one in entries if _same(one, made)), None)
        if same is None:
            entries.append(made)
        else:
            same["populations"] += made["populations"]
    entries.sort(key=lambda one: ACTIONS.index(one["action"]))
    worst = min((row["action"] for row in rows), key=ACTIONS.index)
    heard = [one for one in entries if not one["silent"]]
    speaking = [one for one in heard if one["action"] != "no_advice"] or heard or entries
    action = min((one["action"] for one in speaking), key=ACTIONS.index)
    groups = {row["population"] for row in rows}
    return {
        "drug": drug,
        "group": next(iter(groups)) if len(groups) == 1 and groups != {"general"} else None,
        "action": action,
        "word": WORDS[action],
        "worst": worst,
        "disagree": any(row["disagree"] for row in rows),
        "dose": _dose(entries, action),
        "entries": entries,
    }


def _same(one: Data, other: Data) -> bool:
    return all(one[key] == other[key] for key in one if key != "populations")


def _entry(row: Data) -> Data:
    """What one source asks, in words: for the likeliest result, and what is not excluded."""
    likely = row["likely"]
    action = expected(row)
    shown = row if likely is None else SAYS_NOTHING if _silent(row) else likely
    depends = likely is None and action not in ACT
    return {
        "source": row["source"].split("-")[0].upper(),
        "populations": [] if row["population"] == "general" else [row["population"]],
        "under_medicines": row["under_medicines"],
        "silent": _silent(row),
        "strength": shown["strength"],
        "action": action,
        "word": WORDS[action],
        "text": _depends(row) if depends else shown["text"],
        "because": because(shown["because"]),
        "sure": None if likely is None else _unless_sure(shown["prior"]),
        "dose": shown["dose_change_pct"],
        "dose_limit": shown["dose_limit"],
        "alternatives": shown["alternatives"],
        "monitor": shown["monitor"],
        "if_used": None if depends else shown["if_used"],
        "unknown": list(row["unknown_genes"]),
        "not_excluded": _not_excluded(row),
        "uncovered": None if _silent(row) else _unless_none(row["uncovered"]),
        "pmids": row["pmids"],
        "url": row["url"],
    }


SAYS_NOTHING: Data = {
    "text": "This source says nothing about the likeliest result.",
    "strength": "none",
    "because": [],
    "prior": None,
    **dict.fromkeys(("dose_change_pct", "dose_limit", "monitor", "if_used")),
    "alternatives": [],
}


def _unless_sure(prior: float | None) -> str | None:
    return None if prior is None or prior > SURE else words.chance(prior)


def _unless_none(prior: float) -> str | None:
    return words.chance(prior) if prior > TINY else None


def _depends(row: Data) -> str:
    return f"Depends on {' and '.join(row['unknown_genes'])}, which is not known."


def _not_excluded(row: Data) -> Data | None:
    """The most cautious advice, where it is not the expected one; with how likely it is."""
    usual = expected(row)
    if row["action"] in ("no_advice", "standard"):
        return _unsaid(row) if usual == "standard" else None
    if row["action"] == usual and _same_dose(row):
        return None
    known = row["prior"] is not None and not row["unknown_genes"]
    why = because(row["because"]) or f"{' and '.join(row['unknown_genes'])} not known"
    return _other(row["action"], row["text"], why, row["prior"] if known else None, row)


def _unsaid(row: Data) -> Data | None:
    """Beside a usual dose: results for which the source gives none, unless they are remote."""
    if row["action"] == "no_advice":
        prior = None if row["unknown_genes"] else row["prior"]
        text, why = row["text"], because(row["because"])
    else:
        prior, text, why = row["uncovered"], SAYS_NOTHING_ELSE, "no rule of it covers them"
    if prior is not None and prior < REMOTE:
        return None
    return _other("no_advice", text, why, prior, row)


SAYS_NOTHING_ELSE = "This source says nothing about other results that fit."


def _other(action: str, text: str, why: str, prior: float | None, row: Data) -> Data:
    return {
        "action": action,
        "word": WORDS[action],
        "text": text,
        "because": why,
        "prior": prior,
        "chance": "not known how likely" if prior is None else words.chance(prior),
        "settled_by": settled(row["settled_by"]),
    }


def _same_dose(row: Data) -> bool:
    """Whether the most cautious advice asks for no lower dose than the likeliest one."""
    likely = row["likely"]
    return likely is None or all(
        row[key] == likely[key] for key in ("dose_change_pct", "dose_limit")
    )


def settled(found: Sequence[Mapping[str, Any]]) -> str | None:
    """What would settle it, in words; None when nothing is known that would."""
    tests = [f"a test of {one['gene']}" for one in found if one["position"] is None]
    places = [one["position"] for one in found if one["position"] is not None]
    if not tests and not places:
        return None
    sure = all(one["settles"] for one in found)
    return f"{' and '.join([*tests, *places])} would {'settle it' if sure else 'say most'}"


def because(found: Sequence[Mapping[str, Any]]) -> str:
    """Genes with their diplotype and phenotype: ``CYP2C19 *2/*2, Poor Metabolizer``."""
    return "; ".join(
        f"{one['gene']} {', '.join(filter(None, [one['diplotype'], one['result']]))}"
        for one in found
    )


def _dose(entries: Sequence[Data], action: str) -> str | None:
    """The change of dose over all sources with this action: ``-25 to -50 %``."""
    named = [entry["dose"] or [] for entry in entries if entry["action"] == action]
    changes = sorted({value for change in named for value in change}, key=abs)
    if action not in ("reduce", "increase") or not changes:
        return None
    texts = [f"{value:+.0f}".replace("-", "\u2212") for value in changes]
    return f"{' to '.join(texts[:1] + texts[1:][-1:])} %"


def _shared_out(medicines: Sequence[Data]) -> dict[str, list[Data]]:
    """Every medicine into exactly one list, by its expected action and by its worst one."""
    lists: dict[str, list[Data]] = {name: [] for name in LISTS}
    for one in medicines:
        lists[_list_of(one)].append(one)
    for one in lists["not_excluded"]:
        lists["remote"] += [one] if 0 < _chance(one) < REMOTE else []
    lists["not_excluded"] = [one for one in lists["not_excluded"] if one not in lists["remote"]]
    for name in ("not_excluded", "remote"):
        lists[name].sort(key=lambda one: (-_chance(one), ACTIONS.index(one["worst"]), one["drug"]))
    return lists


def _chance(medicine: Data) -> float:
    """Prior of the likeliest cautious advice that is not the expected one; 1 when not known."""
    open_ones = [entry["not_excluded"] for entry in medicine["entries"] if entry["not_excluded"]]
    return max((1.0 if one["prior"] is None else one["prior"] for one in open_ones), default=0.0)


def _grouped(medicines: Sequence[Data]) -> list[Data]:
    """Medicines for which the sources say exactly the same, as one (volatile anaesthetics)."""
    found: list[Data] = []
    for one in medicines:
        rest = {key: one[key] for key in one if key != "drug"}
        same = next((each for each in found if rest.items() <= each.items()), None)
        if same is None:
            found.append({"drugs": [one["drug"]], **rest})
        else:
            same["drugs"].append(one["drug"])
    return found


LISTS = ("act", "watch", "not_excluded", "remote", "usual", "no_advice")


def _list_of(medicine: Data) -> str:
    expected_now, worst = medicine["action"], medicine["worst"]
    if expected_now in ACT:
        return "act"
    if worst in ACT or (worst == "monitor" and expected_now != "monitor"):
        return "not_excluded"
    if expected_now == "standard" and any(entry["not_excluded"] for entry in medicine["entries"]):
        return "not_excluded"  # the usual dose is not the usual dose for all that fits
    return {"monitor": "watch", "standard": "usual"}.get(expected_now, "no_advice")


def _glance(
    lists: Mapping[str, Sequence[Data]], unchecked: Sequence[str] | None, unsaid: Sequence[str]
) -> list[Data]:
    """Names of medicines by what to do, for somebody who has a minute.

    With current medicines (``unchecked`` is not None) every one of them is named.
    """
    made: list[Data] = []
    for action in ACTIONS:
        found = [one for one in (*lists["act"], *lists["watch"]) if one["action"] == action]
        made.append({"action": action, "word": WORDS[action], "medicines": found})
    unsure = [*lists["not_excluded"], *(lists["remote"] if unchecked is not None else ())]
    unsure = [one for one in unsure if unchecked is not None or one["worst"] in ACT]
    made.append({"action": "not_excluded", "word": "Not excluded", "medicines": unsure})
    if unchecked is not None:
        bare = {"group": None, "dose": None, "disagree": False}
        silent = [*lists["no_advice"], *({"drug": drug, **bare} for drug in unsaid)]
        for named, action in ((silent, "no_advice"), (lists["usual"], "standard")):
            made.append({"action": action, "word": WORDS[action], "medicines": named})
        names = [{"drug": drug, **bare} for drug in unchecked]
        made.append({"action": "not_checked", "word": "Not checked", "medicines": names})
    return [{**row, "medicines": _names(row["medicines"])} for row in made if row["medicines"]]


def _unchecked(
    current: Sequence[str] | None,
    results: Mapping[str, GeneResult],
    rows: Sequence[Data],
    base: Base,
) -> list[str] | None:
    """Current medicines without advice, and why; None when all medicines were asked about."""
    if current is None:
        return None
    silent = [drug for drug in current if all(row["drug"] != drug for row in rows)]
    waiting = unknown_for(results, silent, base)
    silent = [drug for drug in silent if drug in waiting or drug not in by_drug(base)]
    unknown = [f"{drug} ({', '.join(genes)} not known)" for drug, genes in waiting.items()]
    without = [f"{drug} (no guideline here)" for drug in silent if drug not in waiting]
    return [*unknown, *without]


def _without_a_word(
    drugs: Iterable[str], results: Mapping[str, GeneResult], rows: Sequence[Data], base: Base
) -> list[str]:
    """Medicines whose guidelines, for genes that are known, say nothing about these results."""
    told = {row["drug"] for row in rows}
    silent = [drug for drug in drugs if drug in by_drug(base) and drug not in told]
    waiting = unknown_for(results, silent, base)
    return [drug for drug in silent if drug not in waiting]


def _names(found: Sequence[Data]) -> list[Data]:
    return [{key: one[key] for key in ("drug", "group", "dose", "disagree")} for one in found]
