"""Which medicine is used for which disease: indications, and pairs that are none.

Two tables. ``diseases.tsv`` gives each disease one name (that of the Disease Ontology where it
has one) and the codes by which records call it; ICD-10-CM codes are prefixes (``I48`` holds for
``I48.91``), and the longest that fits wins. ``indications.tsv`` gives pairs of disease and
medicine.

Most pairs are those of PharmacotherapyDB 1.0 (Himmelstein et al. 2016,
doi:10.6084/m9.figshare.3103054, CC0-1.0; its DrugBank ids are not kept): three physicians read
what four collections of indications list, and called each pair disease-modifying, symptomatic or a
non-indication. Our own pairs, from guidelines and labels, stand beside them; where both have one,
it keeps their counts and has our citation. A medicine that is not here may still be used for the
disease: an absent pair says nothing.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from nof1.core.errors import InputError, UsageError
from nof1.knowledge.base import SHIPPED, Base, listed
from nof1.knowledge.drugs import plain

TABLE, DISEASES = "indications.tsv", "diseases.tsv"
PHARMACOTHERAPYDB = "pharmacotherapydb-1.0"
MODIFYING, SYMPTOMATIC, NOT_INDICATED = "disease-modifying", "symptomatic", "not indicated"
KINDS = (MODIFYING, SYMPTOMATIC, NOT_INDICATED)
# Best evidence first, in words. The last three: how many of the three physicians of
# PharmacotherapyDB chose this kind before they agreed on it (3, 2 or 1).
GRADES = {
    "guideline": "a guideline advises it",
    "trial": "a randomised trial showed it",
    "label": "the US label says so",
    "agreed": "three of three physicians read the sources so",
    "mostly agreed": "two of three physicians read the sources so",
    "disputed": "one of three physicians read the sources so at first",
}
# Grades of equal worth sort alike: a label is no better than what three physicians read.
_WORTH = {"guideline": 0, "trial": 0, "label": 1, "agreed": 1, "mostly agreed": 2, "disputed": 3}
FIELDS = (
    *("disease", "medicine", "kind", "grade", "curators", "resources"),
    *("purpose", "source", "citation"),
)
DOID, SNOMED, ICD10CM = "doid//", "snomed//", "icd10cm//"  # in lower case


class Disease(NamedTuple):
    """One disease with its codes.

    Attributes
    ----------
    name : as in the Disease Ontology, or our own where it has none.
    doid : ``DOID:10763``, or empty.
    snomed : SNOMED CT ids, exact.
    icd10cm : ICD-10-CM codes; each stands for all that begin with it.
    synonyms : other names.
    """

    name: str
    doid: str
    snomed: tuple[str, ...]
    icd10cm: tuple[str, ...]
    synonyms: tuple[str, ...]


class Candidate(NamedTuple):
    """One medicine for one disease, or expressly not for it.

    Attributes
    ----------
    medicine : lower-case ingredient, as in ``drugs.tsv`` where that has it.
    kind : one of ``KINDS``. ``symptomatic`` helps without changing the course of the disease;
        ``not indicated`` is a pair that was looked at and found to be no treatment.
    grade : one of ``GRADES``, how good the evidence for this kind is.
    curators, resources : of PharmacotherapyDB: physicians (of 3) that chose this kind, and
        collections (of 4) that list the pair as an indication; 0 where it does not have the pair.
    purpose : what for, in a few words, or empty.
    source : ids of rows in ``sources.tsv``, joined by ``|``; citation : where in the first.
    """

    disease: str
    medicine: str
    kind: str
    grade: str
    curators: int
    resources: int
    purpose: str
    source: str
    citation: str

    @property
    def evidence(self) -> str:
        """The grade in words, with the number of collections where there is one."""
        number = f"; listed by {self.resources} of 4 collections" if self.resources else ""
        return GRADES[self.grade] + number

    @property
    def curated(self) -> bool:
        """Whether the pair is one of PharmacotherapyDB's."""
        return PHARMACOTHERAPYDB in listed(self.source)


@functools.cache
def diseases(base: Base = SHIPPED) -> Mapping[str, Disease]:
    """All diseases by name.

    Raises
    ------
    InputError : two diseases share a name, a synonym or a code.
    """
    made = [
        Disease(row["name"], row["doid"], *(listed(row[key]) for key in Disease._fields[2:]))
        for row in base.rows(DISEASES)
    ]
    keys = [key for disease in made for key in _keys(disease)]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise InputError(f"Two diseases share {twice[0]!r}.", where=f"knowledge/{DISEASES}")
    return MappingProxyType({disease.name: disease for disease in made})


@functools.cache
def indications(base: Base = SHIPPED) -> tuple[Candidate, ...]:
    """All pairs, as in the table.

    Raises
    ------
    InputError : a pair stands twice, its disease is not known, or a word is none of ours.
    """
    made = [_candidate(row) for row in base.rows(TABLE)]
    names = diseases(base)
    for row in made:
        if row.disease not in names or row.kind not in KINDS or row.grade not in GRADES:
            raise InputError(
                "This row has a word that we do not know.",
                where=f"knowledge/{TABLE}, {row.disease}, {row.medicine}",
                allowed=f"a disease of {DISEASES}; {', '.join(KINDS)}; {', '.join(GRADES)}",
            )
    if len({(row.disease, row.medicine) for row in made}) < len(made):
        raise InputError("A pair stands in two rows.", where=f"knowledge/{TABLE}")
    return tuple(made)


def candidates(code: str, base: Base = SHIPPED) -> tuple[Candidate, ...]:
    """Medicines of the disease that a code or a name means; best kind and grade first.

    ``code`` : ``SNOMED//49436004``, ``ICD10CM//I48.91``, ``DOID//10763``, or a name. The answer
    has the rows that are ``not indicated`` last. It is empty when the disease is not known
    (``find`` says so with an error) and when it is known without a medicine.

    >>> [row.medicine for row in candidates("ICD10CM//I48.91")[:2]]
    ['apixaban', 'dabigatran']
    """
    disease = _lookup(code, base)
    return () if disease is None else _by_disease(base).get(disease.name, ())


def find(code_or_name: str, base: Base = SHIPPED) -> Disease:
    """The disease that a code or a name means, whatever its case.

    >>> find("DOID:10763").name, find("ICD10CM//I2510").name, find("heart attack").name
    ('hypertension', 'coronary artery disease', 'myocardial infarction')

    Raises
    ------
    UsageError : it is not in the table; with names that are spelled much like it.
    """
    found = _lookup(code_or_name, base)
    if found is not None:
        return found
    names = {name: d.name for d in diseases(base).values() for name in _names(d)}
    near = difflib.get_close_matches(plain(code_or_name), names, n=3, cutoff=0.7)
    raise UsageError(
        "This disease is not in our table of indications.",
        allowed=[names[name] for name in near] or "a name, or a code such as ICD10CM//I48.91",
        next_step="Give another name of it, or add it to knowledge/diseases.tsv of the workspace.",
    )


def recognised(code_or_name: str, base: Base = SHIPPED) -> Disease | None:
    """As ``find``; None where the table has no such disease."""
    return _lookup(code_or_name, base)


def _lookup(code_or_name: str, base: Base) -> Disease | None:
    wanted, index = plain(code_or_name), _index(base)
    if wanted.startswith("doid:"):
        wanted = DOID + wanted.removeprefix("doid:")
    if not wanted.startswith(ICD10CM):
        return index.get(wanted)
    wanted = ICD10CM + wanted.removeprefix(ICD10CM).replace(".", "")
    shortest = len(ICD10CM) + 3  # an ICD-10-CM category has three characters
    ends = range(len(wanted), shortest - 1, -1)
    return next((index[wanted[:end]] for end in ends if wanted[:end] in index), None)


@functools.cache
def _index(base: Base) -> dict[str, Disease]:
    return {key: disease for disease in diseases(base).values() for key in _keys(disease)}


@functools.cache
def _by_disease(base: Base) -> dict[str, tuple[Candidate, ...]]:
    found: dict[str, list[Candidate]] = {}
    for row in indications(base):
        found.setdefault(row.disease, []).append(row)
    return {name: tuple(sorted(rows, key=_best_first)) for name, rows in found.items()}


def _best_first(row: Candidate) -> tuple[int, int, int, str]:
    return KINDS.index(row.kind), _WORTH[row.grade], -row.resources, row.medicine


def _keys(disease: Disease) -> Iterator[str]:
    """Everything that finds a disease, in lower case; ICD-10-CM without its point."""
    yield from _names(disease)
    if disease.doid:
        yield DOID + disease.doid.removeprefix("DOID:")
    yield from (SNOMED + code for code in disease.snomed)
    yield from (ICD10CM + code.replace(".", "").lower() for code in disease.icd10cm)


def _names(disease: Disease) -> list[str]:
    return [plain(name) for name in (disease.name, *disease.synonyms)]


def _candidate(row: dict[str, str]) -> Candidate:
    try:
        counts = {key: int(row[key]) for key in ("curators", "resources")}
        return Candidate(**{**row, **counts})  # type: ignore[arg-type]
    except (TypeError, ValueError, KeyError):
        raise InputError(
            "This row is not in its form.",
            where=f"knowledge/{TABLE}, {row.get('disease')}, {row.get('medicine')}",
            allowed=", ".join(FIELDS),
        ) from None
