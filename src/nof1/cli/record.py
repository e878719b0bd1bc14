"""``nof1 ingest`` and ``nof1 quality``."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import WIDTH, common, counted, on_terminal, step, tell
from nof1.core import audit
from nof1.core.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from nof1.record.ingest import Ingested
    from nof1.record.spill import Refusal

SHOWN = 10
SUPERSEDED = "events of records that came again later, or were withdrawn"


@click.command()
@common
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--site", help="Name of the site the rows come from [default: the workspace's].")
@click.option("--mapping", type=click.Path(dir_okay=False), help="Mapping file of CSV tables.")
@click.option("--format", "form", help="Name the format instead of finding it from the content.")
@click.option("--timezone", help="Zone of clock times without an offset, e.g. Europe/Berlin.")
@click.option("--schema", help="Schema of the OMOP tables in a database [default: found].")
@click.option("--encoding", help="Encoding of CSV files [default: utf-8].")
@click.pass_context
def ingest(
    ctx: click.Context,
    /,
    workspace: str | None,
    as_json: bool,
    paths: tuple[str, ...],
    site: str | None,
    **options: str | None,
) -> None:
    """Import records into the workspace: files, folders, or a PostgreSQL address.

    FHIR R4 (NDJSON, Bundles), OMOP CDM 5.3 and 5.4, MEDS 0.4, CSV with a mapping file, exposure
    tables. The format is found from the content. Exit code 1: some rows went to quarantine.
    """
    found = open_workspace(workspace)
    done = _imported(found, paths, site or found.site, options)
    audit.append(found.audit, "ingest", site=site or found.site, events=done.events)
    tell(_ingest_json(done), _ingest_text(done), as_json=as_json)
    ctx.exit(1 if done.quarantined_rows else 0)


def _imported(
    found: Workspace, paths: tuple[str, ...], site: str, options: dict[str, str | None]
) -> Ingested:
    from nof1.record.ingest import ingest as run

    options["format"] = options.pop("form")
    settings: dict[str, Any] = {name: value for name, value in options.items() if value}
    if not (found.record / "CURRENT").exists():
        settings["shards"] = found.shards
    if not on_terminal():
        return run(found.record, paths, site=site, settings=settings)
    from rich.console import Console

    with Console(stderr=True).status("Reading ...") as status:

        def show(file: str, events: int) -> None:
            status.update(f"{events:,} events read, now {Path(file).name}")

        return run(found.record, paths, site=site, settings=settings, on_progress=show)


def _ingest_json(done: Ingested) -> dict[str, Any]:
    return {
        "schema": "nof1/ingest/1",
        "files": list(done.files),
        "events": done.events,
        "patients": done.patients,
        "added": done.added,
        "replaced": done.replaced,
        "removed": done.removed,
        "superseded": done.superseded,
        "quarantined_rows": done.quarantined_rows,
        "reasons": [
            {"file": one.file, "reason": one.reason, "rows": one.rows, "first": list(one.first)}
            for one in done.refusals
        ],
        "quarantined": [
            {"file": item.file, "row": item.row, "reason": item.reason} for item in done.quarantined
        ],
        "excluded": dict(done.excluded),
        "notes": dict(done.notes),
    }


def _ingest_text(done: Ingested) -> str:
    read = ", ".join(f"{name} ({kind})" for kind, name in done.sources)
    lines = [
        *_wrapped(f"Read {counted(len(done.files), 'file')}: {read}"),
        f"The record now has {counted(done.events, 'event')} of"
        f" {counted(done.patients, 'patient')}",
        f"  ({done.added:,} added, {done.replaced:,} replaced, {done.removed:,} removed).",
    ]
    if not (done.added or done.replaced or done.removed):
        lines.append("No row gave an event.")
    again = {SUPERSEDED: done.superseded} if done.superseded else {}
    lines += _reasons("Read, but not kept", {**done.excluded, **again})
    lines += _reasons("Kept, but worth knowing", done.notes)
    if done.refusals:
        lines += ["", f"QUARANTINED: {counted(done.quarantined_rows, 'row')}"]
        lines += [line for one in done.refusals[:SHOWN] for line in _refusal(one)]
        lines += _more(len(done.refusals))
    return "\n".join([*lines, "", "Next step: nof1 quality"])


def _reasons(title: str, counts: Mapping[str, int]) -> list[str]:
    rows = sorted(counts.items(), key=lambda pair: -pair[1])
    shown = [line for reason, n in rows[:SHOWN] for line in _wrapped(reason, f"{n:>9,}  ")]
    return ["", f"{title}:", *shown, *_more(len(rows))] if rows else []


def _refusal(one: Refusal) -> list[str]:
    """How many rows and why, then the file and the first of them."""
    first = ", ".join(str(row) for row in one.first)
    more = ", ..." if one.rows > len(one.first) else ""
    named = f", row{'s' * (one.rows > 1)} {first}{more}" if one.first else ""
    place = f"{_shortened(one.file)}{named}"
    return [*_wrapped(one.reason, f"{one.rows:>9,}  "), *_wrapped(place, " " * 11)]


def _more(count: int) -> list[str]:
    return [f"{'':11}and {count - SHOWN} more reasons (--json shows all)"] * (count > SHOWN)


def _shortened(name: str, longest: int = 50) -> str:
    half = longest // 2 - 1
    return name if len(name) <= longest else f"{name[:half]}...{name[-half:]}"


def _wrapped(text: str, start: str = "") -> list[str]:
    """Lines of at most 80 characters; what a hostile file name could do to a terminal is cut."""
    clean = "".join(c if c.isprintable() else "?" for c in text)
    hanging = " " * max(len(start), 2)
    return textwrap.wrap(clean, WIDTH, initial_indent=start, subsequent_indent=hanging)


@click.command()
@common
@click.option("--page", type=click.Path(dir_okay=False), help="Write a page with charts here.")
@click.pass_context
def quality(ctx: click.Context, workspace: str | None, as_json: bool, page: str | None) -> None:
    """What is missing, implausible or odd in the record, per code, site and month.

    Exit code 1: there are critical problems.
    """
    from nof1.record.quality import report, table
    from nof1.record.store import Record

    found = open_workspace(workspace)
    record = Record(found.record)
    step("Counting")
    quarantined = record.quarantine().group_by("file", "reason").len("rows").to_dicts()
    codes = record.codes().drop_nulls("description")
    made = report(
        record,
        quarantined=quarantined,
        descriptions=dict(codes.select("code", "description").iter_rows()),
        synthetic=found.synthetic,
    )
    data = made.to_dict()
    if page is not None:
        from nof1.cli.twins import write_page

        write_page("quality", data, Path(page))
    tell(data, table(made), as_json=as_json)
    ctx.exit(1 if made.counts()["critical"] else 0)
