"""The page of a stored effect: the card of the pictures room, with its versions."""

import csv
import io
import json

import pytest

import page_samples
import site_samples as samples
from nof1.advice.advise import Adviser
from nof1.core import artefacts
from nof1.core.workspace import create

NAME = "one-or-the-other"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    made = create(tmp_path_factory.mktemp("effects") / "ws", synthetic=True)
    for passed in (False, True):
        card = page_samples.effect(passed=passed)
        card["name"] = NAME
        notes = {"card.json": json.dumps(card).encode(), "card.md": b"# an effect"}
        artefacts.save(made.effects, NAME, {"line.json": json.dumps(passed).encode()}, notes)
    return made


@pytest.fixture(scope="module")
def site(workspace):
    """The stored files are no estimators, so nobody is asked for what they would say."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Adviser, "effects", ())
        with samples.client(samples.open_server(workspace)) as made:
            yield made


def test_the_newest_version_is_shown_with_its_card_and_the_older_one_has_an_address(site):
    page = site.get(f"/effects/{NAME}").text
    assert "The trial that is emulated" in page
    assert "Differences between people are validated" in page
    assert f'href="/effects/{NAME}/1"' in page
    older = site.get(f"/effects/{NAME}/1").text
    assert "Withheld: says nothing about single people" in older


def test_the_list_of_models_leads_to_it_with_its_status(site):
    data = site.get("/models?format=json").json()["models"]
    row = next(one for one in data if one["name"] == NAME)
    assert (row["kind"], row["version"], row["status"]) == ("effect", 2, "speaks")
    assert row["address"] == f"/effects/{NAME}"


def test_the_twins_hold_the_card(site, workspace):
    card = artefacts.load(workspace.effects, NAME).json("card.json")
    assert site.get(f"/effects/{NAME}?format=json").json()["card"] == card
    rows = list(csv.DictReader(io.StringIO(site.get(f"/effects/{NAME}?format=csv").text)))
    told = next(one for one in rows if one["option"] == "difference")
    assert float(told["value"]) == card["effect"]["difference"]["value"]


@pytest.mark.parametrize("path", ["nothing", f"{NAME}/3", f"{NAME}/x", "%3Cb%3E", "a" * 5000])
def test_what_is_not_there_is_not_found(site, path):
    found = site.get(f"/effects/{path}")
    assert found.status_code == 404
    assert "<b>" not in found.text
