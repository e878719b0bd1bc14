"""A workspace with one small, clean model, and copies of it with something planted."""

import json
from dataclasses import dataclass

import pytest

from nof1.core import artefacts
from nof1.core.workspace import Workspace, create
from nof1.federation.egress import norows, smallcells
from nof1.federation.egress.facts import facts
from nof1.federation.egress.subject import load
from nof1.predict.train import train_task
from nof1.record.ingest import ingest
from nof1.record.store import Record
from nof1.synthetic.hospital import Hospital
from nof1.synthetic.radiology import Imaging

NOTES = ("card.json", "card.md")
FEW = "[LOINC//8480-6, LOINC//13457-7, SNOMED//38341003]"


@dataclass(frozen=True)
class Desk:
    """A workspace whose models are about to leave: ``name``, and ``few`` with few features."""

    workspace: Workspace
    name: str
    few: str

    def subject(self, version=1):
        return load(self.workspace, self.name, version)

    def facts(self):
        return facts(Record(self.workspace.record))

    def planted(self, **changes):
        """A further version of the model, with other files: name without dots -> bytes."""
        first = artefacts.load(self.workspace.models, self.name, 1)
        files = {**first.files, **{name.replace("__", "."): raw for name, raw in changes.items()}}
        own = {name: raw for name, raw in files.items() if name not in NOTES}
        notes = {name: raw for name, raw in files.items() if name in NOTES}
        made = artefacts.save(self.workspace.models, self.name, own, notes)
        return load(self.workspace, self.name, made.version)

    def json(self, file):
        return json.loads(artefacts.load(self.workspace.models, self.name, 1).files[file])

    def no_row(self, subject):
        return norows.check(subject, self.facts(), 10)

    def small_cells(self, subject):
        return smallcells.check(subject, self.facts(), 10)


@pytest.fixture(scope="session")
def desk(tmp_path_factory) -> Desk:
    folder = tmp_path_factory.mktemp("egress")
    written = Hospital(seed=5, patients=750, sites=1, imaging=Imaging.none()).write(
        folder / "files"
    )
    workspace = create(folder / "ws", shards=1, synthetic=True)
    for site, source in written.sites.items():
        ingest(workspace.record, [source], site=site, settings={"shards": 1})
    text = written.tasks["heart_attack"].read_text()
    text = text.replace("windows: [30d, 365d, full]", "windows: [full]")
    text = text.replace("[count, value_last, value_min, value_max]", "[count, value_last]")
    text = text.replace("min_patients: 30", "min_patients: 100")
    text = text.replace("ablation: quick", "ablation: false")
    path = folder / "task.yaml"
    path.write_text(text)
    made = train_task(workspace, path)
    few = text.replace("name: heart-attack-after-antiplatelet", "name: few")
    few = few.replace("features:\n", f"features:\n  only: {FEW}\n")
    path.write_text(few)
    return Desk(workspace, made.artefact.name, train_task(workspace, path).artefact.name)
