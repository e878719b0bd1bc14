"""``nof1 surveillance alarms``: which places have more cases than expected."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import DAY, ENGINE, common, named, step, tell
from nof1.cli.surveillance_alarms_text import alarms_text
from nof1.core.errors import Nof1Error, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nof1.surveillance.alarms.run import Checked, Settings
    from nof1.surveillance.series import Panel
    from nof1.surveillance.store import Signal, Store

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

FILE = click.Path(dir_okay=False, path_type=Path)
METHODS = ("farrington-flexible", "farrington", "ears-c1", "ears-c2", "ears-c3", "cusum", "glr")
THRESHOLDS = ("predictive", "nbPlugin", "delta", "muan")
USUAL_FDR = 0.1
SCAN_WEEKS = 4
UNCORRECTED = (
    "No nowcast was used: newest weeks count as complete, so a late report can look like calm."
)


@dataclass
class Source:
    """What is tested, and where it comes from; ``store`` is None for a file."""

    signal: str
    panel: Panel
    known_outbreaks: Bools
    complete: Floats | None
    synthetic: bool
    places: list[dict[str, Any]]
    coordinates: Floats | None
    store: Store | None = None
    notes: list[str] = field(default_factory=list)


@click.command()
@common
@click.argument("signal", required=False)
@click.option("--counts", type=FILE, help="A CSV file (date, place, count) instead of SIGNAL.")
@click.option("--as-of", type=DAY, help="Use what was known on this day [default: the newest].")
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default=METHODS[0],
    show_default=True,
    help="Rule that makes the limit.",
)
@click.option(
    "--threshold",
    type=click.Choice(THRESHOLDS),
    default=THRESHOLDS[0],
    show_default=True,
    help="How the Farrington methods make their limit.",
)
@click.option(
    "--alpha",
    type=float,
    help="Chance of an alarm of one test by luck, 0 to 0.5 [default: the method's own].",
)
@click.option(
    "--fdr",
    type=float,
    help="Share of false alarms among the alarms, over all places; 0: not controlled "
    "[default: 0.1 for farrington-flexible without --alpha, else 0].",
)
@click.option(
    "--any-dependence",
    is_flag=True,
    help="Hold --fdr for any dependence of the places (Benjamini-Yekutieli).",
)
@click.option(
    "--years", type=click.IntRange(1, 15), default=5, show_default=True, help="Years of baseline."
)
@click.option("--exclude", type=FILE, help="CSV (place, first, last): spans of known outbreaks.")
@click.option(
    "--skip",
    multiple=True,
    metavar="FIRST:LAST",
    help="Days that no baseline may use (repeatable).",
)
@click.option("--strata", is_flag=True, help="Test each stratum too.")
@click.option(
    "--scan",
    type=click.Choice(("poisson", "permutation")),
    help="Also look for clusters in space and time.",
)
@click.option("--engine", default="local", show_default=True, help=ENGINE)
@click.pass_context
def alarms(
    ctx: click.Context,
    /,
    workspace: str | None,
    as_json: bool,
    signal: str | None,
    counts: Path | None,
    as_of: datetime | None,
    exclude: Path | None,
    scan: str | None,
    engine: str,
    strata: bool,
    **options: Any,
) -> None:
    """Which places have more cases this week than their own past lets expect.

    An alarm is a reason to look, not an outbreak. By default at most one alarm in ten is false on
    average (--fdr 0.1), for the flexible Farrington rule. Pandemic years can be kept out of every
    baseline, e.g. --skip 2020-03-01:2022-06-30. Exit code 1: an alarm, or first cases ever.
    """
    from nof1.core.engine import engine_from

    settings = _settings(**options)
    day = as_of.date() if as_of else None
    if counts:
        found = _of_file(counts, day)
    else:
        found = _of_store(named(signal, "--counts"), workspace, day, strata)
    if exclude is not None:
        from nof1.surveillance.alarms.table import read_spans

        found.known_outbreaks = found.known_outbreaks | read_spans(exclude, found.panel)
    step(f"testing {len(found.panel.places)} series")
    data = alarms_document(found, settings, scan, engine_from(engine))
    if found.store is not None:
        from nof1.surveillance.answers import keep

        keep(found.store.folder, data)
    tell(data, alarms_text(data), as_json=as_json)
    from nof1.surveillance.alarms.answer import needs_attention

    ctx.exit(1 if needs_attention(data) else 0)


def _settings(
    method: str,
    threshold: str,
    alpha: float | None,
    fdr: float | None,
    any_dependence: bool,
    years: int,
    skip: tuple[str, ...],
) -> Settings:
    from nof1.surveillance.alarms.baseline import Windows
    from nof1.surveillance.alarms.run import Settings

    asked = Settings(
        method=method,
        alpha=alpha,
        procedure="by" if any_dependence else "discrete",
        threshold=threshold,  # type: ignore[arg-type]
        windows=Windows(years=years, least_years=min(3, years)),
        skipped=tuple(_span(text) for text in skip),
    )
    rate = (USUAL_FDR if asked.has_p and alpha is None else None) if fdr is None else fdr or None
    return replace(asked, fdr=rate)


def _span(text: str) -> tuple[date, date]:
    first, _, last = text.partition(":")
    try:
        span = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        span = (date.max, date.min)
    if span[0] > span[1]:
        raise UsageError("A span is not said.", where="--skip", allowed="2020-03-01:2022-06-30")
    return span


def _of_file(path: Path, day: date | None) -> Source:
    from nof1.surveillance.alarms.table import read_counts, weekly_marks

    read = read_counts(path, day)
    places = [{"id": one, "name": None, "population": None} for one in read.panel.places]
    marks = weekly_marks(read.outbreaks, read.panel)
    weekly = read.panel.weekly()
    return Source(
        path.stem, weekly, marks, None, False, places, read.coordinates, notes=[UNCORRECTED]
    )


def _of_store(signal: str, workspace: str | None, day: date | None, strata: bool) -> Source:
    import numpy as np

    from nof1.core.workspace import open_workspace
    from nof1.surveillance.alarms.completeness import weekly_share
    from nof1.surveillance.store import FOLDER, Store

    store = Store(open_workspace(workspace).root / FOLDER)
    about = store.signal(signal)
    wanted = ("", *about.strata) if strata else ("",)
    panels = [store.panel(signal, day, one, weekly=True) for one in wanted]
    notes = []
    rows = _nowcast(store, about, day, strata)
    shares = None
    if rows is None:
        notes.append(UNCORRECTED)
    else:
        shares = np.hstack(
            [weekly_share(rows, panel, one) for panel, one in zip(panels, wanted, strict=True)]
        )
        notes.append("Newest weeks are tested against the share of reports expected to be in.")
    marks = np.hstack([_marked(store, about, day, panel) for panel in panels])
    return Source(
        signal,
        _joined(panels, wanted),
        marks,
        shares,
        about.synthetic,
        store.describe(signal, day),
        _coordinates(store, panels[0]) if not strata else None,
        store,
        notes,
    )


def _joined(panels: list[Panel], strata: tuple[str, ...]) -> Panel:
    """One panel of all strata; a place's name holds its stratum."""
    import numpy as np

    from nof1.surveillance.alarms.answer import BETWEEN

    if len(panels) == 1:
        return panels[0]
    places = tuple(
        f"{place}{BETWEEN}{one}" if one else place
        for panel, one in zip(panels, strata, strict=True)
        for place in panel.places
    )
    values = np.hstack([panel.values for panel in panels])
    return replace(panels[0], places=places, values=values, population=None, names=())


def _nowcast(
    store: Store, about: Signal, day: date | None, strata: bool
) -> list[dict[str, Any]] | None:
    """Rows of the kept nowcast of that day, or of a new one; None when there can be none."""
    from nof1.surveillance.answers import read

    if about.kind != "reports":
        return None
    known = day or store.last_day(about.name)
    kept = read(store.folder, about.name).get("nowcast")
    if kept and kept["as_of"] == known.isoformat() and not strata:
        rows: list[dict[str, Any]] = kept["rows"]
        return rows
    from nof1.surveillance.nowcast import answer, estimate

    step("making a nowcast: the newest reports are not all in")
    try:
        made = estimate.prepare(store.reports(about.name, day), known, strata=strata)
        return answer.rows(estimate.finish(made, known))
    except Nof1Error:  # said in the notes: the counts are tested uncorrected
        return None


def _marked(store: Store, about: Signal, day: date | None, panel: Panel) -> Bools:
    """(weeks, places) True where the files marked cases as part of a known outbreak."""
    import numpy as np

    marks = np.zeros(panel.values.shape, bool)
    if about.kind != "reports":
        return marks
    rows = store.outbreaks(about.name, day)
    number = {place: at for at, place in enumerate(panel.places)}
    weeks = np.searchsorted(panel.dates, rows["date"].to_numpy().astype("datetime64[D]"))
    for week, place in zip(weeks, rows["place"], strict=True):
        if week < len(marks):
            marks[week, number[place]] = True
    return marks


def _coordinates(store: Store, panel: Panel) -> Floats | None:
    import numpy as np
    import polars as pl

    table = pl.DataFrame({"place": panel.places}).join(
        store.places(), on="place", how="left", maintain_order="left"
    )
    found: Floats = table.select("latitude", "longitude").to_numpy().astype(float)
    return None if np.isnan(found).any() else found


def alarms_document(
    found: Source, settings: Settings, scan: str | None, engine: Any
) -> dict[str, Any]:
    """The JSON form, ``nof1/surveillance-alarms/1``."""
    from nof1.surveillance import documents
    from nof1.surveillance.alarms import answer
    from nof1.surveillance.alarms.run import check

    checked = check(
        found.panel,
        settings,
        known_outbreaks=found.known_outbreaks,
        complete=found.complete,
        engine=engine,
    )
    clusters, notes = _scanned(found, checked, scan) if scan else ([], [])
    head = documents.head(
        "alarms",
        found.signal,
        found.panel.known_on,
        synthetic=found.synthetic,
        places=found.places,
        notes=[*found.notes, *_notes(checked), *notes],
        not_checked=answer.not_checked(checked),
    )
    return {
        **head,
        "method": settings.method,
        "alpha": settings.alpha,
        "fdr": settings.fdr,
        "rows": answer.rows(checked),
        "clusters": clusters,
        "history": answer.history(checked),
    }


def _notes(checked: Checked) -> list[str]:
    marked = checked.settings.skipped
    notes = [f"No baseline uses {first} to {last}." for first, last in marked]
    negative = int((checked.panel.values < 0).sum())
    if negative:
        notes.append(f"{negative} weeks with negative counts (corrections) are in no baseline.")
    if checked.settings.method.startswith("ears"):
        notes.append("EARS raises several times as many false alarms as its level says.")
    return notes


def _scanned(found: Source, checked: Checked, kind: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Clusters of the newest weeks; places without coordinates or with gaps are left out."""
    import numpy as np

    from nof1.surveillance.alarms.answer import clusters
    from nof1.surveillance.alarms.scan import Scan, by_distance, scan

    if found.coordinates is None:
        raise UsageError(
            "The scan needs latitude and longitude of every place, and no strata.",
            where="--scan",
            next_step="Import a list of places, or add these columns to the file of counts.",
        )
    tested = checked.tested
    weeks = min(SCAN_WEEKS, len(tested.dates))
    observed, expected = tested.observed[-weeks:], tested.expected[-weeks:]
    good = (observed >= 0).all(axis=0) & (tested.reason[-1] == 0)
    if kind == "permutation":
        observed = tested.observed[-min(26, len(tested.dates)) :]
        good = (observed >= 0).all(axis=0)
    else:
        good &= np.isfinite(expected).all(axis=0)
    left = int((~good).sum())
    notes = [f"{left} places with gaps are not in the scan."] if left else []
    if good.sum() < 2:
        return [], [*notes, "Fewer than two places could be scanned: no scan was made."]
    order = by_distance(found.coordinates[good, 0], found.coordinates[good, 1], Scan.most_places)
    base = None if kind == "permutation" else expected[:, good]
    step("scanning for clusters")
    made = scan(observed[:, good], base, order, Scan(kind, longest=weeks))  # type: ignore[arg-type]
    places = [place for place, one in zip(checked.panel.places, good, strict=True) if one]
    return clusters(made, places, checked), notes
