"""The whole way on a few cases: in this process, through the service's bytes, and the report."""

from datetime import UTC, datetime

from bench.__main__ import races
from bench.orders import inside, report, run
from bench.orders.answers import Answer, Said
from bench.orders.score import judge
from bench.orders.tables import cases

AT = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
FEW = [one for one in cases() if one.row in ("triptans_maoi", "simvastatin_other")][:4]


def test_the_service_answers_as_the_checks_do():
    with inside.service() as through:
        for case in FEW:
            direct, served = inside.ask(case, AT), through(case, AT)
            assert direct.error is None
            assert served.error is None
            assert [one[::2] for one in direct.alerts] == [one[::2] for one in served.alerts]


def test_a_crash_is_an_answer_too(monkeypatch):
    monkeypatch.setattr(inside, "check", lambda *args, **more: 1 / 0)
    assert inside.ask(FEW[0], AT).error == "ZeroDivisionError: division by zero"


def test_every_case_is_judged_and_every_miss_is_written(tmp_path):
    outcomes = run(FEW, lambda case, at: Answer((Said(3, "weak", "interactions"),)), AT)
    target = report.write(outcomes, tmp_path / "new")
    lines = target.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + len(FEW)
    assert lines[1].split("\t")[:3] == [FEW[0].id, "miss", "interrupt"]
    text = report.text(outcomes)
    assert "4 simulated orders, 0 of them harmless" in text
    assert "0.0 % (0.0 to 49.0; 0 of 4)" in text


def test_right_answers_leave_an_empty_table(tmp_path):
    outcomes = [judge(one, Answer((Said(1, "stop", "interactions"),))) for one in FEW]
    assert len(report.write(outcomes, tmp_path).read_text(encoding="utf-8").splitlines()) == 1


def test_the_race_is_listed():
    assert "orders" in races()
