"""Which atoms speak for the prediction: one atom hidden at a time, and a drawing of the effect.

An atom is replaced by an atom of no element, so that its fingerprint surroundings, its share of
log P and its surface vanish, and the prediction is made again; the drop is the atom's contribution
(Sheridan, J. Chem. Inf. Model. 59 (2019) 1324). Contributions do not add up to the prediction, and
say what the model uses, not what is true in the flask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.medicines.chemistry.molecules import standardise
from nof1.medicines.chemistry.toolkit import Chem, Draw, Molecule, quiet
from nof1.medicines.properties.features import raw
from nof1.medicines.properties.model import PropertyModel

RAISES = (0.0, 0.447, 0.698)  # Okabe-Ito blue
LOWERS = (0.835, 0.369, 0.0)  # Okabe-Ito vermillion
WIDTH, HEIGHT = 480, 380
FAINT = 0.15  # of the largest contribution; below it an atom stays white


def contributions(model: PropertyModel, molecule: Molecule, label: int) -> NDArray[np.float64]:
    """(atoms,) what each heavy atom adds to the prediction, in the label's unit or probability."""
    hidden = [_without(molecule, atom) for atom in range(molecule.GetNumAtoms())]
    table = model.columns.table(raw([molecule, *hidden], electronic=model.columns.electronic > 0))
    values = model.fitted[label].predict(table)
    found: NDArray[np.float64] = values[0] - values[1:]
    return found


def drawing(molecule: Molecule, parts: NDArray[np.float64], legend: str) -> str:
    """An SVG of the molecule: blue atoms raise the prediction, orange ones lower it.

    Colour is not the only sign: the strongest atoms carry their signed contribution as a number.
    """
    strongest = float(np.abs(parts).max(initial=0.0)) or 1.0
    colours = {
        atom: _colour(value / strongest)
        for atom, value in enumerate(parts)
        if abs(value) >= FAINT * strongest
    }
    shown = Chem.Mol(molecule)
    for atom in np.argsort(-np.abs(parts))[:5].tolist():
        if atom in colours:
            shown.GetAtomWithIdx(atom).SetProp("atomNote", f"{parts[atom]:+.2g}")
    with quiet():
        canvas = Draw.MolDraw2DSVG(WIDTH, HEIGHT)
        options = canvas.drawOptions()
        options.useBWAtomPalette()
        options.legendFontSize = 14
        options.annotationFontScale = 0.7
        Draw.PrepareAndDrawMolecule(
            canvas,
            shown,
            legend=legend,
            highlightAtoms=list(colours),
            highlightAtomColors=colours,
            highlightBonds=[],
        )
        canvas.FinishDrawing()
    text: str = canvas.GetDrawingText()
    return text


def strongest(molecule: Molecule, parts: NDArray[np.float64], most: int = 5) -> list[str]:
    """The strongest atoms in words, for the text beside the drawing."""
    found = []
    for atom in np.argsort(-np.abs(parts), kind="stable")[:most].tolist():
        symbol = molecule.GetAtomWithIdx(atom).GetSymbol()
        found.append(f"atom {atom + 1} ({symbol}) {parts[atom]:+.3g}")
    return found


def drawn(model: PropertyModel, one: Mapping[str, Any], label: int) -> dict[str, Any]:
    """``drawing`` (SVG) and ``strongest`` atoms of a prediction; none where it is withheld.

    Parameters
    ----------
    one : a prediction as ``answers.to_dict`` gives it.
    """
    silent: dict[str, Any] = {"drawing": None, "strongest": []}
    if one["answers"][model.labels[label].name]["value"] is None:
        return silent
    molecule = standardise([one["smiles"]]).molecules[0]
    if molecule is None:
        return silent
    parts = contributions(model, molecule, label)
    return {"drawing": drawing(molecule, parts, ""), "strongest": strongest(molecule, parts)}


def _without(molecule: Molecule, atom: int) -> Molecule:
    hidden = Chem.RWMol(molecule)
    one = hidden.GetAtomWithIdx(atom)
    one.SetAtomicNum(0)
    one.SetFormalCharge(0)
    hidden.ClearComputedProps(includeRings=False)
    hidden.UpdatePropertyCache(strict=False)
    return hidden


def _colour(share: float) -> tuple[float, ...]:
    """White to blue for 0 to 1, white to orange for 0 to -1."""
    end: Sequence[float] = RAISES if share > 0 else LOWERS
    strength = 0.2 + 0.6 * min(abs(share), 1.0)
    return tuple(1 - strength * (1 - part) for part in end)
