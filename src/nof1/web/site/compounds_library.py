"""``/compounds/libraries/{name}``: what in a library is most similar to a molecule."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response

from nof1.core.errors import Nof1Error, UsageError
from nof1.web.access import guard
from nof1.web.site import compounds_shelf as shelf
from nof1.web.site.compounds_shown import HYPOTHESIS, KIND, ROWS, alerts_in, image
from nof1.web.site.house import House
from nof1.web.site.later import later, waiting
from nof1.web.site.page import Page, show


def add(app: FastAPI, house: House) -> None:
    """Put the page into the application."""

    @app.get("/compounds/libraries/{name}", include_in_schema=False)
    @guard.needs("search", KIND)
    def library(request: Request, name: str, smiles: str = "") -> Response:
        """The molecules of a library that are most similar to one."""
        made = later(house, ("library", name, smiles.strip()),
                     lambda: library_page(house, name, smiles.strip()))  # fmt: skip
        if made is None:
            return waiting(request, house, "Library", "The library is being searched.",
                           "compounds")  # fmt: skip
        return show(request, house, made)


def library_page(house: House, name: str, smiles: str) -> Page:
    """A library, and what in it is most similar to a molecule.

    Raises
    ------
    Missing : there is no such library.
    """
    from nof1.medicines.library import similarity

    opened = shelf.library(house, name)
    rows: list[dict[str, Any]] = []
    refusal: dict[str, Any] | None = None
    asked = ""
    if smiles:
        try:
            if len(smiles) > shelf.LONGEST:
                raise UsageError("The molecule is too long.", allowed=f"{shelf.LONGEST:,} letters")
            query = similarity.query(smiles)
            asked, hits = query.smiles, similarity.most(opened, query, ROWS)
            entries = opened.entries(hits.molecules.tolist())
            rows = [
                {"id": one.id, "smiles": one.smiles, "similarity": round(float(value), 4),
                 "file": one.file, "row": one.row}
                for one, value in zip(entries, hits.similarity, strict=True)
            ]  # fmt: skip
        except Nof1Error as error:
            refusal = error.to_dict()
    shown = [
        {**one, "image": image(one["smiles"]), "alerts": alerts_in(one["smiles"]),
         "address": f"/compounds/{shelf.identifier(one['smiles'])}"
         if len(one["smiles"]) <= shelf.LONGEST else None}
        for one in rows
    ]  # fmt: skip
    about = opened.about
    return Page(
        template="compound-library",
        title=f"Library: {name}",
        context={"name": name, "molecules": len(opened), "smiles": smiles, "asked": asked,
                 "rows": shown, "refusal": refusal, "hypothesis": HYPOTHESIS,
                 "files": [one["name"] for one in about["files"]]},
        data={"schema": "nof1/web-library/1", "library": name, "molecules": len(opened),
              "query": asked, "hits": rows, "refused": refusal},
        tables={"hits": rows},
        data_date=str(opened.date),
        here="compounds",
        trail=(("Compounds", "/compounds"),),
        styles=("compounds.css",),
    )  # fmt: skip
