"""What a job tells a site about itself: files in its own workspace that are never sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nof1.core.workspace import Workspace
from nof1.federation.network import private

FOLDER = Path("federation") / "own"
STAYS = "figures of this site alone: not to be sent"


def keep(workspace: Workspace, job: str, algorithm: str, figures: Mapping[str, Any]) -> Path:
    """Write the site's own figures of a job (0600); returns the file."""
    name = f"{algorithm}-{hashlib.sha256(job.encode()).hexdigest()[:16]}.json"
    data = {"schema": "nof1/federation-own/1", "stays_here": STAYS, "job": job,
            "algorithm": algorithm, **figures}  # fmt: skip
    return private.write(workspace.root / FOLDER / name, json.dumps(data, indent=1).encode())
