"""The ledger: 10,000 past cards built again in a new process, and what a safe entry costs.

./dev bench ledger                     both
./dev bench ledger --cards 2000        fewer cards
./dev bench ledger --only commit       entries a second, flushes (strace counts them)
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import ledger_commit
from bench.measured import Cost, measured

NOF1 = (sys.executable, "-m", "nof1")
SELF = (sys.executable, "-m", "bench", "ledger")


def main(arguments: Sequence[str]) -> None:
    """Run the race."""
    parser = argparse.ArgumentParser(prog="./dev bench ledger", description=__doc__)
    parser.add_argument("--cards", type=int, default=10_000)
    parser.add_argument("--only", choices=["cards", "commit"])
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--write", nargs="*", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.write is not None:
        ledger_commit.write(*given.write)
    elif given.make is not None:
        _make(given.make, given.cards)
    else:
        if given.only != "commit":
            cards(given.cards)
        if given.only != "cards":
            ledger_commit.race()


def cards(wanted: int) -> None:
    """Make cards in one process, replay them in another, and again with other facts."""
    folder = Path(tempfile.mkdtemp(prefix="nof1-ledger-"))
    try:
        made = measured([*SELF, "--make", folder, "--cards", wanted])
        counts = json.loads(made.output.splitlines()[-1])
        print(f"Made: {counts}")
        asked = sum(count for name, count in counts.items() if name.startswith("status"))
        workspace = ("-w", folder / "ws")
        done = measured([*NOF1, "audit", "replay", "--json", *workspace], accepted=(0, 1))
        _told(done, asked, counts["cards"])
        check = measured([*NOF1, "audit", "verify", "--json", *workspace])
        print(f"nof1 audit verify: intact, {check.cpu_s:.1f} CPU-s, {check.peak_mb:.0f} MB")
        _other_facts(folder / "ws")
    finally:
        shutil.rmtree(folder)


def _make(folder: Path, wanted: int) -> None:
    from bench import ledger_cards

    workspace = ledger_cards.hospital(folder)
    print(json.dumps(dict(ledger_cards.fill(workspace, wanted))))


def _told(done: Cost, asked: int, cards: int) -> None:
    found = json.loads(done.output.splitlines()[-1])
    print(
        f"Replayed in a new process: {found['entries']} answers with {cards} cards: "
        f"{found['same']} the same byte for byte, {found['different']} different, "
        f"{found['not_comparable']} not replayable {found['why']}; {done.cpu_s:.0f} CPU-s, "
        f"{1000 * done.cpu_s / max(found['entries'], 1):.1f} CPU-ms an answer, "
        f"{done.peak_mb:.0f} MB"
    )
    if found["entries"] != asked or found["different"]:
        raise SystemExit("An answer is missing or different.")


def _other_facts(workspace: Path) -> None:
    """The same with a changed table of facts: nothing may count as the same or as a fault."""
    from nof1.knowledge.base import Base

    (workspace / "knowledge").mkdir()
    text = Base().text("sources.tsv")
    (workspace / "knowledge" / "sources.tsv").write_text(f"{text.rstrip()}\n\n", encoding="utf-8")
    command = [*NOF1, "audit", "replay", "--json", "--last", "200", "-w", workspace]
    found = json.loads(measured(command, accepted=(1,)).output.splitlines()[-1])
    print(
        f"With one more line end in a table of facts, the newest {found['entries']}: "
        f"{found['same']} the same, {found['different']} different, not replayable "
        f"{found['why']}, because of {found['changed']}"
    )
    if found["same"] or found["different"]:
        raise SystemExit("Other facts were not noticed.")
