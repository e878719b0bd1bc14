"""RDKit (extra ``drugs``), fetched in one place and kept from writing to the terminal."""

from __future__ import annotations

from typing import Any

from nof1.core.extras import require

Chem: Any = require("rdkit.Chem", "drugs")
DataStructs: Any = require("rdkit.DataStructs", "drugs")
rdBase: Any = require("rdkit.rdBase", "drugs")
rdFingerprintGenerator: Any = require("rdkit.Chem.rdFingerprintGenerator", "drugs")
rdMolDescriptors: Any = require("rdkit.Chem.rdMolDescriptors", "drugs")
rdMolStandardize: Any = require("rdkit.Chem.MolStandardize.rdMolStandardize", "drugs")
MurckoScaffold: Any = require("rdkit.Chem.Scaffolds.MurckoScaffold", "drugs")
Draw: Any = require("rdkit.Chem.Draw.rdMolDraw2D", "drugs")

Molecule = Any  # rdkit.Chem.Mol, which has no types of its own
VERSION: str = rdBase.rdkitVersion


def quiet() -> Any:
    """A context in which RDKit's messages, which quote molecules, are not printed."""
    return rdBase.BlockLogs()
