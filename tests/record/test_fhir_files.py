"""Hostile and damaged files: the bad part is named, the good rest is imported."""

import gzip
import json

import pytest

from fhir_samples import converted, imported, ndjson, observation, reasons
from nof1.record.importers.fhir import recognises

GOOD = observation(valueInteger=1)
LINE = json.dumps(GOOD).encode()
DEEP = 100_000

HOSTILE = {
    "truncated": (LINE[:-30], "truncated"),
    "not UTF-8": (LINE.replace(b"final", b"fin\xff\xfe"), "not UTF-8"),
    "NaN": (LINE.replace(b'Integer": 1', b'Quantity": {"value": NaN}'), "malformed"),
    "Infinity": (LINE.replace(b'Integer": 1', b'Quantity": {"value": Infinity}'), "malformed"),
    "1e999": (LINE.replace(b'Integer": 1', b'Quantity": {"value": 1e999}'), "out of range"),
    "huge integer": (LINE.replace(b": 1", b": 1" + b"0" * 400), "Expected `int`"),
    "deep": (LINE[:-1] + b', "x": ' + b"[" * DEEP + b"]" * DEEP + b"}", "nested too deeply"),
    "deep object": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "nested too deeply"),
    "array": (b"[1, 2]", "Expected `object`"),
    "number": (b"17", "Expected `object`"),
    "no type": (b'{"id": "1"}', "resourceType"),
    "type is a number": (b'{"resourceType": 5}', "Expected `str`"),
    "type is no name": (b'{"resourceType": "John Doe 1960"}', "not a name of FHIR"),
    "HTML": (b"<html><body>Service unavailable</body></html>", "malformed"),
    "garbage": (bytes(range(1, 9)), "malformed"),
    "two objects": (LINE + LINE, "trailing"),
    "id is an array": (LINE.replace(b'"o1"', b'["o1"]'), "Expected"),
    "lone surrogate": (LINE.replace(b"final", b"\\ud800"), "malformed"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_hostile_line_is_quarantined_and_the_rest_imported(tmp_path, name, place):
    bad, reason = HOSTILE[name]
    lines = [json.dumps(observation(id=f"g{n}", valueInteger=n)).encode() for n in range(2)]
    lines.insert(place, bad)
    batch = converted(tmp_path, *lines)
    assert sorted(batch.events["numeric_value"]) == [0, 1]
    (item,) = batch.quarantined
    assert (item.file, item.row) == ("all.ndjson", place + 1)
    assert reason in item.reason
    assert "John" not in item.reason


def test_of_a_duplicate_key_the_last_counts(tmp_path):
    twice = LINE[:-1] + b', "status": "entered-in-error"}'
    assert converted(tmp_path, twice).retracted == ["Observation/o1"]


def test_gzip_and_byte_order_mark_and_windows_lines(tmp_path):
    (tmp_path / "a.ndjson.gz").write_bytes(gzip.compress(b"\xef\xbb\xbf" + LINE + b"\r\n\r\n"))
    assert imported(tmp_path).events.height == 1
    (tmp_path / "a.ndjson.gz").unlink()
    (tmp_path / "one.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD, indent=1).encode())
    batch = imported(tmp_path)
    assert batch.events["source_row"].to_list() == [1]


def test_a_damaged_archive_keeps_its_good_lines(tmp_path):
    ndjson(tmp_path, GOOD, name="z.ndjson")
    lines = b"".join(
        json.dumps(observation(id=f"n{n}", valueString=f"{n * 7919 % 1000003}")).encode() + b"\n"
        for n in range(20_000)
    )
    (tmp_path / "a.ndjson.gz").write_bytes(gzip.compress(lines)[:-2_000])
    batch = imported(tmp_path)
    assert "z.ndjson" in set(batch.events["source_file"])
    assert "damaged or ends too early" in reasons(batch)[-1]
    assert batch.quarantined[-1].file == "a.ndjson.gz"


@pytest.mark.parametrize("kept", [1, 15, 60, -1])
def test_a_short_archive_that_breaks_off_is_named(tmp_path, kept):
    (tmp_path / "a.ndjson.gz").write_bytes(gzip.compress(LINE)[:kept])
    batch = imported(tmp_path)
    assert [item.file for item in batch.quarantined] == ["a.ndjson.gz"]
    assert not batch.excluded


def test_a_gzip_bomb_is_stopped(tmp_path):
    ndjson(tmp_path, GOOD, name="z.ndjson")
    bomb = LINE + b"\n" + b" " * (80 * 2**20)
    (tmp_path / "bomb.ndjson.gz").write_bytes(gzip.compress(bomb, 9))
    batch = imported(tmp_path)
    assert "z.ndjson" in set(batch.events["source_file"])
    assert any("when decompressed" in reason for reason in reasons(batch))


def test_a_line_beyond_the_limit_is_not_held_in_memory(tmp_path):
    long = LINE[:-1] + b', "x": "' + b"a" * 100_000 + b'"}'
    ndjson(tmp_path, long, observation(id="g", valueInteger=2))
    batch = imported(tmp_path, document_bytes=10_000)
    assert batch.events["numeric_value"].to_list() == [2]
    assert [(item.row, "larger than" in item.reason) for item in batch.quarantined] == [(1, True)]


def test_a_whole_file_beyond_the_limit(tmp_path):
    (tmp_path / "b.json").write_text(json.dumps(GOOD | {"note": "a" * 100_000}, indent=1))
    assert "larger than" in reasons(imported(tmp_path, document_bytes=10_000))[0]


def test_other_files_are_counted_and_never_silent(tmp_path):
    ndjson(tmp_path, GOOD)
    (tmp_path / "empty.ndjson").write_bytes(b"")
    (tmp_path / "manifest.json").write_text('{"transactionTime": "2020", "output": []}')
    (tmp_path / "page.html").write_text("<html></html>")
    (tmp_path / "wide.ndjson").write_bytes(json.dumps(GOOD).encode("utf-16"))
    (tmp_path / "old.xml").write_text('<Patient xmlns="http://hl7.org/fhir"></Patient>')
    batch = imported(tmp_path)
    assert batch.events.height == 1
    assert batch.excluded == {
        "empty file": 1,
        "JSON file without FHIR resources": 1,
        "files that are not FHIR JSON": 1,
    }
    assert sorted((item.file, item.row) for item in batch.quarantined) == [
        ("old.xml", None),
        ("wide.ndjson", None),
    ]


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("x.ndjson", LINE, True),
        ("x", LINE, True),
        ("x.txt", b"\xef\xbb\xbf  " + LINE, True),
        ("x.json.gz", gzip.compress(LINE, mtime=0), True),
        ("x.xml", b'<?xml version="1.0"?><Bundle xmlns="http://hl7.org/fhir"/>', True),
        ("x.ndjson", LINE[:40], True),
        ("x.ndjson.gz", gzip.compress(LINE, mtime=0)[:50], True),
        ("x.csv.gz", gzip.compress(LINE, mtime=0)[:50], False),
        ("x.json", b'{"a": 1}', False),
        ("x.json", b"", False),
        ("x.html", b'<html>"resourceType": "Patient"</html>', False),
        ("x.csv", b'a,b\n1,"resourceType": 2', False),
    ],
)
def test_recognised_by_content(tmp_path, name, content, found):
    path = tmp_path / name
    path.write_bytes(content)
    assert recognises(path) is found


def test_folders_are_recognised_by_one_fhir_file(tmp_path):
    (tmp_path / "a.json").write_text('{"dataset_name": "x"}')
    assert not recognises(tmp_path)
    ndjson(tmp_path, GOOD, name="b.ndjson")
    assert recognises(tmp_path)


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path):
    outside = ndjson(tmp_path, GOOD, name="outside.ndjson") / "outside.ndjson"
    folder = tmp_path / "in"
    folder.mkdir()
    ndjson(folder, observation(id="g", valueInteger=2))
    (folder / "link.ndjson").symlink_to(outside)
    assert imported(folder).events["numeric_value"].to_list() == [2]
