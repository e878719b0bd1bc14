"""A teaching workspace: the small synthetic hospital with a model that may speak, and its truth."""

from dataclasses import replace
from pathlib import Path
from shutil import copytree

from nof1.core.artefacts import save
from nof1.core.workspace import Workspace, create


def teaching_workspace(folder: Path, small_hospital, trained) -> Workspace:
    """The record of the small hospital, its model whatever the gate said of so few people, and
    the truth where ``nof1.academy.truth`` looks for it."""
    workspace = create(folder / "ws", shards=2, synthetic=True)
    workspace.record.symlink_to(small_hospital.workspace.record)
    model = replace(trained.model, withheld=(), silent_groups={})
    save(workspace.models, model.name, model.files())
    copytree(small_hospital.written.truth, workspace.root / "academy" / "truth")
    return workspace
