"""Pages: nothing hostile runs, nothing is fetched, everything is said, and twins are written."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

import page_samples
from nof1.core.errors import UsageError
from nof1.pictures import pages

KINDS = sorted(page_samples.ALL)
URL = re.compile(r"""(?:src|href|action|xlink:href)\s*=\s*["']?([^"'\s>]*)""", re.IGNORECASE)


class Elements(HTMLParser):
    """Tags with attributes, headings in order, and the text of scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[tuple[str, str]] = []
        self._open = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        data = tag == "script" and dict(attrs).get("type") == "application/json"
        self._open = "" if data else tag if tag in ("script", "style") else ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.inline.append((self._open, data))

    def handle_endtag(self, tag: str) -> None:
        self._open = ""


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def hostile(kind: str) -> str:
    return pages.render(kind, page_samples.ALL[kind](page_samples.HOSTILE))


def test_every_page_has_its_sample() -> None:
    assert set(pages.VIEWS) == set(page_samples.ALL)


def test_hostile_text_makes_no_element(kind: str, hostile: str) -> None:
    """The tags of a page with hostile text are those of the same page with plain text."""
    plain = Elements(pages.render(kind, page_samples.ALL[kind]("plain text")))
    attacked = Elements(hostile)
    assert [tag for tag, _ in attacked.tags] == [tag for tag, _ in plain.tags]
    assert [sorted(a) for _, a in attacked.tags] == [sorted(a) for _, a in plain.tags]
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", hostile)[0]  # no template in a template


def test_no_event_handler_and_no_style_attribute(hostile: str) -> None:
    for tag, attributes in Elements(hostile).tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag


def test_the_policy_allows_exactly_what_is_inlined(hostile: str) -> None:
    elements = Elements(hostile)
    (policy,) = [a["content"] for t, a in elements.tags if "Content-Security-Policy" in a.values()]
    assert policy is not None
    hashes = {
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for _, text in elements.inline
    }
    assert set(re.findall(r"'sha256-[^']*'", policy)) == hashes
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "connect-src 'none'" in policy


def test_nothing_points_outside(kind: str, hostile: str) -> None:
    body = re.sub(r"<script>.*?</script>", "", hostile, flags=re.DOTALL)
    for address in URL.findall(re.sub(r"&lt;.*?&gt;", "", body)):
        if kind in ("screen", "compounds") and address.startswith("data:image/svg+xml;base64,"):
            continue  # a drawing of a molecule, inside the page
        if kind == "imaging" and address.startswith("data:image/png;base64,"):
            continue  # a film, inside the page
        assert address in ("data:,", "#content") or re.fullmatch(r"[\w.-]+", address), address


def test_every_page_says_what_it_is(kind: str, hostile: str) -> None:
    text = pages.render(kind, page_samples.ALL[kind]())
    assert "Research and education use; not a medical device." in text
    assert '<html lang="en">' in text
    assert text.count("<h1>") == 1
    assert text.count("<main") == 1
    assert ("SYNTHETIC DATA" in text) is (
        kind not in ("model", "repurposing", "screen", "compounds")
    )  # real data


def test_headings_go_down_one_level_at_a_time(kind: str) -> None:
    tags = Elements(pages.render(kind, page_samples.ALL[kind]())).tags
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_ids_are_unique_and_labels_lead_somewhere(kind: str) -> None:
    tags = Elements(pages.render(kind, page_samples.ALL[kind]())).tags
    ids = [a["id"] for _, a in tags if "id" in a]
    assert len(ids) == len(set(ids))
    named = {a["aria-labelledby"] for _, a in tags if "aria-labelledby" in a}
    assert named <= set(ids)
    assert {a["data-chart"] for _, a in tags if "data-chart" in a} <= set(ids)


def test_pages_without_vega_charts_carry_no_script() -> None:
    assert "<script" not in pages.render("patient", page_samples.patient())
    assert len(pages.render("patient", page_samples.patient())) < 60_000


def test_the_same_data_make_the_same_page(kind: str) -> None:
    one, two = (pages.render(kind, page_samples.ALL[kind]()) for _ in range(2))
    assert one == two
    assert len(one) < 1_100_000


def test_write_puts_the_twin_beside_the_page(kind: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    data = page_samples.ALL[kind]()
    path = pages.write(kind, data, tmp_path / "new" / "page.html")
    assert 'href="page.json"' in path.read_text(encoding="utf-8")
    assert json.loads(path.with_suffix(".json").read_text(encoding="utf-8")) == data


def test_a_withheld_finding_shows_reason_and_way_out_but_no_number() -> None:
    made = page_samples.withheld("nobody like this in training")
    text = pages.render("patient", {**page_samples.patient(), "findings": [made]})
    assert "No answer is given." in text
    assert text.count("nobody like this in training") >= 2
    assert "people like this" not in text


def test_a_withheld_model_says_so_first() -> None:
    text = pages.render("model", page_samples.card(passed=False))
    assert text.index("Withheld: may not speak") < text.index("<h1>")
    assert "May speak" not in text


def ablated(group: str) -> dict[str, Any]:
    """A card with the table of groups of information; one group is absent."""
    none = {"value": None, "low": None, "high": None, "level": 0.95, "note": group}
    found = page_samples.figure(0.013)
    names = ("without", "alone", "difference", "brier_difference")
    groups = [
        {"group": group, "columns": 40, **dict.fromkeys(names, found), "note": ""},
        {"group": "absent", "columns": 0, **dict.fromkeys(names, none), "note": group},
    ]
    made = {"measure": "auroc", "learner": group, "horizon_days": 365.0, "rows": 1300}
    made |= {"columns": 43, "ungrouped": 3, "full": page_samples.figure(0.74), "groups": groups}
    return {**page_samples.card(), "ablation": {**made, "full_brier": found, "reading": group}}


def test_what_groups_add_is_a_chart_and_a_table_and_hostile_names_stay_text() -> None:
    attacked = pages.render("model", ablated(page_samples.HOSTILE))
    plain = pages.render("model", ablated("nothing recorded"))
    assert [t for t, _ in Elements(attacked).tags] == [t for t, _ in Elements(plain).tags]
    assert "0.013 (-0.007 to 0.033)" in plain
    assert plain.count("nothing recorded") >= 4  # group, learner, note, how to read it
    assert 'data-chart="ablation-chart"' in plain
    assert "ablation" not in pages.render("model", page_samples.card())


def test_groups_of_which_none_can_be_compared_make_no_chart() -> None:
    card = ablated("nothing recorded")
    card["ablation"]["groups"] = card["ablation"]["groups"][1:]
    text = pages.render("model", card)
    assert "ablation-chart" not in text
    assert 'id="ablation"' in text


def test_no_finding_is_not_an_empty_page() -> None:
    text = pages.render("patient", {**page_samples.patient(), "findings": []})
    assert "nof1 train" in text


@pytest.mark.parametrize(
    "address", ["https://example.org/x", "//example.org", "javascript:alert(1)", "/etc/passwd"]
)
def test_links_stay_in_the_folder(address: str) -> None:
    with pytest.raises(UsageError, match="own folder"):
        pages.render("index", {**page_samples.index(), "links": {"Out": address}})


def test_an_unknown_page_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as error:
        pages.render("nothing", {})
    assert error.value.allowed == list(pages.VIEWS)
