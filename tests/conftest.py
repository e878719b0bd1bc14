"""One small synthetic hospital, imported and learned from once, for all tests that need one."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

import network_guard
from nof1.core.workspace import Workspace, create
from nof1.predict.train import TrainResult, train_task
from nof1.record.ingest import ingest
from nof1.synthetic.hospital import Written, write
from nof1.synthetic.radiology import Imaging

PATIENTS = 1500
# No test is timed: on a busy machine a deadline fails for nothing.
settings.register_profile("nof1", deadline=None)
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
def small_hospital(tmp_path_factory) -> SmallHospital:
    folder = tmp_path_factory.mktemp("hospital")
    written = write(folder / "files", seed=3, patients=PATIENTS, imaging=Imaging.none())
    workspace = create(folder / "ws", shards=2, synthetic=True)
    for number, (site, source) in enumerate(written.sites.items()):
        settings = {} if number else {"shards": 2}
        ingest(workspace.record, [source], site=site, settings=settings)
    return SmallHospital(workspace, written)


@pytest.fixture(scope="session")
def trained(small_hospital) -> TrainResult:
    return train_task(small_hospital.workspace, small_hospital.task)


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
            executable_path=path, args=["--no-sandbox"] if root else []
        )
        yield browser
        browser.close()
