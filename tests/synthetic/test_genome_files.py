"""The genome files hold what was drawn, and the genome room finds the truth in them again."""

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nof1.genome.calling import GeneTable, call_genes
from nof1.genome.genotypes import read_calls
from nof1.genome.polygenic import score_files
from nof1.genome.scorereference import read_reference
from nof1.knowledge import alleles
from nof1.knowledge import phenotypes as tables
from nof1.synthetic.genes import ANCESTRIES, GENES, VARIANTS, polygenic_score
from nof1.synthetic.hospital import Hospital
from nof1.synthetic.people import SITES
from synthetic.small_hospital import Small

Rows = dict[str, dict[str, str]]
NAMES = [site.name for site in SITES]


def truth_of(folder: Path, site: str | None = None) -> Rows:
    """Rows of ``truth/genes.csv`` by sample, of one site or of all."""
    with (folder / "genes.csv").open(newline="") as file:
        rows = {row["sample"]: row for row in csv.DictReader(file)}
    return {name: row for name, row in rows.items() if site in (None, row["site"])}


def vcf_of(small: Small, site: str) -> list[list[str]]:
    """The columns of every line of a site's VCF; the first one names them."""
    path = small.written.sites[site] / "genome" / "cohort.vcf.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    return [line.split("\t") for line in lines if not line.startswith("##")]


@pytest.mark.parametrize("site", NAMES)
def test_each_site_sends_its_sequenced_patients_only(small: Small, site: str) -> None:
    truth = small.truth
    here = truth.patients.filter(truth.sequenced, site=site)["patient_id"]
    rows = truth_of(small.written.truth, site)
    assert [row["patient"] for row in rows.values()] == here.to_list()
    assert vcf_of(small, site)[0][9:] == list(rows)
    assert 0 < len(rows) < truth.patients.filter(site=site).height


def test_arrays_and_genomes(small: Small) -> None:
    every = {place[:2] for gene in alleles.genes() for place in alleles.definition(gene).positions}
    for site in SITES:
        found = {(row[0], int(row[1])) for row in vcf_of(small, site.name)[1:]}
        score = {variant[:2] for variant in polygenic_score().variants}
        assert score < found
        if site.genotyping == "array":
            assert found - score == {variant[:2] for variant in VARIANTS}
        else:
            assert every < found


def test_what_was_not_drawn_is_as_in_the_reference(small: Small) -> None:
    men = small.truth.patients.filter(small.truth.sequenced, site="site-b")["male"].to_list()
    drawn = {variant[:2] for variant in (*VARIANTS, *polygenic_score().variants)}
    for row in vcf_of(small, "site-b")[1:]:
        if row[0] == "chrX":
            assert row[9:] == ["0" if male else "0|0" for male in men]
        elif (row[0], int(row[1])) not in drawn:
            assert set(row[9:]) == {"0|0"}


def test_one_site_does_not_know_the_phase(small: Small) -> None:
    for site in NAMES:
        called = {call for row in vcf_of(small, site)[1:] for call in row[9:]}
        marks = {call[1:2] for call in called} - {""}
        assert marks == ({"/"} if site == "site-c" else {"|"})


def test_one_laboratory_has_names_of_its_own(small: Small) -> None:
    listed = small.written.sites["site-d"] / "genome" / "samples.csv"
    with listed.open(newline="") as file:
        told = {row["sample"]: row["patient"] for row in csv.DictReader(file)}
    rows = truth_of(small.written.truth, "site-d")
    assert told == {sample: row["patient"] for sample, row in rows.items()}
    assert not set(told) & set(told.values())
    for site in set(NAMES) - {"site-d"}:
        assert all(
            row["patient"] == name for name, row in truth_of(small.written.truth, site).items()
        )
        assert not (small.written.sites[site] / "genome" / "samples.csv").exists()


def test_every_file_says_that_it_is_synthetic(small: Small) -> None:
    for site in NAMES:
        folder = small.written.sites[site] / "genome"
        header = gzip.decompress((folder / "cohort.vcf.gz").read_bytes())[:200]
        assert b"No real person" in header
        assert "Synthetic" in (folder / "SYNTH1.txt").read_text()
        assert "SYNTHETIC" in (folder / "reference.tsv").read_text()


def called(folder: Path, site: str) -> Iterator[tuple[GeneTable, tuple[str, ...]]]:
    calls = read_calls(folder / "genome" / "cohort.vcf.gz", tuple(GENES))
    for table in call_genes(calls.samples, calls):
        if table.gene in GENES:
            yield table, calls.samples
    assert not calls.notes, site


@pytest.fixture(scope="module")
def middle(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """2,000 patients: enough to meet rare pairs of alleles."""
    hospital = Hospital(seed=13, patients=2000)
    return Small(hospital.generate(), hospital.write(tmp_path_factory.mktemp("middle")))


@pytest.mark.parametrize("site", NAMES)
def test_calling_finds_what_was_drawn(middle: Small, site: str) -> None:
    """In everybody the truth is not excluded, and it is nearly always the likeliest answer."""
    truth = truth_of(middle.written.truth, site)
    tables_seen = 0
    for table, samples in called(middle.written.sites[site], site):
        gene, likeliest = table.gene, 0
        for number, sample in enumerate(samples):
            result, true = table.of(number), truth[sample]
            assert true[gene] in {one.name for one in result.diplotypes}, gene
            if gene in tables.genes():
                possible = {one.phenotype for one in result.phenotypes}
                assert true[f"{gene}_phenotype"] in possible, gene
            likeliest += result.diplotypes[0].name == true[gene]
        assert likeliest >= 0.9 * len(samples), gene
        tables_seen += 1
    assert tables_seen == len(GENES)


def test_a_genome_settles_what_an_array_leaves_open(middle: Small) -> None:
    whole = [table for table, _ in called(middle.written.sites["site-b"], "site-b")]
    assert all(len(result.diplotypes) == 1 for table in whole for result in table.results)
    array = [table for table, _ in called(middle.written.sites["site-a"], "site-a")]
    assert any(len(result.diplotypes) > 1 for table in array for result in table.results)


def test_without_phase_two_pairs_fit(middle: Small) -> None:
    """SLCO1B1 *1/*15 and *5/*37 look the same to a laboratory that does not know the phase."""
    truth = truth_of(middle.written.truth, "site-c")
    for table, samples in called(middle.written.sites["site-c"], "site-c"):
        if table.gene == "SLCO1B1":
            both = [n for n, name in enumerate(samples) if truth[name]["SLCO1B1"] == "*1/*15"]
            assert both
            for number in both:
                assert {"*1/*15", "*5/*37"} <= {d.name for d in table.of(number).diplotypes}


@pytest.mark.parametrize("site", NAMES)
def test_the_score_of_the_files_is_the_score_that_acts(small: Small, site: str) -> None:
    folder = small.written.sites[site] / "genome"
    reference = read_reference(folder / "reference.tsv")
    files = [folder / "SYNTH1.txt"], folder / "cohort.vcf.gz"
    scores = score_files(*files, reference=reference)
    truth = truth_of(small.written.truth, site)
    for number, sample in enumerate(scores.samples):
        found, true = scores.result(0, number), truth[sample]
        assert found.sum == pytest.approx(float(true["polygenic_score_SYNTH1"]), abs=1e-6)
        assert found.z == pytest.approx(float(true["polygenic_z"]), abs=1e-4)


def test_the_reference_knows_every_group(small: Small) -> None:
    reference = read_reference(small.written.sites["site-a"] / "genome" / "reference.tsv")
    groups = [group for _, group in reference.distributions]
    assert groups == [None, *ANCESTRIES]
    mean, _ = polygenic_score().by_group()
    assert np.allclose([reference.distributions["SYNTH1", g].mean for g in ANCESTRIES], mean)
