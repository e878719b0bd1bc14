"""Description files: every value knows its line."""

from pathlib import Path

import pytest

from nof1.core.errors import InputError
from nof1.record.description import load, schema_of


def written(tmp_path: Path, text: str) -> Path:
    (tmp_path / "d.yaml").write_text(text, encoding="utf-8")
    return tmp_path / "d.yaml"


def test_texts_stay_as_written(tmp_path: Path) -> None:
    top = load(written(tmp_path, "a: No\nb: 1.0\nc:\nd: [x, '']\n")).fields()
    assert top["a"].text() == "No"
    assert top["b"].text() == "1.0"
    assert top["c"].content is None
    assert top["d"].texts() == ["x", ""]
    assert [entry.line for entry in top.values()] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: 1\na: 2\n", "d.yaml, line 2"),
        ("a: [1\nb: 2\n", "d.yaml, line 2"),
        ("? [x]\n: 1\n", "d.yaml, line 1"),
        ("a: &x [1]\nb: *x\n", "d.yaml"),
        ("", "d.yaml"),
        ("[" * 20_000, "d.yaml"),
        ("a: 1\n" * 300_000, "d.yaml"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(InputError) as caught:
        load(written(tmp_path, text))
    assert str(caught.value.where).startswith(where)


def test_tags_run_no_code(tmp_path: Path) -> None:
    text = "a: !!python/object/apply:os.system ['touch never']\n"
    entry = load(written(tmp_path, text)).fields()["a"]
    assert entry.texts() == ["touch never"]  # plain data, whatever the tag says


def test_the_schema_of_other_files_is_none(tmp_path: Path) -> None:
    assert schema_of(written(tmp_path, "schema: x/1\n")) == "x/1"
    assert schema_of(written(tmp_path, "- 1\n")) is None
    (tmp_path / "d.csv").write_text("schema: x/1\n")
    assert schema_of(tmp_path / "d.csv") is None


def test_a_typo_is_answered_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Did you mean 'patient'"):
        load(written(tmp_path, "patinet: x\n")).fields(["patient", "file"])


def test_only_regular_files_are_read_and_never_more_than_the_limit(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="regular"):
        load(Path("/dev/zero"))
    with pytest.raises(InputError, match="No such file"):
        load(tmp_path / "absent.yaml")
