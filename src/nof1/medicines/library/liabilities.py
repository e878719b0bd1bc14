"""What speaks against a compound before anything is made or bought.

- PAINS: shows up in many assays for the wrong reason (Baell & Holloway, J. Med. Chem. 53 (2010)
  2719), and Brenk: unwanted groups (Brenk et al., ChemMedChem 3 (2008) 435); RDKit's catalogues;
- Lipinski: two or more of molecular weight > 500, logP > 5, donors > 5, acceptors > 10 (Lipinski et
  al., Adv. Drug Deliv. Rev. 23 (1997) 3): often not absorbed;
- synthesis: a synthetic accessibility above 6 of 10 (Ertl & Schuffenhauer, J. Cheminform. 1 (2009)
  8): hard to make. RDKit's own scorer with the table that comes with it.

The quantitative estimate of drug-likeness (QED, 0 to 1, higher is better; Bickerton et al., Nat.
Chem. 4 (2012) 90) is shown beside them and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from nof1.core.errors import MissingExtra
from nof1.core.extras import require
from nof1.medicines.chemistry.molecules import parse
from nof1.medicines.chemistry.toolkit import quiet, rdMolDescriptors

KINDS = ("pains", "brenk", "lipinski", "synthesis")
HARD_TO_MAKE = 6.0
MOST_VIOLATIONS = 1
WORDS = {
    "pains": "PAINS alert",
    "brenk": "Brenk alert",
    "lipinski": "Lipinski: two or more violations",
    "synthesis": f"synthetic accessibility above {HARD_TO_MAKE:g}",
}


@dataclass(frozen=True)
class Liabilities:
    """What was found in one compound.

    Parameters
    ----------
    found : kinds, of ``KINDS``. alerts : names of the PAINS and Brenk alerts.
    weight : g/mol. logp : Crippen's. violations : of Lipinski's four rules.
    qed : 0 to 1, higher is more like known medicines; None when it could not be calculated.
    synthesis : 1 (easy) to 10 (hard); None when RDKit came without the scorer.
    """

    found: tuple[str, ...]
    alerts: tuple[str, ...]
    weight: float
    logp: float
    violations: int
    qed: float | None
    synthesis: float | None

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "liabilities": list(self.found),
            "alerts": list(self.alerts),
            "weight": round(self.weight, 2),
            "logp": round(self.logp, 2),
            "lipinski_violations": self.violations,
            "qed": None if self.qed is None else round(self.qed, 3),
            "synthesis": None if self.synthesis is None else round(self.synthesis, 2),
        }


def look(smiles: Iterable[str]) -> list[Liabilities]:
    """The liabilities of standardised molecules."""
    with quiet():
        return [_look(parse(one)) for one in smiles]


def checked_kinds() -> tuple[str, ...]:
    """The kinds that can be looked at here: without RDKit's scorer not ``synthesis``."""
    return KINDS if _scorer() is not None else KINDS[:-1]


def _look(molecule: Any) -> Liabilities:
    alerts = {kind: _alerts(kind, molecule) for kind in ("pains", "brenk")}
    weight = float(rdMolDescriptors._CalcMolWt(molecule))
    logp = float(rdMolDescriptors.CalcCrippenDescriptors(molecule)[0])
    broken = (
        weight > 500,
        logp > 5,
        rdMolDescriptors.CalcNumLipinskiHBD(molecule) > 5,
        rdMolDescriptors.CalcNumLipinskiHBA(molecule) > 10,
    )
    made = None if _scorer() is None else float(_scorer().calculateScore(molecule))
    found = [kind for kind, names in alerts.items() if names]
    found += ["lipinski"] if sum(broken) > MOST_VIOLATIONS else []
    found += ["synthesis"] if made is not None and made > HARD_TO_MAKE else []
    names = tuple(name for some in alerts.values() for name in some)
    return Liabilities(tuple(found), names, weight, logp, sum(broken), _qed(molecule), made)


def _qed(molecule: Any) -> float | None:
    try:
        return float(require("rdkit.Chem.QED", "drugs").qed(molecule))
    except (ValueError, RuntimeError, ZeroDivisionError):
        return None


def _alerts(kind: str, molecule: Any) -> Sequence[str]:
    matches = _catalogue(kind).GetMatches(molecule)
    return [f"{kind}: {one.GetDescription()}" for one in matches]


@cache
def _catalogue(kind: str) -> Any:
    catalogues = require("rdkit.Chem.FilterCatalog", "drugs")
    settings = catalogues.FilterCatalogParams()
    settings.AddCatalog(getattr(settings.FilterCatalogs, kind.upper()))
    return catalogues.FilterCatalog(settings)


@cache
def _scorer() -> Any:
    try:
        return require("rdkit.Contrib.SA_Score.sascorer", "drugs")
    except MissingExtra:
        return None
