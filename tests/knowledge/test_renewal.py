"""Bringing a newer release: taken whole or refused by name, and never over what is shipped."""

import hashlib
import json
import os
from datetime import date

import pytest

import release_samples as samples
from nof1.core.errors import InputError, Nof1Error, UsageError, WorkspaceError
from nof1.knowledge import alleles, cpic, phenotypes, prescribing, renewal
from nof1.knowledge.base import DATA, SHIPPED, Base, sources
from nof1.knowledge.check import check
from nof1.knowledge.diff import diff
from nof1.knowledge.release import MANIFEST, PREVIOUS
from release_samples import dump, edit
from shared_data import needs

TODAY = date(2026, 11, 25)
PUBLISHED = date(2026, 5, 20)
POOR = {"CYP2C19": "Poor Metabolizer"}
NORMAL = {"CYP2C19": "Normal Metabolizer"}


@pytest.fixture
def release(tmp_path):
    return samples.write(tmp_path / "release")


@pytest.fixture(autouse=True)
def shipped_facts_stay():
    before = state(DATA)
    yield
    assert state(DATA) == before


def state(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def stage(tmp_path, release, base=SHIPPED, **options):
    return renewal.stage(release, tmp_path / "new", base, today=TODAY, **options)


def imported(tmp_path, release, **options):
    """The facts after an import into an empty workspace."""
    staged = stage(tmp_path, release, published=PUBLISHED, **options)
    renewal.install(staged.folder, tmp_path / "knowledge")
    return Base(tmp_path / "knowledge")


def test_the_same_facts_come_back_with_the_date_of_the_release(tmp_path, release):
    base = imported(tmp_path, release)
    assert [(one.kind, one.where) for one in diff(SHIPPED, base)] == [
        ("source", "pharmcat-2026-05")
    ]
    made = sources(base)["pharmcat-2026-05"]
    assert (made.version, made.published) == ("2026-05-05-00-25", PUBLISHED)
    assert made.valid_until == date(2027, 11, 20)
    assert alleles.definition("CYP2C19", base).source == "pharmcat-2026-05"
    assert phenotypes.phenotypes("CYP2C19", base).source == "pharmcat-2026-05"
    assert set(sources(SHIPPED)) < set(sources(base))
    assert prescribing.rules(base) == prescribing.rules(SHIPPED)
    assert check(base, TODAY).counts()["critical"] == 0


def test_a_checkout_gives_the_same_as_its_folders(tmp_path, release):
    samples.write(tmp_path / "checkout", checkout=True)
    one = stage(tmp_path / "a", release, published=PUBLISHED)
    other = stage(tmp_path / "b", tmp_path / "checkout", published=PUBLISHED)
    manifests = [(staged.folder / MANIFEST).read_text() for staged in (one, other)]
    assert manifests[0] == manifests[1]


def test_a_changed_release_changes_what_it_says(tmp_path, release):
    path = release / "phenotype/CYP2C19.json"
    edit(path, '"name": "*30", "functionValue": "Uncertain', '"name": "*30", "functionValue": "No')
    edit(path, '"*30": "Uncertain function"', '"*30": "No function"')
    base = imported(tmp_path, release)
    (found, _) = diff(SHIPPED, base)
    assert found.kind == "function changed"
    assert (found.where, found.what) == ("CYP2C19 *30", "Uncertain function -> No function")


def test_guidelines_of_the_release_take_the_place_of_those_in_use(tmp_path, release):
    base = encoded(tmp_path)
    rows = [(samples.AVOID, POOR), ("A sentence of tomorrow.", NORMAL)]
    dump(release / "guidelines/cpic/samplol.json", samples.cpic_guideline(*rows))
    staged = stage(tmp_path, release, base, published=PUBLISHED)
    made = [one for one in prescribing.rules(Base(staged.folder)) if one.drug == "samplol"]
    assert [(one.source, one.action) for one in made] == [
        ("cpic-2026-05", "unread"),
        ("cpic-2026-05", "avoid"),
    ]
    assert [(one.rows, one.drugs) for one in staged.compiled.unread] == [(1, ("samplol",))]
    kept = {one.source for one in prescribing.rules(Base(staged.folder))} - {"cpic-2026-05"}
    assert kept == {"cpic-warfarin-2017", "cpic-ifnl3-2013", "dpwg-2023-08", "fda-labels"}
    assert any("dpwg kept as it is" in note for note in staged.compiled.notes)
    assert sources(Base(staged.folder))["cpic-2026-05"].version == "2026-05"


def encoded(tmp_path):
    """A workspace in which a person has encoded the sentences of the samples."""
    folder = tmp_path / "own"
    folder.mkdir()
    texts = {"avoid": samples.AVOID, "usual": "Samplol as usual & no more."}
    keys = {name: cpic.text_key(text) for name, text in texts.items()}
    (folder / cpic.TABLE).write_text(samples.ENCODED.format(**keys))
    return Base(folder)


def test_the_one_file_of_newer_releases_and_what_it_holds_besides(tmp_path, release):
    base = encoded(tmp_path)
    entries = [
        samples.guidance((f"<p>{samples.AVOID}</p>", POOR), (f"<p>{samples.USUAL}</p>", NORMAL)),
        samples.guidance((samples.AVOID, POOR), source="FDA"),
    ]
    dump(release / "reporter/prescribing_guidance.json", {"guidelines": entries})
    staged = stage(tmp_path, release, base, published=PUBLISHED)
    made = [one for one in prescribing.rules(Base(staged.folder)) if one.drug == "samplol"]
    assert [one.action for one in made] == ["standard", "avoid"]
    assert any("does not encode (FDA)" in note for note in staged.compiled.notes)


def test_old_guidelines_in_a_folder_with_a_date_do_not_become_young(tmp_path, release):
    guideline = samples.cpic_guideline((samples.AVOID, POOR))
    dump(release / "guidelines-2024-02/cpic/samplol.json", guideline)
    staged = stage(tmp_path, release, encoded(tmp_path), published=PUBLISHED)
    source = sources(Base(staged.folder))["cpic-2024-02"]
    assert (source.published, source.valid_until) == (date(2024, 2, 1), date(2025, 8, 1))
    assert source.expired(TODAY)


def test_genes_whose_frequencies_nobody_knows_are_set_aside_by_name(tmp_path, release):
    data = json.loads((release / "alleles/CYP3A5_translation.json").read_text())
    dump(release / "alleles/F5_translation.json", {**data, "gene": "F5"})
    staged = stage(tmp_path, release, published=PUBLISHED)
    assert "F5" not in alleles.genes(Base(staged.folder))
    assert any(note.startswith("F5: not taken") for note in staged.compiled.notes)


def test_positions_beside_the_alleles_stay_when_the_release_says_none(tmp_path, release):
    (release / "alleles/exemptions.json").unlink()
    staged = stage(tmp_path, release, published=PUBLISHED)
    extra = alleles.definition("CYP2C9", Base(staged.folder)).extra
    assert extra == alleles.definition("CYP2C9").extra
    assert any("CYP2C9: extra positions kept" in note for note in staged.compiled.notes)


def test_phenotypes_may_be_missing_where_no_allele_is_new(tmp_path, release):
    (release / "phenotype/VKORC1.json").unlink()
    staged = stage(tmp_path, release, published=PUBLISHED)
    table = phenotypes.phenotypes("VKORC1", Base(staged.folder))
    assert table == phenotypes.phenotypes("VKORC1")
    assert any("VKORC1: phenotypes kept" in note for note in staged.compiled.notes)


def lacking_a_gene(release):
    (release / "alleles/TPMT_translation.json").unlink()


def lacking_phenotypes(release):
    for path in (release / "phenotype").iterdir():
        path.unlink()


def lacking_functions_of_new_alleles(release):
    edit(release / "alleles/TPMT_translation.json", '"name": "*44"', '"name": "*99"')
    (release / "phenotype/TPMT.json").unlink()


def of_another_build(release):
    edit(release / "alleles/TPMT_translation.json", "GRCh38.p14", "GRCh37.p13")


def broken(release):
    path = release / "alleles/TPMT_translation.json"
    path.write_text(path.read_text()[:-100])


def deep(release):
    (release / "phenotype/TPMT.json").write_text("[" * 100_000)


def no_object(release):
    dump(release / "phenotype/TPMT.json", [1, 2])


def short_rows(release):
    path = release / "alleles/TPMT_translation.json"
    data = json.loads(path.read_text())
    data["namedAlleles"][3]["alleles"] = data["namedAlleles"][3]["alleles"][:2]
    dump(path, data)


def no_map(release):
    edit(release / "alleles/TPMT_translation.json", '"suballelesMap": {}', '"suballelesMap": null')


def climbing_gene(release):
    edit(release / "alleles/TPMT_translation.json", '"gene": "TPMT"', '"gene": "../../TPMT"')


def climbing_phenotype(release):
    edit(release / "phenotype/TPMT.json", '"gene": "TPMT"', '"gene": "../TPMT"')


def the_same_gene_twice(release):
    edit(release / "alleles/TPMT_translation.json", '"gene": "TPMT"', '"gene": "NUDT15"')


def impossible_bases(release):
    edit(release / "alleles/NUDT15_translation.json", '"ref": "C"', '"ref": "Q"')


def impossible_position(release):
    path = release / "alleles/NUDT15_translation.json"
    data = json.loads(path.read_text())
    data["variants"][0]["position"] = -1
    dump(path, data)


def impossible_chromosome(release):
    edit(release / "alleles/NUDT15_translation.json", '"chr13"', '"chr99"')


def another_name_of_the_common_allele(release):
    edit(release / "alleles/TPMT_translation.json", '"name": "*1"', '"name": "normal"')
    edit(release / "phenotype/TPMT.json", '"*1"', '"normal"')


def no_guideline(release):
    dump(release / "guidelines/cpic/samplol.json", {"drugname": "samplol"})


def separators_in_a_result(release):
    guideline = samples.cpic_guideline((samples.AVOID, {"CYP2C19": "Poor|Normal"}))
    dump(release / "guidelines/cpic/samplol.json", guideline)


def lines_in_a_name(release):
    guideline = samples.cpic_guideline((samples.AVOID, POOR), drug="a\nb")
    dump(release / "guidelines/cpic/samplol.json", guideline)


def a_link_to_elsewhere(release):
    dump(release.parent / "elsewhere.json", {})
    os.symlink(release.parent / "elsewhere.json", release / "phenotype/X.json")


FAULTS = {
    lacking_a_gene: "lacks: alleles of TPMT",
    lacking_phenotypes: "lacks: phenotypes",
    lacking_functions_of_new_alleles: "lacks: phenotypes of TPMT",
    of_another_build: "not for GRCh38",
    broken: "TPMT_translation.json",
    deep: "TPMT.json",
    no_object: "TPMT.json",
    short_rows: "TPMT_translation.json",
    no_map: "TPMT_translation.json",
    climbing_gene: "TPMT_translation.json",
    climbing_phenotype: "TPMT.json",
    the_same_gene_twice: "NUDT15",
    impossible_bases: "Where: NUDT15",
    impossible_position: "NUDT15_translation.json",
    impossible_chromosome: "NUDT15_translation.json",
    another_name_of_the_common_allele: "TPMT",
    no_guideline: "samplol.json",
    separators_in_a_result: "guideline of samplol",
    lines_in_a_name: "guideline of a medicine",
    a_link_to_elsewhere: "X.json",
}


@pytest.mark.parametrize("spoil", FAULTS, ids=lambda spoil: spoil.__name__)
def test_a_release_that_cannot_be_used_is_refused_by_name(tmp_path, release, spoil):
    spoil(release)
    with pytest.raises(InputError) as stop:
        stage(tmp_path, release, published=PUBLISHED)
    assert FAULTS[spoil] in str(stop.value)


@pytest.mark.parametrize(
    ("published", "valid_until"),
    [
        (date(2026, 11, 26), None),
        (PUBLISHED, PUBLISHED),
        (PUBLISHED, date(2020, 1, 1)),
        (date(2026, 1, 1), None),
        (date(2026, 9, 1), None),
    ],
)
def test_days_that_cannot_be_are_refused(tmp_path, release, published, valid_until):
    with pytest.raises(UsageError):
        stage(tmp_path, release, published=published, valid_until=valid_until)


def test_without_a_day_the_files_say_theirs(tmp_path, release):
    staged = stage(tmp_path, release)
    (source,) = staged.sources
    assert source.published == date(2026, 5, 5)


def test_a_month_that_nof1_came_with_gets_the_day_as_well(tmp_path, release):
    for path in (release / "alleles").glob("*_translation.json"):
        edit(path, samples.VERSION, "2025-11-05-00-25")
    staged = stage(tmp_path, release, published=date(2025, 11, 7))
    assert [source.id for source in staged.sources] == ["pharmcat-2025-11-07"]


def test_own_files_stay_and_the_former_folder_is_kept(tmp_path, release):
    place = tmp_path / "knowledge"
    place.mkdir()
    (place / "modulators.tsv").write_text((DATA / "modulators.tsv").read_text())
    staged = stage(tmp_path, release, Base(place), published=PUBLISHED)
    renewal.install(staged.folder, place)
    assert {path.name for path in place.iterdir()} >= {"modulators.tsv", "sources.tsv", "alleles"}
    previous = place.with_name(PREVIOUS)
    assert [path.name for path in previous.iterdir()] == ["modulators.tsv"]


def test_the_same_release_again_takes_the_new_date(tmp_path, release):
    base = imported(tmp_path, release)
    staged = renewal.stage(
        release,
        tmp_path / "again",
        base,
        published=PUBLISHED,
        valid_until=date(2026, 12, 31),
        today=TODAY,
    )
    renewal.install(staged.folder, base.folder)
    assert sources(base)["pharmcat-2026-05"].valid_until == date(2026, 12, 31)


def test_when_the_new_folder_cannot_be_put_in_place_the_old_one_stays(tmp_path, release):
    base = imported(tmp_path, release)
    before = (base.folder / MANIFEST).read_text()
    with pytest.raises(WorkspaceError, match="cannot be put in place"):
        renewal.install(tmp_path / "nowhere", base.folder)
    assert (base.folder / MANIFEST).read_text() == before


def test_two_imports_at_once_are_refused(tmp_path, release):
    staged = stage(tmp_path, release, published=PUBLISHED)
    with renewal._alone(tmp_path / "knowledge"), pytest.raises(WorkspaceError, match="Another"):
        renewal.install(staged.folder, tmp_path / "knowledge")
    assert not (tmp_path / "knowledge").exists()


def test_addresses_that_are_no_https_are_dropped(tmp_path, release):
    guideline = samples.cpic_guideline((samples.AVOID, POOR))
    dump(release / "guidelines/cpic/a.json", {**guideline, "url": "javascript:alert(1)"})
    staged = stage(tmp_path, release, encoded(tmp_path), published=PUBLISHED)
    (made,) = [one for one in prescribing.rules(Base(staged.folder)) if one.drug == "samplol"]
    assert made.url == ""


def test_no_sentence_of_a_guideline_is_kept(tmp_path, release):
    rows = [("Canary sentence one.", POOR), ("Canary sentence two.", NORMAL)]
    dump(release / "guidelines/cpic/samplol.json", samples.cpic_guideline(*rows))
    staged = stage(tmp_path, release, published=PUBLISHED)
    texts = [path.read_text() for path in staged.folder.rglob("*") if path.is_file()]
    assert "samplol" in "".join(texts)
    assert "Canary" not in "".join(texts)


def test_the_shared_release_is_what_is_shipped(tmp_path):
    folder = needs("genome/pharmcat")
    staged = stage(tmp_path, folder, published=date(2025, 11, 7))
    found = diff(SHIPPED, Base(staged.folder))
    assert [(one.kind, one.where) for one in found] == [("source", "pharmcat-2025-11-07")]


def test_nothing_is_left_half_done_whatever_the_files_hold(tmp_path, release):
    """Each file of a release cut at some place: read, or refused by our own error."""
    paths = sorted((release / "phenotype").iterdir()) + sorted((release / "alleles").iterdir())
    for number, path in enumerate(paths):
        text = path.read_text()
        path.write_text(text[: len(text) * (number % 7) // 7])
        with pytest.raises(Nof1Error):
            renewal.stage(release, tmp_path / f"new{number}", SHIPPED, today=TODAY)
        path.write_text(text)
