"""Every answer about a patient at a moment, as far as the reader may hear it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from starlette.requests import Request

from nof1.core.finding import Finding
from nof1.pictures.pages import VIEWS
from nof1.web.site.house import House
from nof1.web.site.kinds import may_hear
from nof1.web.site.subject import Subject

FRAME = ("title", "data_date", "synthetic", "json_name", "site", "as_of")


def answers(house: House, asked: Subject) -> tuple[Finding, ...]:
    """Every finding about the patient at that moment; worked out once."""
    names, state = house.opened().names, house.room.governance.state()
    key = ("answers", asked.subject_id, asked.at)
    return house.kept(
        key,
        lambda: tuple(
            house.room.adviser.advise(asked.person, asked.events, asked.at, names, state=state)
        ),
        f"{state.version} {date.today()}",  # facts grow old while a server runs
    )


def heard(request: Request, asked: Subject, found: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that this reader may see."""
    kinds = {one.kind for one in found}
    may = {kind: may_hear(request, asked.patient, kind) for kind in kinds}
    return tuple(one for one in found if may[one.kind])


def view_of(asked: Subject, found: Sequence[Finding], synthetic: bool) -> dict[str, Any]:
    """What the templates of ``nof1.pictures`` need, without what the frame holds."""
    data = {**asked.about(), "synthetic": synthetic, "findings": [one.to_dict() for one in found]}
    made = VIEWS["patient"](data)
    return {name: value for name, value in made.items() if name not in FRAME}
