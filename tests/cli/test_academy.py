"""``nof1 academy``: the bank, a learner's own figures and data, the trial, the simulation."""

import json

import pytest

from nof1.academy import bank as banks
from nof1.academy.sitting import begin
from nof1.academy.store import Store
from nof1.cli import main
from nof1.core.workspace import create
from sitting_samples import NOW, bank, case, later

CASES = bank(60, 26)
BY_ID = {one.id: one for one in CASES}


@pytest.fixture
def workspace(tmp_path):
    return create(tmp_path / "ws", synthetic=True)


@pytest.fixture
def run(capsys, workspace):
    """Runs a command; gives code, JSON (or text) and errors."""

    def call(*words, as_json=True):
        more = ["--json"] if as_json else []
        with pytest.raises(SystemExit) as stop:
            main(["academy", *words, "-w", str(workspace.root), *more])
        out, err = capsys.readouterr()
        return stop.value.code, (json.loads(out) if as_json and out else out), err

    return call


@pytest.fixture
def store(workspace):
    made = Store(workspace.root / "academy")
    yield made
    made.close()


def take(store, name, *, form=1, when=0, parts=4):
    """A learner who follows every card through a test."""
    store.opt_in(name, NOW)
    cases = banks.form(CASES, form)
    for number in range(1, parts + 1):
        made = begin(cases, later(when + number), form=form, number=number)
        for one in made.cases:
            of = BY_ID[one]
            made = made.own(one, of.truth.right, 0.3, NOW)
            made = made.final(of, of.advised, 0.3, "accept", later(40)).learn(one, "a line", NOW)
        store.keep(name, made, later(when + number))


def narrow(text):
    assert all(len(line) <= 80 for line in text.splitlines()), text


def test_alone_it_says_what_there_is_and_how_to_open_it(run, workspace):
    code, made, _ = run()
    assert (code, made["schema"], made["bank"]) == (0, "nof1/academy/1", None)
    text = run(as_json=False)[1]
    narrow(text)
    for word in ("nof1 academy build", "nof1 serve", "/academy", "not proven"):
        assert word in text
    banks.write(workspace.root / banks.PLACE, CASES)
    assert run()[1]["bank"] == {"cases": 60, "faulty": 26}
    assert "60 cases, 26 with a wrong card" in run(as_json=False)[1]


def test_build_writes_the_bank_and_counts_its_topics(run, workspace, monkeypatch):
    asked = []
    monkeypatch.setattr(banks, "build", lambda *words: asked.append(words) or CASES)
    code, made, _ = run("build", "--cases", "60", "--seed", "7", "--faulty", "0.4")
    assert (code, made["cases"], made["faulty"]) == (0, 60, 26)
    assert made["topics"] == {"leakage": 13, "none": 34, "unit-slip": 13}
    assert asked == [(workspace, 60, 7, 0.4, None)]
    assert banks.read(workspace.root / banks.PLACE) == CASES
    assert "Every patient is invented" in run("build", as_json=False)[1]


def test_build_from_another_workspace_writes_here(run, workspace, tmp_path, monkeypatch):
    other = create(tmp_path / "other", synthetic=True)
    asked = []
    monkeypatch.setattr(banks, "build", lambda *words: asked.append(words) or CASES)
    assert run("build", "--from", str(other.root), "--truth", str(tmp_path))[0] == 0
    assert (asked[0][0].root, asked[0][4]) == (other.root, str(tmp_path))
    assert (workspace.root / banks.PLACE).exists()
    assert not (other.root / banks.PLACE).exists()


def test_a_workspace_without_invented_patients_is_refused(run):
    code, _, err = run("build")
    assert code == 2
    assert "Traceback" not in err
    assert json.loads(err)["next_step"]


def test_scores_are_intervals_with_counts_and_never_a_grade(run, store):
    take(store, "local:anna")
    code, made, _ = run("scores", "local:anna")
    assert (code, made["schema"], made["name"]) == (0, "nof1/academy-scores/1", "local:anna")
    assert [(one["done"], one["complete"]) for one in made["tests"]] == [(4, True)]
    over = made["all"]["over_reliance"]
    assert over["count"] == over["of"] == made["all"]["faulty"]
    assert over["low"] > 0.8
    assert made["in_practice"]["accepted_wrong"] > 0
    assert "whatever it says" in made["picture"]["words"]
    text = run("scores", "anna", as_json=False)[1]
    narrow(text)
    assert f"{over['count']} of {over['of']}" in text
    assert "not proven" in text
    assert "for local:anna, not for" in text


def test_few_answers_are_not_put_into_words(run, store):
    store.opt_in("local:anna", NOW)
    of = case("a", faulty=True)
    made = begin([of], NOW, kind="practice").own("a", True, 0.3, NOW)
    store.keep(
        "local:anna", made.final(of, of.advised, 0.3, "accept", NOW).learn("a", "", NOW), NOW
    )
    text = run("scores", "anna", as_json=False)[1]
    narrow(text)
    assert "too few" in text
    assert "1 of 1" in text
    assert "too few cases to say (1 of at least 48)" in text


def test_a_learner_without_any_answer_is_shown_as_such(run, store):
    store.opt_in("local:anna", NOW)
    code, made, _ = run("scores", "anna")
    assert (code, made["all"]["cases"], made["tests"]) == (0, 0, [])
    assert run("scores", "anna", as_json=False)[0] == 0


def test_all_together_needs_ten_learners(run, store):
    for number in range(9):
        take(store, f"local:canary{number}", when=10 * number)
    code, _, err = run("scores")
    assert code == 2
    assert "picked out" in err
    take(store, "local:canary9", when=500)
    code, made, _ = run("scores")
    assert (code, made["schema"], made["learners"]) == (0, "nof1/academy-group/1", 10)
    text = run("scores", as_json=False)[1]
    narrow(text)
    assert "canary" not in text + json.dumps(made)


def test_an_export_is_all_that_is_kept(run, store, tmp_path):
    take(store, "local:anna", parts=1)
    code, made, _ = run("export", "anna")
    assert (code, made) == (0, json.loads(json.dumps(store.export("local:anna"))))
    code, told, _ = run("export", "anna", "--out", str(tmp_path / "mine.json"))
    assert (code, told["sittings"]) == (0, 1)
    assert json.loads((tmp_path / "mine.json").read_text()) == made


def test_forgetting_asks_first_and_then_leaves_nothing(run, store, workspace):
    take(store, "local:anna-canary", parts=1)
    code, _, err = run("forget", "anna-canary")
    assert code == 2
    assert "add --yes" in err
    assert store.opted("local:anna-canary")
    code, made, _ = run("forget", "anna-canary", "--yes")
    assert (code, made["deleted"]) == (0, {"sitting": 1, "lesson": 0, "learner": 1})
    for path in workspace.root.rglob("*"):
        assert not path.is_file() or b"canary" not in path.read_bytes(), path


@pytest.mark.parametrize(
    "words",
    [("scores", "nobody"), ("export", "nobody"), ("forget", "nobody", "--yes"), ("scores", "<b>")],
)
def test_nobody_is_refused_and_no_file_is_made(run, workspace, words):
    code, _, err = run(*words)
    assert code == 2
    assert "did not opt in" in json.loads(err)["error"]
    assert "nobody" not in err
    assert not (workspace.root / "academy").exists()


def test_the_trial_from_protocol_to_estimate(run, tmp_path):
    code, made, _ = run("trial")
    assert (code, made["schema"]) == (0, "nof1/academy-protocol/1")
    text = run("trial", "--fall", "0.3", as_json=False)[1]
    narrow(text)
    assert "not proven" in text
    assert "falling by 30, 5, 0" in " ".join(text.split())
    path = tmp_path / "answers.jsonl"
    code, told, _ = run("trial", "--example", str(path))
    assert (code, told["answers"]) == (0, len(path.read_text().splitlines()))
    code, made, _ = run("trial", "--answers", str(path))
    assert (code, made["schema"]) == (0, "nof1/academy-trial/1")
    assert made["over_reliance"][0]["estimate"]["high"] < 0
    text = run("trial", "--answers", str(path), as_json=False)[1]
    narrow(text)
    assert "primary: the first line" in text


def test_an_export_becomes_lines_of_the_trial(run, store, tmp_path):
    take(store, "local:anna-canary")
    out = tmp_path / "mine.json"
    assert run("export", "anna-canary", "--out", str(out))[0] == 0
    code, _, err = run("trial", "--export", str(out))
    assert code == 2
    assert "person's number" in err
    words = ("trial", "--export", str(out), "--person", "p7", "--arm", "simulator")
    code, text, _ = run(*words, as_json=False)
    rows = [json.loads(line) for line in text.splitlines()]
    assert (code, len(rows)) == (0, 48)
    assert {(one["person"], one["arm"], one["occasion"]) for one in rows} == {
        ("p7", "simulator", "pre")}  # fmt: skip
    assert "canary" not in text


@pytest.mark.parametrize("option", ["--answers", "--export"])
@pytest.mark.parametrize("content", [None, b"\xff\x00", b"{]", b'{"a": 1}'])
def test_a_file_that_is_none_is_refused(run, tmp_path, option, content):
    path = tmp_path / "bad"
    if content is not None:
        path.write_bytes(content)
    code, _, err = run("trial", option, str(path), "--person", "p", "--arm", "waiting")
    assert code == 2
    assert json.loads(err)["error"]
    assert "inside nof1" not in err


def test_simulate_tells_and_its_exit_code_says_whether_the_aims_are_met(run):
    code, made, _ = run("simulate", "--seeds", "60")
    assert made["schema"] == "nof1/academy-simulate/1"
    assert code == (0 if made["aims"]["met"] else 1)
    assert set(made["told_apart"]) == {"always-follow", "never-follow", "explanation-follower",
                                       "calibrated", "fatigued"}  # fmt: skip
    text = run("simulate", "--seeds", "20", as_json=False)[1]
    narrow(text)
    assert "says nothing about people" in text


def test_simulate_takes_the_forms_of_the_bank_when_asked(run, workspace):
    code, _, err = run("simulate", "--bank")
    assert code == 2
    assert "no bank" in err
    banks.write(workspace.root / banks.PLACE, CASES)
    assert run("simulate", "--bank", "--seeds", "20")[1]["cases"] == 48
