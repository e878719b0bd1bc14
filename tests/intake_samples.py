"""Small made-up files for the tests of the surveillance store."""

from datetime import date
from pathlib import Path

import polars as pl

from nof1.surveillance.intake.importing import Imported, bring
from nof1.surveillance.intake.reading import Request
from nof1.surveillance.store import Store

TODAY = date(2024, 12, 31)
FIVE_CASES = """\
case_id,onset_date,report_date,county,age,outbreak
c1,2024-03-01,2024-03-02,A,3,no
c2,2024-03-01,2024-03-05,A,40,no
c3,2024-03-02,2024-03-03,B,70,yes
c4,2024-03-04,2024-03-04,A,41,no
c5,2024-03-04,2024-03-06,B,9,no
"""


def store_in(folder: Path) -> Store:
    return Store(folder / "surveillance")


def write(folder: Path, text: str | bytes, name: str = "file.csv") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def take(store: Store, *paths: Path, signal: str = "s", **said: object) -> Imported:
    return bring(store, list(paths), Request(signal=signal, today=TODAY, **said))


def weekly(values: dict[str, dict[str, float | str]], name: str = "value") -> str:
    """Target data from {day: {place: value}}."""
    rows = [f"{day},{place},{v}" for day, row in values.items() for place, v in row.items()]
    return "\n".join([f"date,location,{name}", *rows]) + "\n"


def seen(
    store: Store, signal: str = "s", as_of: date | None = None
) -> dict[tuple[str, str], float]:
    """What a panel shows: (day, place) -> value; missing ones left out."""
    panel = store.panel(signal, as_of)
    return {
        (str(day), place): panel.values[i, j]
        for i, day in enumerate(panel.dates)
        for j, place in enumerate(panel.places)
        if panel.values[i, j] == panel.values[i, j]
    }


def put_rows(store: Store, rows: pl.DataFrame, signal: str = "s") -> None:
    """Overwrite the stored rows, as a hand would that alters the future."""
    generation = store.signal(signal).generation
    rows.write_parquet(store.path(signal) / f"rows-{generation}.parquet")
