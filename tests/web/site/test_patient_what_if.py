"""What if: the address is the question, the answer is the model's, and it is called what it is."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

import patient_samples as people
import site_samples as samples
from nof1.core.finding import Status
from nof1.predict.what_if import ASSOCIATION, what_if
from nof1.web.server import ready

CLOPIDOGREL, TICAGRELOR = "medicine-RxNorm-32968", "medicine-RxNorm-1116632"


@pytest.fixture(scope="module")
def made(site_workspace, trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("what-if") / "ws"
    return ready(people.speaking(site_workspace, trained, folder), demo=True, insecure=True)


@pytest.fixture(scope="module")
def browser(made):
    with samples.client(made.app) as found:
        yield found


@pytest.fixture(scope="module")
def person(made, trained, site_workspace):
    """(patient, site, events, moment, answer) of somebody with a risk and an LDL."""
    scorer = made.room.adviser.scorers[0]
    for patient, site, events, moment in people.cohort(site_workspace, trained):
        found = what_if(scorer, subject(patient, site), events, moment, {})
        levers = {one.name: one for one in found.levers if not one.why_not}
        if found.moment and "ldl" in levers and 60 < float(levers["ldl"].now) < 200:
            return SimpleNamespace(
                patient=patient, site=site, events=events, moment=moment, levers=levers,
                address=f"/patients/{patient}/what-if?at={moment:%Y-%m-%dT%H:%M:%S}",
            )  # fmt: skip
    raise AssertionError("nobody has an LDL")


def subject(patient, site):
    from nof1.core.finding import Subject

    return Subject(id=patient, site=site)


def test_without_a_change_the_page_says_what_the_patient_page_says(browser, person):
    told = browser.get(f"{person.address}&format=json").json()
    whole = browser.get(f"{person.address.replace('/what-if', '')}&format=json").json()
    risks = [one for one in whole["findings"] if one["kind"] == "risk"]
    assert told["now"] == risks
    assert (told["changed"], told["changes"]) == ([], [])
    assert "Change something" in browser.get(person.address).text


def test_a_change_is_the_models_answer_and_an_association(made, browser, person):
    told = browser.get(f"{person.address}&ldl=55&format=json").json()
    plain = what_if(
        made.room.adviser.scorers[0], subject(person.patient, person.site), person.events,
        person.moment, {"ldl": "55"}, made.room.opened().names,
    )  # fmt: skip
    assert told["label"] == "association"
    assert told["says"] == ASSOCIATION
    assert [one["value"] for one in told["changed"] if "value" in one] == [
        one.to_dict()["value"] for one in plain.then if one.status is Status.FOUND
    ]
    page = browser.get(f"{person.address}&ldl=55").text
    assert ASSOCIATION.replace("'", "&#39;") in page
    assert "Effect" not in re.sub(r"<title>.*?</title>", "", page)


def test_what_stands_with_the_risk_stands_here_too(browser, person):
    told = browser.get(f"{person.address}&format=json").json()["now"][0]
    page = browser.get(person.address).text
    assert told["notes"]
    assert all(note in page for note in told["notes"])


def test_both_sides_have_one_denominator_and_their_ranges(browser, person):
    page = browser.get(f"{person.address}&ldl=80").text
    sizes = re.findall(r'<p class="big">[\d,]+ of ([\d,]+)</p>', page)
    assert len(sizes) == 2
    assert len(set(sizes)) == 1
    assert page.count('class="icons"') == 2
    assert len(re.findall(r"Range \d+ to \d+ of", page)) == 2


def test_the_address_restores_the_form(browser, person):
    page = browser.get(f"{person.address}&ldl=80").text
    slider = re.search(r'<input id="lever-ldl"[^>]*>', page)[0]
    assert 'value="80"' in slider
    assert 'name="at" value=' in page
    now = re.search(r'<input id="lever-ldl"[^>]*>', browser.get(person.address).text)[0]
    value = re.search(r'value="([^"]*)"', now)[1]
    assert browser.get(f"{person.address}&ldl={value}&format=json").json()["changes"] == []


def test_a_form_that_was_not_touched_changes_nothing(browser, person):
    """Without scripts all fields are sent: sliders snap to a step, selects say keep."""
    page = browser.get(person.address).text
    fields = dict(re.findall(r'<input id="lever-[^"]*" name="([^"]*)"[^>]* value="([^"]*)"', page))
    fields |= dict.fromkeys(re.findall(r'<select id="lever-[^"]*" name="([^"]*)"', page), "keep")
    assert len(fields) > 5
    told = browser.get(person.address, params={**query(person), **fields, "format": "json"}).json()
    assert told["changes"] == []


def query(person):
    return dict([person.address.partition("?")[2].split("=", 1)])


def test_htmx_gets_the_answer_alone(browser, person):
    part = browser.get(f"{person.address}&ldl=80", headers={"hx-request": "true"}).text
    assert "<html" not in part
    assert "<form" not in part
    assert "What was changed" in part
    wrong = browser.get(f"{person.address}&ldl=9999", headers={"hx-request": "true"})
    assert wrong.status_code == 200
    assert "This cannot be asked" in wrong.text


@pytest.mark.parametrize(
    "wanted",
    [
        "ldl=-1", "ldl=nan", "ldl=%3Cscript%3E", "age=30", "smoking=maybe", "ldl=" + "9" * 5000,
        f"{CLOPIDOGREL}=doubled", "%3Cscript%3E=1",
    ],
)  # fmt: skip
def test_impossible_questions_are_refused(browser, person, wanted):
    answer = browser.get(f"{person.address}&{wanted}")
    assert answer.status_code == 400
    assert "<script>" not in answer.text
    assert "Traceback" not in answer.text


def test_what_the_model_has_not_seen_is_withheld(browser, person):
    told = browser.get(f"{person.address}&ldl=399&format=json").json()
    assert {one["status"] for one in told["changed"]} == {"withheld"}
    page = browser.get(f"{person.address}&ldl=399").text
    assert "Outside what the model has seen" in page
    assert page.count('class="icons"') == 1


def test_no_such_model(browser, person):
    assert browser.get(f"{person.address}&model=none").status_code == 404


def test_a_patient_the_model_does_not_speak_about(browser, person):
    early = browser.get(f"/patients/{person.patient}/what-if?at=1990-01-01")
    assert early.status_code == 200
    assert "nothing can be changed" in early.text


def test_a_model_that_failed_its_gate_is_not_asked(
    site_workspace, trained, tmp_path_factory, person
):
    from nof1.core.artefacts import save

    workspace = people.speaking(site_workspace, trained, tmp_path_factory.mktemp("gate") / "ws")
    model = replace(trained.model, withheld=("calibration",))
    save(workspace.models, model.name, model.files())
    with samples.client(samples.open_server(workspace)) as shut:
        told = shut.get(f"{person.address}&ldl=80&format=json").json()
    assert {one["status"] for one in told["now"]} == {"withheld"}
    assert told["changed"] == []


@pytest.fixture
def swap(made, trained, site_workspace):
    """Address of somebody who swaps one medicine for the other, and a stored effect about it."""
    for patient, site, events, moment in people.cohort(site_workspace, trained):
        found = what_if(made.room.adviser.scorers[0], subject(patient, site), events, moment, {})
        undo = [
            one.name
            for one in found.levers
            if one.name in (CLOPIDOGREL, TICAGRELOR) and "undone" in dict(one.choices)
        ]
        if found.moment and len(undo) == 1:
            other = TICAGRELOR if undo[0] == CLOPIDOGREL else CLOPIDOGREL
            at = f"{moment:%Y-%m-%dT%H:%M:%S}"
            return f"/patients/{patient}/what-if?at={at}&{undo[0]}=undone&{other}=added"
    raise AssertionError("nobody can swap")


def stand_in(scorer, status, arms=(("RxNorm//32968",), ("RxNorm//1116632",)), outcome=None):
    """Something that answers as a stored effect does."""
    from nof1.core.finding import Coding, Finding, Interval, Kind, Value, utc
    from nof1.predict.effect.score import Options

    def finding(person, events, at, names=None):
        told = {"reason": "either could be better", "resolve": "more people"}
        if status is Status.FOUND:
            interval = Interval(low=-0.2, high=-0.05, level=0.95)
            told = {"value": Value(amount=-0.1, unit="1", interval=interval)}
        return Finding(
            subject=person, as_of=utc(at), kind=Kind.EFFECT, what=Coding(code="E", display="swap"),
            status=status, basis=scorer.basis, horizon_days=365, **told,
        )  # fmt: skip

    task = SimpleNamespace(outcome=outcome or scorer.task.outcome)
    treatment = SimpleNamespace(labels=("clopidogrel", "ticagrelor"))
    return SimpleNamespace(
        finding=finding, basis=scorer.basis, stored=SimpleNamespace(arms=arms, codes={}),
        question=SimpleNamespace(
            task=task, treatment=treatment, estimand=SimpleNamespace(harm=True)
        ),
        options=lambda *_: Options(-0.1, -0.2, -0.05, 0.4, 0.3, average=False),
    )  # fmt: skip


def with_effect(made, monkeypatch, effect):
    from nof1.web.site import swap as module

    monkeypatch.setattr(module, "effects_of", lambda house: (effect,))


def test_a_swap_that_an_effect_compares_is_called_effect(made, browser, swap, monkeypatch):
    scorer = made.room.adviser.scorers[0]
    with_effect(made, monkeypatch, stand_in(scorer, Status.FOUND))
    told = browser.get(f"{swap}&format=json").json()
    assert told["label"] == "effect"
    assert told["changed"] == []
    assert told["effect"]["value"]["amount"] == -0.1
    page = browser.get(swap).text
    assert "With clopidogrel" in page
    assert "40 of 100" in page
    assert "30 of 100" in page
    assert ASSOCIATION.replace("'", "&#39;") not in page


def test_an_effect_that_cannot_tell_says_so_and_no_association_takes_its_place(
    made, browser, swap, monkeypatch
):
    scorer = made.room.adviser.scorers[0]
    with_effect(made, monkeypatch, stand_in(scorer, Status.WITHHELD))
    page = browser.get(swap).text
    assert "either could be better" in page
    assert "stands in its place" in page
    assert 'class="icons"' not in page


def test_another_swap_or_more_changes_are_no_effect(made, browser, swap, person, monkeypatch):
    scorer = made.room.adviser.scorers[0]
    other = stand_in(scorer, Status.FOUND, arms=(("RxNorm//1",), ("RxNorm//2",)))
    with_effect(made, monkeypatch, other)
    assert browser.get(f"{swap}&format=json").json()["label"] == "association"
    with_effect(made, monkeypatch, stand_in(scorer, Status.FOUND))
    more = browser.get(f"{swap}&smoking=former&format=json")
    assert more.status_code == 400 or more.json()["label"] == "association"
    assert browser.get(f"{person.address}&ldl=80&format=json").json()["label"] == "association"


def test_an_effect_on_another_outcome_does_not_hide_the_association(
    made, browser, swap, monkeypatch
):
    scorer = made.room.adviser.scorers[0]
    outcome = SimpleNamespace(codes=SimpleNamespace(codes=("SNOMED//1",), prefixes=()))
    with_effect(made, monkeypatch, stand_in(scorer, Status.FOUND, outcome=outcome))
    page = browser.get(swap).text
    assert "With clopidogrel" in page
    assert ASSOCIATION.replace("'", "&#39;") in page


@pytest.mark.parametrize("width", [1280, 390])
def test_a_slider_moves_the_answer_and_the_address(chromium, made, person, width):
    with samples.served(made.app) as where:
        page = chromium.new_page(viewport={"width": width, "height": 900})
        said = []
        page.on("console", lambda one: said.append(one.text) if one.type != "log" else None)
        page.goto(where + person.address)
        slider = page.get_by_label("LDL cholesterol")
        slider.focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        page.get_by_text("What was changed").wait_for()
        assert samples.faults(page) == []
        value = slider.input_value()
        page.get_by_text(f"{value} mg/dL", exact=True).last.wait_for()
        assert f"ldl={value}" in page.url
        assert page.locator("output[for=lever-ldl]").inner_text() == value
        page.reload()
        assert page.get_by_label("LDL cholesterol").input_value() == value
        assert f"{value} mg/dL" in page.locator("#answer").inner_text()
        page.close()
    assert said == []
