"""Write the rows of PharmacotherapyDB into nof1.knowledge's table of indications.

    python tools/compile_indications.py INDICATIONS

INDICATIONS is the file ``catalog/indications.tsv`` of github.com/dhimmel/indications (CC0-1.0).
Kept are disease, medicine, category and the two counts. The ids of DrugBank are left out: their
licence is another one. Rows of other sources in our table, which are kept by hand, stay; where
both have a pair, it keeps our grade and citation and gets their counts. Run
``tools/compile_knowledge.py`` afterwards, which writes the manifest.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from nof1.core.errors import InputError
from nof1.knowledge import drugs
from nof1.knowledge.base import DATA, SHIPPED, listed
from nof1.knowledge.indications import DISEASES, FIELDS, PHARMACOTHERAPYDB, TABLE

CATEGORIES = {"DM": "disease-modifying", "SYM": "symptomatic", "NOT": "not indicated"}
AGREEMENT = {"3": "agreed", "2": "mostly agreed", "1": "disputed"}
# Names of the file (DrugBank's) that RxNorm, whose names we use, spells in another way.
RXNORM_NAMES = {
    "aciclovir": "acyclovir",
    "amrinone": "inamrinone",
    "benzatropine": "benztropine",
    "calcipotriol": "calcipotriene",
    "clomifene": "clomiphene",
    "cromoglicic acid": "cromolyn",
    "diclofenamide": "dichlorphenamide",
    "etidronic acid": "etidronate",
    "gamma hydroxybutyric acid": "sodium oxybate",
    "ipratropium bromide": "ipratropium",
    "isoetarine": "isoetharine",
    "isoprenaline": "isoproterenol",
    "l-carnitine": "levocarnitine",
    "l-dopa": "levodopa",
    "mesalazine": "mesalamine",
    "methylergometrine": "methylergonovine",
    "orciprenaline": "metaproterenol",
    "salbutamol": "albuterol",
    "salicylate-sodium": "sodium salicylate",
    "torasemide": "torsemide",
    "trisalicylate-choline": "choline magnesium trisalicylate",
    "ursodeoxycholic acid": "ursodiol",
    "zoledronate": "zoledronic acid",
}


def medicine(name: str) -> str:
    """The name of a medicine as in ``drugs.tsv``, or RxNorm's, in lower case."""
    plain = " ".join(name.lower().split())
    wanted = RXNORM_NAMES.get(plain, plain)
    known = drugs.find(wanted)
    return wanted if known is None else known.name


def converted(row: dict[str, str], diseases: dict[str, str]) -> dict[str, str]:
    """One row of theirs as one of ours."""
    return {
        "disease": diseases[row["doid_id"]],
        "medicine": medicine(row["drug"]),
        "kind": CATEGORIES[row["category"]],
        "grade": AGREEMENT[row["n_curators"]],
        "curators": row["n_curators"],
        "resources": row["n_resources"],
        "purpose": "",
        "source": PHARMACOTHERAPYDB,
        "citation": "",
    }


def ours() -> list[dict[str, str]]:
    """Rows kept by hand, without what an earlier run added to them."""
    rows = [{**row, "source": _other(row["source"])} for row in SHIPPED.rows(TABLE)]
    return [{**row, "curators": "0", "resources": "0"} for row in rows if row["source"]]


def joined(own: dict[str, str], theirs: dict[str, str]) -> dict[str, str]:
    """One pair that both have: our grade and citation, with their counts.

    Raises
    ------
    InputError : the two call the pair by different kinds. A person must decide.
    """
    if own["kind"] != theirs["kind"]:
        where = f"{own['disease']}, {own['medicine']}: {own['kind']}, {theirs['kind']}"
        raise InputError("The sources disagree about the kind.", where=where)
    counts = {key: theirs[key] for key in ("curators", "resources")}
    return {**own, **counts, "source": f"{own['source']}|{PHARMACOTHERAPYDB}"}


def compiled(source: Path) -> list[dict[str, str]]:
    """All rows of the new table, sorted.

    Raises
    ------
    InputError : one medicine stands twice for one disease, or two sources disagree.
    """
    diseases = {row["doid"]: row["name"] for row in SHIPPED.rows(DISEASES) if row["doid"]}
    with source.open(encoding="utf-8", newline="") as lines:
        rows = [converted(row, diseases) for row in csv.DictReader(lines, delimiter="\t")]
    found = {_pair(row): row for row in rows}
    if len(found) < len(rows):
        raise InputError("A medicine stands twice for one disease.", where=str(source))
    for row in ours():
        theirs = found.get(_pair(row))
        found[_pair(row)] = joined(row, theirs) if theirs else row
    return [found[pair] for pair in sorted(found)]


def _pair(row: dict[str, str]) -> tuple[str, str]:
    return row["disease"], row["medicine"]


def _other(sources: str) -> str:
    return "|".join(name for name in listed(sources) if name != PHARMACOTHERAPYDB)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    rows = compiled(parser.parse_args().source)
    lines = ["\t".join(FIELDS), *("\t".join(row[field] for field in FIELDS) for row in rows)]
    (DATA / TABLE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{TABLE:28} {len(rows)} rows")
