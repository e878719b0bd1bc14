"""A FLARE job without code: a folder for ``submit_job``, or a rehearsal in FLARE's simulator."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nof1.core.errors import ModelError
from nof1.core.extras import require
from nof1.federation.flare.engine import OUTCOME, Coordinator, Site

PACKAGE = "nof1"
CODE = "custom"  # the folder of a FLARE app that holds shipped code
# What a site adds to `class_allow_list` in its local/resources.json, beside FLARE's own entries.
ALLOWED = (
    "nof1.federation.flare.engine.Coordinator",
    "nof1.federation.flare.engine.Site",
    "nvflare.collab.runtime.controller.CollabController",
    "nvflare.collab.runtime.executor.CollabExecutor",
)


def recipe(manifest: bytes, name: str, sites: int, **settings: float) -> Any:
    """FLARE's recipe of a job that carries a signed manifest and no code.

    Parameters
    ----------
    sites : how many there are; the job needs all of them. settings : of ``Coordinator``.
    """
    base: Any = require("nvflare.collab.recipe", "flare").CollabRecipe

    class WithoutCode(base):  # type: ignore[misc]
        """The code is installed at the sites; none is put into the job."""

        @staticmethod
        def _user_source_entries(objs: object) -> list[tuple[str, str | None]]:
            return []

    made = WithoutCode(
        job_name=name,
        server=Coordinator(manifest.hex(), **settings),
        client=Site(),
        min_clients=sites,
    )
    made.finalize().set_app_packages([PACKAGE])  # installed at the sites: not to be copied
    return made


def export(manifest: bytes, name: str, sites: int, folder: Path, **settings: float) -> Path:
    """Write the job's folder, for FLARE's ``submit_job``.

    Raises
    ------
    ModelError : the job would carry code. Nothing of it should be submitted then.
    """
    with _quiet():
        recipe(manifest, name, sites, **settings).export(str(folder))
    if any(one.name == CODE for one in folder.rglob("*")):
        raise ModelError(
            "FLARE has put code into the job, and no code may travel.",
            where="federation",
            next_step="Report this with the version of nvflare.",
        )
    return folder / name


def simulate(
    manifest: bytes, name: str, sites: tuple[str, ...], folder: Path, **settings: float
) -> dict[str, Any]:
    """Run the job in FLARE's simulator on this machine; how it ended.

    Only classes of ``ALLOWED`` may run, as at a site that says so. The sites' workspaces are found
    by ``NOF1_SITE`` (``resident``).

    Raises
    ------
    ModelError : the simulator did not run the job to its end.
    """
    env: Any = require("nvflare.recipe", "flare").SimEnv
    local = folder / name / "local"
    local.mkdir(parents=True)
    allowed = {"format_version": 2, "class_allow_list": list(ALLOWED)}
    (local / "resources.json").write_text(json.dumps(allowed), encoding="utf-8")
    made = recipe(manifest, name, len(sites), **settings)
    with _quiet():
        made.run(env(clients=list(sites), workspace_root=str(folder), log_config="concise"))
    found = sorted((folder / name).rglob(OUTCOME))
    if not found:
        raise ModelError(
            "FLARE's simulator did not run the job to its end.",
            where="federation",
            next_step=f"Look into the logs below {folder.name}/{name}.",
        )
    outcome: dict[str, Any] = json.loads(found[0].read_text(encoding="utf-8"))
    return outcome


@contextmanager
def _quiet() -> Iterator[None]:
    """Without FLARE's warning of a secret in the job: a signed manifest is long, and no secret."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Potential secret value")
        yield
