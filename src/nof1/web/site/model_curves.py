"""The curves of a glass box, one at a time: a model has hundreds, and a reader looks at one."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from nof1.learn.shapes import Term
from nof1.pictures.views import model as view
from nof1.predict.edit import planes_with
from nof1.predict.proposals import Person, Proposal
from nof1.predict.review import feature_words
from nof1.web.site.addresses import model_address
from nof1.web.site.drawn import settled
from nof1.web.site.house import House
from nof1.web.site.model_shelf import Stored
from nof1.web.site.page import Missing


def address(found: Stored, column: str) -> str:
    """The page of one curve."""
    return f"{model_address(found.name, found.version)}/curves/{quote(column, safe='')}"


def shown(found: Stored, asked: str) -> str:
    """The column whose curve is shown: the one asked for, else the weightiest.

    Raises
    ------
    Missing : the model has no such curve.
    """
    columns = [column for column, _, _ in found.single]
    if asked and asked not in columns:
        raise Missing("The model has no curve of this feature.", "Choose one from the list.")
    return asked or (columns[0] if columns else "")


def top(found: Stored, chosen: str, most: int) -> list[dict[str, Any]]:
    """The weightiest curves for the chooser, and the chosen one wherever it stands."""
    rows = [_row(found, place) for place in range(len(found.single))]
    return [one for place, one in enumerate(rows) if place < most or one["column"] == chosen]


def _row(found: Stored, place: int) -> dict[str, Any]:
    column, words, term = found.single[place]
    heaviest = found.single[0][2].importance or 1.0
    return {
        "column": column, "words": words, "importance": term.importance,
        "share": term.importance / heaviest, "place": place + 1,
        "link": f"{model_address(found.name, found.version)}?curve={quote(column, safe='')}",
        "address": address(found, column),
    }  # fmt: skip


def listed(found: Stored) -> list[dict[str, Any]]:
    """All curves, the weightiest first: column, words, importance, people."""
    return [
        {"column": column, "feature": words, "importance": round(term.importance, 6),
         "people": int(term.counts.sum())}
        for column, words, term in found.single
    ]  # fmt: skip


def term_of(found: Stored, column: str) -> tuple[str, Term]:
    """(words, curve) of a column; Missing when it has none."""
    for name, words, term in found.single:
        if name == column:
            return words, term
    raise Missing("The model has no curve of this feature.", "Choose one from the list of curves.")


def one(house: House, found: Stored, column: str) -> dict[str, Any]:
    """The picture of one curve and where its own page is; empty without a curve."""
    if not column:
        return {"curve": None}
    words, term = term_of(found, column)
    picture = house.kept(
        ("curve", found.name, found.version, column),
        lambda: settled(view.curve(plain(term), words)),
        found.mark,
    )
    assert found.shapes is not None
    return {
        "curve": {
            "picture": picture, "column": column, "words": words,
            "address": address(found, column), "planes": planes_with(found.shapes, column),
            "link": f"{model_address(found.name, found.version)}?curve={quote(column, safe='')}",
        }
    }  # fmt: skip


def plain(term: Term) -> dict[str, Any]:
    """A curve as ``nof1/shapes/1`` writes it, without its bags."""
    return {
        "cuts": [edges.tolist() for edges in term.cuts],
        "scores": term.scores.tolist(),
        "standard_errors": term.standard_errors.tolist(),
        "counts": [int(one) for one in term.counts],
    }


def proposal_row(house: House, found: Stored, one: Proposal) -> dict[str, Any]:
    """A proposal as the pages show it."""
    model = found.model
    words = one.edit.feature if model is None else feature_words(model, one.edit.feature)
    base = model_address(one.model)
    return {
        "id": one.id, "model": one.model, "version": one.version, "feature": words,
        "column": one.edit.feature, "what": one.edit.words(), "why": one.why, "state": one.state,
        "by": who(one.by), "day": one.at[:10], "decided_by": who(one.decided_by),
        "decided_day": one.decided_at[:10], "decided_why": one.decided_why, "note": one.note,
        "new_version": one.new_version, "address": f"{base}/reviews/{one.id}",
    }  # fmt: skip


def who(person: Person | None) -> str:
    """A person as the pages name them."""
    if person is None:
        return ""
    return person.name if person.signed_in else f"{person.name} (not signed in)"
