"""Hostile files and jobs: nothing is executed, nothing leaks, and each refusal is written down.

More than 200 files that mean harm, each given to the command that a user would type, and jobs,
messages and updates of a federation. After each: did a trap go off, did a patient's value reach a
screen, a log or a file that it should not, was anything written outside, and does the workspace's
audit log say that it was refused.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

COLUMNS = ("cases", "refused", "set aside", "taken as data", "executed", "leaked", "outside",
           "hung", "audited")  # fmt: skip


def main(arguments: list[str]) -> None:
    """``./dev bench hostile``: all cases, in processes of their own by family, and a table."""
    parser = argparse.ArgumentParser("./dev bench hostile", description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--family", help="only this one")
    parser.add_argument("--show", action="store_true", help="every case, with what was said")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.worker:
        from bench.hostile import running

        running.work(given.worker, given.seed)
        return
    found = [one for name in _families(given.family) for one in _worker(name, given.seed)]
    if given.show:
        for one in found:
            print(f"{one['family']:9} {one['name'][:52]:52} {one['outcome']:13} {one['why']}")
    _table(found)
    bad = [one for one in found if _bad(one)]
    for one in bad:
        print(f"NOT SAFE  {one['family']}: {one['name']}: {one}")
    sys.exit(1 if bad else 0)


def _families(only: str | None) -> list[str]:
    from bench.hostile import running

    return [name for name in running.families() if only in (None, name)]


def _worker(family: str, seed: int) -> list[dict[str, object]]:
    """The cases of a family in a process of their own; one that dies is told as hung."""
    with tempfile.TemporaryFile() as said:
        words = [sys.executable, "-m", "bench.hostile", "--worker", family, "--seed", str(seed)]
        done = subprocess.run(words, stdout=said, stderr=subprocess.PIPE, check=False)
        said.seek(0)
        found = [json.loads(line) for line in said]
    if done.returncode:
        text = done.stderr.decode()[-300:]
        lost = {"family": family, "name": "the process", "outcome": "hung", "why": text}
        found.append(lost | {"executed": False, "leaked": "", "outside": "", "audited": False})
    return found


def _bad(one: dict[str, object]) -> bool:
    return bool(one["executed"] or one["leaked"] or one["outside"] or not one["audited"]
                or one["outcome"] == "hung")  # fmt: skip


def _table(found: list[dict[str, object]]) -> None:
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for one in found:
        for name in (str(one["family"]), "all"):
            rows[name]["cases"] += 1
            rows[name][str(one["outcome"])] += 1
            for each in ("executed", "leaked", "outside", "audited"):
                rows[name][each] += bool(one[each])
    print("\n| family | " + " | ".join(COLUMNS) + " |")
    print("|---|" + "---|" * len(COLUMNS))
    for name in [*(one for one in rows if one != "all"), "all"]:
        print(f"| {name} | " + " | ".join(str(rows[name][each]) for each in COLUMNS) + " |")
    every = rows["all"]
    share = 100 * every["audited"] / max(1, every["cases"])
    print(f"\n{every['executed'] + every['leaked']} of {every['cases']} executed or leaked, "
          f"{share:.1f} % left an audit record.")  # fmt: skip


def path_of_bench() -> Path:
    """Where the bench lies, for the tests."""
    return Path(__file__).parent


if __name__ == "__main__":
    main(sys.argv[1:])
