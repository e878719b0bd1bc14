"""What is one site's alone is named; a version of its own is stopped."""

import json

from nof1.federation.egress import staying
from nof1.federation.recalibrating import ALONE


def test_a_file_that_stays_at_the_site_is_named(desk):
    own = json.dumps({"schema": "x", "stays_here": "figures of this site alone"}).encode()
    made = staying.check(desk.planted(**{"own-site__json": own}))
    assert [one.where for one in made.found] == ["own-site.json"]
    assert made.status == "attention"


def test_the_line_about_own_patients_on_a_card_is_named(desk):
    card = desk.json("card.json") | {"own_patients": "auroc 0.1"}
    made = staying.check(desk.planted(card__json=json.dumps(card).encode()))
    assert "own_patients" in made.found[0].where
    assert made.status == "attention"


def test_a_version_of_one_site_alone_must_not_leave(desk):
    card = desk.json("card.json")
    card["limits"] = [*card["limits"], ALONE]
    made = staying.check(desk.planted(card__json=json.dumps(card).encode()))
    assert made.status == "fail"
    assert "must not leave" in made.reason
