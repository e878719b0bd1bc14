"""Cards about the patients of ``nof1 serve --demo``, held against what the generator knows."""

import json
from datetime import timedelta

import polars as pl
import pytest

from hook_samples import asked, cards, draft, raw, unchecked
from nof1.advice.hooks.room import Room, last_day
from nof1.advice.hooks.service import Service
from nof1.cli import serve
from nof1.record.current import WITHIN_DAYS
from nof1.synthetic.codes import MEDICINES
from nof1.synthetic.hospital import Hospital
from nof1.synthetic.radiology import Imaging

# An order, and a medicine of the hospital that it must not, or should not, meet.
PAIRS = {"phenelzine": "ssri", "clarithromycin": "statin", "ketoconazole": "apixaban",
         "amiodarone": "warfarin", "spironolactone": "ace_inhibitor"}  # fmt: skip
RECORDED = {"amoxicillin": "penicillin", "sulfamethoxazole": "sulfonamide"}
ACTIONABLE = ("Intermediate Metabolizer", "Poor Metabolizer")


@pytest.fixture(scope="module")
def truth():
    hospital = Hospital(seed=serve.SEED, patients=serve.PATIENTS, imaging=Imaging.none())
    return hospital.generate()


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    room = Room(serve._invented(tmp_path_factory.mktemp("demo")))
    at = last_day(room)
    return Service(room, None, lambda: at)


def answers(desk, truth, drug):
    """The answer to an order for this drug, of each patient by number."""
    found = {}
    for number, patient in enumerate(truth.patients["patient_id"]):
        order = draft(drug) | {"subject": {"reference": f"Patient/{patient}"}}
        body = json.loads(raw(asked("order-sign", [order])))
        body["context"]["patientId"] = patient
        del body["prefetch"]
        found[number] = desk.call("nof1-order-sign", raw(body))
        assert found[number].status == 200
    return found


def with_card(replies, family, word):
    """Patients with a card of this family that says this word."""
    return {
        number
        for number, reply in replies.items()
        for card in cards(reply)
        if card["source"]["topic"]["code"] == family and word in card["summary"].lower()
    }


def numbers(table):
    return set(table["patient"].to_list())


@pytest.mark.parametrize("drug", PAIRS)
def test_interactions_are_those_of_the_medicines_taken(desk, truth, drug):
    """Taken, as the record can tell: ordered within a year, and not stopped."""
    medicine = PAIRS[drug]
    since = desk.clock() - timedelta(days=WITHIN_DAYS)
    table = truth.chart.medications.filter(pl.col("medicine") == medicine)
    taken = numbers(table.filter(pl.col("stop").is_null(), pl.col("start") > since))
    replies = answers(desk, truth, drug)
    assert with_card(replies, "interactions", MEDICINES[medicine][1]) == taken
    assert 0 < len(taken) < serve.PATIENTS


@pytest.mark.parametrize("drug", RECORDED)
def test_allergies_are_those_that_were_drawn(desk, truth, drug):
    table = truth.chart.allergies.filter(pl.col("allergy") == RECORDED[drug])
    found = with_card(answers(desk, truth, drug), "allergies", "")
    assert found == numbers(table) != set()


def test_diseases_are_those_that_were_written_down(desk, truth):
    table = truth.chart.conditions.filter(
        pl.col("diagnosis") == "heart_failure", pl.col("verification") == "confirmed"
    )
    found = with_card(answers(desk, truth, "ibuprofen"), "conditions", "heart failure")
    assert found == numbers(table) != set()


def test_genes_are_those_that_were_drawn_and_no_genome_is_not_checked(desk, truth):
    """CYP2C19 and clopidogrel: a card for whoever activates it badly, and was sequenced."""
    replies = answers(desk, truth, "clopidogrel")
    phenotypes = truth.genes.phenotypes("CYP2C19")
    wanted = {
        number
        for number, phenotype in enumerate(phenotypes)
        if phenotype in ACTIONABLE and truth.sequenced[number]
    }
    assert with_card(replies, "genes", "cyp2c19") == wanted
    assert len(wanted) > 20
    for number, reply in replies.items():
        if not truth.sequenced[number]:
            assert ("genes", "clopidogrel") in unchecked(reply)
