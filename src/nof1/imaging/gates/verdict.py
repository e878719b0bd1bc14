"""What a gate says: about one picture, and about a whole data set.

A gate never raises its voice by a number alone: it gives the reason in words, the number behind it
with its limit, and what to do next.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["passed", "refused", "not validated", "not checkable"]
Judgement = Literal["passed", "failed", "not checkable"]
ORDER: tuple[Status, ...] = ("refused", "not validated", "not checkable", "passed")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one gate says about one picture.

    Attributes
    ----------
    gate : ``quality``, ``orientation``, ``domain`` or ``population``.
    status : ``refused``: no score may be given. ``not validated``: a score may be shown only with
        this reason. ``not checkable``: what the gate needs is not there.
    code : one word for programs, for example ``upside_down``; empty when passed.
    reason, next_step : sentences for people, without any value of the patient.
    value, limit : the number that decided and its limit, where there is one.
    """

    gate: str
    status: Status
    code: str = ""
    reason: str = ""
    next_step: str = ""
    value: float | None = None
    limit: float | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return self.status == "passed"

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


def worst(verdicts: tuple[Verdict, ...]) -> Verdict | None:
    """The verdict that decides: the first refusal, else the first doubt, else None."""
    found = [one for one in verdicts if not one.passed]
    return min(found, key=lambda one: ORDER.index(one.status)) if found else None


@dataclass(frozen=True, kw_only=True)
class GateReport:
    """What one gate says about a data set.

    ``because`` says why it failed or could not be checked; ``figures`` holds counts and
    figures as plain data, never a row of a patient.
    """

    gate: str
    judgement: Judgement
    because: str = ""
    figures: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)
