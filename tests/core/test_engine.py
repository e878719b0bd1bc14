"""One map over many shards: in this process, in local processes, on Dask."""

import os
import signal
import threading
from functools import partial

import pytest

from nof1.core import engine as engines
from nof1.core.engine import DaskEngine, EngineError, LocalEngine, engine_from
from nof1.core.errors import InputError, MissingExtra, UsageError


def square(number):
    return number * number


def process_and_threads(_):
    return os.getpid(), {name: os.environ.get(name) for name in engines.THREADS}


def fail_on(bad, number):
    if number == bad:
        raise ValueError("canary-7f3a")
    return number


def refuse(_):
    raise InputError("column time is missing", where="column time")


def die(number):
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.fixture(scope="module")
def dask_address():
    """A real Dask cluster: one scheduler and one worker process on this machine."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(params=["local", "local:2", "dask"])
def engine(request):
    if request.param == "dask":
        return engine_from(f"dask:{request.getfixturevalue('dask_address')}")
    return engine_from(request.param)


def test_results_come_in_the_order_of_the_items(engine):
    assert engine.map(square, range(7)) == [0, 1, 4, 9, 16, 25, 36]


def test_nothing_to_do(engine):
    assert engine.map(square, []) == []


def test_an_error_names_the_shard_and_keeps_values_to_itself(engine):
    with pytest.raises(EngineError) as caught:
        engine.map(partial(fail_on, 2), [1, 2], names=["a.parquet", "b.parquet"])
    assert caught.value.where == "b.parquet"
    assert "ValueError in test_engine.py" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_refusal_keeps_its_words_and_gains_the_shard(engine):
    with pytest.raises(InputError) as caught:
        engine.map(refuse, [1, 2], names=["a.parquet", "b.parquet"])
    assert caught.value.where == "a.parquet, column time"
    assert caught.value.message == "column time is missing"


def test_names_must_fit_the_items(engine):
    with pytest.raises(UsageError, match="2 names for 3 items"):
        engine.map(square, [1, 2, 3], names=["a", "b"])


def test_a_killed_worker_is_a_clear_error():
    with pytest.raises(EngineError, match="worker was lost") as caught:
        LocalEngine(2).map(die, [1, 2, 3, 4])
    assert "memory" in caught.value.next_step


def test_a_function_that_cannot_travel_is_a_clear_error():
    with pytest.raises(EngineError, match="could not be sent"):
        LocalEngine(2).map(lambda number: number, [1, 2])


def test_workers_are_other_processes_with_one_thread_a_library():
    found = LocalEngine(2).map(process_and_threads, range(4))
    assert os.getpid() not in {process for process, _ in found}
    assert all(set(threads.values()) == {"1"} for _, threads in found)


def test_one_worker_is_this_process_and_leaves_its_settings_alone(monkeypatch):
    monkeypatch.setenv("POLARS_MAX_THREADS", "7")
    [(process, threads)] = LocalEngine().map(process_and_threads, [0])
    assert process == os.getpid()
    assert threads["POLARS_MAX_THREADS"] == "7"


def test_no_thread_or_process_stays_behind():
    before = threading.active_count()
    LocalEngine(2).map(square, range(4))
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("local", LocalEngine(1)),
        (" local:3 ", LocalEngine(3)),
        ("dask:tcp://127.0.0.1:8786", DaskEngine("tcp://127.0.0.1:8786")),
        ("dask:tcp://[::1]:8786", DaskEngine("tcp://[::1]:8786")),
        ("dask:tcp://localhost:8786", DaskEngine("tcp://localhost:8786")),
        ("dask:tls://hpc.example.org:8786", DaskEngine("tls://hpc.example.org:8786")),
    ],
)
def test_engines_from_text(text, expected):
    assert engine_from(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lokal",
        "local:",
        "local:0",
        "local:-1",
        "local:x",
        "dask",
        "dask:",
        "spark:x",
        "dask:127.0.0.1:8786",
        "\n    dask:ucx://127.0.0.1:1",
        "dask:tcp://",
        "dask:tcp://127.0.0.1",
        "dask:tcp://127.0.0.1:bad",
    ],
)
def test_other_texts_are_refused(text):
    with pytest.raises(UsageError):
        engine_from(text)


@pytest.mark.parametrize(
    "host", ["10.0.0.5", "hpc.example.org", "127.0.0.1.example.org", "0.0.0.0"]
)
def test_plain_tcp_to_another_machine_is_refused(host):
    with pytest.raises(UsageError, match="not encrypted") as caught:
        engine_from(f"dask:tcp://{host}:8786")
    assert "tls://" in caught.value.next_step


def test_a_scheduler_that_does_not_answer():
    pytest.importorskip("distributed")
    with pytest.raises(EngineError, match="did not answer"):
        DaskEngine("tcp://127.0.0.1:9", timeout_seconds=0.5).map(square, [1])


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [({}, EngineError, "no certificates"), ({"ca_file": "none.pem"}, UsageError, "tls_ca_file")],
)
def test_tls_without_certificates(settings, error, message):
    pytest.importorskip("distributed")
    with pytest.raises(error, match=message):
        DaskEngine("tls://127.0.0.1:9", timeout_seconds=0.5, **settings).map(square, [1])


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(MissingExtra) as caught:
        DaskEngine("tcp://127.0.0.1:8786").map(square, [1])
    assert "nof1[scale]" in caught.value.next_step
