"""Counts in Prometheus' text format."""

from nof1.web.metrics import Metrics


def test_counts_and_times_by_service():
    made = Metrics()
    for seconds in (0.004, 0.02, 99.0):
        made.answered("nof1-order-sign", 200, seconds)
    made.answered("nof1-order-sign", 400, 0.004)
    made.refused("token")
    lines = made.text().splitlines()
    assert 'nof1_answers_total{service="nof1-order-sign",status="200"} 3' in lines
    assert 'nof1_answers_total{service="nof1-order-sign",status="400"} 1' in lines
    assert 'nof1_refused_total{why="token"} 1' in lines
    bucket = 'nof1_answer_seconds_bucket{service="nof1-order-sign",le="%s"} %d'
    assert [bucket % pair in lines for pair in (("0.005", 2), ("0.025", 3), ("2.5", 3))] == [
        True,
        True,
        True,
    ]
    assert bucket % ("+Inf", 4) in lines
    assert 'nof1_answer_seconds_count{service="nof1-order-sign"} 4' in lines
    assert made.text().endswith("\n")


def test_processes_of_one_address_add_up(tmp_path, monkeypatch):
    one, other = Metrics(tmp_path), Metrics(tmp_path)
    one.answered("nof1-order-sign", 200, 0.004)
    other.answered("nof1-order-sign", 200, 0.02)
    other.refused("token")
    monkeypatch.setattr("os.getpid", lambda: 1)
    other.share()
    monkeypatch.setattr("os.getpid", lambda: 2)
    lines = one.text().splitlines()
    assert 'nof1_answers_total{service="nof1-order-sign",status="200"} 2' in lines
    assert 'nof1_refused_total{why="token"} 1' in lines
    assert 'nof1_answer_seconds_count{service="nof1-order-sign"} 2' in lines
    assert not list(tmp_path.glob("*.new"))
