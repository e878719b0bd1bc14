"""Films on pages: drawn on the server, with the evidence over them, and as files for a viewer."""

import csv
import io
import re
import shutil
import zipfile
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

pytest.importorskip("pydicom", reason="needs the extra imaging (pydicom)")
pytest.importorskip("onnxruntime", reason="needs the extra imaging (onnxruntime)")

import pydicom
from PIL import Image

import site_samples as samples
from film_samples import drawn
from nof1.cli.demo_films import FilmRoom
from nof1.core import audit
from nof1.core.workspace import open_workspace
from nof1.imaging.answering import album, filing, register
from nof1.imaging.reading.decoder import Decoder
from nof1.record.store import Record
from nof1.synthetic.ct import draw_ct, write_series
from nof1.synthetic.film_files import write_film
from nof1.synthetic.films import Person
from nof1.synthetic.image_files import WrittenFilm
from nof1.web.site import film_room

TAKEN = datetime(2018, 5, 6, 7, 8, 9)


@pytest.fixture(scope="module")
def hospital(small_hospital, tmp_path_factory):
    """A workspace in which one patient has an answered film, an unasked film and a CT."""
    folder = tmp_path_factory.mktemp("films")
    shutil.copytree(small_hospital.workspace.root, folder / "ws")
    workspace = open_workspace(folder / "ws")
    row = Record(workspace.record).subjects().row(0, named=True)
    patient, site = row["patient"], row["site"]
    person = Person(patient, 55.0, "F", site)
    raw = folder / "raw"
    (raw / "ct").mkdir(parents=True)
    for seed in (1, 2):
        write_film(raw / f"film-{seed}.dcm", drawn(seed, opacity=seed == 1, person=person),
                   f"film-{seed}", taken=TAKEN.replace(hour=6 + seed))  # fmt: skip
    phantom = replace(draw_ct(1, shape=(16, 48, 48)), patient=patient)
    write_series(raw / "ct", phantom, taken=TAKEN.replace(year=2019))
    with Decoder() as decoder:
        filing.add(workspace.images, raw, site=site, decoder=decoder)
        written = WrittenFilm(raw / "film-1.dcm", TAKEN.replace(hour=7), site, 512)
        room = FilmRoom.open()
        done = room.read(written, patient, decoder)
        assert done.answered
        room.keep(workspace, site, patient, done)
    return workspace, patient, site, raw


@pytest.fixture(scope="module")
def app(hospital):
    return samples.open_server(hospital[0])


@pytest.fixture(scope="module")
def pages(app):
    with samples.client(app) as made:
        yield made


@pytest.fixture(scope="module")
def listed(pages, hospital):
    return pages.get(f"/patients/{hospital[1]}/films?format=json").json()["films"]


@pytest.fixture(scope="module")
def answered(listed):
    return next(one for one in listed if one["answers"])


@pytest.fixture(scope="module")
def volume(listed):
    return next(one for one in listed if "slices" in one["kind"])


def png(answer):
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def test_the_list_has_all_pictures_newest_first(pages, hospital, listed):
    assert [one["taken"][:4] for one in listed] == ["2019", "2018", "2018"]
    page = pages.get(f"/patients/{hospital[1]}/films").text
    for one in listed:
        assert one["address"] in page
    assert "CT chest, 16 slices" in page
    assert "No model was asked" in page
    assert "Gates passed" in page


def test_the_twins_of_the_list(pages, hospital, listed):
    text = pages.get(f"/patients/{hospital[1]}/films?format=csv").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [one["film"] for one in rows] == [one["film"] for one in listed]
    told = next(one for one in rows if one["finding"])
    answer = next(one for one in listed if one["answers"])["answers"][0]
    assert float(told["low"]) == answer["low"] <= answer["amount"] <= answer["high"]


def test_the_page_of_a_film_says_range_point_gates_and_what_it_is_not(pages, answered):
    page = pages.get(answered["address"]).text
    assert page.index("90 % interval") < page.index('class="big"')
    assert "Gates passed" in page
    assert "It shows what the model used, not where a lesion is." in page
    assert "No diagnosis" in page
    assert 'class="heat o60"' in page
    assert 'class="heat o30"' in pages.get(f"{answered['address']}?opacity=30").text


def test_the_film_is_drawn_in_its_window(pages, answered):
    address = f"{answered['address']}/image"
    whole = png(pages.get(address))
    assert whole.shape == (512, 512)
    dark = png(pages.get(f"{address}?window=100&level=4000"))
    bright = png(pages.get(f"{address}?window=100&level=50"))
    assert dark.mean() < whole.mean() < bright.mean()
    assert png(pages.get(f"{address}?small=yes")).shape == (256, 256)


def test_the_heatmap_is_a_transparent_layer_of_the_same_shape(pages, answered):
    layer = png(pages.get(f"{answered['address']}/heat"))
    assert layer.shape == (512, 512, 4)
    assert layer[..., 3].max() == 255
    assert layer[..., 3].min() == 0


def test_a_volume_has_slices(pages, volume):
    page = pages.get(f"{volume['address']}?slice=3").text
    assert 'id="slice"' in page
    assert "Soft tissue" in page
    first = png(pages.get(f"{volume['address']}/image?slice=1"))
    other = png(pages.get(f"{volume['address']}/image?slice=9"))
    assert first.shape == other.shape == (48, 48)
    assert (first != other).any()
    for slice_ in ("0", "17", "-1", "x"):
        assert pages.get(f"{volume['address']}/image?slice={slice_}").status_code == 400


def test_the_files_for_a_viewer(pages, hospital, answered, volume):
    raw = hospital[3]
    film = pages.get(f"{answered['address']}/dicom")
    assert film.content == (raw / "film-1.dcm").read_bytes()
    study = pydicom.dcmread(io.BytesIO(film.content)).StudyInstanceUID
    for tail, kind in (("report", "SR"), ("segmentation", "SEG")):
        made = pages.get(f"{answered['address']}/{tail}")
        assert made.status_code == 200, made.text
        dataset = pydicom.dcmread(io.BytesIO(made.content))
        assert (dataset.Modality, dataset.StudyInstanceUID) == (kind, study)
    packed = zipfile.ZipFile(io.BytesIO(pages.get(f"{volume['address']}/series").content))
    assert packed.testzip() is None
    assert len(packed.namelist()) == 16
    assert pages.get(f"{volume['address']}/segmentation").status_code == 404
    actions = [one["action"] for one in audit.entries(hospital[0].audit)]
    assert actions.count("film downloaded") >= 4
    assert hospital[1] not in (hospital[0].audit / "audit.jsonl").read_text()


def test_nothing_is_seen_before_it_was_taken_or_told(pages, hospital, answered):
    early = f"/patients/{hospital[1]}/films?at=2018-05-06T07:15&format=json"
    (one,) = pages.get(early).json()["films"]
    assert one["film"] == answered["film"]
    assert one["answers"] == []  # the answer came a quarter of an hour after the film
    assert pages.get(f"{answered['address']}?at=2018-05-05").status_code == 404
    assert pages.get(f"{answered['address']}/image?at=2018-05-05").status_code == 404


@pytest.mark.parametrize(
    "name",
    ["0" * 16, "..%2f..%2fnof1.toml", "<script>alert(1)<%2fscript>", "a" * 10_000, "t2018",
     "no-date", "%00", "0da7305b8cd354c1.png"],
)  # fmt: skip
def test_a_film_that_is_none(pages, hospital, name):
    for tail in (
        "",
        "/image",
        "/heat",
        "/dicom",
        "/report",
        "/segmentation",
        "/series",
        "/drawing",
    ):
        answer = pages.get(f"/patients/{hospital[1]}/films/{name}{tail}")
        assert answer.status_code in (404, 414)
        assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    "query",
    ["window=0&level=1", "window=-5&level=1", "window=nan&level=1", "window=1e9&level=0",
     "window=5", "level=5", "window=a&level=b", "window=1&level=inf", "opacity=101", "opacity=x",
     "answer=9", "slice=2"],
)  # fmt: skip
def test_numbers_that_cannot_be(pages, answered, query):
    answer = pages.get(f"{answered['address']}?{query}")
    assert answer.status_code == 400
    assert "Traceback" not in answer.text
    assert "Allowed" in answer.text


def test_a_changed_file_is_told_and_never_shown(hospital, tmp_path):
    workspace, patient, _, raw = hospital
    shutil.copytree(workspace.root, tmp_path / "ws")
    shutil.copytree(raw, tmp_path / "raw")
    path = tmp_path / "raw" / "film-1.dcm"
    pixels = bytearray(path.read_bytes())
    pixels[-1000] ^= 0xFF
    path.write_bytes(bytes(pixels))
    with samples.client(samples.open_server(open_workspace(tmp_path / "ws"))) as pages:
        listed = pages.get(f"/patients/{patient}/films?format=json").json()["films"]
        one = next(each for each in listed if each["answers"])
        page = pages.get(one["address"])
        assert page.status_code == 200
        assert "The picture cannot be shown." in page.text
        assert "changed since it was filed" in page.text
        assert "lung opacity" in page.text  # the answer stands
        assert pages.get(f"{one['address']}/image").status_code == 400
        assert pages.get(f"{one['address']}/dicom").status_code == 400


def test_an_answer_without_its_picture_is_listed(hospital, tmp_path):
    workspace, patient, _, _ = hospital
    shutil.copytree(workspace.root, tmp_path / "ws")
    shutil.rmtree(tmp_path / "ws" / "images" / register.FOLDER)
    shutil.rmtree(tmp_path / "ws" / "images" / album.EVIDENCE)
    with samples.client(samples.open_server(open_workspace(tmp_path / "ws"))) as pages:
        (one,) = pages.get(f"/patients/{patient}/films?format=json").json()["films"]
        page = pages.get(one["address"]).text
        assert "only its answer is" in page
        assert "as it was drawn when the answer was kept" in page
        assert png(pages.get(f"{one['address']}/drawing")).ndim == 3
        assert pages.get(f"{one['address']}/image").status_code == 404


def test_a_missing_package_is_said_and_the_answer_stays(hospital, monkeypatch):
    from nof1.core.errors import MissingExtra

    def missing(self):
        raise MissingExtra("This needs the package 'pydicom', which is not installed.",
                           next_step='Run: pip install "nof1[imaging]"')  # fmt: skip

    monkeypatch.setattr(film_room.FilmRoom, "decoder", missing)
    with samples.client(samples.open_server(hospital[0])) as pages:
        listed = pages.get(f"/patients/{hospital[1]}/films?format=json").json()["films"]
        page = pages.get(next(each for each in listed if each["answers"])["address"])
        assert page.status_code == 200
        assert "nof1[imaging]" in page.text
        assert "lung opacity" in page.text


def test_memory_is_bounded():
    kept = film_room.Bounded(10, len)
    for n in range(20):
        kept.get(n, lambda: b"abcd")
    assert kept.held <= 10
    assert kept.get("large", lambda: b"x" * 11) == b"x" * 11
    assert kept.held <= 10


def test_who_may_see_films(hospital):
    guarded = samples.guarded(hospital[0])
    address = f"/patients/{hospital[1]}/films"
    assert guarded.browser("data-scientist").get(address).status_code == 403
    assert guarded.browser("clinician", patients=["other"]).get(address).status_code == 403
    own = guarded.browser("radiologist", patients=[hospital[1]])
    one = own.get(f"{address}?format=json").json()["films"][0]
    assert own.get(one["address"]).status_code == 200
    stranger = guarded.browser("clinician", patients=["other"], name="stranger")
    for tail in ("", "/image", "/dicom", "/report"):
        assert stranger.get(f"{one['address']}{tail}").status_code == 403


@pytest.fixture(scope="module")
def base(app):
    with samples.served(app) as found:
        yield found


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_the_viewer_by_keyboard_and_for_everybody(walk, answered, volume, width, dark):
    from playwright.sync_api import expect

    page = walk(answered["address"], width, dark)
    page.focus("#opacity")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.querySelector('.heat').style.opacity") == "0.5"
    assert "opacity=50" in page.url
    before = page.locator(".stage .base").get_attribute("src")
    page.focus("#window")
    page.keyboard.press("ArrowLeft")
    assert "window=" not in before
    drawn_anew = re.compile("window=")
    expect(page.locator(".stage .base")).to_have_attribute("src", drawn_anew)
    assert samples.faults(page) == []
    page.goto(page.url)  # the address restores the view
    assert page.input_value("#opacity") == "50"
    assert samples.faults(walk(volume["address"], width, dark)) == []


def test_a_picture_that_cannot_be_decoded_is_told_on_its_page(hospital, tmp_path):
    workspace, patient, _, raw = hospital
    shutil.copytree(workspace.root, tmp_path / "ws")
    shutil.copytree(raw, tmp_path / "raw")
    path = tmp_path / "raw" / "film-2.dcm"
    dataset = pydicom.dcmread(path)
    dataset.PixelData = b"\0" * 100
    dataset.save_as(path)
    copy = open_workspace(tmp_path / "ws")
    shutil.rmtree(copy.images / register.FOLDER)
    done = filing.add(copy.images, path)
    with samples.client(samples.open_server(copy)) as pages:
        address = f"/patients/{patient}/films/{done.filed[0].id}"
        assert pages.get(f"{address}/image").status_code == 400
        page = pages.get(address)
        assert page.status_code == 200
        assert "The picture cannot be shown." in page.text
