"""Canaries left after de-identification, and its cost: ``./dev bench deidentify [PATIENTS]``.

So many FHIR Bundles and as many CT slices are made, with a canary in each place where an identifier
can stand; then ``nof1 privacy deidentify`` runs over all of them at once, and every byte of the
output is searched. The cost includes reading everything twice and looking again.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from pathlib import Path

from bench.canaries import dicom_file, fhir_bundle, left
from bench.measured import SCRATCH, measured
from nof1.record.deidentify.dicom_rules import table
from nof1.record.deidentify.key import make_key

FOLDER = SCRATCH / "deidentify"
WORD = re.compile(rb"(?i)q[k-z]{11}")  # the form of every canary word; no pseudonym holds a q


def main(arguments: list[str]) -> None:
    """Make, clean, search, tell."""
    asked = argparse.ArgumentParser(prog="./dev bench deidentify", description=__doc__)
    asked.add_argument("patients", nargs="?", type=int, default=2000, help="[2000]")
    patients = asked.parse_args(arguments).patients
    shutil.rmtree(FOLDER, ignore_errors=True)
    source, target = FOLDER / "in", FOLDER / "out"
    numbers, count = _make(source, patients)
    key = FOLDER / "key"
    make_key(key)
    command = [sys.executable, "-m", "nof1", "privacy", "deidentify", source, target, "--key", key]
    cost = measured([*command, "--json", "--as-of", "2026-01-01"], accepted=(0, 1))
    report = json.loads((target / "deidentification.json").read_bytes())
    files = [path for path in target.rglob("*") if path.is_file()]
    found = sum(map(len, (_canaries(path, numbers) for path in files)))
    print(f"patients {patients:,}, canaries {count:,}")
    print(f"written {report['written']}, refused {len(report['refused'])}, "
          f"taken out {len(report['taken_out'])}")  # fmt: skip
    print(f"canaries left: {found}")
    print(f"{cost.cpu_s:.0f} CPU-s, {cost.wall_s:.0f} s, {cost.peak_mb:.0f} MiB")


def _make(source: Path, patients: int) -> tuple[set[int], int]:
    """Write the input; the numbers among the canaries, and how many canaries there are."""
    (source / "fhir").mkdir(parents=True)
    (source / "dicom").mkdir()
    numbers: set[int] = set()
    count, actions = 0, table()
    for number in range(patients):
        bundle, canaries = fhir_bundle(number)
        name = f"{canaries.word('family')}_{number}.json"
        (source / "fhir" / name).write_text(json.dumps(bundle), encoding="utf-8")
        content, more = dicom_file(number, actions)
        name = f"{more.word('last', True)}_{number}.dcm"
        (source / "dicom" / name).write_bytes(content)
        made = canaries.made | more.made
        count += len(made)
        numbers |= {int(one) for one in made if one.isdigit() and len(one) >= 7}
    return numbers, count


def _canaries(path: Path, numbers: set[int]) -> list[str]:
    content = path.name.encode() + b"\n" + path.read_bytes()
    found = [one.decode() for one in WORD.findall(content)]
    runs = re.findall(rb"(?<!\d)\d{7,14}(?!\d)", content)  # whole runs: a UID holds any number
    found += [run.decode() for run in runs if int(run) in numbers]
    return found + left(content, set(found))
