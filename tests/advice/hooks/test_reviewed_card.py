"""The sentence about the missing sign-off stays on a card until its facts are reviewed."""

from __future__ import annotations

from datetime import datetime

import msgspec

from advice.orders.asking import of, told
from medicines.ranking.people import person
from nof1.advice.hooks.card import PENDING, of_alert
from nof1.advice.orders.wording import REVIEWED, VALIDATED_IN


def test_only_a_review_takes_the_sentence_away() -> None:
    child = person(born=datetime(2018, 1, 1))
    alert = of(told(child, "codeine"), "age")[0]
    assert alert.finding.basis.validated_in == VALIDATED_IN
    assert PENDING in of_alert(alert, "k").detail
    basis = msgspec.structs.replace(
        alert.finding.basis, validated_in=f"{REVIEWED}A. Person (pharmacist), 2026-11-20"
    )
    signed = alert.__class__(
        msgspec.structs.replace(alert.finding, basis=basis), alert.tier, alert.family, alert.draft
    )
    detail = of_alert(signed, "k").detail
    assert PENDING not in detail
    assert "Reviewed by A. Person (pharmacist), 2026-11-20" in detail
    model = msgspec.structs.replace(basis, kind="model")
    other = alert.__class__(
        msgspec.structs.replace(alert.finding, basis=model), alert.tier, alert.family, alert.draft
    )
    assert PENDING in of_alert(other, "k").detail
