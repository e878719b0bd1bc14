"""The domain: strangers are told from relatives, and the reason is said."""

import pytest

pytest.importorskip("rdkit", reason="needs the extra drugs (rdkit)")

from nof1.medicines.chemistry.molecules import standardise
from nof1.medicines.properties.compounds import Compounds
from nof1.medicines.properties.domain import Domain

TRAINING = ["c1ccccc1CCO", "c1ccccc1CCN", "c1ccccc1CCC", "CCCCO", "c1ccncc1CC(=O)O"]


@pytest.mark.parametrize(
    ("smiles", "zone", "reason"),
    [
        ("c1ccccc1CCO", "inside", "1.00, scaffold seen"),
        ("c1ccccc1CCCO", "inside", "scaffold seen"),
        ("c1ccccc1COC1CC1", "edge", "scaffold new"),
        ("O=S1(=O)NC2CC1C2", "outside", "no compound with S"),
        ("C1CC1(C#N)N1CC1", "outside", "scaffold new"),
        ("c1ccccc1CCCCCCCCCCCCCCCCCCCC", "outside", "molecular weight"),
    ],
)
def test_verdicts(smiles, zone, reason):
    domain = Domain.of(Compounds.of(standardise(TRAINING).molecules).shape)
    verdict = domain.judge(Compounds.of(standardise([smiles]).molecules).shape)[0]
    assert verdict.zone == zone
    assert reason in verdict.reason
    stored = Domain.from_dict(domain.to_dict(), domain.prints)
    assert stored.judge(Compounds.of(standardise([smiles]).molecules).shape)[0] == verdict
