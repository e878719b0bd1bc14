"""``nof1 governance`` as people and programs meet it."""

import json
from dataclasses import replace

import pytest

pytest.importorskip("sqlalchemy")

from governance_samples import BY, PAIR, WHY
from hook_samples import cards, service, sign
from nof1.advice.governance import decisions
from nof1.advice.governance.state import Governance
from nof1.advice.ledger.store import open_ledger
from nof1.advice.orders.tiers import rules
from nof1.cli import main
from nof1.core import audit
from nof1.core.artefacts import save

SIGNED = ("--by", BY, "--why", WHY)
NEWER = "models/heart-attack-after-antiplatelet"


def run(capsys, workspace, *arguments):
    with pytest.raises(SystemExit) as stop:
        main(["governance", *map(str, arguments), "--workspace", str(workspace.root)])
    out, err = capsys.readouterr()
    assert all(len(line) <= 80 for line in out.splitlines() if not line.startswith("{")), out
    return stop.value.code, out, err


def data(capsys, workspace, *arguments):
    code, out, err = run(capsys, workspace, *arguments, "--json")
    assert not err or not out
    return code, json.loads(out or err)


@pytest.fixture
def workspace(tmp_path):
    return service(tmp_path).room.workspace


@pytest.fixture
def asked(workspace, tmp_path):
    """A ledger of 30 requests about the pair, by five people, each overridden."""
    from hook_samples import AT, asked, draft, raw
    from nof1.advice.hooks.room import Room
    from nof1.advice.hooks.service import Service

    with open_ledger(workspace.audit) as ledger:
        serve = replace(Service(Room(workspace), ledger, lambda: AT))
        for number in range(30):
            request = asked("order-sign", [draft("simvastatin"), draft("clarithromycin")])
            request["hookInstance"] = f"d1577c69-dfbe-44ad-ba6d-3e05e953b{number:03x}"
            request["context"]["userId"] = f"Practitioner/{number % 5}"
            first = cards(serve.call("nof1-order-sign", raw(request)))[0]
            told = {
                "card": first["uuid"],
                "outcome": "overridden",
                "outcomeTimestamp": "2024-05-01T12:00:05Z",
                "overrideReason": {"reason": {"code": "risk-benefit-ratio", "system": "http://x"}},
            }
            reply = serve.feedback("nof1-order-sign", raw({"feedback": [told]}))
            assert reply.status == 200
    return workspace


def test_a_new_workspace_has_all_rules_on(capsys, workspace):
    code, out, _ = run(capsys, workspace)
    assert code == 0
    assert f"{len(rules())} rules: {len(rules())} on, 0 in shadow, 0 off" in out
    assert "no ledger yet" in out
    code, found = data(capsys, workspace)
    assert found["schema"] == "nof1/governance/1"
    assert len(found["rules"]) == len(rules())


def test_all_rules_can_be_listed(capsys, workspace):
    _, out, _ = run(capsys, workspace, "--all")
    assert all(row.id in out for row in rules().values())


def test_a_rule_is_set_with_who_and_why_and_can_be_looked_up(capsys, workspace):
    code, out, _ = run(capsys, workspace, "set", "renal/avoid", "shadow", *SIGNED)
    assert code == 0
    assert "runs in shadow" in out
    _, out, _ = run(capsys, workspace)
    assert "1 in shadow" in out
    _, out, _ = run(capsys, workspace, "history")
    assert f"renal/avoid: switch shadow, by {BY}. {WHY}" in " ".join(out.split())
    assert [one["action"] for one in audit.entries(workspace.audit)] == ["governance"]


@pytest.mark.parametrize("missing", ["--by", "--why"])
def test_nothing_is_set_without_who_and_why(capsys, workspace, missing):
    given = SIGNED[2:] if missing == "--by" else SIGNED[:2]
    code, _, err = run(capsys, workspace, "set", "renal/avoid", "off", *given)
    assert code == 2
    assert missing in err
    assert not decisions.path(workspace).exists()


def test_a_rule_that_interrupts_asks_for_confirmation_and_warns(capsys, workspace):
    code, _, err = run(capsys, workspace, "set", "interactions/tier 1", "off", *SIGNED)
    assert code == 2
    assert "--confirm" in err
    code, out, _ = run(capsys, workspace, "set", PAIR, "off", *SIGNED, "--confirm")
    assert code == 0
    assert "WARNING" in out


def test_the_service_follows_the_command(capsys, workspace, tmp_path):
    run(capsys, workspace, "set", PAIR, "off", *SIGNED, "--confirm")
    from nof1.advice.hooks.room import Room
    from nof1.advice.hooks.service import Service

    reply = Service(Room(workspace), longest_s=300.0).call(
        "nof1-order-sign", sign("simvastatin", "clarithromycin")
    )
    assert f"switched off by {BY}" in reply.body.decode()


def test_a_file_that_is_not_followed_is_told_and_can_be_signed_off(capsys, workspace):
    run(capsys, workspace, "set", "renal/avoid", "off", *SIGNED)
    old = decisions.path(workspace).read_bytes()
    run(capsys, workspace, "set", "renal/avoid", "on", *SIGNED)
    decisions.path(workspace).write_bytes(old)
    code, out, _ = run(capsys, workspace)
    assert code == 1
    assert "NOT FOLLOWED" in out
    code, _, err = run(capsys, workspace, "set", "renal/avoid", "on", *SIGNED)
    assert code == 2
    assert "adopt" in err
    assert run(capsys, workspace, "adopt", *SIGNED)[0] == 0
    assert run(capsys, workspace)[0] == 0
    assert Governance(workspace).state().of("renal/avoid") == "off"


def test_acceptance_has_counts_intervals_and_reasons(capsys, asked):
    code, out, _ = run(capsys, asked, "acceptance", PAIR)
    assert code == 0
    assert "0/30 0% (0-8)" in out
    assert "risk-benefit-ratio" in out
    code, found = data(capsys, asked, "acceptance", "--months")
    (row,) = [one for one in found["rules"] if one["rule"] == PAIR]
    assert (row["shown"], row["overridden"], row["people"]) == (30, 30, 5)
    assert list(found["months"]) == ["2024-05"]
    _, out, _ = run(capsys, asked, "acceptance", "--months")
    assert out.startswith("2024-05")


def test_without_a_ledger_nothing_is_known_of_cards(capsys, workspace):
    for command in ("acceptance", "proposals"):
        code, _, err = run(capsys, workspace, command)
        assert code == 2
        assert "no ledger yet" in err


def test_a_rule_that_interrupts_is_proposed_for_review_and_stays(capsys, asked):
    _, found = data(capsys, asked, "proposals")
    assert found["proposals"] == []
    _, found = data(capsys, asked, "proposals", "--answers", 20, "--below", 0.2)
    (one,) = found["proposals"]
    assert one["id"] == f"review/{PAIR}"
    bounds = ("--answers", 20, "--below", 0.2)
    code, out, _ = run(capsys, asked, "decide", one["id"], "--accept", *SIGNED, *bounds)
    assert code == 0
    assert "goes on as before" in out
    assert Governance(asked).state().plain
    _, out, _ = run(capsys, asked, "proposals", *bounds)
    assert "No proposal is open" in out


def test_an_unknown_proposal_is_refused(capsys, asked):
    code, _, err = run(capsys, asked, "decide", "demote/x", "--reject", *SIGNED)
    assert code == 2
    assert "no such proposal" in err


def test_the_burden_is_forecast_from_past_requests(capsys, asked):
    run(capsys, asked, "set", PAIR, "off", *SIGNED, "--confirm")
    code, out, _ = run(capsys, asked, "burden", PAIR, "--most", 5)
    assert code == 0
    assert "10 orders of 1 patients, from the ledger's past requests" in " ".join(out.split())
    assert "50.0" in out
    _, found = data(capsys, asked, "burden", "--most", 5)
    assert found["rule"] == "all"
    assert found["per_100_orders"]["1"]["count"] < 5 + found["per_100_orders"]["2"]["count"]


def test_without_anything_there_is_no_forecast(capsys, workspace):
    code, _, err = run(capsys, workspace, "burden", "renal/avoid")
    assert code == 2
    assert "neither a past request nor a record" in err


def test_source_attributes_of_a_rule_and_of_all(capsys, workspace, tmp_path):
    code, out, _ = run(capsys, workspace, "attributes", "renal/avoid")
    assert code == 0
    assert "NOT AVAILABLE" in out
    assert "0 blank" in out
    page = tmp_path / "page.html"
    code, found = data(capsys, workspace, "attributes", "--page", page)
    assert code == 0
    assert len(found["subjects"]) == len(rules())
    assert "renal/avoid" in page.read_text()
    _, out, _ = run(capsys, workspace, "attributes")
    assert "renal/avoid" in out


def test_the_overview_as_a_page(capsys, asked, tmp_path):
    page = tmp_path / "page.html"
    assert run(capsys, asked, "--page", page)[0] == 0
    text = page.read_text()
    assert "0 of 30: 0 % (0 to 8)" in text
    assert PAIR in text


def test_drift_is_looked_at_kept_and_said(capsys, small_hospital, trained, tmp_path):
    import shutil

    workspace = service(tmp_path).room.workspace
    shutil.copytree(small_hospital.workspace.record, workspace.record)
    save(workspace.models, trained.model.name, trained.model.files())
    code, out, _ = run(capsys, workspace, "drift")
    assert code == 1
    assert "not checked" in out
    code, out, _ = run(capsys, workspace, "drift", NEWER, "--since", "2015-01-01")
    assert code == 0
    assert "steady" in out
    _, out, _ = run(capsys, workspace)
    assert "had not drifted" in " ".join(out.split())


def test_options_before_a_command_are_refused_and_not_ignored(capsys, workspace):
    with pytest.raises(SystemExit) as stop:
        main(["governance", "--workspace", str(workspace.root), "history"])
    assert stop.value.code == 2
    assert "behind the command" in capsys.readouterr().err


def test_an_unknown_rule_is_refused_with_names_like_it(capsys, workspace):
    code, _, err = run(capsys, workspace, "set", "renal/avoidd", "off", *SIGNED)
    assert code == 2
    assert "renal/avoid" in err
