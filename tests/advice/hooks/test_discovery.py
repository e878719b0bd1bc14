"""What is offered."""

import json
import re

from nof1.advice.hooks.discovery import OFFERS, discovery


def test_each_service_has_what_the_specification_requires():
    services = json.loads(discovery())["services"]
    assert [one["id"] for one in services] == list(OFFERS)
    assert {"patient-view", "order-select", "order-sign"} < {one["hook"] for one in services}
    for one in services:
        assert one["id"] == f"nof1-{one['hook']}"
        assert all(isinstance(one[key], str) and one[key] for key in one if key != "prefetch")
        assert {"hook", "title", "description", "id", "prefetch", "version"} <= set(one)


def test_templates_use_reads_and_equal_searches_only():
    """The restricted form that the specification asks for: no modifier, one token."""
    for one in json.loads(discovery())["services"]:
        for template in one["prefetch"].values():
            assert re.fullmatch(
                r"[A-Z][A-Za-z]+(/|\?patient=)\{\{context\.patientId\}\}(&category=[a-z-]+)?",
                template,
            )


def test_every_offer_asks_for_the_patient_and_order_hooks_for_allergies():
    for offer in OFFERS.values():
        assert "patient" in offer.keys
        assert not offer.hook.startswith("order-") or {"allergies", "medications"} <= set(
            offer.keys
        )
