"""Simulated orders with answers from cited sources: does order checking catch what it should?

``./dev bench orders`` asks the order checks in this process; ``--url URL`` asks any CDS Hooks 2.0
service (the address of one order-sign service). The answers stand in ``cases/*.tsv`` and come from
papers and labels, never from our own rules; nothing here reads ``nof1.knowledge``.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench.orders import inside, outside, report
from bench.orders.answers import Answer
from bench.orders.score import Outcome, judge
from bench.orders.tables import SETS, Case, cases

MISSES = Path(".bench") / "orders"


def main(arguments: list[str]) -> None:
    """Run the benchmark and print the scores; every miss goes to ``.bench/orders/misses.tsv``."""
    asked = _arguments(arguments)
    at = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    chosen = [
        one for one in cases(asked.set) if not asked.category or one.category in asked.category
    ]
    if asked.url:
        outcomes = run(chosen, outside.asker(asked.url, asked.token), at)
    elif asked.through_service:
        with inside.service() as ask:
            outcomes = run(chosen, ask, at)
    else:
        outcomes = run(chosen, inside.ask, at)
    print(f"set: {asked.set}\n{report.text(outcomes)}")
    target = report.write(outcomes, asked.out)
    print(f"\nEvery miss and false alarm: {target}")


def run(chosen: list[Case], ask: Callable[[Case, datetime], Answer], at: datetime) -> list[Outcome]:
    """Ask each case; what fails is an answer too ("error"), never left out."""
    outcomes = []
    for number, case in enumerate(chosen, 1):
        outcomes.append(judge(case, ask(case, at)))
        if sys.stderr.isatty() and number % 50 == 0:
            print(f"\r{number} of {len(chosen)}", end="", file=sys.stderr, flush=True)
    return outcomes


def _arguments(arguments: list[str]) -> argparse.Namespace:
    made = argparse.ArgumentParser(
        prog="./dev bench orders", description="Score order checks on simulated orders."
    )
    made.add_argument("--url", help="an order-sign service, https://host/cds-services/ID")
    made.add_argument(
        "--through-service", action="store_true", help="ask our CDS Hooks service, without a server"
    )
    made.add_argument("--token", help="bearer token that the service asks for")
    made.add_argument("--out", type=Path, default=MISSES, help="where the list of misses goes")
    made.add_argument("--set", choices=SETS, default="first", help="which cases (default: first)")
    known = sorted(Counter(one.category for which in SETS for one in cases(which)))
    made.add_argument("--category", action="append", choices=known, help="only these (repeat)")
    return made.parse_args(arguments)
