"""Hidden uses found again by popularity, single signals, our model and LightGBM: repurposing.

For each split of nof1.medicines.repurposing.judging: mean average precision over diseases, the
difference to popularity with its interval, hidden uses among the first 20, and how often a hidden
use stands before a pair that was found to be no treatment (AUROC over all such pairs of a fold).
Structures and targets of the cancer medicines of GDSC are joined by PubChem id from ../shared/data;
without it those rows are left out. CPU seconds of one thread.
"""

from __future__ import annotations

import csv
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.measured import ONE_THREAD, ROOT

os.environ.update(ONE_THREAD)  # read when numpy and LightGBM are imported

import numpy as np
from scipy.stats import rankdata

from nof1.medicines.repurposing import judging
from nof1.medicines.repurposing.hypotheses import Evidence, evidence
from nof1.medicines.repurposing.linking import fit, learnable
from nof1.medicines.repurposing.pairs import Bools, pairs
from nof1.medicines.repurposing.signals import names

DATA = ROOT.parent / "shared" / "data" / "cell-lines"
Scores = dict[str, np.ndarray]


def lightgbm(used: Bools, values: np.ndarray, *, cold: bool) -> np.ndarray:
    """The challenger: boosted trees on the same signals and the same pairs."""
    from lightgbm import LGBMClassifier

    rows = learnable(used, cold=cold)
    model = LGBMClassifier(
        n_estimators=100, num_leaves=15, learning_rate=0.05, n_jobs=1, random_state=0, verbose=-1
    )
    model.fit(values[rows], used[rows])
    flat = values.reshape(-1, values.shape[-1])
    return np.asarray(model.predict(flat, raw_score=True)).reshape(used.shape)


def contenders(used: Bools, given: Evidence, *, cold: bool) -> Scores:
    """Scores (m, d) of every contender from a table with hidden uses."""
    linker, values = fit(used, given.likeness, cold=cold)
    popularity = np.broadcast_to(used.sum(axis=1, keepdims=True).astype(float), used.shape)
    single = {
        name: values[..., number]
        for number, name in enumerate(names(given.likeness, cold=cold))
        if name not in ("popularity", "known")
    }
    return {
        "popularity (naive)": popularity,
        **single,
        "ours (logistic)": linker.score(values),
        "LightGBM": lightgbm(used, values, cold=cold),
    }


def race(given: Evidence, split: str) -> Iterator[tuple[str, list[str]]]:
    """(contender, cells) of one split."""
    table, cold = given.pairs, split == "leave-disease"
    precision: dict[str, dict[int, list[float]]] = {}
    first: dict[str, float] = {}
    against: dict[str, list[float]] = {}
    for hidden in judging.folds(table, given.likeness, split):
        used = table.used & ~hidden
        pool = ~used & used.any(axis=1, keepdims=True)
        for name, score in contenders(used, given, cold=cold).items():
            for column in range(used.shape[1]):
                inside = pool[:, column]
                answer = hidden[inside, column]
                if answer.any() and (cold or used[:, column].any()):
                    own = precision.setdefault(name, {}).setdefault(column, [])
                    own.append(judging.average_precision(answer, score[inside, column]))
                    found = judging._among_first(answer, score[inside, column])
                    first[name] = first.get(name, 0) + found
            against.setdefault(name, []).append(auroc(hidden & pool, table.refused & pool, score))
    naive = means(precision["popularity (naive)"])
    for name, found in precision.items():
        gain, low, high = judging._interval(means(found) - naive, 0)
        cells = [f"{means(found).mean():.3f}", f"{gain:+.3f} ({low:+.3f} to {high:+.3f})"]
        yield name, [*cells, f"{first[name]:.0f}", f"{np.mean(against[name]):.3f}"]


def means(found: dict[int, list[float]]) -> np.ndarray:
    """One average precision for each disease, in a fixed order."""
    return np.array([np.mean(found[column]) for column in sorted(found)])


def auroc(right: Bools, wrong: Bools, score: np.ndarray) -> float:
    """How often a right pair stands before a wrong one."""
    values = np.concatenate([score[right], score[wrong]])
    ranks, n = rankdata(values), int(right.sum())
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * int(wrong.sum())))


def with_gdsc(folder: Path) -> Evidence:
    """The evidence with structures and targets of the medicines of GDSC."""
    listed = next(DATA.glob("gdsc_1.Drug_list*.csv"))
    with listed.open(encoding="utf-8") as lines:
        drugs = list(csv.DictReader(lines))
    smiles = dict(
        line.split("\t")[:2] for line in (DATA / "drug_smiles.tsv").read_text().splitlines()
    )
    structures, targets = folder / "structures.tsv", folder / "targets.tsv"
    known = [(row["Name"], smiles[row["PubCHEM"]]) for row in drugs if row["PubCHEM"] in smiles]
    structures.write_text("\n".join(["name\tsmiles", *("\t".join(row) for row in known)]) + "\n")
    rows = [f"{row['Name']}\t{row['Targets']}" for row in drugs]
    targets.write_text("\n".join(["name\ttargets", *rows]) + "\n")
    made = evidence(pairs(), structures=structures, targets=targets)
    print(
        f"GDSC: targets of {len(made.targets)} of {len(made.pairs.medicines)} medicines; ", end=""
    )
    print(f"structures of {int((made.likeness.structures.max(axis=1) > 0).sum())}")
    return made


def main(arguments: list[str]) -> None:
    """Print one table for each set of evidence."""
    given: dict[str, Callable[[Path], Evidence]] = {
        "all pairs of the table": lambda _: evidence(pairs()),
        "pairs of PharmacotherapyDB alone": lambda _: evidence(pairs(curated=True)),
    }
    if DATA.is_dir():
        given["all pairs, with structures and targets of GDSC"] = with_gdsc
    for title, make in given.items():
        with tempfile.TemporaryDirectory() as folder:
            one = make(Path(folder))
        uses, none = int(one.pairs.used.sum()), int(one.pairs.refused.sum())
        print(f"\n{title}: {uses:,} uses, {none} that are none")
        for split in judging.SPLITS:
            start = time.process_time()
            rows = list(race(one, split))
            print(f"\n{split} ({time.process_time() - start:.1f} CPU-s)")
            print(
                "| order | average precision | minus popularity | first 20 | AUROC against none |"
            )
            print("|---|---|---|---|---|")
            for name, cells in rows:
                print(f"| {' | '.join([name, *cells])} |")
