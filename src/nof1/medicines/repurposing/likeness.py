"""What makes two medicines or two diseases alike without looking at their uses.

- *Name*: international names end in a stem that tells the class (``-sartan``, ``-pril``; WHO, "The
  use of stems in the selection of International Nonproprietary Names"). No list of stems is kept:
  equal endings of four letters or more count, the longer the more, up to six. Some equal endings
  mean nothing (``-amine``). The model does not use it; the judge does, to hide whole classes.
- *Structure*: Tanimoto similarity of Morgan fingerprints, from a table that the user supplies.
- *Targets*: a shared one, from a table that the user supplies.
- *Chapter*: two diseases of one chapter of ICD-10-CM.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.indications import diseases as known_diseases

SHORTEST_STEM, LONGEST_STEM = 4, 6  # letters
# The first category of each chapter of ICD-10-CM (those of diseases), with what it is about.
CHAPTERS = {
    "A00": "infections",
    "C00": "tumours",
    "D50": "blood and immune system",
    "E00": "hormones, nutrition, metabolism",
    "F01": "mental and behavioural disorders",
    "G00": "nervous system",
    "H00": "eye",
    "H60": "ear",
    "I00": "heart and vessels",
    "J00": "lungs and airways",
    "K00": "digestive system",
    "L00": "skin",
    "M00": "muscles, bones, joints",
    "N00": "kidneys, urinary and sexual organs",
    "O00": "pregnancy and childbirth",
    "P00": "newborns",
    "Q00": "malformations",
    "R00": "symptoms",
}
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Likeness:
    """How alike medicines (m, m) and diseases (d, d) are: 0 not at all, 1 fully; 0 on a diagonal.

    ``structures`` and ``targets`` are None where no table was supplied.
    """

    stems: Floats
    chapters: Floats
    structures: Floats | None = None
    targets: Floats | None = None


def stems(medicines: Sequence[str]) -> Floats:
    """Equal endings of the first words of the names: letters / 6, from 4 letters on, at most 1."""
    words = [name.split()[0] for name in medicines]
    found = np.zeros((len(words), len(words)))
    for letters in range(SHORTEST_STEM, LONGEST_STEM + 1):
        ends = np.array([word[-letters:] if len(word) > letters else "" for word in words])
        same = (ends[:, None] == ends[None, :]) & (ends != "")[:, None]
        found[same] = letters / LONGEST_STEM
    np.fill_diagonal(found, 0)
    return found


def stem(first: str, second: str) -> str:
    """The ending that two names share, as far as it counts: ``sartan``."""
    one, other = first.split()[0], second.split()[0]
    fits = [n for n in range(1, LONGEST_STEM + 1) if one[-n:] == other[-n:]]
    return one[-max(fits, default=0) :] if max(fits, default=0) >= SHORTEST_STEM else ""


def chapters_of(disease: str, base: Base = SHIPPED) -> frozenset[str]:
    """What the chapters of a disease's ICD-10-CM codes are about; none without a code."""
    codes = known_diseases(base)[disease].icd10cm
    return frozenset(
        CHAPTERS[max(start for start in CHAPTERS if start <= code[:3])] for code in codes
    )


def chapters(names: Sequence[str], base: Base = SHIPPED) -> Floats:
    """1 where two diseases have a chapter in common."""
    sets = [chapters_of(name, base) for name in names]
    found = np.array([[float(bool(one & other)) for other in sets] for one in sets])
    np.fill_diagonal(found, 0)
    return found


def structures(medicines: Sequence[str], smiles: Mapping[str, str]) -> Floats:
    """Tanimoto similarity (m, m) of Morgan fingerprints; 0 where a structure is not known.

    ``smiles`` : medicine -> SMILES as ``chemistry.molecules.standardise`` gives it.

    Raises
    ------
    MissingExtra : RDKit is not installed (extra ``drugs``).
    """
    from nof1.medicines.chemistry.fingerprints import morgan, tanimoto

    found = np.zeros((len(medicines), len(medicines)))
    known = [number for number, name in enumerate(medicines) if name in smiles]
    if known:
        bits = morgan([smiles[medicines[number]] for number in known])
        found[np.ix_(known, known)] = tanimoto(bits, bits)
    np.fill_diagonal(found, 0)
    return found


def targets(medicines: Sequence[str], of: Mapping[str, frozenset[str]]) -> Floats:
    """1 where two medicines have a target in common; 0 also where targets are not known."""
    sets = [of.get(name, frozenset()) for name in medicines]
    found = np.array([[float(bool(one & other)) for other in sets] for one in sets])
    np.fill_diagonal(found, 0)
    return found
