"""Interactions: the 15 pairs, well-known pairs, direction, coverage, contradictions."""

from itertools import combinations

import pytest

from nof1.core.errors import InputError
from nof1.knowledge import drugs
from nof1.knowledge.base import Base
from nof1.knowledge.interactions import TABLE, Pair, between, covered, known, pairs

HEADER = "\t".join(Pair._fields) + "\n"
ROW = "aspirin\twarfarin\t\t2\tserious\tboth\tm\tavoid\td\ttext\ts\tc"


def worst(one, other):
    return between(one, [other])[0].pair


# Phansalkar 2012 (PMC3422823), one or two members of each of the 15 class pairs.
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("methylphenidate", "phenelzine"),
        ("atomoxetine", "tranylcypromine"),
        ("atazanavir", "omeprazole"),
        ("febuxostat", "azathioprine"),
        ("fluoxetine", "tranylcypromine"),
        ("sertraline", "selegiline"),
        ("irinotecan", "ketoconazole"),
        ("meperidine", "phenelzine"),
        ("fentanyl", "isocarboxazid"),
        ("amitriptyline", "phenelzine"),
        ("sotalol", "haloperidol"),
        ("ramelteon", "fluvoxamine"),
        ("rifampin", "darunavir"),
        ("carbamazepine", "atazanavir"),
        ("simvastatin", "clarithromycin"),
        ("lovastatin", "atazanavir"),
        ("ergotamine", "ritonavir"),
        ("tizanidine", "ciprofloxacin"),
        ("tranylcypromine", "procarbazine"),
        ("sumatriptan", "phenelzine"),
    ],
)
def test_the_high_priority_pairs_interrupt(one, other):
    assert worst(one, other).tier == 1
    assert "onc-high-2012" in worst(one, other).source
    assert worst(one, other).action in ("contraindicated", "avoid")
    assert worst(one, other) == worst(other, one)


def test_all_fifteen_high_priority_pairs_are_there():
    cited = [row.citation for row in pairs() if "onc-high-2012" in row.source]
    for number in range(1, 16):
        assert any(
            f"table 2, pair {number};" in f"{text};" or f"pair {number} " in text for text in cited
        ), number


def test_no_low_priority_pair_interrupts():
    low = [row for row in pairs() if "onc-low-2013" in row.source]
    assert len(low) > 25
    assert {row.tier for row in low} <= {2, 3}
    assert [(row.first, row.second) for row in low if row.tier == 2] == [("ACE inhibitor", "ARB")]


# US labels, section 4 or 7, of the medicines named.
@pytest.mark.parametrize(
    ("one", "other", "tier", "action"),
    [
        ("warfarin", "ibuprofen", 2, "avoid"),
        ("warfarin", "amiodarone", 2, "adjust"),
        ("warfarin", "sulfamethoxazole / trimethoprim", 2, "avoid"),
        ("warfarin", "fluconazole", 2, "adjust"),
        ("warfarin", "acetaminophen", 3, "monitor"),
        ("apixaban", "ketoconazole", 2, "adjust"),
        ("rivaroxaban", "rifampin", 2, "avoid"),
        ("apixaban", "warfarin", 2, "avoid"),
        ("clopidogrel", "omeprazole", 2, "avoid"),
        ("clopidogrel", "esomeprazole", 2, "avoid"),
        ("methotrexate", "trimethoprim", 1, "avoid"),
        ("lithium", "hydrochlorothiazide", 2, "adjust"),
        ("lithium", "naproxen", 2, "adjust"),
        ("lithium", "lisinopril", 2, "adjust"),
        ("lisinopril", "spironolactone", 2, "monitor"),
        ("ramipril", "potassium chloride", 2, "monitor"),
        ("digoxin", "amiodarone", 2, "adjust"),
        ("digoxin", "verapamil", 2, "adjust"),
        ("nitroglycerin", "sildenafil", 1, "contraindicated"),
        ("simvastatin", "amiodarone", 2, "adjust"),
        ("simvastatin", "amlodipine", 2, "adjust"),
        ("simvastatin", "gemfibrozil", 1, "contraindicated"),
        ("azathioprine", "allopurinol", 2, "adjust"),
        ("tramadol", "sertraline", 2, "monitor"),
        ("linezolid", "sertraline", 1, "contraindicated"),
        ("lisinopril", "sacubitril / valsartan", 1, "contraindicated"),
        ("ramipril", "ibuprofen", 3, "monitor"),
        ("morphine", "lorazepam", 2, "avoid"),
        ("oxycodone", "naltrexone", 1, "contraindicated"),
        ("meropenem", "valproic acid", 2, "avoid"),
        ("colchicine", "clarithromycin", 2, "adjust"),
        ("tamoxifen", "paroxetine", 2, "avoid"),
        ("citalopram", "omeprazole", 2, "adjust"),
        ("ticagrelor", "clarithromycin", 1, "contraindicated"),
        ("capecitabine", "warfarin", 2, "adjust"),
        ("fluorouracil", "brivudine", 1, "contraindicated"),
        ("citalopram", "haloperidol", 2, "avoid"),
        ("citalopram", "thioridazine", 1, "contraindicated"),
        ("spironolactone", "eplerenone", 1, "contraindicated"),
        ("amiloride", "triamterene", 1, "contraindicated"),
        ("donepezil", "metoprolol", 2, "avoid"),
        ("alfuzosin", "atazanavir", 1, "contraindicated"),
        ("dronedarone", "cyclosporine", 1, "contraindicated"),
        ("ranolazine", "phenobarbital", 1, "contraindicated"),
        ("posaconazole", "atorvastatin", 1, "contraindicated"),
    ],
)
def test_well_known_pairs(one, other, tier, action):
    assert (worst(one, other).tier, worst(one, other).action) == (tier, action)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("clopidogrel", "pantoprazole"),
        ("pravastatin", "itraconazole"),
        ("metformin", "atorvastatin"),
        ("eletriptan", "phenelzine"),
        ("levothyroxine", "amlodipine"),
    ],
)
def test_pairs_of_the_table_without_a_row(one, other):
    assert between(one, [other]) == ()
    assert covered(one, other)


def test_dose_limits_stand_in_the_detail():
    assert "20 mg" in worst("simvastatin", "amlodipine").detail
    assert "10 mg" in worst("simvastatin", "verapamil").detail
    assert "pantoprazole" in worst("clopidogrel", "omeprazole").detail


def test_it_is_said_whose_effect_changes():
    (one,) = between("omeprazole", ["clopidogrel"])
    assert (one.drug, one.other, one.affected) == ("omeprazole", "clopidogrel", "clopidogrel")
    assert between("warfarin", ["ibuprofen"])[0].affected == "both"
    assert between("allopurinol", ["azathioprine"])[0].affected == "azathioprine"


def test_the_worst_comes_first_and_names_and_codes_are_the_same():
    found = between("sertraline", ["warfarin", "phenelzine", "metoprolol", "RxNorm//5640"])
    assert [one.pair.tier for one in found] == sorted(one.pair.tier for one in found)
    assert {one.other for one in found} == {"warfarin", "phenelzine", "metoprolol", "ibuprofen"}
    assert between("ATC//C10AA01", ["Clarithromycin"])[0].drug == "simvastatin"


def test_a_medicine_does_not_interact_with_itself():
    assert between("sotalol", ["sotalol", "RxNorm//9947"]) == ()
    assert between("warfarin", []) == ()


def test_a_pair_that_is_not_covered_is_another_thing_than_no_row():
    assert not covered("warfarin", "unknownol")
    assert not covered("unknownol", "otherol")
    assert covered("warfarin", "metformin")
    assert not known("vitamin c")
    assert not covered("warfarin", "vitamin c")


def test_without_takes_members_out_of_a_class():
    assert worst("paroxetine", "metoprolol").mechanism == "CYP2D6 inhibited"
    assert worst("sertraline", "metoprolol").action == "none"


def test_every_row_says_what_why_and_from_where():
    for row in pairs():
        assert row.source, row
        assert row.citation, row
        assert row.mechanism, row
        assert 5 <= len(row.text) <= 200, row
        assert row.detail or row.action in ("contraindicated", "avoid", "none", "monitor"), row
        assert (row.severity == "contraindicated") == (row.action == "contraindicated"), row
        assert row.tier == 1 or row.action != "contraindicated", row


def test_no_two_rows_say_the_same_of_two_medicines_with_different_tiers():
    """The same mechanism twice would be one fact with two tiers or actions."""
    names = [name for name in drugs.drugs() if known(name)]
    clashes = set()
    for one, other in combinations(names, 2):
        seen = {}
        for found in between(one, [other]):
            told = (found.pair.tier, found.pair.action)
            if seen.setdefault(found.pair.mechanism, told) != told:
                clashes.add((one, other))
    assert clashes == set()


def test_tier_three_and_danger_never_meet_by_one_route():
    for row in pairs():
        assert row.tier < 3 or row.severity in ("minor", "moderate"), row


@pytest.mark.parametrize(
    "rows",
    [
        [ROW, ROW],
        [ROW, ROW.replace("aspirin\twarfarin", "warfarin\taspirin")],
        [ROW.replace("\t2\t", "\t4\t")],
        [ROW.replace("serious", "awful")],
        [ROW.replace("avoid", "pray")],
        [ROW.replace("both", "third")],
        [ROW.replace("text", "x" * 201)],
        [ROW + "\tmore"],
        [ROW.removesuffix("\tc")],
    ],
)
def test_a_damaged_table_is_refused(tmp_path, rows):
    (tmp_path / TABLE).write_text(HEADER + "\n".join(rows) + "\n")
    with pytest.raises(InputError):
        pairs(Base(tmp_path))


def test_a_workspace_table_replaces_the_shipped_one(tmp_path):
    (tmp_path / TABLE).write_text(HEADER + ROW + "\n")
    base = Base(tmp_path)
    assert [one.pair.text for one in between("warfarin", ["aspirin"], base)] == ["text"]
    assert between("warfarin", ["ibuprofen"], base) == ()
    assert not covered("warfarin", "ibuprofen", base)


@pytest.mark.parametrize(
    ("one", "other", "action"),
    [
        ("simvastatin", "indinavir", "contraindicated"),
        ("simvastatin", "lopinavir", "contraindicated"),
        ("ergotamine", "saquinavir", "contraindicated"),
        ("irinotecan", "darunavir", "avoid"),
        ("irinotecan", "atazanavir", "contraindicated"),
        ("rifapentine", "darunavir", "avoid"),
        ("rifampin", "lopinavir", "contraindicated"),
        ("atomoxetine", "procarbazine", "avoid"),
        ("pseudoephedrine", "selegiline", "avoid"),
        ("fentanyl", "procarbazine", "avoid"),
        ("fentanyl", "selegiline", "avoid"),
        ("dextromethorphan", "procarbazine", "avoid"),
        ("chlorpromazine", "sotalol", "avoid"),
        ("moxifloxacin", "amiodarone", "avoid"),
    ],
)
def test_members_of_the_high_priority_list_that_were_missing_once(one, other, action):
    assert worst(one, other).tier == 1
    assert worst(one, other).action == action


def test_one_pair_of_the_high_priority_list_is_one_row():
    """A protease inhibitor that is a strong inhibitor by name is not told twice."""
    for other in ("indinavir", "lopinavir", "nelfinavir", "ritonavir", "saquinavir", "darunavir"):
        for one in ("simvastatin", "ergotamine", "irinotecan"):
            assert len(between(one, [other])) == 1, (one, other)


@pytest.mark.parametrize(
    ("one", "other", "tier", "action"),
    [
        ("amoxapine", "phenelzine", 1, "contraindicated"),
        ("diethylpropion", "tranylcypromine", 1, "contraindicated"),
        ("ramelteon", "ciprofloxacin", 1, "avoid"),
        ("ramelteon", "amiodarone", 2, "monitor"),
        ("irinotecan", "diltiazem", 2, "monitor"),
        ("irinotecan", "cimetidine", 2, "monitor"),
        ("simvastatin", "fluconazole", 2, "adjust"),
        ("tizanidine", "cimetidine", 2, "avoid"),
        ("darunavir", "rifabutin", 2, "adjust"),
        ("darunavir", "bosentan", 2, "avoid"),
        ("phenelzine", "cyclobenzaprine", 1, "contraindicated"),
        ("nirmatrelvir / ritonavir", "simvastatin", 1, "contraindicated"),
        ("nirmatrelvir / ritonavir", "amiodarone", 1, "contraindicated"),
        ("nirmatrelvir / ritonavir", "rifampin", 1, "contraindicated"),
        ("rilpivirine", "omeprazole", 1, "contraindicated"),
        ("measles mumps and rubella vaccine", "infliximab", 1, "contraindicated"),
        ("influenza vaccine", "infliximab", 3, "monitor"),
        ("oxycodone", "eszopiclone", 2, "avoid"),
        ("insulin glargine", "levofloxacin", 2, "monitor"),
        ("naloxegol", "ketoconazole", 1, "contraindicated"),
    ],
)
def test_pairs_of_medicines_and_of_weaker_members(one, other, tier, action):
    assert (worst(one, other).tier, worst(one, other).action) == (tier, action)
    assert worst(one, other) == worst(other, one)


def test_a_penicillin_beside_warfarin_warns_and_a_statin_beside_a_ppi_is_quiet():
    assert worst("warfarin", "amoxicillin").tier == 2
    assert between("rosuvastatin", ["omeprazole"]) == ()
    assert covered("rosuvastatin", "omeprazole")
