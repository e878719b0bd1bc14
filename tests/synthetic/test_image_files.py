"""The pictures of the hospital: theirs, dated, silent about the truth, and with a trap in them."""

import csv
import shutil
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nof1.cli.demo_films import without_site
from nof1.core.workspace import create
from nof1.imaging.gates.audit import audit_collection
from nof1.imaging.gates.collection import open_collection
from nof1.record.ingest import ingest
from nof1.synthetic import image_files
from nof1.synthetic.hospital import Hospital
from nof1.synthetic.image_files import write_images
from nof1.synthetic.radiology import Imaging

pydicom = pytest.importorskip("pydicom")


def headers(small):
    return {
        patient: pydicom.dcmread(film.path) for patient, film in small.written.images.films.items()
    }


def test_every_film_names_its_patient_and_the_time_of_the_visit(small):
    orders = {row["patient_id"]: row for row in small.truth.films.iter_rows(named=True)}
    files = headers(small)
    assert set(files) == set(orders)
    assert len(files) == 26
    for patient, dataset in files.items():
        order = orders[patient]
        assert (dataset.PatientID, dataset.PatientSex) == (patient, order["sex"])
        moment = datetime.strptime(dataset.StudyDate + dataset.StudyTime, "%Y%m%d%H%M%S")
        assert moment == order["time"].replace(microsecond=0)
        assert dataset.PatientAge == f"{int(order['age_years']):03d}Y"
        assert dataset.InstitutionName == f"SYNTHETIC {order['site']}"
        assert dataset.Rows == dataset.Columns == order["size"]
        path = small.written.images.films[patient].path
        assert path.parent == small.written.sites[order["site"]] / "images"


def test_nothing_but_the_pixels_of_a_film_depends_on_the_opacity(small):
    opacity = dict(small.truth.films.select("patient_id", "opacity").iter_rows())
    kinds = {0: set(), 1: set()}
    for patient, dataset in headers(small).items():
        text = str(dataset).lower()
        assert "opacity" not in text
        assert "chance" not in text
        kinds[opacity[patient]].add(tuple(element.tag for element in dataset))
    assert kinds[0] == kinds[1]
    beside = {path.suffix for path in (small.written.folder / "sources").rglob("images/**/*")}
    assert beside == {".dcm", ""}  # pictures and the folder of the CT series, no table


def test_the_truth_points_to_the_films_and_their_masks(small):
    table = small.written.images.table
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with np.load(table.parent / "film_masks.npz", allow_pickle=False) as masks:
        for row in rows:
            path = (table.parent / row["file"]).resolve()
            assert path == small.written.images.films[row["patient"]].path.resolve()
            size = int(row["size"])
            mask = np.unpackbits(masks[f"{row['site']}/{path.stem}"])[: size * size]
            assert bool(mask.any()) == (row["opacity"] == "1")
            if mask.any():
                place = np.argwhere(mask.reshape(size, size))
                assert place.min(axis=0).tolist() == [int(row["box_y"]), int(row["box_x"])]


def test_the_ct_series_is_of_a_patient_and_its_volumes_are_known(small):
    ((patient, folder),) = small.written.images.volumes.items()
    slices = [pydicom.dcmread(path, stop_before_pixels=True) for path in folder.iterdir()]
    assert len(slices) == 40
    assert {one.PatientID for one in slices} == {patient}
    assert {one.Modality for one in slices} == {"CT"}
    with (small.written.truth / "ct.csv").open(newline="") as file:
        volumes = {row["structure"]: float(row["volume_ml"]) for row in csv.DictReader(file)}
    assert 2_000 < volumes["lungs"] < 4_000


def test_ingest_counts_the_pictures_and_reads_none_of_them(small, tmp_path):
    workspace = create(tmp_path / "ws", shards=1)
    source = tmp_path / "source"
    for part in ("images/ct-0001", "fhir"):
        (source / part).mkdir(parents=True)
    here = small.written.sites["site-a"]
    shutil.copytree(here / "images", source / "images", dirs_exist_ok=True)
    shutil.copy(here / "fhir" / "Patient.ndjson", source / "fhir")
    pictures = sum(1 for _ in (source / "images").rglob("*.dcm"))
    done = ingest(workspace.record, [source], site="site-a", settings={"shards": 1})
    assert done.excluded["files that are not FHIR JSON"] == pictures > 40
    assert done.patients == 120
    assert not [one.file for one in done.refusals if ".dcm" in one.file]
    assert not [name for name in done.files if ".dcm" in name]


def test_without_the_extra_there_are_no_films_and_the_reason_is_said(small, tmp_path, monkeypatch):
    monkeypatch.setattr(image_files, "find_spec", lambda name: None)
    done = write_images(small.truth, Imaging(), small.written.sites, tmp_path / "truth")
    assert done.films == {}
    assert done.table is None
    assert 'pip install "nof1[imaging]"' in done.missing
    assert not (tmp_path / "truth").exists()


@pytest.fixture(scope="module")
def trapped(tmp_path_factory):
    """The films of 2,000 people, small, as the audit sees them."""
    plan = Imaging(films=240, size=96, large_share=0, volumes=0)
    truth = Hospital(seed=2, patients=2_000, imaging=plan).generate()
    folder = tmp_path_factory.mktemp("trapped")
    sites = {site.name: Path(folder / "sources" / site.name) for site in truth.sites}
    return open_collection(
        write_images(truth, plan, sites, folder / "truth").table, {"label": "opacity"}
    )


def test_the_audit_catches_the_trap_and_not_the_other_sites(trapped):
    found = audit_collection(trapped, finding="1")
    assert {"frame only", "site"} <= set(found.failed)
    rest = audit_collection(without_site(trapped, "site-b"), finding="1")
    judged = {one.gate: one for one in rest.gates}
    assert judged["frame only"].judgement == judged["exposure only"].judgement == "passed"
    frame = judged["frame only"].figures["frame_only"]
    assert frame["low"] < 0.5 < frame["high"]
    assert rest.counts["pictures"] == 144
    assert pl.Series(trapped.columns["site"]).n_unique() == 5
