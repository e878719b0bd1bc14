"""MEDS-tab 0.2.0 in an environment of its own: install it, run its stages, read its output."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.measured import SCRATCH, Cost, measured

VERSION = "0.2.0"
VENV = SCRATCH / "medstab"
WINDOWS = ("1d", "7d", "30d", "365d", "full")
# Their name of each aggregate and ours.
AGGREGATES = {
    "code/count": "count",
    "value/count": "value_count",
    "value/sum": "value_sum",
    "value/sum_sqd": "value_sum_sq",
    "value/min": "value_min",
    "value/max": "value_max",
}
# Runs in their environment, with their own functions: the columns of their matrices.
COLUMNS = """
import json, sys
from MEDS_tabular_automl.describe_codes import get_feature_columns
from MEDS_tabular_automl.generate_ts_features import get_feature_names
features = get_feature_columns(sys.argv[1])
print(json.dumps({a: get_feature_names(a, features) for a in sys.argv[2:]}))
"""


@dataclass(frozen=True)
class Output:
    """What one run cost and wrote."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    codes: dict[str, list[str]]  # of each aggregate: the code of each column
    folder: Path

    def cells(self, window: str, aggregate: str) -> tuple[int, dict[tuple[int, str], float]]:
        """Rows of one of their matrices, and its stored cells: (row, code) -> value."""
        stored = np.load(self.folder / "tabularize/train/0" / window / f"{aggregate}.npz")
        values, rows, columns = stored["array"].tolist()
        codes = self.codes[aggregate]
        found = {
            (int(row), codes[int(column)]): value
            for value, row, column in zip(values, rows, columns, strict=True)
        }
        return int(stored["shape"][0]), found


def install() -> None:
    """Make the environment once."""
    python = VENV / "bin" / "python"
    if (VENV / "installed").exists():
        return
    print(f"Installing MEDS-tab {VERSION} into an environment of its own ...", flush=True)
    measured([sys.executable, "-m", "venv", VENV])
    measured([python, "-m", "pip", "install", "--quiet", f"MEDS-tab=={VERSION}"])
    (VENV / "installed").write_text(VERSION)


def run(data: Path, out: Path, labels: Path | None) -> Output:
    """Describe, tabularize static, tabularize time series; with their default settings."""
    shutil.rmtree(out, ignore_errors=True)
    common = [f"input_dir={data}", f"output_dir={out}"]
    rows = [f"input_label_dir={labels}"] if labels else []
    path = f"{VENV / 'bin'}:/usr/bin:/bin"
    # static/first aborts on data without static numbers, so only the presence is asked for.
    stages: list[list[object]] = [
        ["describe", *common],
        ["tabularize-static", *common, *rows, "tabularization.aggs=[static/present]"],
        ["tabularize-time-series", *common, *rows],
    ]
    costs: list[Cost] = []
    for name, *settings in stages:
        costs.append(measured([VENV / "bin" / f"meds-tab-{name}", *settings], PATH=path))
    metadata = out / "metadata" / "codes.parquet"
    columns = measured([VENV / "bin" / "python", "-c", COLUMNS, metadata, *AGGREGATES]).output
    codes = {
        aggregate: [name.rsplit("/", 1)[0] for name in names]
        for aggregate, names in json.loads(columns.splitlines()[-1]).items()
    }
    return Output(
        cpu_s=sum(cost.cpu_s for cost in costs),
        wall_s=sum(cost.wall_s for cost in costs),
        peak_mb=max(cost.peak_mb for cost in costs),
        codes=codes,
        folder=out,
    )
