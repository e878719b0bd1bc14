"""``nof1 advise``: every finding about one patient."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli import twins
from nof1.cli.findings import told
from nof1.cli.options import common, tell
from nof1.cli.orders import as_data, as_findings, check_orders, ordered, taken, taken_now
from nof1.core import audit
from nof1.core.errors import UsageError
from nof1.core.finding import Finding, Subject
from nof1.core.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    import polars as pl

FORMATS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")
POINTS = 200


@click.command()
@common
@click.argument("patient", required=False)
@click.option("--site", help="Site of the patient, where several sites have this identifier.")
@click.option(
    "--at",
    help="As-of time, UTC, such as 2024-05-01T14:30: nothing known later is used [default: now].",
)
@click.option("--bundle", type=click.Path(dir_okay=False), help="A FHIR Bundle of one patient.")
@click.option("--fhir", is_flag=True, help="Print a FHIR R4 Bundle of the findings.")
@click.option("--page", type=click.Path(dir_okay=False), help="Write a page here.")
@click.option(
    "--order",
    "orders",
    multiple=True,
    help="A draft order to check: a name, an RxNorm or an ATC code (repeatable).",
)
def advise(
    workspace: str | None,
    as_json: bool,
    patient: str | None,
    site: str | None,
    at: str | None,
    bundle: str | None,
    fhir: bool,
    page: str | None,
    orders: tuple[str, ...],
) -> None:
    """Every finding about one patient: of the workspace, or of a FHIR Bundle (--bundle).

    PATIENT is the identifier that the source gave. Each answer has an interval and reasons that
    lead to source rows, or says openly why there is none.
    """
    if (patient is None) == (bundle is None):
        raise UsageError(
            "Exactly one of PATIENT and --bundle is needed.",
            where="nof1 advise",
            next_step="nof1 advise PATIENT, or nof1 advise --bundle FILE",
        )
    found = open_workspace(workspace)
    moment = _moment(at)
    refused: list[dict[str, Any]] = []
    if bundle is not None:
        subject, events, findings = _of_bundle(found, Path(bundle), moment, refused)
    else:
        assert patient is not None
        subject, events, findings = _of_record(found, patient, site, moment)
    data = advice(subject.id, subject.site, moment, findings, synthetic=found.synthetic)
    if refused:
        data["refused"] = refused
    if page is not None:
        shown = {**data, "drawings": drawings(found, findings)}
        write_page(Path(page), shown, events, moment, findings)
    text = told(findings, subject.id, f"{moment:%Y-%m-%d %H:%M} UTC") if findings else NOTHING
    standing = taken_now(found, subject, events, moment)
    data["taken"] = as_data(standing)
    text = f"{text}\n\n{taken(standing)}"
    if orders:
        checked = check_orders(found, subject, events, moment, orders)
        data["orders"] = as_data(checked)
        text = f"{ordered(checked)}\n\n{text}"
        findings += as_findings(found, checked, subject, moment)
    if fhir:
        from nof1.core.fhir import bundle as as_fhir

        data = as_fhir((*findings, *as_findings(found, standing, subject, moment)))
    tell(data, text, as_json=as_json or fhir)


NOTHING = (
    "No model is in this workspace yet, so nothing was checked.\nNext step: nof1 train TASK.yaml"
)


def advice(
    patient: str, site: str | None, moment: datetime, findings: list[Finding], *, synthetic: bool
) -> dict[str, Any]:
    """The JSON form of all findings about one patient (schema ``nof1/advise/1``)."""
    return {
        "schema": "nof1/advise/1",
        "subject": {"id": patient, "site": site},
        "as_of": f"{moment:%Y-%m-%dT%H:%M:%S}Z",
        "synthetic": synthetic,
        "findings": [finding.to_dict() for finding in findings],
    }


def _of_record(
    found: Workspace, patient: str, site: str | None, moment: datetime
) -> tuple[Subject, pl.DataFrame, list[Finding]]:
    from nof1.advice.hospital import Hospital

    bedside = Hospital(found).patient(patient, site)
    findings = bedside.advise(moment)
    place = bedside.events["site"][-1] if bedside.events.height else site
    return Subject(id=patient, site=place), bedside.events, findings


def _of_bundle(
    found: Workspace, path: Path, moment: datetime, refused: list[dict[str, Any]]
) -> tuple[Subject, pl.DataFrame, list[Finding]]:
    from nof1.advice.advise import Adviser
    from nof1.record.bundle import read_bundle
    from nof1.record.reading import safe_open

    with safe_open(path) as file:
        read = read_bundle(file.read(), site=found.site, name=path.name)
    for one in read.quarantined:
        refused.append({"entry": one.row, "reason": one.reason})
        click.echo(f"Refused: {one.file}, entry {one.row}: {one.reason}", err=True)
    subject = Subject(id=read.patient, site=found.site)
    findings = Adviser(found).advise(subject, read.events, moment, notes=read.notes)
    audit.append(
        found.audit,
        "advise from a Bundle",
        models=[f"{one.basis.id}/{one.basis.version}" for one in findings],
        statuses=[str(one.status) for one in findings],
    )
    return subject, read.events, findings


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    for form in FORMATS:
        try:
            return datetime.strptime(text.removesuffix("Z"), form)
        except ValueError:
            continue
    raise UsageError(
        "The as-of time cannot be read.",
        where="--at",
        allowed="2024-05-01 or 2024-05-01T14:30 (UTC)",
    )


def drawings(found: Workspace, findings: list[Finding]) -> dict[str, str]:
    """Code of each answer about a picture -> the film with its evidence, where one was kept."""
    from nof1.imaging.answering import album

    return album.drawings(found.images, findings)


def write_page(
    path: Path,
    data: dict[str, Any],
    events: pl.DataFrame,
    moment: datetime,
    findings: list[Finding],
) -> None:
    """Write the patient's page: the findings, and the course of the values behind them.

    ``data`` is :func:`advice` with ``drawings`` (see :func:`drawings`) where there are some.
    """
    codes = {ref.code for one in findings for reason in one.evidence for ref in reason.events}
    names = {ref.code: ref.display for one in findings for r in one.evidence for ref in r.events}
    timeline = [_line(code, names.get(code), events, moment) for code in sorted(codes)]
    twins.write_page("patient", {**data, "timeline": [line for line in timeline if line]}, path)


def _line(
    code: str, name: str | None, events: pl.DataFrame, moment: datetime
) -> dict[str, Any] | None:
    """The course of one measured value, for a small chart; None when it is not a number."""
    import polars as pl

    rows = events.filter(
        (pl.col("code") == code) & (pl.col("time") <= moment) & pl.col("numeric_value").is_finite()
    ).tail(POINTS)
    if rows.height < 2:
        return None
    points = rows.select("time", "numeric_value").iter_rows()
    return {
        "display": name or code,
        "unit": rows["unit"][-1],
        "low": None,
        "high": None,
        "points": [{"time": f"{time:%Y-%m-%dT%H:%M:%S}", "value": value} for time, value in points],
    }
