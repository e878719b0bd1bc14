"""Compiling a release: what is shipped is what a fresh compile gives, and bad files are refused."""

import json
import shutil

import pytest

from nof1.core.errors import InputError
from nof1.knowledge.alleles import genes
from nof1.knowledge.base import DATA, SHIPPED
from nof1.knowledge.release import MANIFEST, compile_release, write_manifest
from shared_data import needs


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A fresh compile of the whole release, and what it says about itself."""
    out = tmp_path_factory.mktemp("fresh")
    return out, compile_release(needs("genome/pharmcat"), out)


@pytest.fixture
def small(tmp_path):
    """A release of two small genes, to be broken."""
    source, folder = needs("genome/pharmcat"), tmp_path / "release"
    for place, name in (
        ("alleles", "ABCG2_translation.json"),
        ("alleles", "VKORC1_translation.json"),
        ("phenotype", "ABCG2.json"),
        ("phenotype-2023-08", "RYR1.json"),
    ):
        (folder / place).mkdir(parents=True, exist_ok=True)
        shutil.copy(source / place / name, folder / place / name)
    return folder


def written(out):
    return {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}


def test_the_shipped_files_are_a_fresh_compile_byte_for_byte(fresh):
    out, _ = fresh
    for name in written(out):
        assert (DATA / name).read_bytes() == (out / name).read_bytes(), name
    for folder in ("alleles", "phenotypes"):
        assert {f"{folder}/{name}" for name in SHIPPED.names(folder)} == {
            name for name in written(out) if name.startswith(folder)
        }


def test_it_says_what_it_wrote(fresh):
    out, made = fresh
    assert len(made.lines()) >= len(written(out)) == len(made.files)
    assert "84 alleles" in made.files["alleles/DPYD"]
    assert {f"alleles/{gene}" for gene in genes()} <= set(made.files)


def test_each_row_stands_in_a_line_of_its_own(fresh):
    out, _ = fresh
    lines = (out / "alleles" / "TPMT.json").read_text(encoding="utf-8").splitlines()
    assert sum('["*3A"' in line or '["*3B"' in line for line in lines) == 2


def test_a_newer_table_wins_over_an_older_one(small, tmp_path):
    old = json.loads((small / "phenotype" / "ABCG2.json").read_text(encoding="utf-8"))
    old["version"] = "old"
    (small / "phenotype-2023-08" / "ABCG2.json").write_text(json.dumps(old), encoding="utf-8")
    compile_release(small, tmp_path / "out")
    data = json.loads((tmp_path / "out/phenotypes/ABCG2.json").read_text(encoding="utf-8"))
    assert data["version"] != "old"
    assert data["source"] == "pharmcat-2025-11"
    data = json.loads((tmp_path / "out/phenotypes/RYR1.json").read_text(encoding="utf-8"))
    assert data["source"] == "cpic-2023-08"


def test_a_release_without_exemptions_keeps_its_genes(small, tmp_path):
    made = compile_release(small, tmp_path / "out")
    assert {"alleles/ABCG2", "alleles/VKORC1", "phenotypes/ABCG2"} <= set(made.files)


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_a_release_is_refused(tmp_path, exists):
    folder = tmp_path / "empty"
    if exists:
        folder.mkdir()
    with pytest.raises(InputError):
        compile_release(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b"{}", b"\xff", b'{"gene": "ABCG2", "genomeBuild": "GRCh37"}', b"[" * 100_000],
    ids=["cut off", "a list", "nothing in it", "no text", "another build", "very deep"],
)
def test_a_broken_definition_is_refused_and_nothing_is_written(small, tmp_path, content):
    (small / "alleles" / "ABCG2_translation.json").write_bytes(content)
    with pytest.raises(InputError):
        compile_release(small, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def blank_reference(data):
    data["namedAlleles"][0]["alleles"] = [None]


def cell_missing(data):
    data["namedAlleles"][1]["alleles"] = []


def cell_too_many(data):
    data["namedAlleles"][1]["alleles"].append("A")


def letter_for_other_bases(data):
    data["namedAlleles"][1]["alleles"] = ["M"]  # A or C, where the position has G and T


def no_gene(data):
    del data["gene"]


def place_that_is_text(data):
    data["variants"][0]["position"] = "somewhere"


@pytest.mark.parametrize(
    "damage",
    [
        blank_reference,
        cell_missing,
        cell_too_many,
        letter_for_other_bases,
        no_gene,
        place_that_is_text,
    ],
)
def test_a_damaged_definition_is_refused_and_nothing_is_written(small, tmp_path, damage):
    """Each would end in a traceback later on, or in an allele that nobody can have."""
    path = small / "alleles" / "ABCG2_translation.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    damage(data)
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        compile_release(small, tmp_path / "out")
    assert "ABCG2" in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("value", [None, 3, "text", ["*1"]])
@pytest.mark.parametrize("field", ["haplotypes", "diplotypes"])
def test_damaged_phenotypes_are_refused_and_nothing_is_written(small, tmp_path, field, value):
    path = small / "phenotype" / "ABCG2.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**data, field: value}), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        compile_release(small, tmp_path / "out")
    assert "ABCG2" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_contradicting_phenotypes_are_refused_and_nothing_is_written(small, tmp_path):
    path = small / "phenotype" / "ABCG2.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    again = {**data["diplotypes"][0], "generesult": "Poor Function", "lookupkey": "Poor Function"}
    data["diplotypes"].append(again)
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        compile_release(small, tmp_path / "out")
    assert "ABCG2" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_the_manifest_names_every_shipped_file_with_its_hash(tmp_path):
    shutil.copytree(DATA, tmp_path / "data")
    count = write_manifest(tmp_path / "data")
    rows = SHIPPED.rows(MANIFEST)
    assert count == len(rows)
    assert (tmp_path / "data" / MANIFEST).read_bytes() == (DATA / MANIFEST).read_bytes()
