"""The one-page report: what stands where, and that nothing which is not excluded vanishes."""

from __future__ import annotations

import pytest

from genome import reporting
from genome.gene_events import result
from nof1.genome.genelines import gene_line
from nof1.genome.medicinerows import medicine_rows
from nof1.genome.overview import LISTS, overview
from nof1.genome.prescribing import advise
from nof1.genome.report import Origin, head
from nof1.genome.results import Phenotype
from nof1.knowledge.base import SHIPPED
from nof1.knowledge.prescribing import by_drug

ORIGIN = Origin("people.vcf", "GRCh38", {}, synthetic=False)


@pytest.fixture
def facts(tmp_path):
    return reporting.base(tmp_path / "facts")


def report(base, *results, origin=ORIGIN, current=None, **options):
    found = {one.gene: one for one in results}
    rows = medicine_rows(advise(found, current, base=base), found, base)
    top = head(origin, [found], [rows], base=base, today=reporting.TODAY)
    return overview(top, "anna", found, rows, current=current, base=base, **options)


def names(made, section):
    return [drug for one in made[section] for drug in one["drugs"]]


def test_medicines_stand_by_what_to_do_first(facts):
    made = report(facts, reporting.poor())
    assert names(made, "act") == ["amitriptyline", "clopidogrel", "citalopram"]
    glance = {row["word"]: [one["drug"] for one in row["medicines"]] for row in made["glance"]}
    assert glance == {"Avoid": ["amitriptyline", "clopidogrel"], "Lower dose": ["citalopram"]}
    (citalopram,) = [one for row in made["glance"] for one in row["medicines"] if one["dose"]]
    assert citalopram == {
        "drug": "citalopram",
        "group": None,
        "dose": "\u221225 to \u221250 %",
        "disagree": False,
    }


def test_sources_stand_side_by_side(facts):
    (clopidogrel,) = [
        one for one in report(facts, reporting.poor())["act"] if "clopidogrel" in one["drugs"]
    ]
    assert clopidogrel["disagree"]
    assert [entry["source"] for entry in clopidogrel["entries"]] == ["CPIC", "DPWG"]
    assert clopidogrel["entries"][0]["because"] == f"CYP2C19 *2/*2, {reporting.POOR}"


def test_what_is_not_excluded_has_its_own_list_with_chance_and_position(facts):
    made = report(facts, reporting.unsure(0.003))
    assert made["act"] == []
    assert "citalopram" in names(made, "not_excluded")
    (one,) = [one for one in made["not_excluded"] if "citalopram" in one["drugs"]]
    other = one["entries"][0]["not_excluded"]
    assert (other["action"], other["chance"]) == ("reduce", "about 3 in 1,000")
    assert other["settled_by"] == "rs28399504 (chr10:94762706) would settle it"
    assert "Not excluded" in [row["word"] for row in made["glance"]]


def test_a_source_that_is_silent_about_the_likeliest_result_does_not_speak_for_it(facts):
    """DPWG's only rule here is for poor metabolisers, which is 3 in 1,000."""
    made = report(facts, reporting.unsure(0.003))
    (one,) = [one for one in made["not_excluded"] if "clopidogrel" in one["drugs"]]
    dpwg = next(entry for entry in one["entries"] if entry["source"] == "DPWG")
    assert dpwg["silent"]
    assert dpwg["not_excluded"]["action"] == "monitor"
    assert one["action"] == "standard"


def test_the_remote_is_named_but_not_spelled_out(facts):
    made = report(facts, reporting.unsure(2e-5))
    assert {"drug": "citalopram", "word": "Lower dose", "chance": "about 2 in 100,000"} in made[
        "remote"
    ]
    assert "citalopram" not in names(made, "not_excluded")


@pytest.mark.parametrize("prior", [0.6, 0.003, 1e-5, 1e-9])
def test_every_medicine_with_advice_stands_in_exactly_one_list(facts, prior):
    made = report(facts, reporting.unsure(prior), reporting.open_cyp2d6())
    listed = [drug for name in LISTS[:3] for drug in names(made, name)]
    listed += [one["drug"] for one in made["remote"]] + made["usual"] + made["no_advice"]
    waiting = {
        drug for row in made["not_checked"] for found in row["medicines"].values() for drug in found
    }
    assert len(listed) == len(set(listed))
    assert set(listed) | waiting == set(by_drug(facts))


@pytest.mark.parametrize("prior", [0.3, 1e-6])
def test_a_usual_dose_that_does_not_hold_for_all_that_fits_is_no_usual_dose(prior):
    """Clopidogrel with CYP2C19 *1/*12: CPIC has no advice for "indeterminate"."""
    made = report(SHIPPED, result("CYP2C19", ("*1/*1", 1 - prior), ("*1/*12", prior)))
    assert ("clopidogrel" in made["usual"]) == (prior < 1e-4)
    assert ("clopidogrel" in names(made, "not_excluded")) == (prior > 1e-4)


def test_where_a_source_has_no_rule_for_what_fits_its_usual_dose_is_not_usual():
    strange = Phenotype("Indeterminate", "n/a", None, 0.3)
    plain = result("DPYD", ("Reference/Reference", 0.7))
    made = report(SHIPPED, plain._replace(phenotypes=(*plain.phenotypes, strange)))
    (one,) = [one for one in made["not_excluded"] if "fluorouracil" in one["drugs"]]
    other = next(entry["not_excluded"] for entry in one["entries"] if entry["not_excluded"])
    assert (other["action"], other["chance"]) == ("no_advice", "30 of 100")


def test_a_medicine_whose_guidelines_are_silent_does_not_vanish():
    unknown = result("CYP2C9", ("*1/*7", 1.0))
    assert "siponimod" in report(SHIPPED, unknown)["no_advice"]
    made = report(SHIPPED, unknown, current=["siponimod"])
    glance = {row["word"]: [one["drug"] for one in row["medicines"]] for row in made["glance"]}
    assert glance == {"No advice": ["siponimod"]}


def test_a_lower_dose_still_that_is_not_excluded_is_shown():
    tpmt = result("TPMT", ("*1/*3A", 0.9996), ("*3B/*3C", 0.0004))
    made = report(SHIPPED, tpmt, result("NUDT15", "*1/*1"))
    (one,) = [one for one in made["act"] if "mercaptopurine" in one["drugs"]]
    cpic = next(entry for entry in one["entries"] if entry["source"] == "CPIC")
    assert cpic["dose"] == [-20.0, -70.0]
    assert cpic["not_excluded"]["chance"] == "about 4 in 10,000"


def test_an_unknown_gene_is_not_checked_and_its_medicines_wait(facts):
    made = report(facts, reporting.poor(), reporting.open_cyp2d6())
    waiting = {
        gene: drugs for row in made["not_checked"] for gene, drugs in row["medicines"].items()
    }
    assert waiting["CYP2D6"] == ["amitriptyline", "codeine"]
    assert waiting["HLA-B"] == ["abacavir"]
    assert all("--outside" in row["resolve"] for row in made["not_checked"])
    assert "codeine" not in made["usual"]


def test_current_medicines_are_all_named_at_a_glance(facts):
    current = ("citalopram", "codeine", "ibuprofen")
    made = report(facts, reporting.poor(), reporting.open_cyp2d6(), current=current)
    glance = {row["word"]: [one["drug"] for one in row["medicines"]] for row in made["glance"]}
    assert glance == {
        "Lower dose": ["citalopram"],
        "Not checked": ["codeine (CYP2D6 not known)", "ibuprofen (no guideline here)"],
    }


def test_equal_advice_for_several_medicines_and_groups_is_said_once(tmp_path):
    rules = tuple(
        reporting.rule(drug, "avoid", "Do not use it.", population=group)
        for drug in ("halothane", "isoflurane")
        for group in ("adults", "children")
    )
    made = report(reporting.base(tmp_path / "facts", rules), reporting.poor())
    (one,) = made["act"]
    assert one["drugs"] == ["halothane", "isoflurane"]
    (entry,) = one["entries"]
    assert entry["populations"] == ["adults", "children"]


def test_notes_about_absent_chromosomes_are_one_note(facts):
    notes = {
        f"{gene}: the file has no record of chr{n} (all missing)": 1
        for gene, n in (("A", 4), ("B", 4), ("C", 8))
    }
    made = report(
        facts, reporting.poor(), origin=ORIGIN.__class__("x", None, {**notes, "other": 3})
    )
    assert made["notes"] == {"other": 3, "the file has no record of chr4, chr8": 1}


def test_a_gene_line_says_how_sure_and_how_much_was_seen():
    line = gene_line(reporting.unsure(0.003))
    assert (line["diplotype"], line["phenotype"]) == ("*1/*1", reporting.NORMAL)
    assert line["sure"] == "more than 99 of 100"
    assert line["others"] == [f"{reporting.POOR} (about 3 in 1,000)"]
    assert (line["seen"], line["of"]) == (34, 35)
    assert line["settles"]
    line = gene_line(reporting.absent())
    assert (line["phenotype"], line["sure"], line["seen"]) == ("not called", None, 0)
    line = gene_line(reporting.open_cyp2d6())
    assert (line["phenotype"], line["sure"]) == ("nothing excluded", None)


def test_positions_are_not_counted_for_a_call_of_another_program():
    line = gene_line(reporting.called("CYP2D6", "*4/*4", reporting.POOR, source="Aldy, x, row 2"))
    assert (line["of"], line["called_by"]) == (0, "Aldy, x, row 2")


def test_phenotypes_without_prior_get_none_invented():
    both = tuple(Phenotype(name, name, None, None) for name in (reporting.POOR, reporting.NORMAL))
    line = gene_line(reporting.poor()._replace(phenotypes=both))
    assert line["sure"] is None
    assert line["others"] == [reporting.NORMAL]


def test_hla_statuses_are_facts_side_by_side():
    both = (
        Phenotype("*15:02 negative", "*15:02 negative", None, 1.0),
        Phenotype("*57:01 positive", "*57:01 positive", None, 1.0),
    )
    line = gene_line(reporting.called("HLA-B", "*57:01/*08:01", "x", phenotypes=both))
    assert line["phenotype"] == "*15:02 negative, *57:01 positive"
    assert line["others"] == []
