"""DPWG rules: every group of the guidelines is read, and known facts come out as they are known."""

import functools
import html
import itertools
import json
import re
from collections import Counter, defaultdict

import pytest

from nof1.core.errors import InputError
from nof1.knowledge import dpwg, phenotypes
from nof1.knowledge.base import SHIPPED
from nof1.knowledge.cpic import text_key
from nof1.knowledge.prescribing import ACTIONS, DEGREES, STRENGTHS
from shared_data import needs

GROUPS = "annotationGroups"
FOLDER = "genome/pharmcat/guidelines-2023-08/dpwg"
ROWS = SHIPPED.rows(dpwg.TABLE)
FACTS = ("text", "if_used", "monitor", "dose_limit", "population")

# Percentages of the usual dose that the source says in words, or as a range with one % sign.
IN_WORDS = {
    "c4c153e94088": {50},  # half
    "74c182d1b2ed": {200},  # double, to 150 mg
    "742e69476b46": {200},  # double
    "30b0f5d94b4b": {40, 50},  # 40-50%
    "73906106d44d": {150, 200},  # by a factor of 1.5-2
    "440a3d152980": {6, 7},  # 6-7%
}


@functools.cache
def files():
    return [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(needs(FOLDER).glob("*"))
    ]


@functools.cache
def reading():
    return dpwg.read(needs(FOLDER))


def groups():
    for data in files():
        [drug] = [chemical["name"] for chemical in data["guideline"]["relatedChemicals"]]
        [gene] = [gene["symbol"] for gene in data["guideline"]["relatedGenes"]]
        for group in data[GROUPS]:
            yield drug, gene, group


def plain(text):
    return html.unescape(re.sub(r"<[^>]*>", " ", text))


def asked(drug, gene, result, population="general"):
    """The one rule for a result, as nof1 knows it."""
    [rule] = [
        rule
        for rule in reading().rules
        if rule.drug == drug
        and rule.population == population
        and result in dict(rule.when).get(gene, ())
    ]
    return rule


def dose(rule):
    return rule.dose_low_pct, rule.dose_high_pct


# ------------------------------------------------------------------------------- the whole of it


def test_every_group_of_every_file_has_its_rules():
    told = defaultdict(set)
    for rule in reading().rules:
        [gene] = rule.genes
        told[rule.drug, gene, rule.text].add(rule.when)
    rows = defaultdict(list)
    for row in ROWS:
        rows[row["key"]].append(row)
    count = Counter()
    for drug, gene, group in groups():
        meaning = rows[text_key(group["recommendation"]["html"])]
        assert meaning, (drug, gene, group["name"])
        alleles = next(
            dpwg._functions(data["guideline"]) for data in files() if group in data[GROUPS]
        )
        when = dpwg.results(group, alleles)
        assert dict(when)[gene], (drug, gene, group["name"])
        for row in meaning:
            assert when in told[drug, gene, row["text"]], (drug, gene, group["name"])
        count["groups"] += 1
    assert count["groups"] == 224
    assert len(files()) == 55
    assert reading().unread == ()


def test_the_table_holds_exactly_the_texts_of_the_source():
    keys = {text_key(group["recommendation"]["html"]) for _, _, group in groups()}
    assert len(keys) == 194
    assert {row["key"] for row in ROWS} == keys


def test_populations_of_one_text_differ_and_none_stands_beside_general():
    found = defaultdict(list)
    for row in ROWS:
        found[row["key"]].append(row["population"])
    for key, populations in found.items():
        assert len(set(populations)) == len(populations), key
        assert populations == ["general"] or len(populations) == 1 or "general" not in populations


def test_only_allowed_words():
    for row in ROWS:
        assert row["action"] in set(ACTIONS) - {"unread"}, row["key"]
        assert row["degree"] in DEGREES
        assert bool(row["degree"]) == (row["action"] not in ("standard", "no_advice")), row["key"]
        assert row["population"]
        assert row["text"].endswith(".")
        assert len(row["text"]) <= 200, row["key"]
    for rule in reading().rules:
        assert rule.strength == "none"
        assert rule.strength in STRENGTHS
        assert rule.url.startswith("https://www.pharmgkb.org/guidelineAnnotation/PA")


def test_no_sentence_is_the_sources():
    def words(text):
        return re.findall(r"[a-z0-9.%*/+-]+", plain(text).lower())

    def runs(text):
        found = words(text)
        return {tuple(found[i : i + 8]) for i in range(len(found) - 7)}

    source = set()
    for _, _, group in groups():
        source |= runs(group["recommendation"]["html"]) | runs(group["implications"]["html"])
    for row in ROWS:
        for name in FACTS:
            assert not runs(row[name]) & source, (row["key"], name)


# ---------------------------------------------------------------------------- doses, mechanically


def test_doses_have_the_direction_of_their_action():
    for row in ROWS:
        values = [float(row[name]) for name in ("dose_low_pct", "dose_high_pct") if row[name]]
        assert len(values) in (0, 2), row["key"]
        if row["action"] == "reduce":
            assert all(value < 0 for value in values), row["key"]
            assert values or row["dose_limit"], row["key"]
        if row["action"] == "increase":
            assert all(value > 0 for value in values), row["key"]
            assert values or row["dose_limit"], row["key"]
        if row["action"] in ("standard", "no_advice"):
            assert not values, row["key"]
        if values:
            assert abs(values[0]) <= abs(values[1]), row["key"]
            assert values[0] * values[1] > 0, row["key"]


def test_every_percentage_stands_in_the_source():
    texts = {
        text_key(g["recommendation"]["html"]): g["recommendation"]["html"] for *_, g in groups()
    }
    for row in ROWS:
        text = plain(texts[row["key"]])
        said = {round(float(n)) for n in re.findall(r"(\d+(?:\.\d+)?)\s*%", text)}
        times = re.findall(r"(\d+(?:\.\d+)?)(?: times|-fold higher|x higher)", text)
        said |= {round(float(n) * 100) for n in times} | IN_WORDS.get(row["key"], set())
        for name in ("dose_low_pct", "dose_high_pct"):
            if row[name]:
                assert 100 + round(float(row[name])) in said, row["key"]


def test_the_direction_follows_the_words_of_the_source():
    """What the source calls avoided or contra-indicated is nowhere a standard for everybody."""
    for drug, gene, group in groups():
        text = plain(group["recommendation"]["html"]).lower()
        rows = [row for row in ROWS if row["key"] == text_key(group["recommendation"]["html"])]
        actions = {row["action"] for row in rows}
        if "does not provide a recommendation" in text:
            assert actions == {"no_advice"}, (drug, gene)
        elif re.match(r"\s*no action is (needed|required)", text):
            assert actions == {"standard"}, (drug, gene)
        elif re.search(r"contra-indicated\. |^\s*avoid ", text):
            assert actions & {"avoid", "alternative"}, (drug, gene)
        else:
            note = "no action" in plain(group["implications"]["html"]).lower()
            assert note == (actions == {"standard"}), (drug, gene, group["name"])


def test_function_falls_and_dose_does_not_rise():
    """For medicines that the enzyme breaks down: poor at most intermediate, at most ultrarapid."""
    order = ("Poor Metabolizer", "Intermediate Metabolizer", "Ultrarapid Metabolizer")
    compared = 0
    for drug, gene in {(rule.drug, *rule.genes) for rule in reading().rules}:
        if gene == "CYP3A5":  # its normal metabolizers, the expressers, need more: see below
            continue
        doses = []
        for word in order:
            found = [
                rule.dose_high_pct or 0
                for rule in reading().rules
                if rule.drug == drug
                and word in dict(rule.when).get(gene, ())
                and rule.action in ("reduce", "increase", "standard")
            ]
            doses.append((min(found), max(found)) if found else None)
        known = [pair for pair in doses if pair]
        for (low, high), (next_low, next_high) in itertools.pairwise(known):
            assert low <= next_low, (drug, gene)
            assert high <= next_high, (drug, gene)
            compared += 1
    assert compared >= 25


# ----------------------------------------------------------------------------------- gene results


def test_a_pair_of_alleles_belongs_to_one_text_of_a_medicine():
    seen = {}
    for rule in reading().rules:
        [(gene, results)] = rule.when
        for result in results:
            key = (rule.drug, gene, result, rule.population)
            assert key not in seen or seen[key] == rule.text, key
            seen[key] = rule.text


def test_the_words_and_scores_are_those_of_our_tables():
    own = {"F5"}  # no table
    named = {"521 TT", "521 CT", "521 CC"}  # SLCO1B1: one position, not a phenotype
    spelled = re.compile(r".+/.+")
    for rule in reading().rules:
        [(gene, results)] = rule.when
        if gene in own:
            continue
        table = phenotypes.phenotypes(gene)
        words = {word for result in table.results.values() for word in result}
        for result in results:
            if spelled.fullmatch(result):
                continue
            score = phenotypes.number(result)
            assert result in words | named or (gene == "CYP2D6" and score is not None), result
    listed = {lookup for _, lookup in phenotypes.phenotypes("CYP2D6").results.values()}
    told = {
        result
        for rule in reading().rules
        if rule.drug == "codeine"
        for result in dict(rule.when)["CYP2D6"]
    }
    assert listed - {"n/a"} <= told


def test_dpwg_keeps_its_own_meaning_where_cpic_counts_otherwise():
    # CYP2C19 *1/*17 is rapid for CPIC, normal for DPWG; *9/*9 is intermediate, here poor
    assert asked("clopidogrel", "CYP2C19", "Rapid Metabolizer").action == "no_advice"
    assert asked("voriconazole", "CYP2C19", "*9/*9").action == "reduce"
    # CYP2D6 score 2.5 is ultrarapid for CPIC; with *10x2 as one full allele DPWG agrees
    assert asked("nortriptyline", "CYP2D6", "2.5").action == "no_advice"
    assert asked("nortriptyline", "CYP2D6", "*1x2/*10x2").action == "increase"
    # two decreased DPYD alleles have CPIC's score 1.0, for DPWG nobody can know without a test
    two = "c.2846A>T/c.2846A>T"
    assert asked("capecitabine", "DPYD", two).action == "avoid"
    assert "DPD activity" in asked("capecitabine", "DPYD", two).monitor
    assert asked("capecitabine", "DPYD", "c.1129-5923C>G/c.2846A>T").action == "avoid"
    # TPMT *8 and NUDT15 *4 are of uncertain function for CPIC
    assert asked("azathioprine", "TPMT", "*1/*8", "immunosuppression").action == "reduce"
    assert asked("azathioprine", "NUDT15", "*3/*4").action == "avoid"


# ------------------------------------------------------------------------------------ known facts


def test_clopidogrel_after_coronary_intervention():
    poor = asked(
        "clopidogrel", "CYP2C19", "Poor Metabolizer", "coronary intervention, stroke or TIA"
    )
    assert (poor.action, poor.degree) == ("avoid", "must")
    assert {"prasugrel", "ticagrelor"} <= set(poor.alternatives)
    other = asked("clopidogrel", "CYP2C19", "Poor Metabolizer", "other indications")
    assert other.action == "monitor"
    middle = asked(
        "clopidogrel", "CYP2C19", "Intermediate Metabolizer", "coronary intervention, stroke or TIA"
    )
    assert (middle.action, dose(middle)) == ("alternative", (100, 100))


def test_codeine_and_tramadol():
    assert asked("codeine", "CYP2D6", "0.0", "pain").action == "alternative"
    assert asked("codeine", "CYP2D6", "0.0", "cough").action == "standard"
    high = [
        rule
        for rule in reading().rules
        if rule.drug == "codeine" and "Ultrarapid Metabolizer" in dict(rule.when)["CYP2D6"]
    ]
    assert {(rule.action, rule.degree) for rule in high} == {("avoid", "must"), ("standard", "")}
    tramadol = asked("tramadol", "CYP2D6", "≥3.0")
    assert (tramadol.action, dose(tramadol)) == ("alternative", (-60, -60))
    assert not set(tramadol.alternatives) & {"codeine", "tramadol"}


@pytest.mark.parametrize("drug", ["capecitabine", "fluorouracil"])
def test_fluoropyrimidines(drug):
    where = "systemic use" if drug == "fluorouracil" else "general"
    none = asked(drug, "DPYD", "0.0", where)
    assert (none.action, none.degree, none.dose_low_pct) == ("avoid", "must", None)
    assert "tegafur" in none.text
    assert dose(asked(drug, "DPYD", "1.0")) == (-50, -50)
    assert dose(asked(drug, "DPYD", "1.5")) == (-50, -50)
    assert asked(drug, "DPYD", "1.5").action == "reduce"
    assert asked(drug, "DPYD", "0.5").action == "avoid"
    assert asked(drug, "DPYD", "2.0").action == "no_advice"


def test_other_substrates_of_dpyd():
    assert asked("flucytosine", "DPYD", "0.0").action == "avoid"
    assert asked("flucytosine", "DPYD", "1.0").action == "monitor"
    assert asked("fluorouracil", "DPYD", "0.0", "use on the skin").action == "avoid"
    for score in ("0.0", "0.5", "1.0", "1.5"):
        assert asked("tegafur", "DPYD", score).action == "avoid"


def test_siponimod_goes_by_single_pairs():
    assert asked("siponimod", "CYP2C9", "*3/*3").action == "avoid"
    assert dose(asked("siponimod", "CYP2C9", "*2/*3")) == (-50, -50)
    assert dose(asked("siponimod", "CYP2C9", "*1/*3")) == (-50, -50)
    assert asked("siponimod", "CYP2C9", "*2/*2").action == "standard"
    assert asked("siponimod", "CYP2C9", "*1/*2").action == "standard"
    assert asked("siponimod", "CYP2C9", "*6/*6").action == "avoid"


def test_warfarin():
    for pair, change in {"*1/*3": -35, "*2/*2": -35, "*2/*3": -55, "*3/*3": -80}.items():
        rule = asked("warfarin", "CYP2C9", pair)
        assert (rule.action, dose(rule)) == ("reduce", (change, change))
    assert asked("warfarin", "CYP2C9", "*1/*2").action == "standard"
    assert dose(asked("warfarin", "VKORC1", "-1639 AA")) == (-40, -40)
    assert asked("warfarin", "VKORC1", "-1639 AG").action == "standard"
    assert dose(asked("acenocoumarol", "VKORC1", "-1639 AA")) == (-50, -50)


def test_thiopurines():
    poor = asked("azathioprine", "TPMT", "Poor Metabolizer")
    assert (poor.action, dose(poor)) == ("alternative", (-90, -90))
    middle = asked("azathioprine", "TPMT", "Intermediate Metabolizer", "immunosuppression")
    assert (middle.action, dose(middle)) == ("reduce", (-50, -50))
    assert asked("mercaptopurine", "NUDT15", "Poor Metabolizer").action == "avoid"
    assert dose(asked("mercaptopurine", "TPMT", "Intermediate Metabolizer", "leukaemia")) == (
        -50,
        -50,
    )
    assert dose(asked("thioguanine", "TPMT", "Poor Metabolizer")) == (-93, -94)
    assert dose(asked("thioguanine", "TPMT", "Intermediate Metabolizer", "leukaemia")) == (-25, -25)


def test_statins():
    both = asked("simvastatin", "SLCO1B1", "521 CC")
    assert both.action == "alternative"
    assert "simvastatin" not in both.alternatives
    one = asked("simvastatin", "SLCO1B1", "Decreased Function")
    assert (one.action, one.dose_limit) == ("alternative", "at most 40 mg/day")
    risk = asked("atorvastatin", "SLCO1B1", "521 CT", "more risk factors for statin myopathy")
    assert risk.action == "alternative"
    assert asked("simvastatin", "SLCO1B1", "Normal Function").action == "no_advice"


def test_phenytoin():
    wanted = {"*1/*2": -25, "*1/*3": -25, "*2/*2": -50, "*2/*3": -50, "*3/*3": -60}
    for pair, change in wanted.items():
        assert dose(asked("phenytoin", "CYP2C9", pair)) == (change, change)
    assert dose(asked("phenytoin", "CYP2C9", "*3/*6")) == (-50, -60)
    assert "rash" in asked("phenytoin", "CYP2C9", "*3/*3").monitor


@pytest.mark.parametrize(
    ("drug", "poor", "intermediate", "ultrarapid"),
    [
        ("amitriptyline", -30, -25, 40),
        ("doxepin", -60, -20, 100),
        ("imipramine", -70, -30, 70),
        ("nortriptyline", -60, -40, 70),
    ],
)
def test_tricyclic_antidepressants(drug, poor, intermediate, ultrarapid):
    found = [
        asked(drug, "CYP2D6", f"{word} Metabolizer")
        for word in ("Poor", "Intermediate", "Ultrarapid")
    ]
    assert [rule.action for rule in found] == ["reduce", "reduce", "increase"]
    assert [rule.dose_low_pct for rule in found] == [poor, intermediate, ultrarapid]


def test_heart_medicines():
    slow = "slow fall of heart rate wanted, or bradycardia with symptoms"
    assert dose(asked("metoprolol", "CYP2D6", "Poor Metabolizer", slow)) == (-75, -75)
    assert dose(asked("metoprolol", "CYP2D6", "Intermediate Metabolizer", slow)) == (-50, -50)
    assert asked("metoprolol", "CYP2D6", "Poor Metabolizer", "other cases").action == "standard"
    assert asked("metoprolol", "CYP2D6", "Ultrarapid Metabolizer").action == "increase"
    assert dose(asked("flecainide", "CYP2D6", "Poor Metabolizer")) == (-50, -50)
    assert dose(asked("propafenone", "CYP2D6", "Poor Metabolizer")) == (-70, -70)


def test_other_known_facts():
    poor = asked("escitalopram", "CYP2C19", "Poor Metabolizer", "adults of 65 or older")
    assert poor.dose_limit == "at most 5 mg/day"
    assert asked("escitalopram", "CYP2C19", "Ultrarapid Metabolizer").action == "avoid"
    assert asked("eliglustat", "CYP2D6", "Ultrarapid Metabolizer").degree == "must"
    assert dose(asked("irinotecan", "UGT1A1", "Poor Metabolizer")) == (-30, -30)
    assert asked("irinotecan", "UGT1A1", "Intermediate Metabolizer").action == "standard"
    # an expresser breaks tacrolimus down: more of it, not less
    assert dose(asked("tacrolimus", "CYP3A5", "Normal Metabolizer", "other transplants")) == (
        150,
        150,
    )
    assert asked("tacrolimus", "CYP3A5", "Poor Metabolizer").action == "no_advice"
    for drug, times in {"omeprazole": 3, "lansoprazole": 4, "pantoprazole": 5}.items():
        rule = asked(drug, "CYP2C19", "Ultrarapid Metabolizer", "Helicobacter pylori eradication")
        assert (rule.action, rule.dose_low_pct) == ("increase", (times - 1) * 100)
        assert asked(drug, "CYP2C19", "Poor Metabolizer").action == "standard"
    leiden = asked(
        "hormonal contraceptives for systemic use",
        "F5",
        "Factor V Leiden homozygous",
        "earlier thrombosis, or much thrombosis in the family",
    )
    assert leiden.action == "avoid"
    assert asked("tamoxifen", "CYP2D6", "Poor Metabolizer").action == "alternative"
    assert dose(asked("quetiapine", "CYP3A4", "Poor Metabolizer", "other indications")) == (
        -70,
        -70,
    )


def test_a_second_reading_says_no_more_than_the_source():
    """Facts of the guidelines' texts, where our first sentences promised or denied too much."""
    two = "c.2846A>T/c.2846A>T"  # no DPD test is advised for tegafur, and no dose is known
    assert "DPD" not in asked("tegafur", "DPYD", two).if_used
    skin = asked("fluorouracil", "DPYD", "0.0", "use on the skin")
    assert (skin.action, skin.degree) == ("avoid", "must")
    assert "allowed" not in skin.if_used
    low = asked("quetiapine", "CYP3A4", "Poor Metabolizer", "depression")
    assert (low.action, "missing" in low.text) == ("alternative", False)
    silent = asked("efavirenz", "CYP2B6", "*5/*7")
    assert (silent.action, "not mean that the risk is normal" in silent.text) == ("no_advice", True)
    assert "first month" in asked("warfarin", "VKORC1", "-1639 AG").text


# -------------------------------------------------------------------------------- files by others


def guideline(**changes):
    """A small guideline in the form of the source."""
    group = {
        "name": "PM",
        "genePhenotypes": ["CYP2C19:No function/No function"],
        "metabolizerStatus": {"html": "<p>Poor Metabolizer</p>"},
        "recommendation": {"html": "<p>A text of next year.</p>"},
        "activityScore": None,
    }
    gene = {
        "gene": {"symbol": "CYP2C19"},
        "alleles": [{"_label": "*2", "function": {"term": "No function"}}],
    }
    return {
        "guideline": {
            "url": "https://example.org/x",
            "relatedChemicals": [{"name": "Examplol"}],
            "guidelineGenes": [gene],
        },
        "annotationGroups": [{**group, **changes}],
        "citations": [{"pmid": "1"}],
    }


def test_a_new_text_is_unread_and_never_guessed(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(guideline()))
    [rule] = dpwg.read(tmp_path).rules
    assert (rule.action, rule.text, rule.degree) == ("unread", dpwg.UNREAD, "")
    assert (rule.drug, rule.pmids) == ("examplol", ("1",))
    assert rule.when == (("CYP2C19", ("Poor Metabolizer", "Likely Poor Metabolizer")),)
    [unread] = dpwg.read(tmp_path).unread
    assert tuple(unread) == (text_key("<p>A text of next year.</p>"), 1, ("examplol",))


def test_a_known_text_is_found_whatever_its_white_space(tmp_path):
    known = {"html": "<p>Use half of\n   the normal dose.</p>\n"}
    (tmp_path / "a.json").write_text(json.dumps(guideline(recommendation=known)))
    [rule] = dpwg.read(tmp_path, source="dpwg-next").rules
    assert (rule.action, dose(rule), rule.source) == ("reduce", (-50, -50), "dpwg-next")


def test_a_group_without_pairs_of_functions_holds_for_its_gene_only(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(guideline(genePhenotypes=[])))
    [rule] = dpwg.read(tmp_path).rules
    assert rule.genes == ("CYP2C19",)


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"guideline": {}}', json.dumps(guideline(genePhenotypes=None))]
)
def test_a_file_in_another_form_is_refused_by_name(tmp_path, content):
    (tmp_path / "odd.json").write_text(content)
    with pytest.raises(InputError) as caught:
        dpwg.read(tmp_path)
    assert caught.value.where == "odd.json"


def test_a_guideline_without_any_gene_is_refused(tmp_path):
    data = guideline(genePhenotypes=[])
    data["guideline"]["guidelineGenes"] = []
    (tmp_path / "odd.json").write_text(json.dumps(data))
    with pytest.raises(InputError):
        dpwg.read(tmp_path)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="No guideline files"):
        dpwg.read(tmp_path)
