"""Plans for 52 states: CPU seconds, and regret over the season 2023-24: ./dev bench allocation.

    ./dev bench allocation [FOLDER ...] [--horizon 1] [--cvar WEIGHT] [--floor SHARE]

Each FOLDER holds hub files of one model (YYYY-MM-DD-team-model.csv). Without one the flat baseline
is made from the as-of files first. Regret: unmet need beyond what hindsight leaves with the same
supply, in per cent of all need, with a 95 % interval from blocks of 4 weeks. The supply is a share
of the need that came; what came is the newest as-of file.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from nof1.surveillance.allocate.past import weeks
from nof1.surveillance.allocate.plan import solve
from nof1.surveillance.allocate.problem import Problem
from nof1.surveillance.allocate.regret import Settings, Week, regrets
from nof1.surveillance.allocate.scenarios import scenarios
from nof1.surveillance.allocate.tables import read_places
from nof1.surveillance.hub import rows, truth
from nof1.surveillance.hub.baseline import baseline
from nof1.surveillance.series import Panel

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "surveillance"
ASOF, LOCATIONS = DATA / "flusight-asof", DATA / "locations.csv"
SHARES = (0.9, 0.7)
BUDGET_S = 2.0


def as_known(reference: date) -> Panel | None:
    """The target data as known for a reference date."""
    path = ASOF / f"{reference}.csv.gz"
    return truth.read(path, known_on=reference) if path.exists() else None


def write_baseline(folder: Path) -> None:
    """The flat baseline for every reference date of the season, as hub files."""
    for path in sorted(ASOF.glob("*.csv.gz")):
        reference = date.fromisoformat(path.name[:10])
        panel = truth.read(path, known_on=reference)
        made = baseline(panel, reference_date=reference)
        one = rows.Forecast("nof1-flat", reference, panel.places, (0, 1, 2, 3), made)
        rows.write([one], folder / f"{reference}-nof1-flat.csv")


def season(folder: Path, horizon: int) -> list[Week]:
    """The judged weeks of one model."""
    came = truth.read(sorted(ASOF.glob("*.csv.gz"))[-1])
    forecasts = [one for path in rows.files_of([folder]) for one in rows.read(path)]
    places = read_places(LOCATIONS)
    return weeks(forecasts, came, horizon=horizon, known=as_known, places=places)


def problems(week: Week) -> dict[str, Problem]:
    """The same week with more and more limits."""
    need = scenarios(week.quantiles, correlation=week.correlation)
    median = np.median(need, axis=0)
    supply = int(0.9 * median.sum())
    now = np.random.default_rng(0).multinomial(int(0.6 * supply), np.full(len(median), 1 / 52))
    roof = np.ceil(1.2 * median).astype(np.int64) + 1
    cost = np.full((len(median), len(median)), 0.05)
    plain = {"places": week.places, "need": need, "supply": supply}
    return {
        "expected unmet need": Problem(**plain),
        "+ CVaR": Problem(**plain, cvar_weight=1.0),
        "+ CVaR, floor, capacity": Problem(**plain, cvar_weight=1.0, floor=0.6, capacity=roof),
        "+ CVaR, floor, moves": Problem(**plain, cvar_weight=1.0, floor=0.6, now=now, cost=cost),
    }


def speed(judged: Sequence[Week]) -> None:
    """CPU seconds of a plan for 52 places and 200 scenarios, over weeks of the season."""
    spent: dict[str, list[float]] = {}
    gaps: dict[str, list[float]] = {}
    for week in judged[::6]:
        for name, problem in problems(week).items():
            start = time.process_time()
            made = solve(problem)
            spent.setdefault(name, []).append(time.process_time() - start)
            gaps.setdefault(name, []).append(made.gap)
    size = len(judged[0].places)
    print(f"{size} places x 200 scenarios, whole units (budget {BUDGET_S:g} s):")
    for name, seconds in spent.items():
        print(
            f"  {name:26} median {statistics.median(seconds):.2f}, worst {max(seconds):.2f} CPU-s; "
            f"gap at most {max(gaps[name]):.0e}"
        )


def main(arguments: list[str]) -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(prog="./dev bench allocation")
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--horizon", type=int, default=1)
    parser.add_argument("--cvar", type=float, default=0.0)
    parser.add_argument("--floor", type=float, default=0.0)
    asked = parser.parse_args(arguments)
    if not ASOF.exists():
        raise SystemExit("This needs ../shared/data/surveillance.")
    with tempfile.TemporaryDirectory() as name:
        folders = asked.folders
        if not folders:
            write_baseline(Path(name))
            folders = [Path(name)]
        for number, folder in enumerate(folders):
            judged = season(folder, asked.horizon)
            if number == 0:
                speed(judged)
            tell(folder, judged, asked)


def tell(folder: Path, judged: Sequence[Week], asked: argparse.Namespace) -> None:
    """The table of regrets of one model."""
    model = rows.model_of(rows.files_of([folder])[0])
    print(f"\n{model}, horizon {asked.horizon}, {len(judged)} weeks, CVaR weight {asked.cvar:g}, "
          f"floor {asked.floor:g}; regret in % of need")  # fmt: skip
    print(
        f"  {'':14}" + "".join(f"{f'supply {100 * share:.0f} % of need':>28}" for share in SHARES)
    )
    start = time.process_time()
    tables = [
        regrets(judged, Settings(share=share, cvar_weight=asked.cvar, floor=asked.floor))
        for share in SHARES
    ]
    for line in zip(*tables, strict=True):
        cells = "".join(f"{f'{r.mean:.2f} ({r.low:.2f} to {r.high:.2f})':>28}" for r in line)
        print(f"  {line[0].plan:14}{cells}")
    print(f"  {time.process_time() - start:.1f} CPU-s")
