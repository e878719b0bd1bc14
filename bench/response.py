"""Responses of cell lines to drugs on four splits: ./dev bench response [--trees].

The public GDSC table (ln IC50) with 808-gene methylation, from ../shared/data/cell-lines (GDSC
terms: benchmark only). Prints the table of docs/response-models.md: every naive predictor and model
on each split with intervals, coverage, drugs that speak, and CPU seconds. Nothing is stored.

--trees       LightGBM takes part
--subtypes    a finer tissue label for the models and for the naive predictors
--scrambled   omics shuffled among the lines of each tissue: the model must be withheld
--split NAME  this split alone
--seed N      other folds [0]
--twice       only this: how far two columns of one substance lie apart on the same lines
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np

from bench.measured import ROOT
from nof1.medicines.response.card import shown
from nof1.medicines.response.crossing import Plan, cross
from nof1.medicines.response.joining import Sources, join
from nof1.medicines.response.judging import Verdict, judge
from nof1.medicines.response.screen import Screen
from nof1.medicines.response.splits import SPLITS

FOLDER = ROOT.parent / "shared" / "data" / "cell-lines"
AIMS = {"pairs": 1.15, "cell-line": 1.24}


def sources(folder: Path, subtypes: bool) -> Sources:
    """The public tables."""
    return Sources(
        response=folder / "gdsc_ln_ic50.csv",
        omics=folder / "methylation_808_genes.csv",
        annotations=folder / "cell_line_annotations.tsv",
        unit="ln_uM",
        drugs=next(folder.glob("gdsc_1.Drug_list*.csv")),
        compounds=folder / "drug_smiles.tsv",
        subtype_column="type_refined" if subtypes else None,
        only_with_structure=True,
    )


def scrambled(screen: Screen) -> Screen:
    """Omics dealt anew among the lines of each tissue: they say nothing beyond the tissue."""
    random = np.random.default_rng(0)
    omics = screen.omics.copy()
    tissues = np.array(screen.tissues)
    for tissue in np.unique(tissues):
        at = np.flatnonzero(tissues == tissue)
        omics[at] = omics[random.permutation(at)]
    return replace(screen, omics=omics)


def twice(screen: Screen) -> str:
    """What repeating the measurement says: substances that stand in the screen under two ids.

    With independent errors of one size, no predictor can have a smaller RMSE than the error of one
    measurement: the RMSE between two columns, each less its own mean, divided by the root of two.
    """
    apart, usual, count = [], [], 0
    for j, k in combinations(range(len(screen.drugs)), 2):
        if screen.compounds[j] == screen.compounds[k]:
            both = screen.measured[:, j] & screen.measured[:, k]
            pair = screen.response[both][:, [j, k]]
            pair = pair - pair.mean(axis=0)
            apart.append(pair[:, 0] - pair[:, 1])
            usual.append(pair.ravel())
            count += 1
    between, spread = (float(np.sqrt((np.concatenate(x) ** 2).mean())) for x in (apart, usual))
    each = sorted(float(np.sqrt((x**2).mean() / 2)) for x in apart)
    return (
        f"{count} pairs of columns, {sum(map(len, apart)):,} lines measured twice: RMSE between "
        f"them {between:.3f}, of one measurement {between / 2**0.5:.3f} (median of the pairs "
        f"{np.median(each):.3f}); standard deviation among lines {spread:.3f}"
    )


def rows(verdict: Verdict, seconds: float) -> list[str]:
    """Markdown rows of one split."""
    data = verdict.to_dict()
    made = []
    for name, own in data["figures"].items():
        mark = " (best naive)" if name == verdict.naive else ""
        parts = [shown(own[key]) for key in ("rmse", "r2", "normalised_pearson")]
        difference = shown(own["difference"], "+.4f")
        made.append(f"| {verdict.kind} | {name}{mark} | {' | '.join(parts)} | {difference} |")
    aim = f"; aim {AIMS[verdict.kind]}" if verdict.kind in AIMS else ""
    word = "speaks" if verdict.speaks else "WITHHELD"
    made.append(
        f"\n{verdict.kind}: {word}{aim}; {verdict.reason}; 90 % intervals cover "
        f"{shown(data['coverage'])}; speaks about {data['drugs_that_speak']} drugs; "
        f"{seconds:.0f} CPU s\n"
    )
    return made


def option(arguments: list[str], name: str) -> str | None:
    """What follows an option; None when it is not given."""
    return arguments[arguments.index(name) + 1] if name in arguments else None


def main(arguments: list[str]) -> None:
    """Run all four splits."""
    if not FOLDER.is_dir():
        sys.exit("Needs ../shared/data/cell-lines.")
    joined = join(sources(FOLDER, "--subtypes" in arguments))
    for note in joined.notes:
        print(f"- {note}")
    counts = joined.counts
    print(f"- {counts['lines']} lines x {counts['drugs']} drugs, {counts['pairs']:,} pairs\n")
    if "--twice" in arguments:
        print(twice(joined.screen))
        return
    print("| split | predictor | RMSE | R2 | normalised r | RMSE less the best naive |")
    print("|---|---|---|---|---|---|")
    plan = Plan(seed=int(option(arguments, "--seed") or 0), trees="--trees" in arguments)
    screen = scrambled(joined.screen) if "--scrambled" in arguments else joined.screen
    alone = option(arguments, "--split")
    for kind in [alone] if alone else SPLITS:
        start = time.process_time()
        verdict = judge(screen, cross(screen, kind, plan, lambda text: None), 0)
        print("\n".join(rows(verdict, time.process_time() - start)), flush=True)
