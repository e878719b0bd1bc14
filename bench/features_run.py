"""One run of our features in a fresh process, as a user's script would do it.

``python -m bench.features_run FOLDER labels|all SHARDS [ENGINE] [OUT]`` prints one JSON object.
``labels`` makes a row for each label, ``all`` for each (subject, time) with an event.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import polars as pl

from nof1.core.engine import engine_from
from nof1.predict import features

AGGREGATES = ("count", "value_count", "value_sum", "value_sum_sq", "value_min", "value_max")


def cohort(folder: Path, rows: str, shards: int) -> pl.DataFrame:
    """The rows of a run."""
    if rows == "labels":
        return pl.concat(
            [pl.read_parquet(folder / f"labels/train/{i}.parquet") for i in range(shards)]
        )
    data = [pl.scan_parquet(folder / f"data/train/{i}.parquet") for i in range(shards)]
    return (
        pl.concat(data)
        .select("subject_id", pl.col("time").alias("prediction_time"))
        .drop_nulls()
        .unique(maintain_order=True)
        .collect()
    )


def digest(matrix: features.FeatureMatrix) -> str:
    """A hash of everything in a matrix."""
    found = hashlib.sha256()
    for block in matrix.blocks:
        arrays = (block.rows, block.starts, block.code, *block.aggregates.values(), block.static)
        for array in arrays:
            found.update(memoryview(array).cast("B") if array.size else b"")
    return found.hexdigest()


def run(folder: Path, rows: str, shards: int, engine: str, out: Path | None) -> dict[str, object]:
    """Choose the codes, make the matrix."""
    paths = [folder / f"data/train/{i}.parquet" for i in range(shards)]
    chosen = cohort(folder, rows, shards)
    work = engine_from(engine)
    codes = features.vocabulary(paths, chosen, min_patients=1, engine=work)
    spec = codes.spec(aggregates=AGGREGATES)
    matrix = features.build(paths, chosen, spec, engine=work, folder=out)
    return {
        "rows": matrix.shape[0],
        "columns": matrix.shape[1],
        "entries": matrix.n_entries,
        "sha256": digest(matrix) if "digest" in sys.argv else None,
    }


if __name__ == "__main__":
    extra = [*(text for text in sys.argv[4:] if text != "digest"), "", ""]
    result = run(
        Path(sys.argv[1]),
        sys.argv[2],
        int(sys.argv[3]),
        extra[0] or "local",
        Path(extra[1]) if extra[1] else None,
    )
    print(json.dumps(result))
