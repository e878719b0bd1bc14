"""Three synthetic hospitals with a record each, and one record of all their patients."""

from dataclasses import dataclass

import pytest

from nof1.core.workspace import Workspace, create
from nof1.federation import local
from nof1.federation.algorithms import Asked, algorithm
from nof1.federation.job import train
from nof1.federation.policy import Policy
from nof1.record.ingest import ingest
from nof1.synthetic.hospital import Hospital
from nof1.synthetic.radiology import Imaging


@dataclass(frozen=True)
class Hospitals:
    """Workspaces of single sites by name, the one of all of them, and a small task."""

    sites: dict[str, Workspace]
    together: Workspace
    task: str


@pytest.fixture(scope="session")
def hospitals(tmp_path_factory) -> Hospitals:
    folder = tmp_path_factory.mktemp("hospitals")
    plan = Hospital(seed=5, patients=900, sites=3, imaging=Imaging.none())
    written = plan.write(folder / "files")
    together = create(folder / "all", shards=1, synthetic=True)
    sites = {}
    for site, source in written.sites.items():
        own = create(folder / site, shards=1, synthetic=True)
        ingest(own.record, [source], site=site, settings={"shards": 1})
        ingest(together.record, [source], site=site, settings={})
        sites[site.lower().replace("_", "-")] = own
    return Hospitals(sites, together, smaller(written.tasks["heart_attack"].read_text()))


OPEN = Policy({}, {}, frozenset(), least_patients=20, least_events=5)


@pytest.fixture(scope="session")
def trained(hospitals):
    """One glass box of the three hospitals, stored in each workspace; what each site made."""
    sites = {
        name: lambda link, one=one: train(link, one, hospitals.task, OPEN)
        for name, one in hospitals.sites.items()
    }
    return local.run(sites, patience=300)


@pytest.fixture
def fresh(hospitals, tmp_path) -> dict[str, Workspace]:
    """The same three records in workspaces that have answered nothing yet."""
    made = {}
    for name, one in hospitals.sites.items():
        made[name] = create(tmp_path / name, shards=1, synthetic=True)
        made[name].record.symlink_to(one.record)
        made[name].models.symlink_to(one.models)
    return made


@pytest.fixture(scope="session")
def asked():
    """Run an algorithm at several workspaces; the results by site."""

    def run(name, workspaces, text, policy=OPEN, job="job-1"):
        entry = algorithm(name)

        def site(one):
            return lambda link: entry.run(Asked(link, one, text, policy, "all", None))

        return local.run({k: site(one) for k, one in workspaces.items()}, job=job, patience=300)

    return run


def smaller(text: str) -> str:
    """The task with fewer features and folds: a federation of seconds."""
    text = text.replace("windows: [30d, 365d, full]", "windows: [full]")
    text = text.replace("[count, value_last, value_min, value_max]", "[count, value_last]")
    text = text.replace("min_patients: 30", "min_patients: 200").replace("folds: 5", "folds: 2")
    return text
