"""A finding to start from; tests change what they are about."""

from datetime import UTC, datetime
from typing import Any

from nof1.core.finding import Basis, Coding, Finding, Interval, Kind, Status, Subject, Value

BASIS = Basis(
    kind="model",
    id="gi-bleed",
    version="1",
    content_hash="0" * 64,
    knowledge_date="2024-01-01",
    validated_in="366 held-out patients of site A",
)


def risk(**changes: Any) -> Finding:
    """A risk of 12 % (8 to 17 %) within a year, with ``changes``."""
    fields: dict[str, Any] = {
        "subject": Subject(id="p1"),
        "as_of": datetime(2024, 5, 1, tzinfo=UTC),
        "kind": Kind.RISK,
        "what": Coding(code="SNOMED//74474003", display="Gastrointestinal haemorrhage"),
        "status": Status.FOUND,
        "basis": BASIS,
        "horizon_days": 365,
        "value": Value(amount=0.12, unit="1", interval=Interval(low=0.08, high=0.17, level=0.9)),
    }
    return Finding(**(fields | changes))
