"""The one guideline file of PharmCAT 3.x: it says what the older files say in another form."""

import json

import pytest

import release_samples as samples
from nof1.core.errors import InputError
from nof1.knowledge import cpic, guidance
from nof1.knowledge.base import Base
from nof1.knowledge.cpic import text_key
from shared_data import needs

POOR = {"CYP2C19": "Poor Metabolizer"}
NORMAL = {"CYP2C19": "Normal Metabolizer"}


def read(tmp_path, *entries, base=None):
    path = tmp_path / "prescribing_guidance.json"
    samples.dump(path, {"guidelines": entries})
    return guidance.read(path, base=base or encoded(tmp_path))


def encoded(tmp_path):
    """Facts in which a person has encoded the two sentences of the samples."""
    folder = tmp_path / "facts"
    folder.mkdir(exist_ok=True)
    plain = {"avoid": samples.AVOID, "usual": guidance.plain(samples.USUAL)}
    keys = {name: text_key(text) for name, text in plain.items()}
    (folder / cpic.TABLE).write_text(samples.ENCODED.format(**keys))
    return Base(folder)


def test_known_texts_give_their_facts_and_others_are_unread(tmp_path):
    made = read(
        tmp_path,
        samples.guidance(
            (f"<p>{samples.AVOID}</p>\n", POOR),
            (f"<p>{samples.USUAL}</p>\n", NORMAL),
            ("<p>A sentence of tomorrow.</p>", {"CYP2C19": "Rapid Metabolizer"}),
        ),
    )["CPIC"]
    said = {rule.when[0][1][0]: rule for rule in made.rules}
    assert said["Poor Metabolizer"].action == "avoid"
    assert said["Poor Metabolizer"].alternatives == ("aspirin", "warfarin")
    assert said["Poor Metabolizer"].strength == "strong"
    assert said["Poor Metabolizer"].pmids == ("1", "2")
    assert said["Normal Metabolizer"].action == "standard"
    assert said["Rapid Metabolizer"].action == "unread"
    assert [(one.rows, one.drugs) for one in made.unread] == [(1, ("samplol",))]


def test_it_says_what_the_older_files_say(tmp_path):
    folder = needs("genome/pharmcat/guidelines-2023-08/cpic")
    entries = []
    for path in sorted(folder.glob("*.json")):
        old = json.loads(path.read_text(encoding="utf-8"))
        name = {"name": old["drugname"]}
        rows = [
            {
                "population": row["population"],
                "classification": {"term": row["classification"]},
                "relatedChemicals": [name],
                "text": {"html": f"<p>{row['drugrecommendation'].replace('<', '&lt;')}</p>\n"},
                "lookupKey": [row["lookupkey"]],
            }
            for row in old["recommendations"] or ()
        ]
        entries.append(
            {
                "guideline": {"source": "CPIC", "relatedChemicals": [name]},
                "recommendations": rows,
                "citations": old["citations"],
                "url": old["url"],
            }
        )
    path = tmp_path / "prescribing_guidance.json"
    samples.dump(path, {"guidelines": entries})
    made, expected = guidance.read(path)["CPIC"], cpic.read(folder)

    def plain(rules):
        return sorted(rule._replace(pmids=tuple(sorted(rule.pmids))) for rule in rules)

    assert len(expected.rules) > 600
    assert plain(made.rules) == plain(expected.rules)
    assert made.unread == expected.unread == ()


def test_dutch_texts_are_found_with_their_tags(tmp_path):
    text = "<p>Give less.</p>\n"
    base = encoded(tmp_path)
    head = "key\tpopulation\taction\tdegree\tdose_low_pct\tdose_high_pct\tdose_limit"
    row = f"{text_key(text)}\tadults\treduce\tshould\t-50\t-50\t"
    (base.folder / "dpwg_actions.tsv").write_text(
        f"{head}\talternatives\tmonitor\tif_used\ttext\n{row}\t\tINR\t\tHalf the dose.\n"
    )
    made = read(tmp_path, samples.guidance((text, POOR), source="DPWG"), base=base)["DPWG"]
    (rule,) = made.rules
    assert (rule.source, rule.action, rule.population) == ("dpwg-2023-08", "reduce", "adults")
    assert (rule.dose_low_pct, rule.dose_high_pct, rule.monitor) == (-50.0, -50.0, "INR")


def test_rows_that_give_no_rule_are_counted_by_reason(tmp_path):
    copies = {"CYP2D6": guidance.COPIES}
    made = read(
        tmp_path,
        samples.guidance((samples.AVOID, copies), ("", POOR), (samples.AVOID, {})),
        samples.guidance((samples.AVOID, POOR), (samples.AVOID, NORMAL), source="FDA"),
    )["CPIC"]
    assert made.rules == ()
    assert made.notes == {
        guidance.NO_NUMBER: 1,
        cpic.NO_TEXT: 2,
        f"{guidance.NOT_ENCODED} (FDA)": 2,
    }


def test_a_pair_of_alleles_is_written_as_a_pair(tmp_path):
    results = {"VKORC1": {"b": 1.0, "a": 1.0}, "CYP2C9": {"*2": 2.0}}
    (rule,) = read(tmp_path, samples.guidance((samples.AVOID, results)))["CPIC"].rules
    assert rule.when == (("CYP2C9", ("*2/*2",)), ("VKORC1", ("a/b",)))


def test_other_names_of_a_medicine_become_ours(tmp_path):
    (rule,) = read(tmp_path, samples.guidance((samples.AVOID, POOR), drug="Rifampicin"))[
        "CPIC"
    ].rules
    assert rule.drug == "rifampin"


@pytest.mark.parametrize(
    "data",
    [
        {},
        [],
        {"guidelines": 3},
        {"guidelines": [3]},
        {"guidelines": [{"guideline": {}}]},
        {"guidelines": [{"guideline": {"source": "CPIC"}, "recommendations": [3]}]},
        {"guidelines": [samples.guidance((samples.AVOID, ["x"]))]},
        {"guidelines": [samples.guidance((samples.AVOID, {"G": {"*1": "x"}}))]},
        {"guidelines": [{**samples.guidance((samples.AVOID, POOR)), "citations": [3]}]},
    ],
)
def test_what_is_not_in_the_form_is_refused_by_name(tmp_path, data):
    path = tmp_path / "prescribing_guidance.json"
    samples.dump(path, data)
    with pytest.raises(InputError) as stop:
        guidance.read(path)
    assert stop.value.where == "prescribing_guidance.json"
