"""Molecules as 2-D drawings: SVG text, drawn by RDKit, nothing fetched."""

from __future__ import annotations

from nof1.medicines.chemistry.molecules import parse
from nof1.medicines.chemistry.toolkit import Draw, quiet

WIDTH, HEIGHT = 260, 180


def drawing(smiles: str, width: int = WIDTH, height: int = HEIGHT) -> str:
    """One molecule as an SVG element of ``width`` by ``height`` pixels, on white."""
    with quiet():
        canvas = Draw.MolDraw2DSVG(width, height)
        Draw.PrepareAndDrawMolecule(canvas, parse(smiles))
        canvas.FinishDrawing()
    text: str = canvas.GetDrawingText()
    return text[text.index("<svg") :].strip()
