from nof1.record.deidentify import key as keys
from nof1.record.deidentify.run import deidentify


def report(tmp_path, *files):
    source = tmp_path / "in"
    source.mkdir()
    for name, text in files:
        (source / name).write_text(text)
    keys.make_key(tmp_path / "own.key")
    return deidentify(source, tmp_path / "out", keys.read_key(tmp_path / "own.key"))


def test_where_nothing_was_written_nothing_is_called_clean(tmp_path):
    made = report(tmp_path, ("t.json", '{"resourceType"'), ("a.bin", "x"))
    text = made.text()
    assert not made.clean
    assert "nothing to look at" in text
    assert "nothing found" not in text
    assert "0 patients" not in text
    assert all(line.strip() != "Actions" for line in text.splitlines())


def test_what_was_written_was_looked_at(tmp_path):
    patient = '{"resourceType": "Patient", "id": "p1", "birthDate": "1950-03-01", "gender": "male"}'
    made = report(tmp_path, ("p.json", patient))
    assert made.clean
    assert "nothing found" in made.text()
    assert "1 patient known" in made.text()
