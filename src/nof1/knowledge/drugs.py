"""Medicines by one name: RxNorm ingredient, ATC codes and other names, for every fact about them.

The name is RxNorm's (``rifampin``, not ``rifampicin``); other names are synonyms. ATC codes are
those of systemic use of the ingredient alone, with former codes, and of the few combinations in
which it is the one that guidelines speak about (codeine with paracetamol). A code that nobody was
certain of stays empty: an empty code finds nothing, a wrong one finds the wrong medicine.

Reference: RxNorm (US National Library of Medicine), https://www.nlm.nih.gov/research/umls/rxnorm;
ATC (WHO Collaborating Centre for Drug Statistics Methodology), https://atcddd.fhi.no.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from nof1.core.errors import InputError
from nof1.knowledge.base import SHIPPED, Base, listed

TABLE = "drugs.tsv"
RXNORM, ATC = "rxnorm//", "atc//"  # how codes of the event table begin, in lower case
CLASS = 5  # length of an ATC code that stands for all medicines below it


class Drug(NamedTuple):
    """One medicine, or a class that a guideline treats as one (hormonal contraceptives).

    Attributes
    ----------
    name : lower case, as in all tables of facts.
    rxnorm : RxNorm ingredient id (digits), or empty.
    atc : ATC codes; one of five letters (``G03AA``) stands for all codes below it.
    synonyms : other names, lower case.
    """

    name: str
    rxnorm: str
    atc: tuple[str, ...]
    synonyms: tuple[str, ...]


@functools.cache
def drugs(base: Base = SHIPPED) -> Mapping[str, Drug]:
    """All medicines by name.

    Raises
    ------
    InputError : two rows share a name, a synonym or a code: nothing would be certain.
    """
    rows = base.rows(TABLE)
    made = {
        row["name"]: Drug(row["name"], row["rxnorm"], listed(row["atc"]), listed(row["synonyms"]))
        for row in rows
    }
    if len(made) < len(rows):
        raise InputError("Two rows have the same name.", where=f"knowledge/{TABLE}")
    return MappingProxyType(made)


@functools.lru_cache(maxsize=8192)  # names and codes come again with every patient
def find(code_or_name: str, base: Base = SHIPPED) -> Drug | None:
    """The medicine of an event code or a name, whatever its case; None when nobody knows it.

    >>> find("RxNorm//32968").name, find("ATC//B01AC04").name, find("Clopidogrel").name
    ('clopidogrel', 'clopidogrel', 'clopidogrel')
    >>> find("rifampicin").name, find("ATC//G03AA07").name, find("no such thing")
    ('rifampin', 'hormonal contraceptives for systemic use', None)

    Raises
    ------
    InputError : the table is damaged.
    """
    wanted, index = plain(code_or_name), _index(base)
    if wanted.startswith(ATC) and wanted not in index:
        return index.get(wanted[: len(ATC) + CLASS])
    return index.get(wanted)


@functools.cache
def _index(base: Base) -> dict[str, Drug]:
    """Every name, synonym and code -> its medicine."""
    found: dict[str, Drug] = {}
    for drug in drugs(base).values():
        codes = [RXNORM + drug.rxnorm] if drug.rxnorm else []
        names = [drug.name, *drug.synonyms]
        for key in map(plain, [*names, *codes, *(ATC + code for code in drug.atc)]):
            if found.setdefault(key, drug) is not drug:
                raise InputError(
                    f"Two medicines share {key!r}.",
                    where=f"knowledge/{TABLE}, {found[key].name} and {drug.name}",
                    next_step="Leave it with the medicine it belongs to.",
                )
    return found


def plain(text: str) -> str:
    """Lower case, single spaces, straight apostrophes."""
    return " ".join(text.replace("’", "'").lower().split())
