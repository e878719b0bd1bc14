"""One small synthetic hospital, imported and learned from once, for all tests that need one."""

import gc
import os
import random
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

import network_guard
import work_sharing
from nof1.core import artefacts
from nof1.core.workspace import Workspace, create
from nof1.predict.train import TrainResult, train_task
from nof1.record.ingest import ingest
from nof1.synthetic.hospital import Written, write
from nof1.synthetic.radiology import Imaging

PATIENTS = 1500
BROWSER_MS = 180_000
# No test is timed: on a busy machine a deadline fails for nothing. Drawn examples are the same in
# each run; ``pytest --hypothesis-profile explore`` looks for others.
untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nof1", untimed, derandomize=True)
settings.register_profile("explore", untimed, derandomize=False)
settings.load_profile("nof1")
network_guard.install()


@pytest.fixture(autouse=True)
def _no_network():
    """No test, and nothing that it calls, reaches for another machine (see network_guard)."""
    network_guard.TRIED.clear()
    yield
    assert not network_guard.TRIED, f"reached for another machine: {network_guard.TRIED}"


@dataclass(frozen=True)
class SmallHospital:
    """A workspace with the records of a small synthetic hospital, and the files they came from."""

    workspace: Workspace
    written: Written

    @property
    def task(self) -> Path:
        return self.written.tasks["heart_attack"]


@pytest.fixture(scope="session")
def small_hospital(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hospital")
    written = write(folder / "files", seed=3, patients=PATIENTS, imaging=Imaging.none())
    workspace = create(folder / "ws", shards=2, synthetic=True)
    for number, (site, source) in enumerate(written.sites.items()):
        settings = {} if number else {"shards": 2}
        ingest(workspace.record, [source], site=site, settings=settings)
    yield SmallHospital(workspace, written)
    shelf = workspace.models
    models = {name: artefacts.versions(shelf, name) for name in artefacts.names(shelf)}
    assert list(models.values()) in ([], [[1]]), f"a test trained in the common workspace: {models}"


@pytest.fixture(scope="session")
def trained(small_hospital) -> TrainResult:
    return train_task(small_hospital.workspace, small_hospital.task)


@pytest.fixture
def own_workspace(small_hospital, tmp_path) -> Workspace:
    """The record of the small hospital in a workspace without models, for a test that trains."""
    workspace = create(tmp_path / "own", shards=2, synthetic=True)
    workspace.record.symlink_to(small_hospital.workspace.record)
    return workspace


@pytest.fixture(scope="module")
def chromium():
    """Headless Chromium; skips by name where there is none.

    Not for the session: Playwright leaves its event loop running in this thread, and tests of
    other modules start their own.
    """
    api = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("needs Chromium: apt install chromium")
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # its sandbox refuses root
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox"] if root else [], timeout=BROWSER_MS
        )
        api.expect.set_options(timeout=BROWSER_MS)
        for name in ("new_context", "new_page"):
            setattr(browser, name, _patient(getattr(browser, name)))
        yield browser
        browser.close()


def _patient(make):
    """Pages wait longer than Playwright's half minute: the machine of the tests may be busy."""

    def made(**how):
        found = make(**how)
        found.set_default_timeout(BROWSER_MS)
        return found

    return made


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Processes that share the tests take them by groups (see work_sharing)."""
    if config.option.dist == "loadfile":
        return work_sharing.Sharing(config, log)
    return None


def pytest_collection_modifyitems(items):
    """Files that share what is expensive stand together."""
    items.sort(key=lambda item: work_sharing.turn(item.nodeid.partition("::")[0]))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """The random numbers that are one for the process begin anew: no result hangs on what ran
    before. (Threads that share them still do; code that draws has a generator of its own.)"""
    random.seed(0)
    np.random.seed(0)
    generator = getattr(sys.modules.get("torch"), "default_generator", None)
    if generator is not None:
        generator.manual_seed(0)


def pytest_collection_finish():
    """Modules and tests are there to the end: no garbage collection need look at them again."""
    gc.collect()
    gc.freeze()
