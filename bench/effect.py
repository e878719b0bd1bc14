"""Effects: known individual effects, the race with EconML, false claims, refusals, large tables.

Everything here is SYNTHETIC: only there is the true effect of every person known.
"""

from __future__ import annotations

import argparse
import os

from bench.measured import ONE_THREAD

PARTS = ("hospital", "refusals", "econml", "nobody", "lonely", "large")


def main(arguments: list[str]) -> None:
    """One part, or all of them."""
    parser = argparse.ArgumentParser(prog="./dev bench effect")
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--seeds", type=int, nargs="+", default=None)
    parser.add_argument("--patients", type=int, default=8_000, help="hospital: of each seed")
    parser.add_argument("--least", type=int, default=30, help="refusals: patients of a code")
    parser.add_argument("--full", action="store_true", help="nobody: the recipe as it is shipped")
    parser.add_argument("--people", type=int, default=None, help="nobody, lonely: of each seed")
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 100_000], help="large")
    parser.add_argument("--inside", action="store_true", help="econml, large: in this process")
    parser.add_argument("--program", default=None, help="econml: nof1, forest or dr alone")
    parser.add_argument("--comparison", default="ticagrelor", help="econml: with --inside")
    asked = parser.parse_args(arguments)
    os.environ.update(ONE_THREAD)  # before numpy is imported
    PART[asked.part](asked)


def _hospital(asked: argparse.Namespace) -> None:
    from bench import effect_hospital

    seeds = asked.seeds or [21]
    effect_hospital.shown(seeds, asked.patients)


def _refusals(asked: argparse.Namespace) -> None:
    from bench import effect_hospital

    effect_hospital.refusals(asked.seeds or [21, 22], asked.patients, asked.least)


def _econml(asked: argparse.Namespace) -> None:
    from bench import effect_econml

    if asked.inside:
        effect_econml.inside(asked.seeds[0], asked.patients, asked.program, asked.comparison)
    else:
        programs = (asked.program,) if asked.program else effect_econml.PROGRAMS
        effect_econml.race(asked.seeds or [21, 22], asked.patients, programs)


def _nobody(asked: argparse.Namespace) -> None:
    from bench import effect_draws

    seeds = asked.seeds or list(range(1, 41))
    effect_draws.nobody(seeds, asked.people or 2_000, full=asked.full)


def _lonely(asked: argparse.Namespace) -> None:
    from bench import effect_draws

    effect_draws.lonely(asked.seeds or list(range(1, 6)), asked.people or 4_000)


def _large(asked: argparse.Namespace) -> None:
    from bench import effect_large

    if asked.inside:
        effect_large.inside(asked.rows[0])
    else:
        effect_large.table(asked.rows)


PART = {
    "hospital": _hospital,
    "refusals": _refusals,
    "econml": _econml,
    "nobody": _nobody,
    "lonely": _lonely,
    "large": _large,
}
