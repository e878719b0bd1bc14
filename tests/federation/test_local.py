import threading

import numpy as np
import pytest

from nof1.core.errors import InputError, ModelError, UsageError
from nof1.federation import local
from nof1.federation.local import run
from nof1.learn.glassbox import GlassBoxClassifier

NAMES = ("north", "south", "west")


def test_fewer_than_three_sites_are_refused():
    with pytest.raises(UsageError, match="2 sites"):
        run({"a": lambda link: None, "b": lambda link: None})


def test_the_first_error_is_raised_and_nobody_waits():
    def broken(link):
        link.open()(np.ones(2))
        raise ValueError("south fails")

    def fine(link):
        total = link.open()
        return [total(np.ones(2)) for _ in range(2)]

    with pytest.raises(ValueError, match="south fails"):
        run({"north": fine, "south": broken, "west": fine})


def test_an_error_before_the_meeting_is_raised_too(monkeypatch):
    from nof1.federation import masks

    monkeypatch.setattr(masks.Masker, "hello", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run({name: lambda link: link.open() for name in NAMES})


def test_a_glass_box_under_masks_is_the_pooled_one():
    rng = np.random.default_rng(7)
    x = rng.normal(size=(900, 3))
    y = (rng.random(900) < 1 / (1 + np.exp(-x[:, 0] - x[:, 1] * x[:, 2]))).astype(int)
    settings = {"n_bags": 2, "max_pairs": 2, "max_cycles": 20}
    pooled = GlassBoxClassifier(**settings).fit(x, y)
    parts = dict(zip(NAMES, np.split(np.arange(900), [500, 800]), strict=True))

    def site(rows):
        return lambda link: GlassBoxClassifier(**settings).fit(
            x[rows], y[rows], secure_sum=link.open()
        )

    got = run({name: site(rows) for name, rows in parts.items()})
    for one in got.values():
        np.testing.assert_allclose(one.decision_function(x), pooled.decision_function(x), atol=1e-6)
        assert [t.name for t in one.shapes_.terms] == [t.name for t in pooled.shapes_.terms]


def test_each_job_has_its_own_keys_and_all_sites_see_all_messages():
    def site(link):
        return link.exchange(link.site.encode())

    got = run({name: site for name in NAMES})
    assert got["west"] == {name: name.encode() for name in NAMES}


def test_sites_that_agreed_on_different_things_do_not_add_up():
    def site(link):
        return link.open(b"other" if link.site == "west" else b"same")

    with pytest.raises(InputError, match="another job"):
        run({name: site for name in NAMES})


def test_a_run_that_is_stopped_releases_the_sites(monkeypatch):
    """Ctrl-C comes to the main thread alone; the sites once waited for each other to the end."""
    began, ends = threading.Event(), []

    def stopped(jobs):
        began.wait(10)
        raise KeyboardInterrupt

    def waits(link):
        began.set()
        try:
            link.exchange(b"")
        except ModelError as error:
            ends.append(error.message)

    monkeypatch.setattr(local, "wait", stopped)
    late = threading.Event()
    sites = {"north": waits, "south": waits, "west": lambda link: late.wait(10)}
    threading.Timer(2, late.set).start()
    with pytest.raises(KeyboardInterrupt):
        run(sites, patience=60)
    assert ends == ["The run was stopped."] * 2
