"""The trial that could show whether the academy helps: its protocol and its analysis.

Three arms, people drawn one by one, a test before and after. What counts is over-reliance on wrong
cards, person by person: the share of faulty cases with a right own act that ended in a wrong one.
The estimate is the difference of two arms after the training, adjusted for the person's own value
before it (analysis of covariance), with an interval that does not assume equal spread (HC3).

Until such a trial is done nobody may say that this training helps people.

References
----------
Chan et al., BMJ 346 (2013) e7586 (SPIRIT: what a protocol says); Vickers & Altman, BMJ 323 (2001)
1123 (adjust for the value before); MacKinnon & White, Journal of Econometrics 29 (1985) 305 (HC3).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec
import numpy as np
from scipy.special import stdtrit

from nof1.academy.sitting import SITTINGS, Sitting
from nof1.core.errors import InputError
from nof1.learn.figures import LEVEL, Figure
from nof1.learn.sums import FloatArray

Arm = Literal["simulator", "lessons", "waiting"]
Occasion = Literal["pre", "post", "later"]
ARMS: tuple[Arm, ...] = get_args(Arm)
OCCASIONS: tuple[Occasion, ...] = get_args(Occasion)
SCHEMA = "nof1/academy-trial/1"
CONTRASTS = (("simulator", "lessons"), ("simulator", "waiting"), ("lessons", "waiting"))
MARGIN = 0.10  # by which under-reliance may rise at most, 0 to 1
FEWEST = 6  # people in an arm for an estimate
NOT_SHOWN = "Benefit in people is not proven. Figures of invented people say nothing about it."


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of one person in the trial; one line of the answers file.

    ``person`` is a number of the trial, never a name. ``advised`` and ``right``: what the card said
    and what was right (act?); ``before`` and ``after``: the person's own act and the final one.
    """

    person: str
    arm: Arm
    occasion: Occasion
    case: str
    advised: bool
    right: bool
    before: bool
    after: bool


@dataclass(frozen=True)
class Contrast:
    """``first`` minus ``second`` arm after the training; below 0 the first arm relies less.

    ``carried`` is the same with the value before in place of a missing value after.
    """

    first: str
    second: str
    people: tuple[int, int]
    estimate: Figure
    carried: Figure

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "first": self.first, "second": self.second, "people": list(self.people),
            "estimate": self.estimate.to_dict(), "carried": self.carried.to_dict(),
        }  # fmt: skip


@dataclass(frozen=True)
class Analysis:
    """What the answers say. ``primary`` is over-reliance of simulator minus lessons."""

    people: dict[str, int]
    no_post: dict[str, int]
    set_aside: dict[str, int]
    over: tuple[Contrast, ...]
    under: tuple[Contrast, ...]

    @property
    def primary(self) -> Figure:
        """The one estimate that the trial is about."""
        return self.over[0].estimate

    @property
    def guarded(self) -> bool:
        """Whether under-reliance did surely not rise by ``MARGIN`` or more (simulator - lessons).

        Somebody who drops every card over-relies never: without this the primary says little.
        """
        high = self.under[0].estimate.high
        return high is not None and high < MARGIN

    def to_dict(self) -> dict[str, Any]:
        """The JSON form (schema ``nof1/academy-trial/1``)."""
        return {
            "schema": SCHEMA, "people": self.people, "no_post": self.no_post,
            "set_aside": self.set_aside,
            "over_reliance": [one.to_dict() for one in self.over],
            "under_reliance": [one.to_dict() for one in self.under],
            "under_reliance_margin": MARGIN, "under_reliance_guarded": self.guarded,
            "notice": NOT_SHOWN,
        }  # fmt: skip


def read(path: Path) -> list[Row]:
    """The answers file: JSON lines, one ``Row`` each; further fields are ignored.

    Raises
    ------
    InputError : the file cannot be read, or a line is not an answer; says which line.
    """
    rows = []
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    rows.append(_row(line, number))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The answers cannot be read ({type(error).__name__}).",
                         where="answers file", allowed="JSON lines, UTF-8") from None  # fmt: skip
    return rows


def _row(line: str, number: int) -> Row:
    try:
        return msgspec.convert(json.loads(line), Row)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors, too
        told = error if isinstance(error, msgspec.ValidationError) else "it is not JSON"
        raise InputError(
            f"This is not an answer of the trial: {told}",
            where=f"answers file, line {number}",
            allowed="person, arm, occasion, case, advised, right, before, after",
            next_step="See docs/academy-trial.md for the fields.",
        ) from None


def rows_of(exported: Mapping[str, Any], person: str, arm: Arm) -> list[Row]:
    """The trial's answers of one learner, from what ``nof1 academy export`` gives.

    The first finished test is ``pre``, the second ``post``, the third ``later``; of practice and of
    tests that were not finished nothing is taken.

    Raises
    ------
    InputError : the export is not one, or holds no finished test.
    """
    sittings = [Sitting.from_dict(one) for one in _list(exported, "sittings")]
    forms: dict[int, list[Sitting]] = {}
    for one in sittings:
        if one.kind == "test" and len(one.answers) == len(one.cases):
            forms.setdefault(one.form, []).append(one)
    done = [mine for mine in forms.values() if len(mine) == SITTINGS]
    if not done:
        raise InputError("The export holds no finished test.", where="export",
                         allowed=f"a test of {SITTINGS} sittings")  # fmt: skip
    return [
        Row(person=person, arm=arm, occasion=occasion, case=case.id, advised=case.advised,
            right=case.truth.right, before=answer.before.act, after=answer.after.act)
        for occasion, mine in zip(OCCASIONS, done, strict=False)
        for one in mine
        for case, answer in one.pairs
    ]  # fmt: skip


def _list(exported: Mapping[str, Any], name: str) -> list[Any]:
    found = exported.get(name) if isinstance(exported, Mapping) else None
    if not isinstance(found, list):
        raise InputError("This is not a learner's export.", where="export",
                         allowed="a file of nof1 academy export")  # fmt: skip
    return found


def analyse(rows: Iterable[Row]) -> Analysis:
    """The estimates, with everybody in the arm that he or she was drawn into.

    Set aside and counted: a second answer of a person to a case on one occasion, people without an
    answer before the training, and answers of ``later`` (they are not the primary outcome).

    Raises
    ------
    InputError : a person is in two arms, or an arm has fewer than ``FEWEST`` people.
    """
    kept, aside = _kept(rows)
    arm = _arms(kept)
    before = {one.person for one in kept if one.occasion == "pre"}
    after = {one.person for one in kept if one.occasion == "post"}
    people = [person for person in arm if person in before]
    aside["people without an answer before the training"] = len(arm) - len(people)
    counts = {str(one): [p for p in people if arm[p] == one] for one in ARMS}
    for name, members in counts.items():
        if sum(person in after for person in members) < FEWEST:
            raise InputError(f"Fewer than {FEWEST} people of an arm have both tests.",
                             where=f"arm {name}", allowed=f"{FEWEST} or more")  # fmt: skip
    over, under = (_contrasts(kept, people, arm, faulty) for faulty in (True, False))
    missing = {name: sum(p not in after for p in members) for name, members in counts.items()}
    return Analysis({name: len(m) for name, m in counts.items()}, missing, aside, over, under)


def _kept(rows: Iterable[Row]) -> tuple[list[Row], dict[str, int]]:
    """The answers before and after, each case once."""
    kept: dict[tuple[str, str, str], Row] = {}
    later = again = 0
    for one in rows:
        key = (one.person, one.occasion, one.case)
        later += one.occasion == "later"
        again += key in kept
        if one.occasion != "later":
            kept.setdefault(key, one)
    return list(kept.values()), {"second answers": again, "answers of later": later}


def _arms(rows: Sequence[Row]) -> dict[str, str]:
    """Person -> arm."""
    arm: dict[str, str] = {}
    twice = {one.person for one in rows if arm.setdefault(one.person, one.arm) != one.arm}
    if twice:
        raise InputError(f"{len(twice)} people are in more than one arm.", where="answers file",
                         allowed="everybody stays in the arm that was drawn")  # fmt: skip
    return arm


def _contrasts(
    rows: Sequence[Row], people: Sequence[str], arm: Mapping[str, str], faulty: bool
) -> tuple[Contrast, ...]:
    """Over-reliance (``faulty``) or under-reliance of every two arms."""
    pre, post = (_shares(rows, people, when, faulty) for when in ("pre", "post"))
    labels = np.array([ARMS.index(arm[person]) for person in people])
    pre = np.where(np.isnan(pre), np.nanmean(pre) if np.isfinite(pre).any() else 0.5, pre)
    carried = np.where(np.isnan(post), pre, post)
    made = []
    for first, second in CONTRASTS:
        pair = (ARMS.index(first), ARMS.index(second))
        seen = [int(np.sum((labels == one) & np.isfinite(post))) for one in pair]
        made.append(
            Contrast(first, second, (seen[0], seen[1]), ancova(pre, post, labels, pair),
                     ancova(pre, carried, labels, pair))
        )  # fmt: skip
    return tuple(made)


def _shares(rows: Sequence[Row], people: Sequence[str], when: str, faulty: bool) -> FloatArray:
    """(people,) share of wrong final acts where it can be seen; NaN without such a case."""
    place = {person: i for i, person in enumerate(people)}
    counts = np.zeros((len(people), 2))
    for one in rows:
        own_right, wrong_card = one.before == one.right, one.advised != one.right
        here = one.occasion == when and one.person in place
        if here and wrong_card is faulty and own_right is faulty:
            counts[place[one.person]] += (one.after != one.right, 1)
    with np.errstate(invalid="ignore"):
        found: FloatArray = counts[:, 0] / counts[:, 1]
    return found


def ancova(
    pre: FloatArray, post: FloatArray, labels: Any, pair: tuple[int, int], level: float = LEVEL
) -> Figure:
    """Difference ``pair[0] - pair[1]`` of the arms in ``post``, adjusted for ``pre``.

    Parameters
    ----------
    pre, post : (n,) values of people, 0 to 1; NaN in ``post`` leaves the person out.
    labels : (n,) arm numbers, 0 to 2.
    """
    there = np.isfinite(post)
    arms = np.unique(labels[there])
    if not set(pair) <= set(arms.tolist()) or there.sum() <= len(arms) + 2:
        return Figure.missing("too few people", level)
    x = np.column_stack([*(labels[there] == one for one in arms), pre[there] - pre[there].mean()])
    x = np.asarray(x, dtype=np.float64)
    inverse = np.linalg.pinv(x.T @ x)
    beta = inverse @ x.T @ post[there]
    rest = post[there] - x @ beta
    leverage = np.clip(np.einsum("ij,jk,ik->i", x, inverse, x), 0, 1 - 1e-9)
    middle = (x * (rest / (1 - leverage))[:, None] ** 2).T @ x  # HC3
    weights = np.zeros(x.shape[1])
    weights[np.searchsorted(arms, pair)] = (1, -1)
    value = float(weights @ beta)
    spread = float(np.sqrt(max(weights @ inverse @ middle @ inverse @ weights, 0.0)))
    half = float(stdtrit(int(there.sum()) - x.shape[1], (1 + level) / 2)) * spread
    return Figure(value, value - half, value + half, level)
