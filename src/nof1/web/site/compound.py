"""``/compounds/{compound}``: one molecule: what every model says, its alerts, and why by atom.

The name in the address is the molecule's SMILES (``compounds_shelf.identifier``), so the address
gives the page again. Which atoms speak for an answer takes longer; it has an address of its own and
comes into the page when it is ready.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response

from nof1.core.errors import InputError, UsageError
from nof1.web.access import guard
from nof1.web.site import compounds_shelf as shelf
from nof1.web.site.compounds_shown import HYPOTHESIS, KIND, ZONES, image, said
from nof1.web.site.house import House
from nof1.web.site.later import later, waiting
from nof1.web.site.page import HEADERS, Page, part, show

PATIENCE_S = 0.1
MOST_ATOMS = 120  # heavy atoms of a molecule that is explained: each is hidden once


def add(app: FastAPI, house: House) -> None:
    """Put the pages into the application."""

    @app.get("/compounds/{compound}", include_in_schema=False)
    @guard.needs("read", KIND)
    def one(request: Request, compound: str) -> Response:
        """One molecule."""
        smiles = shelf.smiles_of(compound)
        version = _version(house)
        made = later(house, ("compound", smiles), lambda: told(house, smiles), version, PATIENCE_S)
        if made is None:
            return waiting(request, house, "Compound", "The models are being asked.", "compounds",
                           (("Compounds", "/compounds"),))  # fmt: skip
        explain = request.query_params.get("explain", "")
        why = explained(house, smiles, explain) if explain else None
        return show(request, house, page(compound, made, why))

    @app.get("/compounds/{compound}/atoms", include_in_schema=False)
    @guard.needs("read", KIND)
    def atoms(request: Request, compound: str, explain: str = "") -> Response:
        """Which atoms speak for an answer, as a part of the page."""
        why = explained(house, shelf.smiles_of(compound), explain)
        if request.query_params.get("format") == "json":
            made = {"schema": "nof1/web-compound-atoms/1", **why}
            made.pop("image")
            return Response(json.dumps(made), 200, dict(HEADERS), "application/json")
        return part(request, "compound-atoms", {"why": why})


def _version(house: House) -> tuple[tuple[str, int], ...]:
    """Answers are worked out anew when a model is trained."""
    return tuple((one.name, one.version) for one in shelf.models(house)[0])


def told(house: House, smiles: str) -> dict[str, Any]:
    """Everything about a molecule but why: standardised, drawn, its alerts, every model's answer.

    Raises
    ------
    InputError : it cannot be used.
    """
    from nof1.medicines.chemistry.molecules import standardise
    from nof1.medicines.library.liabilities import look

    done = standardise([smiles])
    if done.molecules[0] is None:
        raise InputError(
            f"This molecule cannot be used: {done.problems[0]}.", where="SMILES",
            allowed="the SMILES of one organic molecule", next_step="Check it and ask again.",
        )  # fmt: skip
    plain = str(done.smiles[0])
    stored, wrong = shelf.models(house)
    return {
        "smiles": plain,
        "given": smiles,
        "notes": list(done.notes[0]),
        "atoms": done.molecules[0].GetNumAtoms(),
        "liabilities": look([plain])[0].to_dict(),
        "models": [_asked(house, one, plain, done.molecules[0]) for one in stored],
        "left_out": wrong,
    }


def _asked(house: House, one: shelf.Stored, smiles: str, molecule: Any) -> dict[str, Any]:
    """What one model says."""
    from nof1.medicines.properties.answers import to_dict

    model = shelf.property_model(house, one.name)
    found = to_dict(model.predict([smiles], [molecule])[0])
    kinds = {label.name: label.kind for label in model.labels}
    return {
        "name": one.name, "version": one.version, "domain": found["domain"],
        "answers": {name: shelf.answer(found["answers"][name], kind)
                    for name, kind in kinds.items()},
        "kinds": kinds, "source": one.card["source"],
    }  # fmt: skip


def explained(house: House, smiles: str, explain: str) -> dict[str, Any]:
    """Which atoms speak for one answer.

    Parameters
    ----------
    explain : ``MODEL:LABEL``.

    Raises
    ------
    UsageError : there is no such model or label, the answer is withheld, or the molecule is too
        large. InputError : it cannot be used.
    """
    name, _, label = explain.partition(":")
    model = shelf.property_model(house, name[:100])
    labels = [one.name for one in model.labels]
    if label not in labels:
        raise UsageError("The model has no such label.", where="explain",
                         allowed=[f"{name}:{one}" for one in labels])  # fmt: skip
    key = ("atoms", smiles, explain)
    return house.kept(key, lambda: _why(house, smiles, name, label), _version(house))


def _why(house: House, smiles: str, name: str, label: str) -> dict[str, Any]:
    from nof1.medicines.chemistry.molecules import parse
    from nof1.medicines.properties import explain

    model = shelf.property_model(house, name)
    number = [one.name for one in model.labels].index(label)
    about = told(house, smiles)
    answered = next(one for one in about["models"] if one["name"] == name)["answers"][label]
    if answered["value"] is None:
        raise UsageError("This answer is withheld, so there is nothing to explain.",
                         where="explain")  # fmt: skip
    if about["atoms"] > MOST_ATOMS:
        raise UsageError("The molecule is too large to be explained here.", where="explain",
                         allowed=f"{MOST_ATOMS} heavy atoms")  # fmt: skip
    molecule: Any = parse(about["smiles"])
    parts = explain.contributions(model, molecule, number)
    svg = explain.drawing(molecule, parts, "")
    symbols = [atom.GetSymbol() for atom in molecule.GetAtoms()]
    order = sorted(range(len(parts)), key=lambda atom: -abs(parts[atom]))
    return {
        "model": name, "label": label, "smiles": about["smiles"],
        "image": f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}",
        "strongest": explain.strongest(molecule, parts),
        "atoms": [
            {"atom": atom + 1, "element": symbols[atom], "contribution": float(parts[atom])}
            for atom in order
        ],
    }  # fmt: skip


def page(compound: str, made: Mapping[str, Any], why: Mapping[str, Any] | None) -> Page:
    """The page of a molecule."""
    models = [_model(one, compound) for one in made["models"]]
    open_ = [each for one in models for each in one["said"] if each["explain"]]
    flat = [
        {
            "model": one["name"], "version": one["version"], "label": name,
            "low": each["low"], "high": each["high"], "value": each["value"],
            "withheld": each["withheld"] or "", "zone": one["domain"]["zone"],
            "similarity": one["domain"]["similarity"], "nearest": one["domain"]["neighbour"] or "",
        }
        for one in made["models"]
        for name, each in one["answers"].items()
    ]  # fmt: skip
    plain = None if why is None else {key: one for key, one in why.items() if key != "image"}
    tables = {"answers": flat} | ({} if why is None else {"atoms": why["atoms"]})
    return Page(
        template="compound",
        title="Compound",
        context={
            "hypothesis": HYPOTHESIS, "made": made, "image": image(made["smiles"]),
            "models": models, "why": why, "compound": compound,
            "first": open_[0]["explain"] if open_ else None, "choices": open_,
            "explainable": made["atoms"] <= MOST_ATOMS, "most_atoms": MOST_ATOMS,
        },
        data={"schema": "nof1/web-compound/1", **made, "why": plain},
        tables=tables,
        data_date=", ".join(f"model {one['name']}, version {one['version']}" for one in models)
        or "no model yet",
        here="compounds",
        trail=(("Compounds", "/compounds"),),
        styles=("compounds.css",),
    )  # fmt: skip


def _model(one: Mapping[str, Any], compound: str) -> dict[str, Any]:
    sign, word = ZONES[one["domain"]["zone"]]
    near = one["domain"]["neighbour"]
    return {
        **one, "sign": sign, "word": word,
        "nearest_image": None if near is None else image(near),
        "nearest_address": f"/compounds/{shelf.identifier(near)}"
        if near and len(near) <= shelf.LONGEST else None,
        "said": [
            {**said(name, each, _axis(each)),
             "explain": f"{one['name']}:{name}" if each["value"] is not None else None}
            for name, each in one["answers"].items()
        ],
    }  # fmt: skip


def _axis(one: Mapping[str, Any]) -> tuple[float, float]:
    """An axis a little wider than the interval; a probability's from 0 to 1."""
    if one["low"] is None:
        return 0.0, 1.0
    wide = max(one["high"] - one["low"], 1e-9)
    return one["low"] - 0.25 * wide, one["high"] + 0.25 * wide
