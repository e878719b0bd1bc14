"""YAML that people write: every value knows its line, every danger is refused."""

import math

import pytest

from nof1.core.errors import InputError
from nof1.core.yaml_lines import MAX_BYTES, did_you_mean, load, parse


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("a: 1\na: 2", 2, 1, "stands twice"),
        ("a: &x [1]\nb: *x", 1, 4, "Anchors"),
        ("a: 1\nb: *x", 2, 4, "Anchors"),
        ("a: !!python/object/apply:os.system [ls]", 1, 4, "Tags"),
        ("a: !secret x", 1, 4, "Tags"),
        ("a: [1,\n b: {", 2, 6, "no readable YAML"),
        ("a: \t- x", 1, 4, "no readable YAML"),
        ("a: 1\n---\nb: 2", 3, 1, "more than one"),
        ("? [1, 2]\n: 3", 1, 3, "plain word"),
        ("[" * 5000, 1, 32, "nested too deeply"),
    ],
)
def test_refusals_point_at_the_place(text, line, column, says):
    with pytest.raises(InputError) as error:
        parse(text, "task.yaml")
    assert says in error.value.message
    assert error.value.where == f"task.yaml, line {line}, column {column}"


def test_alias_bomb_is_refused_at_once():
    levels = "\n".join(f"l{n}: &l{n} [*l{n - 1}, *l{n - 1}]" for n in range(1, 60))
    with pytest.raises(InputError, match="Anchors"):
        parse("l0: &l0 [x, x]\n" + levels)


@pytest.mark.parametrize("text", ["", "# only a comment", "a: \x00", "a: \x07"])
def test_nothing_and_control_characters(text):
    with pytest.raises(InputError):
        parse(text)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment"])
def test_an_empty_file_says_what_to_do(text):
    with pytest.raises(InputError) as error:
        parse(text, "task.yaml")
    assert (error.value.message, error.value.where) == ("The file is empty.", "task.yaml")
    assert "docs/task-files.md" in error.value.next_step


def test_scalars_stay_what_a_reader_sees():
    text = "{a: no, b: 007, c: 2020-01-01, d: 1:30, e: '5', f: true, g: ~, h: -.5, i: 1e5, j: e5}"
    values = {key: node.value for key, node in parse(text).mapping().items()}
    assert values == {
        "a": "no",
        "b": "007",
        "c": "2020-01-01",
        "d": "1:30",
        "e": "5",
        "f": True,
        "g": None,
        "h": -0.5,
        "i": 1e5,
        "j": "e5",
    }


def test_typo_names_line_allowed_and_closest():
    root = parse("name: x\noutcom: y\n")
    with pytest.raises(InputError) as error:
        root.mapping(["name", "outcome"])
    assert "line 2, column 1" in error.value.where
    assert error.value.allowed == ["name", "outcome"]
    assert error.value.next_step == "Did you mean 'outcome'?"


def test_missing_key():
    with pytest.raises(InputError, match="'outcome' is missing"):
        parse("name: x").mapping(["name", "outcome"], ["outcome"])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1e999", lambda node: node.number()),
        ("true", lambda node: node.number()),
        ("x", lambda node: node.number()),
        ("11", lambda node: node.number(0, 10)),
        ("1.5", lambda node: node.whole(0, 10)),
        ("7", lambda node: node.text()),
        ("''", lambda node: node.text()),
        ("yes", lambda node: node.flag()),
        ("[a, b, a]", lambda node: node.texts()),
        ("{a: 1}", lambda node: node.items()),
        ("[a]", lambda node: node.mapping()),
        ("casset", lambda node: node.one_of(["case", "cassette"])),
    ],
)
def test_wrong_kinds_are_refused(text, read):
    with pytest.raises(InputError, match="line 1"):
        read(parse(text))


def test_a_single_value_is_a_list_of_one():
    assert parse("a").texts() == ("a",)
    assert parse("3").whole(0, 5) == 3
    assert math.isclose(parse("0.25").number(0, 1), 0.25)


def test_files(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "absent.yaml")
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(InputError, match="one MiB"):
        load(large)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(InputError, match="line 2"):
        load(latin)
    marked = tmp_path / "marked.yaml"
    marked.write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    assert load(marked).mapping()["a"].value == 1


def test_did_you_mean_is_silent_when_nothing_is_close():
    assert did_you_mean("zzz", ["outcome"]) is None
    assert did_you_mean("icd10cm//i10", ["ICD10CM//I10"]) == "Did you mean 'ICD10CM//I10'?"
