"""``nof1 surveillance report``: the kept answers about a signal as one offline page."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import WIDTH, common, step, table, tell
from nof1.core import audit as log
from nof1.core.errors import InputError, UsageError
from nof1.core.finding import NOTICE
from nof1.core.workspace import open_workspace

if TYPE_CHECKING:
    from nof1.surveillance.store import Store

FILE = click.Path(dir_okay=False, path_type=Path)
PARTS = ("nowcast", "transmission", "alarms", "forecast", "allocation", "activity")
LARGEST_MAP = 30_000_000


@click.command()
@common
@click.argument("signal")
@click.option("--out", type=FILE, help="The page [default: in the workspace's reports].")
@click.option("--pdf", type=FILE, help="Also print the page to this file.")
@click.option("--place", "places", multiple=True, help="Show only this place (repeatable).")
def report(
    workspace: str | None,
    as_json: bool,
    signal: str,
    out: Path | None,
    pdf: Path | None,
    places: tuple[str, ...],
) -> None:
    """One page about SIGNAL: what now, map, curves, alarms, plan, past performance.

    It is made from the answers that nowcast, transmission, alarms, forecast, allocate and activity
    left in the workspace; what is missing is named on the page, with the command that makes it.
    The page opens offline in any browser; JSON and CSV of the same lie beside it. --place narrows
    the tables and small curves, never the total. --pdf needs Chromium, Chrome or Edge.
    """
    from nof1.cli.twins import write_csv, write_page
    from nof1.pictures.views.surveillance import listing
    from nof1.surveillance.store import FOLDER, Store

    found = open_workspace(workspace)
    page = (out or found.reports / f"surveillance-{signal}.html").with_suffix(".html")
    step("collecting the answers")
    data = document(Store(found.root / FOLDER), signal, places)
    data["table_name"] = page.with_suffix(".csv").name
    step("drawing the page")
    write_page("surveillance", data, page)
    write_csv(page, *listing(data))
    if pdf is not None:
        from nof1.cli.printing import to_pdf

        step("printing")
        to_pdf(page, pdf)
    log.append(found.audit, "surveillance report", signal=signal, parts=list(data["documents"]))
    tell(_files(data, page, pdf), told(data, page, pdf), as_json=as_json)


def document(store: Store, signal: str, places: tuple[str, ...] = ()) -> dict[str, Any]:
    """The data of the page, ``nof1/surveillance-report/1``.

    Raises
    ------
    UsageError : there is no such signal, or no answer about it yet.
    InputError : a kept answer or the map is damaged.
    """
    from nof1.surveillance import answers

    kept = answers.read(store.folder, signal)
    documents = {name: kept[name] for name in PARTS if name in kept}
    about = store.signal(signal) if store.has(signal) or not documents else None
    if not documents:
        raise UsageError(
            "There is no answer about this signal yet.",
            where=signal,
            next_step=f"Make some: nof1 surveillance nowcast {signal}, then alarms {signal}",
        )
    return {
        "schema": "nof1/surveillance-report/1",
        "signal": signal,
        "title": about.words if about else None,
        "notice": NOTICE,
        "only": list(dict.fromkeys(places)),
        "documents": documents,
        "map": _map(store.map()),
    }


def _map(path: Path | None) -> Any:
    if path is None:
        return None
    if path.stat().st_size > LARGEST_MAP:
        raise InputError(
            "The map is too large for a page.",
            where=path.name,
            allowed="30 MB",
            next_step="Simplify the outlines before you import them.",
        )
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise InputError(
            "The map is not JSON.", where=path.name, allowed="GeoJSON in UTF-8"
        ) from None


def _files(data: Mapping[str, Any], page: Path, pdf: Path | None) -> dict[str, Any]:
    """What was written, ``nof1/surveillance-report-files/1``."""
    return {
        "schema": "nof1/surveillance-report-files/1",
        "signal": data["signal"],
        "as_of": max(one["as_of"] for one in data["documents"].values()),
        "synthetic": any(one.get("synthetic") for one in data["documents"].values()),
        "notice": NOTICE,
        "page": str(page),
        "data": str(page.with_suffix(".json")),
        "table": str(page.with_suffix(".csv")),
        "pdf": str(pdf) if pdf else None,
        "parts": {name: one["as_of"] for name, one in data["documents"].items()},
        "missing": [name for name in PARTS if name not in data["documents"]],
    }


def told(data: Mapping[str, Any], page: Path, pdf: Path | None) -> str:
    """The same for people: three lines of what now, which parts are there, what to do next."""
    from nof1.pictures.views.surveillance_data import RUN, Report
    from nof1.pictures.views.surveillance_words import days_differ, what_now

    shown = Report.of(data)
    rows = [
        [name, data["documents"][name]["as_of"], ""]
        if name in data["documents"]
        else [name, "missing", f"nof1 surveillance {RUN[name].split()[0]} {data['signal']}"]
        for name in PARTS
    ]
    lines = []
    for line in what_now(shown):
        said = f"{line['head']} ({line['word']}): {line['text']}"
        lines += textwrap.wrap(said, WIDTH, subsequent_indent="  ")
    lines += ["", table(rows, ["part", "as of", "next step"]), ""]
    lines += [one for text in days_differ(shown) for one in textwrap.wrap(text, WIDTH)]
    files = [page, page.with_suffix(".json"), page.with_suffix(".csv"), *([pdf] if pdf else [])]
    lines += [f"Written: {one}" for one in files]
    return "\n".join([*lines, f"Next step: open {page.name} in a browser", "", NOTICE])
