"""The services on offer: which hook calls them, what they do, which data they ask for.

Reference: HL7 CDS Hooks (3.0 ballot), "Discovery".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import msgspec

from nof1.advice.hooks.prefetch import TEMPLATES
from nof1.core.finding import NOTICE

VERSION = "STU2"  # CDS Hooks 2.0 is what clients run; the 3.0 fields are added to it
PATIENT_VIEW, ORDER_SELECT, ORDER_SIGN = "patient-view", "order-select", "order-sign"
PRESCRIBE = "medication-prescribe"  # of version 1.0, deprecated; clients that call it still exist
ENCOUNTER_START, ENCOUNTER_DISCHARGE = "encounter-start", "encounter-discharge"
VIEWS = (PATIENT_VIEW, ENCOUNTER_START, ENCOUNTER_DISCHARGE)  # hooks about the patient as a whole
_ABOUT = (
    "Calibrated risks, the medicines taken against each other, the genes and the patient, answered "
    "pictures and what goes round in the region: each with reasons and source, or openly withheld."
)
USAGE = (
    "Send every prefetch key, with all pages in one Bundle: what is missing is told as not "
    f"checked, and without the patient the answer is 412. {NOTICE}"
)
ORDER_KEYS = (
    "patient",
    "conditions",
    "medications",
    "allergies",
    "laboratory",
    "vital-signs",
    "social-history",
)


@dataclass(frozen=True)
class Offer:
    """One service. ``keys`` are those of ``prefetch.TEMPLATES`` that it asks for."""

    id: str
    hook: str
    title: str
    description: str
    keys: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Its entry in the discovery response."""
        return {
            "hook": self.hook,
            "title": self.title,
            "description": self.description,
            "id": self.id,
            "prefetch": {key: TEMPLATES[key] for key in self.keys},
            "usageRequirements": USAGE,
            "version": VERSION,
        }


_ALL = (
    *(
        Offer(f"nof1-{hook}", hook, f"nof1: findings {when}", _ABOUT, tuple(TEMPLATES))
        for hook, when in zip(
            VIEWS, ("about this patient", "at admission", "before discharge"), strict=True
        )
    ),
    Offer(
        "nof1-order-select",
        ORDER_SELECT,
        "nof1: check of the selected orders",
        "Selected medicines against allergies, other medicines, kidneys, liver, pregnancy, age, "
        "diseases and genes. Says for each order what was not checked.",
        ORDER_KEYS,
    ),
    Offer(
        "nof1-order-sign",
        ORDER_SIGN,
        "nof1: check before signing",
        "All draft medicines against the patient and against each other, with tiers: few alerts "
        "interrupt. Says for each order what was not checked.",
        ORDER_KEYS,
    ),
    Offer(
        "nof1-medication-prescribe",
        PRESCRIBE,
        "nof1: check of the medicines being prescribed",
        "As the check before signing, for clients of CDS Hooks 1.0 that do not call order-sign.",
        ORDER_KEYS,
    ),
)
OFFERS: Mapping[str, Offer] = MappingProxyType({offer.id: offer for offer in _ALL})


def discovery() -> bytes:
    """The body of the discovery response."""
    return msgspec.json.encode({"services": [offer.to_dict() for offer in OFFERS.values()]})
