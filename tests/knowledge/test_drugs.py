"""Medicines: ids are well formed and unique; every fact's medicine is found by name and code."""

import json
import re
from collections import Counter

import pytest

from nof1.core.errors import InputError
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.drugs import TABLE, drugs, find
from nof1.synthetic import codes
from shared_data import needs

GUIDELINES = "genome/pharmcat/guidelines-2023-08"
# The five anatomical, therapeutic and chemical levels of ATC; a class ends after the fourth.
ATC = re.compile(r"[ABCDGHJLMNPRSV]\d{2}[A-Z]{2}(\d{2})?")
NAME = re.compile(r"[a-z0-9][a-z0-9 .'/-]*[a-z0-9]")


def test_names_and_codes_are_well_formed():
    for name, drug in drugs().items():
        assert drug.name == name
        assert drug.rxnorm == "" or re.fullmatch(r"[1-9]\d{1,6}", drug.rxnorm), name
        assert all(ATC.fullmatch(code) for code in drug.atc), name
        assert all(NAME.fullmatch(word) for word in (name, *drug.synonyms)), name


def test_no_id_and_no_name_belongs_to_two():
    used = Counter(drug.rxnorm for drug in drugs().values() if drug.rxnorm)
    used.update(code for drug in drugs().values() for code in drug.atc)
    used.update(word for drug in drugs().values() for word in (drug.name, *drug.synonyms))
    assert [key for key, times in used.items() if times > 1] == []


def test_each_row_says_where_it_is_from():
    allowed = {"cpic-2023-08", "cpic-drugs", "pypgx-0.27.0", "who-atc", "rxnav-2026", "omop-sample"}
    for row in SHIPPED.rows(TABLE):
        sources = set(row["source"].split("|"))
        assert sources <= allowed | {"common-knowledge"}, row["name"]
        assert row["rxnorm"] == "" or sources - {"who-atc"}, row["name"]
        assert row["atc"] == "" or "who-atc" in sources, row["name"]


def test_every_name_synonym_and_code_finds_its_medicine():
    for drug in drugs().values():
        for word in (drug.name, *drug.synonyms):
            assert find(word.upper()) == drug
        for code in drug.atc:
            assert find(f"ATC//{code}") == drug
        if drug.rxnorm:
            assert find(f"RxNorm//{drug.rxnorm}") == drug


def test_what_nobody_knows_is_not_guessed():
    for text in ("", "RxNorm//", "ATC//", "32968", "ATC//B01AC", "ATC//N02", "clopid", "x"):
        assert find(text) is None


def test_a_class_holds_for_the_codes_below_it_and_for_no_others():
    contraceptives = drugs()["hormonal contraceptives for systemic use"]
    assert find("ATC//G03AA07") == contraceptives  # levonorgestrel and ethinylestradiol
    alone = find("ATC//G03AC03")
    assert alone is not None
    assert alone.name == "levonorgestrel"  # alone: no oestrogen
    assert find("ATC//C10AA99") is None


def test_other_names_and_ways_of_writing():
    assert find("Acetylsalicylic  Acid").name == "aspirin"
    assert find("St John’s wort").name == "st. john's wort"
    assert find("rxnorm//11289").name == "warfarin"
    assert find("tioguanine").name == "thioguanine"
    assert find("ATC//N02AJ06").name == "codeine"  # codeine and paracetamol


def test_the_medicines_of_the_synthetic_hospital():
    for rxnorm, name in codes.MEDICINES.values():
        assert find(name).rxnorm == rxnorm, name
        assert find(f"RxNorm//{rxnorm}").name == name


def test_the_medicines_of_cpic_with_their_ids():
    count = 0
    for path in sorted(needs(GUIDELINES).glob("cpic/*.json")):
        guideline = json.loads(path.read_text(encoding="utf-8"))
        drug = find(guideline["drugname"])
        assert drug is not None, guideline["drugname"]
        assert drug.name == guideline["drugname"].lower()
        system, _, number = guideline["drugid"].partition(":")
        if system == "RxNorm" and number != "NA":
            assert drug.rxnorm == number, drug.name
        count += 1
    assert count == 110


def test_the_medicines_of_dpwg():
    for path in sorted(needs(GUIDELINES).glob("dpwg/*.json")):
        for chemical in json.loads(path.read_text(encoding="utf-8"))["guideline"][
            "relatedChemicals"
        ]:
            assert find(chemical["name"]).name == chemical["name"].lower()


def test_the_medicines_that_change_enzymes():
    for row in SHIPPED.rows("modulators.tsv"):
        drug = find(row["drug"])
        assert drug is not None, row["drug"]
        assert drug.name == row["drug"]
        assert row["rxnorm"] in ("", drug.rxnorm), row["drug"]


@pytest.mark.parametrize(
    "rows",
    [
        ["aspirin\t1191\t\t\tx", "warfarin\t1191\t\t\tx"],
        ["aspirin\t1191\tB01AC06\t\tx", "warfarin\t11289\tB01AC06\t\tx"],
        ["aspirin\t1191\t\tasa\tx", "warfarin\t11289\t\tASA\tx"],
        ["aspirin\t1191\t\t\tx", "aspirin\t11289\t\t\tx"],
    ],
)
def test_a_table_in_which_two_share_something_is_refused(tmp_path, rows):
    (tmp_path / TABLE).write_text("\n".join(["name\trxnorm\tatc\tsynonyms\tsource", *rows]))
    with pytest.raises(InputError):
        find("aspirin", Base(tmp_path))


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("RxNorm//28889", "loratadine"),
        ("ATC//A10BJ06", "semaglutide"),
        ("RxNorm//274783", "insulin glargine"),
        ("ATC//R03BB04", "tiotropium"),
        ("ATC//J07BB02", "influenza vaccine"),
        ("regular insulin", "insulin human"),
        ("NPH insulin", "insulin isophane"),
        ("chlorphenamine", "chlorpheniramine"),
        ("co-careldopa", "carbidopa / levodopa"),
    ],
)
def test_much_used_medicines_are_known(code, name):
    found = find(code)
    assert found is not None
    assert found.name == name


def test_a_thousand_medicines_are_known_and_most_have_codes():
    known = drugs().values()
    assert len(known) > 1000
    assert sum(bool(one.rxnorm or one.atc) for one in known) > 0.97 * len(known)
