"""Made-up drug screens whose truth is known."""

import csv

import numpy as np

from nof1.medicines.response.screen import Screen

TISSUES = ("lung", "skin", "bowel", "blood")
MARKED = 4  # the first drugs that follow the marker, where there is one


def planted(
    *, marker: float = 0.0, lines: int = 96, drugs: int = 12, features: int = 20, seed: int = 0
) -> Screen:
    """Truth: drug mean + tissue x drug + ``marker`` x (feature 0) for the first drugs + noise.

    Nothing else in the omics says anything; a tenth of the pairs is not measured.
    """
    random = np.random.default_rng(seed)
    tissue = np.arange(lines) % len(TISSUES)
    omics = random.normal(size=(lines, features)) * np.r_[3.0, np.ones(features - 1)]
    response = random.normal(2, 2, drugs) + random.normal(0, 1, (len(TISSUES), drugs))[tissue]
    response[:, :MARKED] += marker * omics[:, :1] / 3.0
    response += random.normal(0, 0.7, response.shape)
    response[random.random(response.shape) < 0.1] = np.nan
    names = tuple(f"drug{j}" for j in range(drugs))
    return Screen(
        lines=tuple(f"line-{i}" for i in range(lines)),
        drugs=names,
        response=response,
        omics=omics,
        features=tuple(f"gene{k}" for k in range(features)),
        tissues=tuple(TISSUES[t] for t in tissue),
        subtypes=("",) * lines,
        chemistry=(random.random((drugs, 32)) < 0.3).astype(float),
        classes=tuple(f"class{j % 3}" for j in range(drugs)),
        compounds=names,
        measure="ln_ic50_um",
        titles=tuple(name.title() for name in names),
    )


def written(screen: Screen, folder) -> dict:
    """The screen as files: name of the option -> path."""
    paths = {name: folder / f"{name}.csv" for name in ("response", "omics", "annotations")}
    cells = [["NA" if np.isnan(x) else repr(float(x)) for x in row] for row in screen.response]
    rows = [[line, *row] for line, row in zip(screen.lines, cells, strict=True)]
    _write(paths["response"], [["", *screen.drugs], *rows])
    omics = zip(screen.lines, screen.omics.tolist(), strict=True)
    _write(paths["omics"], [["id", *screen.features], *([line, *row] for line, row in omics)])
    labels = zip(screen.lines, screen.tissues, strict=True)
    _write(paths["annotations"], [["line", "tissue"], *map(list, labels)])
    return paths


def _write(path, rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
