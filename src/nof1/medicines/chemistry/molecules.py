"""Standardised molecules: parsed, the parent chosen, neutralised, written canonically - or refused.

A SMILES from a stranger becomes the canonical SMILES of one neutral organic molecule, or gets a
named problem. What was changed on the way is noted, so that nothing is dropped silently:

1. parse; at most ``MOST_CHARACTERS`` and ``MOST_ATOMS`` (a ring search in a huge cage takes hours);
2. isotope labels are removed (the properties modelled here hardly depend on them);
3. of several fragments the parent is kept: the largest with carbon that is no usual counter-ion;
4. charges that protons can balance are removed (a nitro group stays as it is);
5. metals in the parent are refused: fingerprints and models of organic molecules say nothing there.

Tautomers are *not* merged: two tautomers of one compound stay two compounds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nof1.medicines.chemistry.toolkit import Chem, Molecule, quiet, rdMolStandardize

MOST_ATOMS = 300  # heavy atoms; the largest of the public sets used here has 222
MOST_CHARACTERS = 4_000

EMPTY = "empty"
UNPARSABLE = "cannot be parsed"
LONG = f"more than {MOST_CHARACTERS:,} characters"
UNKNOWN_ATOM = "unknown atom (*)"
METAL = "metal"
NO_CARBON = "no carbon"

SALT = "salt: the counter-ion was removed"
MIXTURE = "mixture: the largest part was kept"
COPIES = "several copies of one molecule: one was kept"
CHARGE = "charge: neutralised"
ISOTOPE = "isotope label removed"

# Acids and bases that medicines are salts of, neutral and canonical: parents only when alone.
COUNTER_IONS = (
    "Cc1ccc(S(=O)(=O)O)cc1",  # tosylate
    "O=S(=O)(O)c1ccccc1",  # besylate
    "CS(=O)(=O)O",  # mesylate
    "CCS(=O)(=O)O",  # esylate
    "O=S(=O)(O)CCS(=O)(=O)O",  # edisylate
    "O=S(=O)(O)c1cccc2c(S(=O)(=O)O)cccc12",  # napadisylate
    "O=S(=O)(O)c1ccc2ccccc2c1",  # napsylate
    "CC1(C)C2CCC1(CS(=O)(=O)O)C(=O)C2",  # camsylate
    "O=C(O)c1cc2ccccc2c(Cc2c(O)c(C(=O)O)cc3ccccc23)c1O",  # pamoate
    "O=C(O)CC(O)(CC(=O)O)C(=O)O",  # citrate
    "O=C(O)C(O)C(O)C(=O)O",  # tartrate
    "O=C(O)C=CC(=O)O",  # fumarate, maleate
    "O=C(O)CCC(=O)O",  # succinate
    "O=C(O)CC(O)C(=O)O",  # malate
    "O=C(O)C(=O)O",  # oxalate
    "O=C(O)CC(=O)O",  # malonate
    "O=C(O)CCCCC(=O)O",  # adipate
    "CC(=O)O",  # acetate
    "O=CO",  # formate
    "O=C(O)C(F)(F)F",  # trifluoroacetate
    "O=S(=O)(O)C(F)(F)F",  # triflate
    "CC(O)C(=O)O",  # lactate
    "O=C(O)C(O)C(O)C(O)C(O)CO",  # gluconate
    "O=C(O)c1ccccc1",  # benzoate
    "COS(=O)(=O)O",  # methyl sulfate
    "CNCC(O)C(O)C(O)C(O)CO",  # meglumine
    "NC(CO)(CO)CO",  # tromethamine
    "CCN(CC)CC",  # triethylamine
    "OCCN(CCO)CCO",  # trolamine
    "NCCO",  # olamine
    "CCO",  # solvents that crystals hold
    "CO",
    "CC(C)O",
    "CC(C)=O",
    "CC#N",
    "CS(C)=O",
    "CN(C)C=O",
    "ClCCl",
    "c1ccncc1",
    "C1COCCO1",
    "C1CCOC1",
)
NON_METALS = frozenset(
    (1, 2, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 33, 34, 35, 36, 52, 53, 54, 85, 86)
)
_ISOTOPE = re.compile(r"\[\d")
_HYDROGEN = re.compile(r"\[\d*H")
_PRINTABLE = re.compile(r"[!-~]+")
_CARBON = re.compile(r"C(?!l)|c")
_SPECIAL = re.compile(r"[\[*.]")
_STEREO = re.compile(r"[@/\\]")


@dataclass(frozen=True)
class Standardised:
    """What became of each input; every sequence has one entry for each.

    Attributes
    ----------
    smiles : canonical SMILES of the neutral parent, or None when the input cannot be used.
    problems : why it cannot be used, or None.
    notes : what was changed, possibly nothing.
    molecules : the RDKit molecules, or None; for fingerprints and descriptors without parsing
    again.
    """

    smiles: list[str | None]
    problems: list[str | None]
    notes: list[tuple[str, ...]]
    molecules: list[Molecule | None]

    @property
    def keys(self) -> list[str | None]:
        """What two inputs of the same compound share: the canonical SMILES, stereo included."""
        return self.smiles

    def usable(self) -> list[int]:
        """Positions of the inputs that can be used, ascending."""
        return [number for number, smiles in enumerate(self.smiles) if smiles is not None]

    def counts(self) -> dict[str, int]:
        """How many inputs had each problem and each note, most frequent first."""
        found = Counter(problem for problem in self.problems if problem)
        found.update(note for notes in self.notes for note in notes)
        return dict(found.most_common())


def standardise(smiles: Sequence[str | None], *, most_atoms: int = MOST_ATOMS) -> Standardised:
    """Standardise many SMILES; nothing is raised for a bad one.

    Parameters
    ----------
    smiles : text after the first blank counts as the molecule's name and is not looked at.
    most_atoms : most heavy atoms of the parent.

    >>> done = standardise(["CC(=O)[O-].[Na+]", "C1CC", "[Fe]"])
    >>> done.smiles, done.problems
    (['CC(=O)O', None, None], [None, 'cannot be parsed', 'metal'])
    """
    with quiet():
        done = [_one(text, most_atoms) for text in smiles]
    return Standardised(
        [Chem.MolToSmiles(one) if isinstance(one, Chem.Mol) else None for one, _ in done],
        [None if isinstance(one, Chem.Mol) else one for one, _ in done],
        [notes for _, notes in done],
        [one if isinstance(one, Chem.Mol) else None for one, _ in done],
    )


def parse(text: str) -> Molecule | None:
    """One SMILES as RDKit's sanitised molecule without explicit hydrogens; None when it is none.

    Stereo and hydrogens are worked on only where the text has them: twice as fast as
    ``MolFromSmiles`` with its defaults, and the same molecule.
    """
    molecule = Chem.MolFromSmiles(text, _parameters()) if _PRINTABLE.fullmatch(text) else None
    if molecule is None or Chem.SanitizeMol(molecule, catchErrors=True):
        return None
    if _HYDROGEN.search(text):
        molecule = Chem.RemoveHs(molecule)
    if _STEREO.search(text):
        Chem.AssignStereochemistry(molecule, cleanIt=True, force=True)
    return molecule


def parse_standard(smiles: str) -> Molecule:
    """A molecule for fingerprints from SMILES that ``standardise`` gave: fast, nothing is checked.

    Aromatic atoms are taken as they are written, so this is only for canonical SMILES.
    """
    molecule = Chem.MolFromSmiles(smiles, _parameters())
    molecule.UpdatePropertyCache(False)
    Chem.FastFindRings(molecule)
    return molecule


def _one(text: str | None, most_atoms: int) -> tuple[Molecule | str, tuple[str, ...]]:
    """The molecule or its problem, and what was changed."""
    parts = (text or "")[: MOST_CHARACTERS + 1].split(maxsplit=1)
    if not parts:
        return EMPTY, ()
    if len(parts[0]) > MOST_CHARACTERS:
        return LONG, ()
    molecule = parse(parts[0])
    if molecule is None:
        return UNPARSABLE, ()
    notes: list[str] = []
    if _ISOTOPE.search(parts[0]):
        molecule = _without_isotopes(molecule, notes)
    if "." in parts[0]:
        molecule = _parent(molecule, notes)
    problem = _problem(molecule, most_atoms, parts[0])
    if problem is None and ("+" in parts[0] or "-" in parts[0]):
        molecule = _neutral(molecule, notes)
    if problem is None and notes:  # a changed molecule is read anew: rings, stereo, hydrogens
        molecule = parse(Chem.MolToSmiles(molecule))
        problem = None if molecule is not None else UNPARSABLE
    return (problem or molecule), tuple(notes)


def _problem(molecule: Molecule, most_atoms: int, text: str) -> str | None:
    if molecule.GetNumAtoms() > most_atoms:
        return f"more than {most_atoms:,} atoms"
    if _CARBON.search(text) and not _SPECIAL.search(text):
        return None  # the common case: only atoms of the organic subset, in one piece
    elements = {atom.GetAtomicNum() for atom in molecule.GetAtoms()}
    if 0 in elements:
        return UNKNOWN_ATOM
    if elements - NON_METALS:
        return METAL
    return None if 6 in elements else NO_CARBON


def _without_isotopes(molecule: Molecule, notes: list[str]) -> Molecule:
    for atom in molecule.GetAtoms():
        atom.SetIsotope(0)
    notes.append(ISOTOPE)
    return Chem.RemoveHs(molecule)


def _parent(molecule: Molecule, notes: list[str]) -> Molecule:
    """The largest organic fragment that is no usual counter-ion; else the largest of all."""
    pieces = list(Chem.GetMolFrags(molecule, asMols=True, sanitizeFrags=False))
    if len(pieces) == 1:
        return pieces[0]
    ranked = sorted(((_rank(piece), piece) for piece in pieces), key=lambda pair: pair[0])
    parent = ranked[-1][1]
    text = Chem.MolToSmiles(parent)
    others = [piece for _, piece in ranked[:-1] if Chem.MolToSmiles(piece) != text]
    if any(_rank(piece)[:2] == (True, True) for piece in others):
        notes.append(MIXTURE)
    elif others:
        notes.append(SALT)
    else:
        notes.append(COPIES)
    return parent


def _rank(piece: Molecule) -> tuple[bool, bool, int, float, str]:
    """Order of fragments: organic before not, no counter-ion before one, large before small."""
    organic = any(atom.GetAtomicNum() == 6 for atom in piece.GetAtoms())
    neutral = _uncharger().uncharge(piece) if organic else piece
    flat = Chem.MolToSmiles(neutral, isomericSmiles=False)
    weight = sum(atom.GetMass() for atom in piece.GetAtoms())
    return organic, flat not in _counter_ions(), piece.GetNumAtoms(), weight, flat


def _neutral(molecule: Molecule, notes: list[str]) -> Molecule:
    """Charges that protons can balance, balanced; other charges stay."""
    before = [atom.GetFormalCharge() for atom in molecule.GetAtoms()]
    if not any(before):
        return molecule
    neutral = _uncharger().uncharge(molecule)
    if [atom.GetFormalCharge() for atom in neutral.GetAtoms()] != before:
        notes.append(CHARGE)
    return neutral


@lru_cache(maxsize=1)
def _parameters() -> Any:
    found = Chem.SmilesParserParams()
    found.sanitize, found.removeHs, found.allowCXSMILES = False, False, False
    return found


@lru_cache(maxsize=1)
def _uncharger() -> Any:
    return rdMolStandardize.Uncharger()


@lru_cache(maxsize=1)
def _counter_ions() -> frozenset[str]:
    return frozenset(Chem.CanonSmiles(text, useChiral=0) for text in COUNTER_IONS)
