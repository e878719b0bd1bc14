"""``nof1 surveillance import|quality|publish``: files into the as-of store, and safely out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli import surveillance_intake_text as text
from nof1.cli.options import DAY, common, step, tell
from nof1.core import audit as log
from nof1.core.errors import UsageError
from nof1.core.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from nof1.surveillance.intake.importing import Imported
    from nof1.surveillance.intake.reading import Request
    from nof1.surveillance.publishing import Published
    from nof1.surveillance.store import Store

FILE = click.Path(dir_okay=False, path_type=Path)
ANYTHING = click.Path(path_type=Path)
STEPS = {"day": 1, "week": 7, None: None}
DAY_ROLES = ("onset", "specimen", "report")


def store_of(found: Workspace) -> Store:
    """The as-of store of a workspace."""
    from nof1.surveillance.store import FOLDER, Store

    return Store(found.root / FOLDER)


@click.command(name="import")
@common
@click.argument("paths", nargs=-1, required=True, type=ANYTHING, metavar="PATH...")
@click.option("--signal", required=True, help="Name of the signal, such as flu-admissions.")
@click.option(
    "--title",
    default="",
    help="Words for people, such as: influenza admissions [default: the name].",
)
@click.option("--unit", default="", help="UCUM unit of a value [default: 1, counts; % of ILINet].")
@click.option("--synthetic", is_flag=True, help="No real people are behind the numbers.")
@click.option("--locations", type=FILE, help="CSV of places: location, location_name, population.")
@click.option("--map", "map_file", type=FILE, help="GeoJSON of borders; properties.id = place.")
@click.option("--known-on", type=DAY, help="Day of the files [default: their newest day].")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="ROLE=NAME",
    help="Which column has a role (repeatable) [default: found by name].",
)
@click.option(
    "--layout",
    type=click.Choice(["auto", "linelist", "counts", "asof"]),
    default="auto",
    show_default=True,
    help="Kind of file; auto: by its columns; asof: a folder of DATE.csv.gz.",
)
@click.option(
    "--count-on",
    help="Line list: the day of a case, such as onset,specimen,report [default: onset].",
)
@click.option(
    "--ages",
    default="0,5,18,50,65",
    show_default=True,
    help="Line list: lower ends of the age groups, years.",
)
@click.option(
    "--date-format",
    help="dmy, mdy, excel, mmwr, isoweek, or a pattern as %d.%m.%y [default: found].",
)
@click.option(
    "--decimal",
    type=click.Choice([".", ","]),
    help="Decimal mark of the numbers; needed where the file leaves it open.",
)
@click.option("--target", help="Which target of a hub file that has several.")
@click.option(
    "--weeks",
    type=click.Choice(["mmwr", "iso"]),
    default="mmwr",
    show_default=True,
    help="What year and week mean.",
)
@click.option(
    "--step",
    "step_name",
    type=click.Choice(["day", "week"]),
    help="Time from a row to the next [default: by the dates].",
)
@click.option(
    "--week-date",
    type=click.Choice(["end", "start"]),
    help="What of a week its date is [default: end, where it is a Saturday].",
)
@click.option("--complete", is_flag=True, help="What the files no longer have was taken back.")
@click.option("--backfill", is_flag=True, help="The files complete the past: trust their days.")
@click.option(
    "--encoding", default="utf-8", show_default=True, help="Of CSV files: utf-8, latin-1 or cp1252."
)
@click.pass_context
def import_(
    ctx: click.Context,
    /,
    workspace: str | None,
    as_json: bool,
    paths: tuple[Path, ...],
    locations: Path | None,
    map_file: Path | None,
    **said: Any,
) -> None:
    """Import line lists, counts, reporting triangles or hub target data as versions of a SIGNAL.

    Importing a file twice changes nothing. Rows that cannot be used are set aside with file, row
    and reason; exit code 1 says that there were some.
    """
    from nof1.surveillance import places
    from nof1.surveillance.intake.importing import bring

    found = open_workspace(workspace)
    store = store_of(found)
    asked = request(said, found, locations is not None)
    if locations is not None:
        places.keep(store, places.read(locations))
    if map_file is not None:
        places.keep_map(store, map_file)
    step("reading")
    done = bring(store, paths, asked)
    log.append(
        found.audit,
        "surveillance import",
        signal=asked.signal,
        files=done.files,
        new=done.merged.new,
        changed=done.merged.changed,
        set_aside=done.aside.height,
    )
    data = document(done, store)
    tell(data, text.imported(data), as_json=as_json)
    ctx.exit(1 if done.aside.height else 0)


def request(said: Mapping[str, Any], found: Workspace, locations_given: bool) -> Request:
    """The options of the command as a request.

    Raises
    ------
    UsageError : ages or days that are none.
    """
    from nof1.surveillance.intake import columns
    from nof1.surveillance.intake.reading import Request

    today, known = datetime.now(UTC).date(), said["known_on"]
    if known and known.date() > today:
        raise UsageError(
            "The day of the files lies in the future: nothing can be known on it yet.",
            where="--known-on",
            allowed=f"a day up to {today}",
        )
    return Request(
        signal=said["signal"],
        today=today,
        title=said["title"],
        unit=said["unit"],
        synthetic=said["synthetic"] or found.synthetic,
        layout=said["layout"],
        said=columns.asked(said["columns"]),
        known_on=known.date() if known else None,
        by=_days(said["count_on"]),
        ages=_ages(said["ages"]),
        date_format=said["date_format"],
        decimal=said["decimal"],
        target=said["target"],
        system="cdc" if said["weeks"] == "mmwr" else "iso",
        step_days=STEPS[said["step_name"]],
        week_date=said["week_date"],
        full="all" if said["complete"] else None,
        backfill=said["backfill"],
        encoding=said["encoding"],
        locations_given=locations_given,
    )


def _days(text: str | None) -> list[str]:
    days = [part.strip() for part in (text or "").split(",") if part.strip()]
    if any(day not in DAY_ROLES for day in days):
        raise UsageError("A day is not known.", where="--count-on", allowed=DAY_ROLES)
    return days


def _ages(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise UsageError("The age groups are no numbers.", where="--ages", allowed="0,5,18,65")
    return [int(part) for part in parts]


def document(done: Imported, store: Store) -> dict[str, Any]:
    """The JSON form of an import, ``nof1/surveillance-import/1``."""
    import polars as pl

    from nof1.surveillance import documents

    signal, merged = done.signal, done.merged
    reasons = done.aside.group_by("reason", "file").len().sort("len", "reason", descending=True)
    first = done.aside.group_by("reason", "file").agg(pl.col("row").sort().head(3).alias("first"))
    rows = reasons.join(first, on=["reason", "file"]).sort("len", descending=True)
    return {
        **documents.head(
            "import",
            signal.name,
            done.known_on,
            synthetic=signal.synthetic,
            places=store.describe(signal.name),
            notes=list(done.notes),
        ),
        "title": signal.words,
        "unit": signal.unit,
        "kind": signal.kind,
        "step_days": signal.step_days,
        "strata": list(signal.strata),
        "files": done.files,
        "rows": done.rows,
        "new": merged.new,
        "changed": merged.changed,
        "withdrawn": merged.withdrawn,
        "unchanged": merged.unchanged,
        "late": merged.late,
        "set_aside": done.aside.height,
        "reasons": [
            {"file": r["file"], "reason": r["reason"], "rows": r["len"], "first": r["first"]}
            for r in rows.to_dicts()
        ],
        "quarantine": str(done.quarantine.relative_to(store.folder)) if done.quarantine else None,
    }


@click.command()
@common
@click.argument("signal")
@click.option("--as-of", type=DAY, help="Only what was known on this day [default: the newest].")
@click.pass_context
def quality(
    ctx: click.Context, workspace: str | None, as_json: bool, signal: str, as_of: datetime | None
) -> None:
    """Gaps, drops, delays, revisions and odd values of SIGNAL, and what they mean.

    Exit code 1: something should be looked at before an answer about the signal is trusted.
    """
    from nof1.surveillance import answers
    from nof1.surveillance.checks.quality import quality as look

    store = store_of(open_workspace(workspace))
    data = look(store, signal, as_of.date() if as_of else None)
    answers.keep(store.folder, data)
    tell(data, text.quality(data), as_json=as_json)
    ctx.exit(1 if data["attention"] else 0)


@click.command()
@common
@click.argument("signal")
@click.option("--out", type=FILE, required=True, help="The CSV for others; needed.")
@click.option("--as-of", type=DAY, help="As known on this day [default: the newest].")
@click.option("--k", default=5, show_default=True, help="Smallest count above 0 that is shown.")
@click.option("--epsilon", type=float, help="Noise instead of hidden cells: privacy loss a case.")
@click.option("--weekly", is_flag=True, help="Whole weeks (to Saturday) instead of days.")
def publish(
    workspace: str | None,
    as_json: bool,
    signal: str,
    out: Path,
    as_of: datetime | None,
    k: int,
    epsilon: float | None,
    weekly: bool,
) -> None:
    """Write the counts of SIGNAL for others: small cells hidden, or with noise of OpenDP.

    Hidden cells cannot be found by subtraction from the totals of the same file. With --epsilon
    every count gets noise, and what all releases of the signal spent is added up.
    """
    from nof1.surveillance import publishing

    if not out.parent.is_dir():  # before any epsilon is spent
        raise UsageError("The folder of the file is not there.", where=f"--out {out.name}")
    found = open_workspace(workspace)
    store = store_of(found)
    day = as_of.date() if as_of else None
    done = publishing.publish(store, signal, day, k=k, epsilon=epsilon, weekly=weekly)
    publishing.note_release(store, signal, done, datetime.now(UTC).date())
    data = release(done, store, signal, out)
    publishing.write(done, out, data)
    log.append(
        found.audit, "surveillance publish", signal=signal, k=k, epsilon=epsilon, rows=data["rows"]
    )
    tell(data, text.published(data), as_json=as_json)


def release(done: Published, store: Store, signal: str, out: Path) -> dict[str, Any]:
    """The JSON form of a release, ``nof1/surveillance-publish/1``; it lies beside the CSV."""
    from nof1.surveillance import documents, publishing

    about, noise = store.signal(signal), done.noise
    head = documents.head(
        "publish",
        signal,
        done.as_of,
        synthetic=about.synthetic,
        places=store.describe(signal),
        notes=list(done.notes),
    )
    privacy = {"method": "small cells hidden", "k": done.k, "hidden": done.hidden}
    if noise is not None:
        privacy = {
            "method": "discrete Laplace noise (OpenDP)",
            "epsilon": noise.epsilon,
            "epsilon_all_releases": publishing.spent(store, signal),
            "unit_of_privacy": publishing.UNIT_OF_PRIVACY,
            "scale": noise.scale,
            "within_95": noise.accuracy95,
        }
    kept = {key: head[key] for key in head if key != "places"}
    return {
        **kept,
        "title": about.words,
        "file": out.name,
        "rows": done.rows.height,
        "total_place": done.total_place,
        "privacy": privacy,
    }
