"""Polygenic scores as events of the record, and back, and as findings.

One event ``PGS//PGS000018`` has the raw sum as its number and everything else as JSON in its text;
``PGS//PGS000018//z`` has the place in the supplied reference distribution, in standard deviations.
A score that was refused has no number: its text says why.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from nof1.core.finding import Interval, Value
from nof1.genome.scoreresult import ScoreResult
from nof1.genome.stored import Fact

PREFIX = "PGS//"
SD = "{SD}"


class Stored(msgspec.Struct):
    """A score of one person, and the SHA-256 of the scoring file that it rests on."""

    result: ScoreResult
    sha256: str


def facts(result: ScoreResult, sha256: str) -> Iterator[Fact]:
    """The events of one score of one person."""
    code = f"{PREFIX}{result.score_id}"
    text = msgspec.json.encode(Stored(result, sha256)).decode()
    yield Fact(code, value=result.sum, text=text)
    if result.z is not None:
        yield Fact(f"{code}//z", value=result.z)


def decode(text: str) -> Stored:
    """A score from its JSON.

    Raises
    ------
    msgspec.DecodeError, msgspec.ValidationError : it is no such JSON.
    """
    return msgspec.json.decode(text, type=Stored)


def title(result: ScoreResult) -> str:
    """What a person reads first: ``PGS000018: above 84 of 100 people (coronary disease)``."""
    about = f" ({result.trait})" if result.trait else ""
    if result.percentile is not None:
        return f"{result.score_id}: above {result.percentile:.0f} of 100 people{about}"
    return f"{result.score_id}: {'withheld' if result.refused else 'not compared'}{about}"


def value(result: ScoreResult) -> Value | None:
    """The place in the reference distribution; without one the raw sum; None when refused."""
    if result.z is not None and result.z_low is not None and result.z_high is not None:
        return _value(result.z, SD, result.z_low, result.z_high, result.level)
    if result.sum is None or result.low is None or result.high is None:
        return None
    return _value(result.sum, "{score}", result.low, result.high, result.level)


def _value(amount: float, unit: str, low: float, high: float, level: float) -> Value:
    interval = Interval(low=min(low, amount), high=max(high, amount), level=level)
    return Value(amount=amount, unit=unit, interval=interval)


def sentence(result: ScoreResult) -> str:
    """How much of the score the answer rests on."""
    found = f"{result.matched:,} of {result.total:,} variants of the score were found"
    if result.refused:
        return result.refused
    share = f"{found}; they carry {result.weight_share:.0%} of its weight."
    return share if result.not_normalised is None else f"{share} {result.not_normalised}"


def resolve(result: ScoreResult) -> str:
    """What would give an answer when the score was refused."""
    return (
        "Genotypes that cover more of the score (imputed or sequenced), in the build of the "
        "scoring file."
    )
