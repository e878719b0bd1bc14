"""Train the model for SYNTHETIC chest films that comes with nof1: ``imaging/reference``.

    .venv/bin/python tools/make_reference_films.py [FOLDER]

Draws phantom films as DICOM files, trains on them as a user would train on a site's own films, and
writes the model's folder. It reads phantoms only; a real film is refused by its gate.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from nof1.imaging.answering.building import build
from nof1.imaging.training.task import ImagingTask
from nof1.synthetic.film_files import write_films
from nof1.synthetic.films import draw_films

SIZES = {512: 800, 256: 1600}  # pixels -> films
SEED = 20
TARGET = Path(__file__).parents[1] / "src" / "nof1" / "imaging" / "reference" / "phantom-chest"
TASK = """\
name: phantom-chest
description: opacities in SYNTHETIC chest films
pictures: {csv: films.csv, file: path}
findings:
  - {name: lung opacity, column: opacity, present: ["1"], absent: ["0"]}
patient: patient
split: {test_share: 0.25}
subgroups:
  - {name: sex, column: sex}
  - {name: view, column: view}
  - {name: age, column: age_years, limits: [40, 65]}
network: {widths: [16, 32, 64], stem: 2}
training: {size: 80, seeds: 5, epochs: 14}
"""


def say(text: str) -> None:
    """One line, at once."""
    print(text, flush=True)


def drawn(folder: Path, size: int) -> list[str]:
    """Draw the films of one size; the rows of the table, its header first."""
    place = folder / str(size)
    write_films(place, list(draw_films(SIZES[size], size=size, seed=SEED + size)))
    table = (place / "truth" / "films.csv").read_text(encoding="utf-8").splitlines()
    rows = [f"{size}/films/{line.partition(',')[0]}.dcm,{line}" for line in table[1:]]
    return [f"path,{table[0]}", *rows]


def main() -> None:
    """Draw, train, write."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [row for size in SIZES for row in drawn(folder, size)]
        (folder / "films.csv").write_text("\n".join(dict.fromkeys(rows)) + "\n", encoding="utf-8")
        (folder / "task.yaml").write_text(TASK, encoding="utf-8")
        done = build(ImagingTask.load(folder / "task.yaml"), target, say=say, half=True)
    print("may speak" if done.passed else f"withheld: {'; '.join(done.reasons)}")


if __name__ == "__main__":
    main()
