"""The academy's pages with a bank of cases made by hand: open, guarded, and at every step."""

import re
import shutil

import pytest

import site_samples as samples
from nof1.academy import bank as bank_module
from nof1.core.workspace import open_workspace
from sitting_samples import bank

CASES = {one.id: one for one in bank(60, 26)}


@pytest.fixture(scope="session")
def academy_workspace(small_hospital, trained, tmp_path_factory):
    """A copy of the small hospital's workspace with a bank of 60 cases, 26 of them faulty."""
    folder = tmp_path_factory.mktemp("academy-site") / "ws"
    shutil.copytree(small_hospital.workspace.root, folder)
    path = folder / bank_module.PLACE
    path.parent.mkdir(mode=0o700, exist_ok=True)
    bank_module.write(path, list(CASES.values()))
    return open_workspace(folder)


@pytest.fixture(scope="session")
def academy_app(academy_workspace):
    """The open server's application."""
    return samples.open_server(academy_workspace)


@pytest.fixture
def reader(academy_app):
    """A browser of its own before the open server: nobody knows it yet."""
    with samples.client(academy_app) as made:
        yield made


@pytest.fixture(scope="session")
def academy_guarded(academy_workspace):
    """The same pages behind sign-in."""
    return samples.guarded(academy_workspace)


def step(browser, what, **fields):
    """Send the form of a step of the current case."""
    return samples.send(browser, f"/academy/case/{what}", fields, page="/academy/case")


def current(browser):
    """The case that is being answered."""
    found = re.search(r'name="case" value="([^"]+)"', browser.get("/academy/case").text)
    return CASES[found[1]]


def begin(browser, kind="practice"):
    """Begin a sitting; the first case."""
    assert step(browser, "begin", kind=kind).status_code == 303
    return current(browser)


def answer(browser, *, own="yes", follow=True, checks=(), lesson=""):
    """One case from its question to the next one."""
    case = current(browser)
    assert step(browser, "own", case=case.id, act=own, chance="30").status_code == 303
    for check in checks:
        assert step(browser, "check", case=case.id, check=check).status_code == 303
    act = case.advised if follow else not case.advised
    fields = {"act": "yes" if act else "no", "move": "accept" if follow else "reject"}
    assert step(browser, "final", case=case.id, chance="25", **fields).status_code == 303
    return step(browser, "learn", case=case.id, lesson=lesson)
