"""One A4 page before the visit: one page for everybody, and nothing left out silently."""

import re

import polars as pl

import patient_samples as people
from nof1.record.store import Record
from nof1.web.site.patient_print import MOST

A4_MM = (210, 297)


def test_the_sheet_holds_what_the_patient_page_says(site, places):
    told = site.get(f"/patients/{places['patient']}/print?format=json").json()
    whole = site.get(f"/patients/{places['patient']}?format=json").json()
    assert told["answers"] == whole["findings"]
    assert set(told["lists"]) == {"Problems", "Medicines", "Allergies"}


def test_what_does_not_fit_is_counted(site, site_workspace):
    """The patient with most medicines: those shown and those counted are all."""
    record = Record(site_workspace.record)
    rows = record.scan().filter(pl.col("code").str.starts_with("RxNorm//"))
    most = rows.group_by("subject_id").agg(n=pl.col("code").n_unique()).collect()
    top = most.sort("n", "subject_id", descending=True).row(0, named=True)
    patient = record.subjects().filter(subject_id=top["subject_id"])["patient"][0]
    text = site.get(f"/patients/{patient}/print").text
    part = re.search(r"<h2>Medicines</h2>(.*?)</section>", text, re.S)[1]
    shown, more = part.count("<li>"), re.search(r"and (\d+) more", part)
    assert shown <= MOST["medicines"]
    assert shown + int(more[1] if more else 0) == top["n"]


def test_an_empty_list_is_not_called_none(site, site_workspace, trained):
    for patient, *_ in people.cohort(site_workspace, trained):
        text = site.get(f"/patients/{patient}/print").text
        if "None recorded" in text:
            assert "That is not the same as none." in text
            return
    raise AssertionError("everybody has everything")


def test_it_is_one_page_of_a4_for_ten_patients(chromium, base, site_workspace):
    record = Record(site_workspace.record)
    rows = record.scan().group_by("subject_id").len().collect().sort("len", descending=True)
    busiest = rows["subject_id"][:10].to_list()
    names = dict(record.subjects().select("subject_id", "patient").iter_rows())
    for subject in busiest:
        page = chromium.new_page()
        page.goto(f"{base}/patients/{names[subject]}/print")
        made = page.pdf(prefer_css_page_size=True, print_background=True)
        page.close()
        assert len(re.findall(rb"/Type\s*/Page\b", made)) == 1
        box = re.search(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)", made)
        width, height = (float(one) / 72 * 25.4 for one in box.groups())
        assert (round(width), round(height)) == A4_MM


def test_the_print_button_is_only_for_the_screen(walk, places):
    page = walk(f"/patients/{places['patient']}/print")
    button = page.get_by_role("button", name="Print this page")
    assert button.is_visible()
    page.emulate_media(media="print")
    assert not button.is_visible()
