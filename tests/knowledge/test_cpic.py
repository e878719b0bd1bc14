"""CPIC guidelines: our encoding says what the source says, and merging loses nothing."""

import json
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from nof1.core.errors import InputError
from nof1.knowledge import cpic
from nof1.knowledge.base import Base
from nof1.knowledge.prescribing import ACTIONS, DEGREES, STRENGTHS, Rule
from shared_data import needs

FOLDER = "genome/pharmcat/guidelines-2023-08/cpic"
WHOM = ("source", "drug", "when", "population", "strength", "pmids", "url")
CHANGES = {"reduce", "increase"}
NO_DOSE = {"standard", "monitor", "no_advice", "unread"}
NORMAL = {"Normal Metabolizer", "Normal Function", "Increased Function", "Normal"}


def folder() -> Path:
    return needs(FOLDER)


@cache
def guidelines() -> tuple[dict, ...]:
    return tuple(json.loads(path.read_text("utf-8")) for path in sorted(folder().glob("*.json")))


def rows():
    """(guideline, row) of the source, read here without our own code."""
    for guideline in guidelines():
        for row in guideline["recommendations"] or ():
            yield guideline, row


@cache
def reading() -> cpic.Reading:
    return cpic.read(folder())


def asked(rule: Rule) -> Rule:
    """A rule without for whom it is."""
    blank = {name: getattr(cpic.BLANK, name) for name in WHOM}
    return rule._replace(**blank)


def found(drug: str, population: str = "general", **results: str) -> Rule:
    """The one rule for these gene results (``HLA_B`` is the gene HLA-B)."""
    wanted = {gene.replace("_", "-"): result for gene, result in results.items()}
    rules = [
        rule
        for rule in reading().rules
        if (rule.drug, rule.population) == (drug, population)
        and set(rule.genes) == set(wanted)
        and all(wanted[gene] in accepted for gene, accepted in rule.when)
    ]
    assert len(rules) == 1
    return rules[0]


def said_by_source() -> tuple[set[str], set[tuple[str, ...]]]:
    """Whole texts, and runs of eight words, of all recommendations, comments and implications."""
    texts = [
        text
        for _, row in rows()
        for text in (
            row["drugrecommendation"],
            row["comments"] or "",
            *row["implications"].values(),
        )
    ]
    return {" ".join(words(text)) for text in texts}, set().union(*map(runs, texts))


def words(text: str) -> list[str]:
    return re.findall(r"[^\s.,;:()]+", text.lower())


def runs(text: str, length: int = 8) -> set[tuple[str, ...]]:
    said = words(text)
    return {tuple(said[i : i + length]) for i in range(len(said) - length + 1)}


def test_every_row_of_the_source_is_in_exactly_one_rule():
    table = cpic.encodings()
    source = {}
    for guideline, row in rows():
        place = (
            guideline["drugname"].lower(),
            cpic.population_of(guideline["drugname"], row["population"].strip()),
            tuple(sorted(row["lookupkey"].items())),
        )
        assert place not in source
        key = cpic.text_key(row["drugrecommendation"])
        source[place] = (table[key], cpic.STRENGTH[row["classification"].lower()])
    made = {}
    for rule in reading().rules:
        for results in cpic.expand(rule):
            place = (rule.drug, rule.population, results)
            assert place not in made
            made[place] = (asked(rule), rule.strength)
    assert len(source) == 2098
    assert made == source


def test_all_texts_of_the_release_are_encoded_and_merged():
    assert (reading().unread, reading().notes) == ((), {})
    keys = {cpic.text_key(row["drugrecommendation"]) for _, row in rows()}
    assert keys == set(cpic.encodings())
    assert len(keys) == 276
    assert len(reading().rules) < 700


def test_rules_name_source_citation_and_address():
    for rule in reading().rules:
        assert rule.source == "cpic-2023-08"
        assert rule.pmids
        assert all(pmid.isdigit() for pmid in rule.pmids)
        assert rule.url.startswith("https://cpicpgx.org/guidelines/")


@pytest.mark.parametrize("rule", [*cpic.encodings().values(), *cpic.extra()], ids=lambda r: r.text)
def test_words_and_numbers_of_the_table(rule):
    assert rule.action in ACTIONS
    assert rule.degree in DEGREES
    assert rule.strength in STRENGTHS
    assert (rule.degree == "") == (rule.action in {"standard", "no_advice"})
    assert len(rule.text) <= 200
    assert rule.text.endswith(".")
    low, high = rule.dose_low_pct, rule.dose_high_pct
    assert (low is None) == (high is None)
    if rule.action in NO_DOSE:
        assert (low, rule.dose_limit) == (None, "")
    if low is not None and high is not None:
        sign = 1 if rule.action == "increase" else -1
        assert 0 < sign * low <= sign * high
    assert rule.action != "monitor" or rule.monitor


def test_percentages_are_those_of_the_source():
    """A change of dose has a number exactly where the source gives one, and the same number."""
    table = cpic.encodings()
    for _, row in rows():
        text, rule = row["drugrecommendation"], table[cpic.text_key(row["drugrecommendation"])]
        source = {float(number) for number in re.findall(r"(\d+)(?=%|-\d+%|%-\d+%)", text)}
        source |= {90.0} if "10-fold" in text else set()
        source |= {50.0, 100.0} if "1.5 to 2 times" in text else set()
        if rule.dose_low_pct is not None and rule.dose_high_pct is not None:
            for change in (rule.dose_low_pct, rule.dose_high_pct):
                assert abs(change) in source or 100 + change in source
        elif rule.action in CHANGES:
            assert not source
            assert bool(rule.dose_limit) == bool(re.search(r"\d ?mg|lowest recommended", text))


BAN = (
    r"Avoid (?!moderate)|Avoid$|.*(do not use|should not be used)"
    r"|\w+ is (not recommended|contraindicated)$"
)


def test_the_wording_of_the_source_agrees_with_the_action():
    """A second look at the encoding by a few fixed words; it reads no meaning from them."""
    table = cpic.encodings()
    for text in {row["drugrecommendation"].strip() for _, row in rows()}:
        action = table[cpic.text_key(text)].action
        assert (action == "avoid") == bool(re.match(BAN, text))
        if re.match(r"Increase", text):
            assert action == "increase"
        if re.match(r"(Based on \w+( status)?, )?(start with reduced|reduce)", text, re.I):
            assert action == "reduce"
        if re.match(r"(Choose|Select|Prescribe) an? ?alternative", text):
            assert action == "alternative"
        if re.match(r"No (recommendation|action)|n/a", text):
            assert action == "no_advice"


def test_no_sentence_is_taken_from_the_source():
    whole, said = said_by_source()
    for rule in (*cpic.encodings().values(), *cpic.extra()):
        assert " ".join(words(rule.text)) not in whole
        for text in (rule.text, rule.if_used, rule.monitor, rule.dose_limit):
            assert not runs(text) & said


def test_normal_results_never_forbid():
    """No gene result that is normal leads away from the medicine or, tacrolimus apart, its dose."""
    table, other = cpic.encodings(), defaultdict(set)
    for guideline, row in rows():
        results = {row["phenotypes"].get(g) or key for g, key in row["lookupkey"].items()}
        if results <= NORMAL or all(r.endswith("negative") for r in results):
            action = table[cpic.text_key(row["drugrecommendation"])].action
            other[action].add(guideline["drugname"])
    assert set(other) == {"standard", "monitor", "increase"}
    assert other["increase"] == {"tacrolimus"}
    pump = {"dexlansoprazole", "lansoprazole", "omeprazole", "pantoprazole"}
    assert other["monitor"] == {"atomoxetine"} | pump


def test_only_known_abnormal_results_leave_the_dose_alone():
    """Poor and ultrarapid results with ``standard``, each one looked at in the guideline."""
    table, kept = cpic.encodings(), set()
    for guideline, row in rows():
        results = {row["phenotypes"].get(g) or key for g, key in row["lookupkey"].items()}
        abnormal = any(word in r for r in results for word in ("Poor", "Ultrarapid", "positive"))
        if abnormal and table[cpic.text_key(row["drugrecommendation"])].action == "standard":
            kept.add(guideline["drugname"])
    assert kept == {"clopidogrel", "efavirenz", "sertraline", "tacrolimus", "tamoxifen"}


ACS = "acute coronary syndrome or PCI"
POOR, RAPID = "Poor Metabolizer", "Ultrarapid Metabolizer"
HALF = "Intermediate Metabolizer"
# Drug, population, gene results, then action, degree, strength. CPIC guidelines, by PMID: 35034351
# clopidogrel, 29152729 fluoropyrimidines, 35152405 statins, 24561393 abacavir, 26094938
# allopurinol, 25801146 tacrolimus, 33387367 opioids, 36049896 G6PD, 32770672 proton pump
# inhibitors, 37032427 antidepressants, 26417955 atazanavir, 27981572 voriconazole
FACTS = [
    ("clopidogrel", ACS, {"CYP2C19": "Poor Metabolizer"}, "avoid", "should", "strong"),
    ("clopidogrel", ACS, {"CYP2C19": "Intermediate Metabolizer"}, "avoid", "should", "strong"),
    ("clopidogrel", ACS, {"CYP2C19": "Ultrarapid Metabolizer"}, "standard", "", "strong"),
    ("capecitabine", "general", {"DPYD": "0.0"}, "avoid", "must", "strong"),
    ("fluorouracil", "general", {"DPYD": "0.5"}, "avoid", "should", "strong"),
    ("capecitabine", "general", {"DPYD": "1.0"}, "reduce", "should", "strong"),
    ("simvastatin", "general", {"SLCO1B1": "Poor Function"}, "alternative", "should", "strong"),
    ("abacavir", "general", {"HLA_B": "*57:01 positive"}, "avoid", "must", "strong"),
    ("abacavir", "general", {"HLA_B": "*57:01 negative"}, "standard", "", "strong"),
    ("allopurinol", "general", {"HLA_B": "*58:01 positive"}, "avoid", "must", "strong"),
    ("tacrolimus", "general", {"CYP3A5": "Normal Metabolizer"}, "increase", "should", "strong"),
    ("tacrolimus", "general", {"CYP3A5": "Poor Metabolizer"}, "standard", "", "strong"),
    ("codeine", "general", {"CYP2D6": "0.0"}, "avoid", "must", "strong"),
    ("codeine", "general", {"CYP2D6": "≥3.0"}, "avoid", "must", "strong"),
    ("tramadol", "general", {"CYP2D6": "2.0"}, "standard", "", "strong"),
    ("rasburicase", "general", {"G6PD": "Deficient"}, "avoid", "must", "strong"),
    ("rasburicase", "general", {"G6PD": "Normal"}, "standard", "", "strong"),
    ("omeprazole", "general", {"CYP2C19": RAPID}, "increase", "should", "optional"),
    ("paroxetine", "general", {"CYP2D6": "0.0"}, "reduce", "consider", "moderate"),
    ("atazanavir", "general", {"UGT1A1": "Poor Metabolizer"}, "alternative", "consider", "strong"),
    ("voriconazole", "adults", {"CYP2C19": POOR}, "alternative", "should", "moderate"),
]  # fmt: skip


@pytest.mark.parametrize("fact", FACTS, ids=lambda f: f"{f[0]} {' '.join(f[2].values())}")
def test_well_known_facts(fact):
    drug, population, results, *expected = fact
    rule = found(drug, population, **results)
    assert [rule.action, rule.degree, rule.strength] == expected


def test_well_known_doses():
    """Numbers of the guidelines: PMID 29152729, 25801146, 30447069, 31006110, 32189324."""
    changes = {
        -50: found("capecitabine", DPYD="1.5"),
        -90: found("mercaptopurine", TPMT="Poor Metabolizer", NUDT15="Normal Metabolizer"),
        -75: found("thioguanine", TPMT="Normal Metabolizer", NUDT15="Poor Metabolizer"),
        100: found("lansoprazole", CYP2C19="Ultrarapid Metabolizer"),
    }
    for percent, rule in changes.items():
        assert (rule.dose_low_pct, rule.dose_high_pct) == (percent, percent)
    ranges = {
        (50, 100): found("tacrolimus", CYP3A5="Intermediate Metabolizer"),
        (-20, -70): found("azathioprine", TPMT=HALF, NUDT15="Normal Metabolizer"),
        (-50, -75): found("celecoxib", CYP2C9="0.5"),
    }  # fmt: skip
    for percents, rule in ranges.items():
        assert (rule.dose_low_pct, rule.dose_high_pct) == percents
    efavirenz = found("efavirenz", cpic.POPULATIONS["child >40kg_adult"], CYP2B6=HALF)
    assert efavirenz.dose_limit == "400 mg/day"
    assert "20 mg" in found("simvastatin", SLCO1B1="Decreased Function").dose_limit


def test_well_known_alternatives_and_two_genes():
    assert found("clopidogrel", ACS, CYP2C19="Poor Metabolizer").alternatives == (
        "prasugrel",
        "ticagrelor",
    )
    stroke = cpic.POPULATIONS["NVI"]
    assert "prasugrel" not in found("clopidogrel", stroke, CYP2C19="Poor Metabolizer").alternatives
    azathioprine = found("azathioprine", TPMT="Poor Metabolizer", NUDT15="Normal Metabolizer")
    assert (azathioprine.action, azathioprine.dose_low_pct) == ("alternative", -90)
    normal = found("azathioprine", TPMT="Normal Metabolizer", NUDT15="Normal Metabolizer")
    assert normal.action == "standard"
    new = found("carbamazepine", "new users", HLA_A="No Result", HLA_B="*15:02 positive")
    assert (new.action, new.degree) == ("avoid", "must")


def test_a_gene_result_that_tells_nothing_is_not_called_safe():
    assert found("rasburicase", G6PD="Variable").action == "monitor"
    assert "enzyme activity" in found("dapsone", G6PD="Indeterminate").monitor
    gas = found("sevoflurane", RYR1="Uncertain Susceptibility", CACNA1S="Uncertain Susceptibility")
    assert gas.action == "monitor"
    assert found("codeine", CYP2D6="n/a").action == "no_advice"


def test_extra_rules_for_medicines_without_rows():
    """PMID 28198005 (warfarin) and 24096968 (IFNL3): direction, not a dose, where there is none."""
    rules = cpic.extra()
    assert {rule.drug for rule in rules} == {
        "warfarin",
        "peginterferon alfa-2a",
        "peginterferon alfa-2b",
    }
    warfarin = {(rule.when, rule.population): rule for rule in rules if rule.drug == "warfarin"}
    assert len(warfarin) == 14
    for (when, _), rule in warfarin.items():
        results = dict(when)
        if results.get("CYP2C9") == ("2.0",):
            normal = results["VKORC1"] == ("-1639 GG",)
            assert rule.action == ("standard" if normal else "reduce")
        if results.get("CYP2C9") == ("1.0", "1.5"):
            assert (rule.action, rule.dose_low_pct) == ("reduce", None)
        if "CYP4F2" in results:
            assert (rule.action, rule.dose_high_pct) == ("increase", 10)
        if "rs12777823" in results:
            assert (rule.dose_low_pct, rule.dose_high_pct) == (-10, -25)
            assert rule.population == "African ancestry"


def test_extra_rules_are_for_the_medicines_whose_file_holds_no_rows():
    without = {g["drugname"] for g in guidelines() if not g["recommendations"]}
    assert without == {rule.drug for rule in cpic.extra()}


# --- made-up files ---------------------------------------------------------------------------


def write(path: Path, *recommendations: dict, **fields: object) -> Path:
    guideline = {"drugname": "Newdrug", "url": "u", "citations": [{"pmid": "1"}]}
    guideline |= {"recommendations": list(recommendations)} | fields
    (path / "newdrug.json").write_text(json.dumps(guideline), encoding="utf-8")
    return path


def row(text: str = "Avoid use", strength: str = "Strong", **results: str) -> dict:
    return {
        "drugrecommendation": text,
        "classification": strength,
        "lookupkey": results or {"G6PD": "Deficient"},
        "population": "general",
    }


def test_a_newer_text_is_unread_and_never_guessed(tmp_path):
    new = "Avoid newdrug at any price"
    made = cpic.read(
        write(tmp_path, row(), row(new, G6PD="Variable"), row(new, G6PD="Normal")), source="mine"
    )
    known, unread = sorted(made.rules, key=lambda rule: rule.action)
    assert (known.action, known.drug, known.source) == ("avoid", "newdrug", "mine")
    assert (unread.action, unread.degree, unread.strength) == ("unread", "", "strong")
    assert unread.when == (("G6PD", ("Normal", "Variable")),)
    assert unread.text.startswith("This guideline text is newer")
    assert made.unread == (cpic.Unread(cpic.text_key(new), 2, ("Newdrug",)),)


def test_unusable_rows_are_counted(tmp_path):
    bare = row() | {"lookupkey": {}}
    made = cpic.read(write(tmp_path, row(" "), bare, row(strength="Gold"), row()))
    assert made.notes == {cpic.NO_TEXT: 2, cpic.NEW_STRENGTH: 1}
    assert {rule.strength for rule in made.rules} == {"none", "strong"}


def test_an_unknown_population_is_passed_through(tmp_path):
    made = cpic.read(write(tmp_path, row() | {"population": "astronauts "}))
    assert made.rules[0].population == "astronauts"


@pytest.mark.parametrize(
    "fields",
    [
        {"drugname": None},
        {"recommendations": {"a": 1}},
        {"recommendations": ["a"]},
        {"citations": "none"},
    ],
)
def test_another_form_of_file_is_refused(tmp_path, fields):
    with pytest.raises(InputError, match="no guideline in the form") as error:
        cpic.read(write(tmp_path, row(), **fields))
    assert error.value.where == "newdrug.json"


def test_an_empty_folder_and_broken_json_are_refused(tmp_path):
    with pytest.raises(InputError, match="No guideline files"):
        cpic.read(tmp_path)
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="JSON"):
        cpic.read(tmp_path)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [("action", "dance", "not usable"), ("dose_low_pct", "half", "no number")],
)
def test_a_damaged_table_is_refused(tmp_path, column, value, message):
    names = (
        "key action degree dose_low_pct dose_high_pct dose_limit alternatives monitor if_used text"
    )
    cells = dict.fromkeys(names.split(), "") | {"key": "k", "action": "avoid", "text": "t"}
    cells[column] = value
    lines = ["\t".join(names.split()), "\t".join(cells.values())]
    (tmp_path / cpic.TABLE).write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        cpic.encodings(Base(tmp_path))


def test_merging_covers_each_cell_once():
    cells = [(a, b) for a in "xyz" for b in "12" if (a, b) != ("z", "2")]
    boxes = cpic.merged(cells)
    covered = [(a, b) for first, second in boxes for a in first for b in second]
    assert sorted(covered) == sorted(cells)
    assert len(boxes) == 2


def test_white_space_does_not_change_the_key():
    assert cpic.text_key(" Avoid\n use ") == cpic.text_key("Avoid use") == "7945023faeb0"
    assert cpic.text_key("Avoid use.") != cpic.text_key("Avoid use")


def test_conditions_that_a_second_reading_put_back():
    """PMID 30801677 (atomoxetine): if tolerated; PMID 32779747 (phenytoin): without a gap."""
    for score in ("1.0", "2.0", "≥3.0"):
        adult = found("atomoxetine", "adults", CYP2D6=score)
        assert "tolerated" in adult.text
        assert "without side effects" in adult.if_used
    for score in ("1.0", "2.0", "3.0", "≥3.5"):
        assert "tolerated" in found("atomoxetine", "children", CYP2D6=score).text
    patient = {"HLA_B": "*15:02 positive", "CYP2C9": "2.0"}
    for drug in ("phenytoin", "fosphenytoin"):
        assert "continuous" in found(drug, "users for more than 3 months", **patient).text
