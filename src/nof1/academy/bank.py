"""The bank of teaching cases: built once from a synthetic workspace, kept as JSON lines.

``build`` asks the real engine about invented people, with and without a fault, and keeps what
teaches something: a faulty card that flips a decision that would have been right, a sound card that
is right. All is drawn from one seed. ``form`` takes a test of 48 cases from a bank.

A bank file has one line about itself (schema ``nof1/academy-bank/1``, number of cases, SHA-256 of
the lines that follow), then one case a line.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nof1.academy.cases import GOOD, SURPRISING, Case
from nof1.academy.faults import FAULTS
from nof1.academy.making import Desk, FaultStream
from nof1.academy.ward import Ward
from nof1.core.errors import InputError, ModelError, UsageError
from nof1.core.whole import write_whole
from nof1.core.workspace import Workspace

SCHEMA = "nof1/academy-bank/1"
PLACE = "academy/bank.jsonl"  # in the workspace
SURPRISING_SHARE = 0.2  # of the sound cards
LEAST, MOST = 12, 2000
FORM, FEWEST_FAULTY, MOST_FAULTY = 48, 17, 24
LARGEST_FILE = 64_000_000  # bytes


def build(
    workspace: Workspace,
    n: int = 144,
    seed: int = 1,
    faulty_share: float = 0.45,
    truth: Path | str | None = None,
) -> list[Case]:
    """Make a bank of ``n`` cases, the same every time for one workspace and seed.

    Parameters
    ----------
    faulty_share : part of the cases with a fault, 0.2 to 0.8; the faults share them evenly. One
        that cannot flip enough decisions in this hospital leaves its places to the others.
    truth : folder of the hospital's answers (default: see ``truth.find``).

    Raises
    ------
    InputError : the workspace is not synthetic, or its truth is missing.
    ModelError : no model may speak, or the hospital is too small for so many cases.
    UsageError : ``n`` or ``faulty_share`` is out of range.
    """
    if not (LEAST <= n <= MOST and 0.2 <= faulty_share <= 0.8 and seed >= 0):
        raise UsageError(
            "A bank of this size or mix cannot be made.",
            where="build(n, seed, faulty_share)",
            allowed=f"{LEAST} to {MOST} cases, seed from 0 on, faulty_share 0.2 to 0.8",
        )
    desk = Desk(Ward.open(workspace, truth), seed)
    wanted = round(n * faulty_share)
    cases = _faulty(desk, wanted)
    odd = max(1, round((n - wanted) * SURPRISING_SHARE))
    cases += desk.right(SURPRISING, odd)
    cases += desk.right(GOOD, n - len(cases)) if len(cases) >= wanted else []
    if len(cases) < n:
        raise ModelError(
            f"This hospital gives only {len(cases)} teaching cases of the {n} wanted.",
            where="academy",
            next_step="Ask for fewer cases, or make a larger hospital: nof1 demo --patients 6000",
        )
    return [cases[place] for place in np.random.default_rng([seed, 99]).permutation(n)]


def _faulty(desk: Desk, wanted: int) -> list[Case]:
    """Cases of every fault in turn; what one cannot give, the others give."""
    streams = [FaultStream(desk, fault, place) for place, fault in enumerate(FAULTS.values())]
    cases: list[Case] = []
    while streams and len(cases) < wanted:
        for stream in list(streams):
            made = stream.next()
            if made is None:
                streams.remove(stream)
            elif len(cases) < wanted:
                cases.append(made)
            if len(cases) == wanted:
                break
    return cases


def write(path: Path | str, cases: Sequence[Case]) -> None:
    """Write a bank, whole or not at all; an older one at this place is replaced."""
    lines = [json.dumps(case.to_dict(), ensure_ascii=False) for case in cases]
    body = "".join(f"{line}\n" for line in lines).encode()
    about = {"schema": SCHEMA, "cases": len(lines), "sha256": hashlib.sha256(body).hexdigest()}
    write_whole(Path(path), json.dumps(about).encode() + b"\n" + body)


def read(path: Path | str) -> list[Case]:
    """Read a bank that ``write`` wrote.

    Raises
    ------
    InputError : there is none, or it is damaged, edited or of another version.
    """
    place = Path(path)
    try:
        if place.stat().st_size > LARGEST_FILE:
            raise _refused("it is larger than any bank")
        first, _, body = place.read_bytes().partition(b"\n")
    except OSError:
        raise _refused("it is not there, or cannot be read") from None
    try:
        about = json.loads(first)
        rows = [json.loads(line) for line in body.splitlines()]
    except (ValueError, RecursionError):
        raise _refused("a line is not JSON") from None
    if not isinstance(about, dict) or about.get("schema") != SCHEMA:
        raise _refused("it was written by another version, or is no bank")
    if about.get("sha256") != hashlib.sha256(body).hexdigest() or about.get("cases") != len(rows):
        raise _refused("it was changed, or is cut off")
    cases = [Case.from_dict(row) for row in rows]
    if len({case.id for case in cases}) != len(cases):
        raise _refused("two cases have one name")
    return cases


def _refused(why: str) -> InputError:
    return InputError(
        f"The bank of teaching cases cannot be used: {why}.",
        where=PLACE,
        allowed=SCHEMA,
        next_step="Build it (again): nof1 academy build",
    )


def form(bank: Sequence[Case], seed: int) -> list[Case]:
    """A test: 48 cases of a bank, 17 to 24 of them faulty, the faults as even as the bank allows.

    About a fifth of the sound cards look odd. In random order; the same for one bank and seed.

    Raises
    ------
    UsageError : the bank is too small.
    """
    rng = np.random.default_rng([seed, 7])
    faulty = int(rng.integers(FEWEST_FAULTY, MOST_FAULTY + 1))
    by_topic: dict[str, list[Case]] = {}
    for place in rng.permutation(len(bank)):
        by_topic.setdefault(bank[place].topic, []).append(bank[place])
    wrong = {topic: rows for topic, rows in by_topic.items() if rows[0].faulty}
    chosen = _even(list(wrong.values()), faulty)
    odd = by_topic.get(SURPRISING, [])[: round((FORM - faulty) * SURPRISING_SHARE)]
    chosen += [*odd, *by_topic.get(GOOD, [])[: FORM - len(chosen) - len(odd)]]
    if len(chosen) < FORM:
        raise UsageError(
            "The bank is too small for a test.",
            where=f"{len(bank)} cases",
            allowed=f"at least {MOST_FAULTY} faulty and {FORM - FEWEST_FAULTY} sound cases",
            next_step="Build a larger one: nof1 academy build --cases 144",
        )
    return [chosen[place] for place in rng.permutation(FORM)]


def _even(stacks: list[list[Case]], wanted: int) -> list[Case]:
    """``wanted`` cases, one of each stack in turn."""
    longest = max(map(len, stacks), default=0)
    turns = [stack[turn] for turn in range(longest) for stack in stacks if turn < len(stack)]
    return turns[:wanted]
