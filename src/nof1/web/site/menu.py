"""The menu: what there is, and whether this reader may see it."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from nof1.web.access import guard


@dataclass(frozen=True)
class Entry:
    """One entry; the action on the kind is what its first page asks for."""

    name: str
    title: str
    address: str
    action: str
    kind: str
    says: str


ENTRIES = (
    Entry("patients", "Patients", "/patients", "search", "Patient",
          "One patient's course, risks, medicines, films and advice."),
    Entry("models", "Models", "/models", "search", "Model",
          "How good a model is, where it is not, and what it has learned."),
    Entry("data", "Data", "/data", "search", "Quality",
          "What was imported, what is missing or odd; import more."),
    Entry("compounds", "Compounds", "/compounds", "search", "Compound",
          "Molecules with predictions, intervals and alerts."),
    Entry("surveillance", "Surveillance", "/surveillance", "search", "Surveillance",
          "Outbreaks: map, nowcast, forecast, alarms, allocation."),
    Entry("federation", "Federation", "/federation", "search", "Federation",
          "Training with other hospitals, and what left this one."),
    Entry("governance", "Governance", "/governance", "search", "Governance",
          "Which rules and models speak, how often, and what became of it."),
    Entry("academy", "Academy", "/academy", "search", "Academy",
          "Learn to read the answers, on invented cases with known truth."),
)  # fmt: skip


def seen(request: Request) -> list[Entry]:
    """The entries that this reader may open and that this server has."""
    there = {getattr(route, "path", None) for route in request.app.router.routes}
    return [
        one for one in ENTRIES if one.address in there and guard.some(request, one.action, one.kind)
    ]
