"""Three synthetic hospitals with a record each, and one record of all their patients."""

from dataclasses import dataclass

import pytest

from nof1.core.workspace import Workspace, create
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


def smaller(text: str) -> str:
    """The task with fewer features and folds: a federation of seconds."""
    text = text.replace("windows: [30d, 365d, full]", "windows: [full]")
    text = text.replace("[count, value_last, value_min, value_max]", "[count, value_last]")
    text = text.replace("min_patients: 30", "min_patients: 200").replace("folds: 5", "folds: 2")
    return text
