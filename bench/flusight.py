"""FluSight 2023-24, strictly as-of: WIS against the flat baseline, members' worth, CPU seconds.

    ./dev bench flusight [--out FOLDER] [--no-history]

Runs ``nof1 surveillance backtest`` over the 30 as-of files in a fresh process. The published
figures of the same season (mean WIS, baseline 85.105 over 6,354 forecasts; ../shared/data/README)
stand beside ours, which are judged by the newest as-of file, so a few weeks are missing in it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from bench.measured import measured

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "surveillance"
PEERS = (("FluSight-baseline", 1.0), ("FluSight-ensemble", 0.731), ("UMass-flusion", 0.570))


def main(arguments: list[str]) -> None:
    """Run the season and print one table."""
    parser = argparse.ArgumentParser(prog="./dev bench flusight", description=__doc__)
    parser.add_argument("--out", help="keep the hub files here")
    parser.add_argument("--no-history", action="store_true", help="teach with admissions only")
    asked = parser.parse_args(arguments)
    command = ["surveillance", "backtest", "--asof", str(DATA / "flusight-asof"), "--json"]
    command += ["--locations", str(DATA / "locations.csv")]
    command += [] if asked.no_history else ["--history", str(DATA / "ili")]
    command += ["--out", asked.out] if asked.out else []
    done = measured([sys.executable, "-m", "nof1", *command])
    data = json.loads(next(line for line in done.output.splitlines() if line.startswith("{")))
    pool = data["pool"]
    print(f"{pool['n']} forecasts, {pool['weeks']} weeks; ratio of mean WIS to the baseline's")
    for name, ratio in PEERS:
        print(f"  {name:22} {ratio:.3f}   (published)")
    print(f"  {'nof1-pool':22} {pool['ratio']:.3f}   ({pool['ratio_low']:.3f} to "
          f"{pool['ratio_high']:.3f}, blocks of 4 weeks)")  # fmt: skip
    print(f"  log-WIS ratio {pool['log_ratio']:.3f}; in 50 % {pool['coverage50']:.3f}, "
          f"in 95 % {pool['coverage95']:.3f}")  # fmt: skip
    for one in data["members"]:
        gain = 1 - one["wis_with"] / one["wis_without"]
        print(f"  {one['name']:12} weight {one['weight']:.2f}   lowers mean WIS by {gain:+.1%}")
    print(f"{done.cpu_s:.0f} CPU-s, {done.peak_mb:.0f} MB, a whole season with its training")
