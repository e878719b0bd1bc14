"""``nof1 medicines``: which medicine for this patient; repurposing; response models."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.advise import _moment as moment_of
from nof1.cli.options import common, tell
from nof1.cli.repurpose import repurpose
from nof1.cli.response import response
from nof1.core import audit
from nof1.core.errors import UsageError
from nof1.core.workspace import open_workspace

if TYPE_CHECKING:
    from nof1.core.workspace import Workspace

CLOCKS = timedelta(days=1)  # how far clocks and zones may differ


@click.group()
def medicines() -> None:
    """Which medicine for this patient, and which might be worth a study."""


medicines.add_command(repurpose)
medicines.add_command(response)


@medicines.command()
@common
@click.argument("patient")
@click.option("--condition", required=True, help="ICD10CM//I48.91, SNOMED//49436004, or a name.")
@click.option("--site", help="Site of the patient, where several sites have this identifier.")
@click.option(
    "--at",
    help="As-of time, UTC, such as 2024-05-01T14:30: nothing known later is used [default: now].",
)
@click.option(
    "--page", type=click.Path(dir_okay=False), help="Write a page here, with JSON and CSV."
)
def rank(
    workspace: str | None,
    as_json: bool,
    patient: str,
    condition: str,
    site: str | None,
    at: str | None,
    page: str | None,
) -> None:
    """The medicines for a condition, best first, each with what speaks against it.

    PATIENT is the identifier that the source gave. Every question has a column of its own; what
    could not be checked is said. The order is a rule that you can follow by hand.
    """
    moment = moment_of(at)
    if moment > datetime.now(UTC).replace(tzinfo=None) + CLOCKS:
        raise UsageError(
            "The as-of time lies in the future.",
            where="--at",
            allowed="a moment until now, UTC",
            next_step="Leave --at out to ask as of now.",
        )
    data = ranked(open_workspace(workspace), patient, condition, site, moment)
    if page is not None:
        from nof1.cli.rank_text import listed
        from nof1.cli.twins import write_csv, write_page

        write_page("medicines", data, Path(page))
        write_csv(Path(page), *listed(data))
    if as_json:
        tell(data, "", as_json=True)
    else:
        from nof1.cli.rank_text import told

        tell(data, told(data), as_json=False)


def ranked(
    workspace: Workspace, patient: str, condition: str, site: str | None, moment: datetime
) -> dict[str, Any]:
    """The JSON form of the ranking (schema ``nof1/medicines-rank/1``); logged in the audit chain.

    Raises
    ------
    UsageError : no such patient, no such condition, or the patient has died before the moment.
    """
    from nof1.cli.rank_models import compared, risks
    from nof1.core.finding import Subject
    from nof1.knowledge.base import Base
    from nof1.medicines.ranking.document import document
    from nof1.medicines.ranking.rank import rank as ranking_of
    from nof1.record.events import DEATH
    from nof1.record.store import Record

    record = Record(workspace.record)
    number = record.subject(patient, site)
    events = record.patient_events(number)
    names = dict(record.codes().drop_nulls("description").select("code", "description").iter_rows())
    base = Base(workspace.knowledge)
    subject = Subject(id=patient, site=events["site"][-1] if events.height else site)
    found = risks(workspace, condition, subject, events, moment, names, base)
    ranking = ranking_of(events, moment, condition, names, risks=found, base=base)
    if DEATH in ranking.known.last:
        raise UsageError(
            "At the as-of time the record shows that this patient has died.",
            where="--at",
            next_step="Ask as of an earlier moment.",
        )
    data = document(ranking, subject, condition, synthetic=workspace.synthetic)
    data = compared(data, workspace, subject, events, moment, names, base)
    audit.append(
        workspace.audit,
        "medicines rank",
        patient=audit.pseudonym(workspace.audit, number),
        condition=ranking.disease.name,
        sources=[one["id"] for one in data["knowledge"]],
        rows=len(data["rows"]),
    )
    return data
