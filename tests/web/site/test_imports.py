"""Files through the browser: they end in the record, in quarantine or in a refusal; none stays."""

import io
import json
import time

import pytest

import site_samples as samples
from fhir_samples import coded
from nof1.core import audit
from nof1.core.workspace import create
from nof1.record.store import Record
from nof1.web.site import imports, uploads, work
from nof1.web.site.jobs import Jobs

PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1950-02-03"}
PROBLEM = {
    "resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/p1"},
    "code": coded("22298006", "http://snomed.info/sct", "Myocardial infarction"),
    "clinicalStatus": {"coding": [{"code": "active"}]}, "recordedDate": "2020-01-01",
    "onsetDateTime": "2020-01-01",
}  # fmt: skip
LATER = {**PROBLEM, "id": "c2", "onsetDateTime": "soon", "recordedDate": "CANARY-VALUE"}


def ndjson(*rows):
    return "".join(json.dumps(one) + "\n" for one in rows).encode()


@pytest.fixture
def workspace(tmp_path):
    return create(tmp_path / "ws", site="ward", shards=1, synthetic=True)


@pytest.fixture
def site(workspace):
    with samples.client(samples.open_server(workspace)) as made:
        yield made


def tray(site, **form):
    found = samples.send(site, "/data/import", {"importer": "", "site": "ward", **form})
    assert found.status_code == 303, found.text
    return found.headers["location"]


def put(site, address, name, content, **headers):
    return site.put(f"{address}/files/{name}", content=content, headers=headers)


def ended(site, address):
    for _ in range(1200):
        data = site.get(f"{address}?format=json").json()
        if data["state"] not in ("open", "running"):
            return data
        time.sleep(0.1)
    raise AssertionError("it never ended")


def uploaded(workspace):
    return [one for one in (workspace.root / "spool").rglob("*")
            if one.is_file() and one.parent.name == "files"]  # fmt: skip


def log(workspace):
    return [one["details"] for one in audit.entries(workspace.audit) if one["action"] == "upload"]


def test_files_are_imported_and_deleted_and_the_page_tells_what_was_refused(site, workspace):
    address = tray(site)
    page = site.get(address).text
    assert "upload.js" in page
    assert "Start the import" not in page
    good, bad = ndjson(PATIENT, PROBLEM), b'{"resourceType": "Observation", "id": \n'
    assert put(site, address, "Patient.000.ndjson", good).status_code == 201
    assert put(site, address, "Observation.ndjson", ndjson(LATER) + bad).status_code == 201
    assert "Start the import of 2 files" in site.get(address).text
    assert samples.send(site, address, {"do": "start"}).headers["location"] == address
    data = ended(site, address)
    assert data["state"] == "done", data
    assert data["result"]["patients"] == 1
    assert data["result"]["quarantined_rows"] >= 1
    assert Record(workspace.record).subjects()["site"].to_list() == ["ward"]
    text = site.get(address).text
    assert "Observation.ndjson" in text
    assert "/data/quality" in text
    assert "upload.js" not in text
    assert "CANARY-VALUE" not in text + json.dumps(data)
    assert uploaded(workspace) == []
    assert [one["step"] for one in log(workspace)] == ["begun", "started", "done"]
    refused = site.get(f"{address}?format=csv").text
    assert sum(int(line.split(",")[-2]) for line in refused.splitlines()[1:] if line) >= 1
    assert "CANARY" not in json.dumps(list(audit.entries(workspace.audit)))
    home = site.get("/data").text
    assert "Observation.ndjson" in home


def test_what_is_no_known_format_changes_nothing_and_the_path_is_not_told(site, workspace):
    address = tray(site)
    put(site, address, "notes.txt", b"Dear colleague, CANARY-VALUE\n")
    samples.send(site, address, {"do": "start"})
    data = ended(site, address)
    assert data["state"] == "failed"
    assert "not recognised" in data["error"]["error"]
    assert str(workspace.root) not in json.dumps(data)
    text = site.get(address).text
    assert "Nothing was imported" in text
    assert str(workspace.root) not in text
    assert "CANARY" not in text
    assert not (workspace.record / "CURRENT").exists()
    assert uploaded(workspace) == []


HOSTILE = {
    "evil.json": b'{"resourceType": ' * 20_000,
    "deep.json": b"[" * 100_000,
    "zeros.ndjson": b"\0" * 5000,
    "person.csv": b"person_id,gender_concept_id\n\xff\xfe\x00,\n",
    "broken.parquet": b"PAR1" + b"\xff" * 400 + b"PAR1",
    "mapping.yaml": b"schema: nof1/mapping/1\ntables:\n  - file: ../../../../etc/passwd\n",
    "bomb.yaml": b"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n",
    "code.pkl": b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR.",
    "big.duckdb": b"\0" * 8 + b"DUCK" + b"\0" * 4000,
    "x.vcf": b"##fileformat=VCFv4.2\n#CHROM\tPOS\n" + b"A" * 3000,
}


def test_hostile_files_end_in_quarantine_or_in_a_refusal(site, workspace):
    address = tray(site)
    for name, content in HOSTILE.items():
        assert put(site, address, name, content).status_code == 201
    samples.send(site, address, {"do": "start"})
    data = ended(site, address)
    assert data["state"] in ("done", "failed"), data
    if data["state"] == "done":
        assert data["result"]["added"] == 0
    assert "Traceback" not in site.get(address).text
    assert "root:" not in json.dumps(data)
    assert uploaded(workspace) == []
    assert not list(workspace.root.rglob("pwned"))
    assert site.get("/data").status_code == 200


@pytest.mark.parametrize("name", HOSTILE)
def test_each_hostile_file_alone_is_refused_or_set_aside(
    workspace, tmp_path, monkeypatch, capsys, name
):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / name).write_bytes(HOSTILE[name])
    task = {"workspace": str(workspace.root), "kind": "import", "files": str(folder),
            "site": "ward", "format": ""}  # fmt: skip
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(task)))
    work.main()
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last.keys() <= {"error", "result"}
    assert "work failed" not in json.dumps(last)  # a crash is neither refusal nor quarantine
    assert last.get("result", {}).get("added", 0) == 0
    assert str(folder) not in json.dumps(last)


@pytest.mark.parametrize(
    "name",
    ["..", ".hidden", "a%2Fb.csv", "..%2F..%2Fnof1.toml", "%2Fetc%2Fpasswd", "a%5Cb.csv",
     "a%00.csv", "x" * 130, "nul.csv", "a.", "%3Cscript%3E.csv", "a%0Ab", "%E2%80%AEgp.csv", "-r"],
)  # fmt: skip
def test_a_name_that_is_a_path_or_no_name_leaves_no_file(site, workspace, name):
    address = tray(site)
    before = {one for one in workspace.root.rglob("*") if one.is_file()}
    found = put(site, address, name, b"x,y\n")
    assert found.status_code in (400, 404, 405)
    new = {one for one in workspace.root.rglob("*") if one.is_file()} - before
    assert all(one.name in ("audit.jsonl",) for one in new)
    assert uploaded(workspace) == []


def test_what_is_too_large_too_many_or_twice_is_refused_and_logged(site, workspace, monkeypatch):
    address = tray(site)
    monkeypatch.setattr(uploads, "LARGEST", 100)
    assert put(site, address, "a.csv", b"x" * 100).status_code == 201
    assert put(site, address, "b.csv", b"x" * 101).status_code == 413

    def slowly():
        for _ in range(50):
            yield b"x" * 10

    assert put(site, address, "c.csv", slowly()).status_code == 413  # no length was told
    assert put(site, address, "A.csv", b"x").status_code == 400
    assert put(site, address, "d.csv", b"").status_code == 400
    monkeypatch.setattr(uploads, "MOST", 1)
    assert put(site, address, "e.csv", b"x").status_code == 413
    monkeypatch.setattr(uploads, "MOST", 9)
    monkeypatch.setattr(uploads, "TOTAL", 150)
    assert put(site, address, "f.csv", b"x" * 60).status_code == 413
    assert [one.name for one in uploaded(workspace)] == ["a.csv"]
    refused = [one for one in log(workspace) if one["step"] == "refused"]
    assert len(refused) == 6
    assert not any("csv" in json.dumps(one) for one in refused)


def test_a_full_disk_is_told(site, workspace, monkeypatch):
    address = tray(site)
    monkeypatch.setattr(uploads, "SPARE", 2**62)
    assert put(site, address, "a.csv", b"x").status_code == 413
    assert uploaded(workspace) == []


def test_files_can_be_taken_out_and_the_tray_thrown_away(site, workspace):
    address = tray(site)
    put(site, address, "a.csv", b"x")
    assert samples.send(site, address, {"do": "remove", "file": "a.csv"}).status_code == 303
    assert uploaded(workspace) == []
    outside = {"do": "remove", "file": "../../nof1.toml"}
    assert samples.send(site, address, outside).status_code == 400
    assert (workspace.root / "nof1.toml").exists()
    assert samples.send(site, address, {"do": "start"}).status_code == 400
    assert samples.send(site, address, {"do": "dance"}).status_code == 400
    assert samples.send(site, address, {"do": "discard"}).headers["location"] == "/data/import"
    assert site.get(address).status_code == 404


@pytest.mark.parametrize(
    "form",
    [{"importer": "pickle"}, {"importer": "meds"}, {"site": "a b"}, {"site": "<b>"},
     {"site": "x" * 65}, {"site": "../x"}],
)  # fmt: skip
def test_a_choice_that_is_none_is_refused(site, form):
    found = samples.send(site, "/data/import", {"importer": "", "site": "ward", **form})
    assert found.status_code == 400
    assert "<b>" not in found.text


def test_one_job_at_a_time_and_a_dead_one_is_told(site, workspace):
    jobs = Jobs(workspace)
    lock = jobs._lock()
    address = tray(site)
    put(site, address, "a.csv", b"x")
    assert "runs on this server" in site.get(address).text
    assert samples.send(site, address, {"do": "start"}).status_code == 400
    job = jobs.get(address.rpartition("/")[2])
    jobs._write(type(job)(**{**vars(job), "state": "running"}))
    assert 'hx-trigger="every 1s"' in site.get(address).text
    lock.close()
    text = site.get(address).text
    assert "interrupted" in text
    assert uploaded(workspace) == []


@pytest.mark.parametrize("id_", ["0" * 20, "..", "x", "%3Cb%3E", "a" * 3000])
def test_no_such_import(site, id_):
    assert site.get(f"/data/import/{id_}").status_code in (200, 404)
    if id_ != "..":
        assert site.get(f"/data/import/{id_}").status_code == 404
        assert put(site, f"/data/import/{id_}", "a.csv", b"x").status_code == 404


def test_roles_and_tokens_decide_who_may_upload(guarded, site_workspace):
    clinician = guarded.browser("clinician")
    assert clinician.get("/data/import").status_code == 403
    token = samples.token(clinician, "/")
    made = clinician.post("/data/import", data={"csrf": token, "site": "x"},
                          headers={"origin": samples.URL})  # fmt: skip
    assert made.status_code == 403
    scientist, other = guarded.browser("data-scientist"), guarded.browser("administrator")
    address = tray(scientist)
    csrf = samples.token(scientist, address)
    near = {"origin": samples.URL}
    assert put(scientist, address, "a.csv", b"x", **near).status_code == 403
    forged = {**near, "x-csrf-token": "0" * 64}
    assert put(scientist, address, "a.csv", b"x", **forged).status_code == 403
    far = {"origin": "https://elsewhere.example", "x-csrf-token": csrf}
    assert put(scientist, address, "a.csv", b"x", **far).status_code == 403
    right = {**near, "x-csrf-token": csrf}
    assert put(scientist, address, "a.csv", b"x", **right).status_code == 201
    assert other.get(address).status_code == 404
    theirs = {**near, "x-csrf-token": samples.token(other, "/data/import")}
    assert put(other, address, "b.csv", b"x", **theirs).status_code == 404
    assert samples.send(scientist, address, {"do": "discard"}).status_code == 303
    assert not list((site_workspace.root / "spool").glob("*/files/*"))


def test_the_script_sends_files_and_shows_them(walk, site_workspace):
    page = walk("/data/import")
    page.get_by_label("Site").fill("ward")
    page.get_by_role("button", name="Go on to the files").click()
    page.get_by_label("Choose files, or drop them here").set_input_files(
        {"name": "Patient.ndjson", "mimeType": "application/json", "buffer": ndjson(PATIENT)}
    )
    page.get_by_role("button", name="Start the import of 1 file").wait_for()
    assert page.get_by_text("Patient.ndjson").is_visible()
    assert samples.faults(page) == []
    page.get_by_role("button", name="Throw away").click()
    page.get_by_role("heading", name="Import files").wait_for()
    assert not list((site_workspace.root / "spool").glob("*/files/*"))


def test_all_importers_have_a_title_and_those_of_folders_are_not_offered():
    assert set(imports.TITLES) <= set(imports.importers())
    assert "meds" not in imports.offered()
