"""What holds on every page: axe, the size, no other host, one heading, the twins."""

import gzip
import re
import time
from urllib.parse import quote

import pytest

import site_samples as samples

MOST_BYTES, MOST_REQUESTS = 400_000, 12


def filled(address, places):
    return address.format(**{name: quote(str(value)) for name, value in places.items()})


def ready(site, path):
    """Wait until the page no longer says that something is being worked out."""
    joint = "&" if "?" in path else "?"
    for _ in range(600):
        if site.get(f"{path}{joint}format=json").status_code != 202:
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} is still being worked out")


@pytest.mark.parametrize("address", samples.ADDRESSES)
def test_a_page_stands_as_html_and_json(site, places, address):
    path = filled(address, places)
    page = site.get(path)
    expected = 404 if address == "/nowhere" else 200
    assert page.status_code == expected, page.text[:2000]
    assert page.headers["content-type"].startswith("text/html")
    assert len(re.findall("<h1[ >]", page.text)) == 1
    assert "not a medical device" in page.text
    assert "SYNTHETIC DATA" in page.text
    assert " style=" not in re.sub(r"<script.*?</script>", "", page.text, flags=re.S)
    assert not re.search(r"<[^>]+ on[a-z]+=", page.text)
    if expected == 200:
        joint = "&" if "?" in path else "?"
        twin = site.get(f"{path}{joint}format=json")
        assert twin.headers["content-type"] == "application/json"
        assert twin.json()["schema"].startswith("nof1/")
        assert twin.json()["synthetic"] is True


@pytest.mark.parametrize("address", samples.ADDRESSES)
def test_every_link_of_a_page_works(site, places, address):
    text = site.get(filled(address, places)).text
    links = {one.replace("&amp;", "&") for one in re.findall(r'<a [^>]*href="(/[^"#]*)', text)}
    broken = {
        link: code
        for link in sorted(links)[:80]
        if (code := site.get(link).status_code) not in (200, 303)
    }
    assert broken == {}


@pytest.mark.parametrize("address", samples.ADDRESSES)
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_axe_finds_nothing(site, walk, places, address, width, dark):
    path = filled(address, places)
    ready(site, path)
    page = walk(path, width, dark)
    for place in page.locator("[data-chart]").all():
        if place.is_visible():
            place.locator("svg").first.wait_for()
    for one in page.locator("details:not([open]) > summary").all()[:12]:
        if one.is_visible():
            one.click()
    assert samples.faults(page) == []
    if width == 1280 and not dark:
        assert len([one for one in page.asked if not one.startswith("data:")]) <= MOST_REQUESTS


@pytest.mark.parametrize("address", samples.ADDRESSES)
def test_a_page_is_small(site, places, address):
    page = site.get(filled(address, places))
    parts = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    sizes = [len(gzip.compress(site.get(part).content)) for part in parts]
    assert len(page.content) + sum(sizes) <= MOST_BYTES


def test_axe_would_see_a_fault(chromium):
    page = chromium.new_page()
    page.set_content("<h1>No words</h1><p style='color: #ddd'>Words that are pale.</p><img src=x>")
    told = {one.split(": ")[0] for one in samples.faults(page)}
    page.close()
    assert {"image-alt", "color-contrast", "html-has-lang"} <= told
