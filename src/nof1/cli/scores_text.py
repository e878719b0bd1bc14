"""Polygenic scores as text, JSON and table."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nof1.cli.options import WIDTH
from nof1.core.finding import NOTICE

if TYPE_CHECKING:
    from nof1.genome.scoreresult import ScoreMatch, ScoreResult, Scores

FEW = 3
SCHEMA = "nof1/genome-score/1"


def told(scores: Scores, samples: Sequence[str], file: str) -> str:
    """Every score with how much of it was found, then the people, or how to get them."""
    counted = [(len(scores.matches), "score"), (len(samples), "sample")]
    said = ", ".join(f"{number:,} {word}{'s' * (number != 1)}" for number, word in counted)
    lines = [f"{said} of {file}"]
    for note, count in scores.notes.items():
        lines += _wrapped(f"Note: {note} ({count:,}).", "  ")
    for match in scores.matches:
        lines += ["", *_match(match)]
    if len(samples) <= FEW:
        for sample in samples:
            for result in scores.of(sample):
                lines += ["", *_result(result)]
    else:
        lines += ["", *_wrapped(MORE)]
    lines += ["", NOTICE]
    return "\n".join("".join(c if c.isprintable() else "?" for c in line) for line in lines)


MORE = "Next step: one person with --sample NAME, everybody with --table FILE.parquet or --json."


def _match(match: ScoreMatch) -> Iterator[str]:
    header = match.header
    names = [text for text in (header.name, header.trait) if text and text != header.id]
    yield f"{header.id}{f' ({chr(44).join(names)})' if names else ''}"
    share = f"{match.matched:,} of {match.total:,} rows found"
    yield f"  {share}, {match.weight_share:.1%} of the weight"
    if match.refused:
        yield from _wrapped(f"REFUSED: {match.refused}", "  ")
    for name, count in sorted(match.counts.items()):
        yield from _wrapped(f"{count:,} rows: {name}", "    ")


def _result(result: ScoreResult) -> Iterator[str]:
    yield f"{result.sample}, {result.score_id}"
    if result.sum is None:
        yield from _wrapped(f"REFUSED: {result.refused}", "  ")
        return
    interval = f"{result.low:.4g} to {result.high:.4g}, {result.level:.0%} interval"
    yield from _wrapped(f"Sum {result.sum:.6g} ({interval}); {result.used:,} rows used.", "  ")
    if result.z is not None and result.percentile is not None:
        span = f"{result.z_low:.2f} to {result.z_high:.2f}"
        group = f", {result.group}" if result.group else ""
        text = f"z {result.z:.2f} ({span}), percentile {result.percentile:.0f} of"
        yield from _wrapped(f"{text} {result.reference}{group}.", "  ")
    else:
        yield from _wrapped(f"No z value: {result.not_normalised}", "  ")
    for note in result.notes:
        yield from _wrapped(note, "  ")


def pieces(scores: Scores, samples: Sequence[str], file: str) -> Iterator[str]:
    """The JSON object (schema ``nof1/genome-score/1``), a sample at a time."""
    head = {
        "schema": SCHEMA,
        "file": file,
        "notice": NOTICE,
        "notes": dict(scores.notes),
        "scores": [_score(one) for one in scores.matches],
    }
    yield f'{_json(head)[:-1]}, "samples": {{'
    for number, sample in enumerate(samples):
        found = {one.score_id: asdict(one) for one in scores.of(sample)}
        yield f"{', ' * (number > 0)}{_json(sample)}: {_json(found)}"
    yield "}}\n"


def _score(match: ScoreMatch) -> dict[str, Any]:
    return {
        "id": match.header.id,
        "name": match.header.name,
        "trait": match.header.trait,
        "file": match.header.file,
        "total": match.total,
        "matched": match.matched,
        "weight_share": match.weight_share,
        "counts": dict(match.counts),
        "refused": match.refused,
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def write_table(scores: Scores, path: Path) -> None:
    """One row for each sample and score: sums, interval, z; empty where refused."""
    import numpy as np
    import polars as pl

    from nof1.genome.callstable import Writer

    with Writer(path) as writer:
        for number, match in enumerate(scores.matches):
            nothing = np.full(len(scores.samples), np.nan)
            z = scores.normalised.z
            rows = pl.DataFrame(
                {
                    "sample": list(scores.samples),
                    "score": [match.header.id] * len(scores.samples),
                    "sum": scores.sums[number],
                    "average": scores.averages[number],
                    "low": scores.low[number],
                    "high": scores.high[number],
                    "z": z[number] if z.size else nothing,
                    "used": scores.used[number],
                    "matched": [match.matched] * len(scores.samples),
                    "total": [match.total] * len(scores.samples),
                }
            )
            writer.write(rows.with_columns(pl.col(pl.Float64).fill_nan(None)))


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
    )
