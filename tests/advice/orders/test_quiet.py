"""The families of sums, values, monitoring and omissions are quiet for a healthy man of 45."""

from __future__ import annotations

from datetime import datetime

import pytest

from advice.orders.asking import lab, told
from medicines.ranking.people import creatinine, event, person, weight
from nof1.advice.orders.shapes import Alert
from nof1.knowledge import classes, drugs

NEW = ("laboratory", "burden", "monitoring", "omissions")
NORMAL = [
    lab("2823-3", 4.2, "mmol/L"), lab("2951-2", 140.0, "mmol/L"), lab("17861-6", 9.4, "mg/dL"),
    lab("19123-9", 2.0, "mg/dL"), lab("6301-6", 1.0, "{INR}"), lab("8636-3", 410.0, "ms"),
    lab("777-3", 240.0, "10*3/uL"), lab("6690-2", 6.5, "10*3/uL"), lab("751-8", 4.0, "10*3/uL"),
    lab("718-7", 15.0, "g/dL"), lab("1742-6", 22.0, "U/L"), lab("2157-6", 90.0, "U/L"),
    lab("3016-3", 2.0, "m[iU]/L"), lab("2345-7", 92.0, "mg/dL", 0.5), lab("4548-4", 5.2, "%"),
    lab("2524-7", 1.0, "mmol/L"), lab("2571-8", 110.0, "mg/dL"), lab("8867-4", 68.0, "/min"),
    lab("8480-6", 122.0, "mm[Hg]"), creatinine(0.9), weight(80.0), event("ICD10CM//Z00.00"),
]  # fmt: skip


def alerts(rows: list[dict[str, object]], names: list[str]) -> list[Alert]:
    man = person(*rows, born=datetime(1979, 1, 1), female=False)
    made = [told(man, name) for name in names]
    return [one for advice in made for one in advice.alerts if one.family in NEW]


@pytest.mark.parametrize("rows", [NORMAL, NORMAL[-3:]], ids=["measured", "hardly measured"])
def test_no_order_of_one_medicine_is_warned_about(rows: list[dict[str, object]]) -> None:
    found = alerts(rows, list(drugs.drugs()))
    loud = [(one.rule, one.draft and one.draft.medicine) for one in found if one.tier < 3]
    assert not loud


def test_who_was_measured_is_told_only_of_levels_genes_and_what_is_missing_beside() -> None:
    found = alerts(NORMAL, list(drugs.drugs()))
    assert {one.rule for one in found} == {
        "laboratory/watch", "monitoring/missing", "omissions/missing"
    }  # fmt: skip
    watched = {one.draft.medicine for one in found if one.rule == "laboratory/watch" and one.draft}
    assert watched <= {*classes.inside("insulins"), *classes.inside("sulfonylurea")}  # HbA1c
    assert len(found) < len(drugs.drugs()) / 5
