"""An edit of a curve through the pages: two people, a job, a new version; no way around them."""

import json
import shutil
import time

import pytest

import site_samples as samples
from nof1.core import artefacts, audit
from nof1.core.workspace import open_workspace
from nof1.predict import proposals
from nof1.web.site import jobs as jobs_

WHY = "The risk cannot fall with age here: few people, and they are the healthiest."
EDIT = {"way": "rising", "low": "", "high": "", "value": ""}


@pytest.fixture(scope="module")
def workspace(small_hospital, trained, tmp_path_factory):
    """A copy of its own: these tests store versions."""
    root = tmp_path_factory.mktemp("review") / "ws"
    shutil.copytree(small_hospital.workspace.root, root)
    return open_workspace(root)


@pytest.fixture(scope="module")
def open_site(workspace):
    with samples.client(samples.open_server(workspace)) as made:
        yield made


@pytest.fixture(scope="module")
def closed(workspace):
    return samples.guarded(workspace)


@pytest.fixture
def home(trained):
    return f"/models/{trained.artefact.name}"


def propose(browser, home, **more):
    address = f"{home}/1/curves/age_years"
    page = f"{address}?way=rising"
    return samples.send(browser, address, {**EDIT, "why": WHY, **more}, page)


def decide(browser, address, decision, **more):
    form = {"decision": decision, "why": "I looked at the curve and at the people.", **more}
    return samples.send(browser, address, form)


@pytest.fixture
def quick(monkeypatch):
    """No process: the job is kept as begun."""
    started = []
    monkeypatch.setattr(
        jobs_.Jobs, "start", lambda self, job, task, after: started.append((job, dict(task)))
    )
    return started


def test_one_person_proposes_and_another_approves(closed, home, workspace, quick):
    anna, ben = closed.browser("data-scientist"), closed.browser("data-scientist")
    sent = propose(anna, home)
    assert sent.status_code == 303
    address = sent.headers["location"]
    assert WHY in anna.get(address).text
    assert "Approve and make" not in anna.get(address).text
    own = decide(anna, address, "approve")
    assert own.status_code == 400
    assert "own proposal" in own.text
    assert quick == []
    assert "Approve and make" in ben.get(address).text
    assert decide(ben, address, "approve").headers["location"] == address
    kept = proposals.get(workspace, address.rpartition("/")[2])
    assert (kept.state, kept.by.signed_in, kept.decided_by.signed_in) == ("approved", True, True)
    assert kept.by.account != kept.decided_by.account
    assert [task["proposal"] for _, task in quick] == [kept.id]
    assert decide(ben, address, "approve").status_code == 400  # once


def test_a_refused_proposal_stays_as_a_record(closed, home, workspace, quick):
    anna, ben = closed.browser("data-scientist"), closed.browser("data-scientist")
    address = propose(anna, home).headers["location"]
    assert decide(ben, address, "refuse").status_code == 303
    assert "Refused" in ben.get(address).text
    assert proposals.get(workspace, address.rpartition("/")[2]).state == "refused"
    assert quick == []


def test_who_may_only_read_can_neither_propose_nor_decide(closed, home, workspace, quick):
    anna, doctor = closed.browser("data-scientist"), closed.browser("clinician")
    address = propose(anna, home).headers["location"]
    before = len(proposals.all_of(workspace, home.rpartition("/")[2])[0])
    page = doctor.get(address)
    assert page.status_code == 200
    assert "Approve and make" not in page.text
    token = samples.token(doctor, "/")
    for path, form in (
        (address, {"decision": "approve", "why": WHY}),
        (f"{home}/1/curves/age_years", {**EDIT, "why": WHY}),
    ):
        found = doctor.post(path, data={"csrf": token, **form}, headers={"origin": samples.URL})
        assert found.status_code == 403
    learner = closed.browser("learner")
    assert learner.get(address).status_code == 403
    assert len(proposals.all_of(workspace, home.rpartition("/")[2])[0]) == before
    assert proposals.get(workspace, address.rpartition("/")[2]).state == "open"


def test_without_the_token_of_the_page_nothing_is_kept(closed, home, workspace):
    anna = closed.browser("data-scientist")
    before = len(proposals.all_of(workspace, home.rpartition("/")[2])[0])
    found = anna.post(f"{home}/1/curves/age_years", data={**EDIT, "why": WHY},
                      headers={"origin": samples.URL})  # fmt: skip
    assert found.status_code == 403
    assert len(proposals.all_of(workspace, home.rpartition("/")[2])[0]) == before


def test_on_an_open_server_two_names_are_asked_for_and_must_differ(
    open_site, home, workspace, quick
):
    assert "not signed in" in open_site.get(f"{home}/1/curves/age_years?way=rising").text
    nameless = propose(open_site, home)
    assert nameless.status_code == 400
    address = propose(open_site, home, name="Anna Example").headers["location"]
    page = open_site.get(address).text
    assert "cannot approve an own proposal" in page
    assert "Anna Example (not signed in)" in page
    for same in ("Anna Example", "  anna   example "):
        assert decide(open_site, address, "approve", name=same).status_code == 400
    assert decide(open_site, address, "approve", name="Ben Example").status_code == 303
    assert len(quick) == 1
    assert not proposals.get(workspace, address.rpartition("/")[2]).decided_by.signed_in


@pytest.mark.parametrize(
    "form",
    [
        {"why": "short"},
        {"why": "x" * 2000},
        {"way": "flat", "value": ""},
        {"way": ""},
        {"way": "melt"},
        {"low": "17.3", "name": "Anna"},
        {"name": "<img src=x onerror=alert(1)>"},
        {"name": "A" * 400},
    ],
)
def test_a_proposal_that_makes_no_sense_is_told(open_site, home, form):
    found = propose(open_site, home, **{"name": "Anna Example", **form})
    assert found.status_code == 400
    assert "<img src=x" not in found.text
    assert "Traceback" not in found.text


def test_hostile_reasons_are_shown_as_words(open_site, home):
    why = "<script>alert('x')</script> because the curve is wrong"
    address = propose(open_site, home, name="Anna Example", why=why).headers["location"]
    for path in (address, f"{home}/1/curves/age_years", home):
        assert "<script>alert" not in open_site.get(path).text
    assert "&lt;script&gt;alert" in open_site.get(address).text


@pytest.mark.parametrize("id_", ["0" * 16, "a" * 5000, "%3Cb%3E", "decisions"])
def test_no_such_proposal(open_site, home, id_):
    assert open_site.get(f"{home}/reviews/{id_}").status_code in (404, 400)
    token = samples.token(open_site, home)
    form = {"csrf": token, "decision": "approve", "why": WHY, "name": "Ben Example"}
    assert open_site.post(f"{home}/reviews/{id_}", data=form).status_code in (404, 405, 400)


def test_an_approved_edit_is_made_by_a_process_and_becomes_a_version(open_site, home, workspace):
    name = home.rpartition("/")[2]
    address = propose(open_site, home, name="Anna Example").headers["location"]
    assert decide(open_site, address, "approve", name="Ben Example").status_code == 303
    for _ in range(1200):
        data = open_site.get(f"{address}?format=json").json()
        if data["proposal"]["state"] in ("stored", "failed"):
            break
        assert data["job"]["state"] in ("running", "done")
        time.sleep(0.25)
    assert data["proposal"]["state"] == "stored", data
    assert data["proposal"]["note"] == ""
    assert data["proposal"]["new_version"] == 2
    card = artefacts.load(workspace.models, name, 2).json("card.json")
    assert card["reviews"][0]["evaluated"] is True
    assert card["reviews"][0]["approved_by"]["name"] == "Ben Example"
    page = open_site.get(f"{home}/2").text
    assert "Reviewed edits" in page
    assert WHY in page
    assert "This server speaks with version" not in page  # it has taken up the new one
    assert "reviewed edits between them" in open_site.get(f"{home}/compare?a=1&b=2").text.lower()
    assert "older version" in open_site.get(f"{home}/1/curves/age_years").text
    assert propose(open_site, home, name="Anna Example").status_code == 400
    steps = [one["details"]["step"] for one in audit.entries(workspace.audit)
             if one["action"] == proposals.ACTION]  # fmt: skip
    assert steps[-3:-1] == ["approved", "stored"] or steps[-2:] == ["approved", "stored"]
    assert json.loads((workspace.root / "spool").joinpath(
        next(iter(p.name for p in (workspace.root / "spool").iterdir() if p.is_dir())),
        "job.json").read_text())["kind"] == "review"  # fmt: skip
