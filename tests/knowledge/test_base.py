"""Where facts lie: shipped files, a workspace's own over them, and what is said when one is bad."""

import copy
import hashlib
from datetime import date

import pytest

from nof1.core.errors import InputError
from nof1.knowledge.base import DATA, SHIPPED, Base, listed, sources, tables

ROW = "own\tOurs\t1\t2025-01-01\t2026-01-01\tCC0\tnobody"
HEAD = "id\ttitle\tversion\tpublished\tvalid_until\tlicence\tcitation"


@pytest.fixture
def own(tmp_path):
    """A folder of overrides with one file of its own."""
    (tmp_path / "sources.tsv").write_text(f"{HEAD}\n{ROW}\n", encoding="utf-8")
    (tmp_path / "alleles").mkdir()
    (tmp_path / "alleles" / "NEW1.json").write_text("{}", encoding="utf-8")
    return Base(tmp_path)


def test_a_workspaces_own_file_wins_and_the_others_are_the_shipped_ones(own):
    assert own.path("sources.tsv") == own.folder / "sources.tsv"
    assert own.path("alleles/CYP2C19.json") == DATA / "alleles" / "CYP2C19.json"
    assert SHIPPED.path("sources.tsv") == DATA / "sources.tsv"
    assert set(sources(own)) == {"own", *sources(SHIPPED)}  # facts of both may be in use
    assert "own" not in sources(SHIPPED)


def test_names_are_those_of_both_folders_once(own):
    (own.folder / "alleles" / "TPMT.json").write_text("{}", encoding="utf-8")
    (own.folder / "alleles" / ".hidden.json").write_text("{}", encoding="utf-8")
    shipped = SHIPPED.names("alleles")
    assert own.names("alleles") == tuple(sorted({*shipped, "NEW1.json"}))
    assert SHIPPED.names("no-such-folder") == ()


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_named_without_its_content(own, content):
    name = "alleles/BAD.json"
    if content is not None:
        (own.folder / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        own.text(name)
    assert caught.value.where == f"knowledge/{name}"
    assert caught.value.next_step


def test_rows_are_read_with_their_header_and_quotes_are_plain_text(own):
    (own.folder / "t.tsv").write_text('a\tb\n"x\ty"\n', encoding="utf-8")
    assert own.rows("t.tsv") == [{"a": '"x', "b": 'y"'}]


def test_an_own_table_without_a_needed_column_is_refused_by_its_name(own):
    (own.folder / "drugs.tsv").write_text("name\trxnorm\nx\t1\n", encoding="utf-8")
    with pytest.raises(InputError, match="'atc'") as stop:
        own.rows("drugs.tsv")
    assert stop.value.where == "knowledge/drugs.tsv"


def test_the_hash_names_exactly_one_state_of_the_facts(own):
    before = own.hash("sources.tsv", "alleles/TPMT.json")
    assert before == own.hash("alleles/TPMT.json", "sources.tsv")
    assert len(before) == len(hashlib.sha256().hexdigest())
    assert before != SHIPPED.hash("sources.tsv", "alleles/TPMT.json")
    (own.folder / "sources.tsv").write_text(f"{HEAD}\n{ROW}x\n", encoding="utf-8")
    assert own.hash("sources.tsv", "alleles/TPMT.json") != before


def test_every_shipped_source_has_dates_a_licence_and_a_citation():
    for name, source in sources().items():
        assert name == source.id
        assert source.published <= source.valid_until
        assert source.licence
        assert source.citation
        assert source.title


def test_a_source_is_expired_after_its_last_day():
    one = sources()["pharmcat-2025-11"]
    assert not one.expired(one.valid_until)
    assert one.expired(date.fromordinal(one.valid_until.toordinal() + 1))


def test_a_date_that_cannot_be_read_is_refused_by_the_id_of_its_source(own):
    bad = ROW.replace("2026-01-01", "next year")
    (own.folder / "sources.tsv").write_text(f"{HEAD}\n{bad}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        sources(Base(own.folder))
    assert "own" in caught.value.where


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}\n{ROW.rpartition(chr(9))[0]}\n",  # a cell is missing
        f"{HEAD}\n{ROW}\tmore\n",  # a cell too many
        HEAD.replace("valid_until", "until") + f"\n{ROW}\n",  # another column
    ],
    ids=["cell missing", "cell too many", "other column"],
)
def test_a_table_of_sources_in_another_form_is_refused(tmp_path, text):
    (tmp_path / "sources.tsv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        sources(Base(tmp_path))


def test_listed():
    assert listed("a|b") == ("a", "b")
    assert listed("") == ()


def test_tables_names_every_fact_file():
    found = list(tables())
    assert len(set(found)) == len(found)
    assert {"sources.tsv", "alleles/TPMT.json", "phenotypes/TPMT.json"} <= set(found)
    assert all(SHIPPED.path(name).is_file() for name in found)
    there = {p.relative_to(DATA).as_posix() for p in DATA.rglob("*.*") if p.is_file()}
    assert set(found) == {name for name in there if name.endswith((".tsv", ".json"))}


def test_a_base_is_looked_up_by_its_folder(tmp_path):
    one, same, other = Base(tmp_path), Base(tmp_path), Base(tmp_path / "x")
    assert {one: 1}[same] == 1
    assert other not in {one: 1}
    assert copy.deepcopy(one) == one
    assert {one: 1}[copy.deepcopy(one)] == 1
    assert "_hash" not in repr(one)
