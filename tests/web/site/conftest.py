"""Pages of a small synthetic hospital: for a browser without scripts, and for a real one."""

import shutil

import pytest

import site_samples as samples
from nof1.core.workspace import open_workspace


@pytest.fixture(scope="session")
def site_workspace(small_hospital, trained, tmp_path_factory):
    """A copy of the small hospital's workspace with its trained model: tests may write into it."""
    folder = tmp_path_factory.mktemp("site") / "ws"
    shutil.copytree(small_hospital.workspace.root, folder)
    return open_workspace(folder)


@pytest.fixture(scope="session")
def site_app(site_workspace):
    """The open server's application."""
    return samples.open_server(site_workspace)


@pytest.fixture(scope="session")
def site(site_app):
    """A browser without scripts before the open server."""
    with samples.client(site_app) as made:
        yield made


@pytest.fixture(scope="session")
def guarded(site_workspace):
    """The same pages behind sign-in: ``guarded.browser("clinician", patients=["p1"])``."""
    return samples.guarded(site_workspace)


@pytest.fixture(scope="session")
def places(site_workspace, trained):
    """What stands in the addresses: the name of the model, a patient of its cohort."""
    from nof1.record.store import Record

    record = Record(site_workspace.record)
    subject = trained.cohort.frame["subject_id"][0]
    row = record.subjects().filter(subject_id=subject).row(0, named=True)
    return {"patient": row["patient"], "site": row["site"], "model": trained.artefact.name}


@pytest.fixture(scope="session")
def base(site_app):
    """The open server on a real port."""
    with samples.served(site_app) as found:
        yield found


@pytest.fixture
def walk(chromium, base):
    """``walk(path, width=1280, dark=False, script=True)`` opens a page in a real browser.

    At the end it fails for whatever a page said on its console, asked from elsewhere, or showed
    wider than its window.
    """
    opened = []

    def go(path, width=1280, dark=False, script=True):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light",
            java_script_enabled=script,
        )  # fmt: skip
        page = context.new_page()
        page.said, page.asked = [], []
        page.on("console", lambda one: page.said.append(one.text) if one.type != "log" else None)
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("request", lambda one: page.asked.append(one.url))
        page.answer = page.goto(base + path, wait_until="load")
        opened.append(page)
        return page

    yield go
    for page in opened:
        strange = [one for one in page.asked if not one.startswith((base, "data:"))]
        said = [one for one in page.said if "404 (Not Found)" not in one]
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        page.context.close()
        assert (strange, said) == ([], [])
        assert wide <= 0
