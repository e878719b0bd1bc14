"""A site's part in a job that came over FLARE: the same checks and the same loop as over our own
network.

The site's workspace has joined a project as always (identity key, roster, policy); FLARE only
carries the job. Where the workspace lies says the site's own environment, never the job.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from nof1.core import audit
from nof1.core.errors import InputError, Nof1Error, UsageError
from nof1.core.workspace import Workspace, open_workspace
from nof1.federation import algorithms, checkpoint
from nof1.federation.algorithms import Asked
from nof1.federation.flare.channel import Call, CalledChannel
from nof1.federation.manifest import Manifest
from nof1.federation.network.board import Decision, Done, Failed
from nof1.federation.network.home import Home
from nof1.federation.network.resident import OPEN_PLACES, decide
from nof1.federation.refusal import Refused

WHERE = "NOF1_SITE"
FOLDER = "federation"  # of a workspace: what ``nof1 federation join`` writes


@dataclass
class FlareResident:
    """One site in one job over FLARE.

    Attributes
    ----------
    home, workspace : of the site.
    """

    home: Home
    workspace: Workspace
    _asked: Manifest | None = field(default=None, repr=False)

    @classmethod
    def here(cls, name: str) -> FlareResident:
        """The site of this machine: the workspace that the variable ``NOF1_SITE`` names, or the
        folder of this name in it, where several sites share a machine (a rehearsal).

        Raises
        ------
        UsageError : the variable is not set.
        InputError : FLARE knows the site under another name than its federation.
        """
        said = os.environ.get(WHERE)
        if not said:
            raise UsageError(
                "This site does not say where its workspace lies.",
                where=WHERE,
                next_step=f"Set {WHERE}=FOLDER in the site's own start script.",
            )
        place = Path(said) / name if (Path(said) / name).is_dir() else Path(said)
        found = open_workspace(place)
        home = Home(found.root / FOLDER)
        if home.kit()[1] != name:
            raise InputError(
                "FLARE knows this site under another name than its federation.",
                where="federation",
                next_step="Give the site the same name in both.",
            )
        return cls(home, found)

    def decide(self, raw: bytes) -> Decision:
        """Whether a job may run here; it stands in the audit log before it is told."""
        decision, self._asked = decide(raw, self.home, self.workspace)
        return decision

    def take_part(self, call: Call) -> Done | Failed:
        """Run the job that was accepted; words of other errors stay at the site."""
        asked, self._asked = self._asked, None
        if asked is None:
            return Failed("", "No job was accepted here.")
        try:
            return self._run(asked, call)
        except Exception as error:  # whatever happens, no traceback may travel
            return self._failed(asked.job, error)

    def _run(self, asked: Manifest, call: Call) -> Done:
        entry = algorithms.algorithm(asked.algorithm)
        link = self.home.link(asked.job, CalledChannel(call, asked.rounds, asked.entries))
        rules = self.home.rules()
        with checkpoint.kept(self.workspace.root, asked) as link.keeper:
            made = entry.run(
                Asked(link, self.workspace, asked.task, rules, asked.cohort, asked.privacy)
            )
        self._note(asked.job, "finished", "", made.content_hash)
        return Done(made.name, made.version, made.content_hash, made.figures)

    def _failed(self, job: str, error: Exception) -> Failed:
        rule = error.rule if isinstance(error, Refused) else ""
        words = error.message if isinstance(error, Nof1Error) else type(error).__name__
        self._note(job, "refused" if rule else "failed", words)
        told = rule or (isinstance(error, Nof1Error) and error.where in OPEN_PLACES)
        return Failed(
            rule, words if told else "The training stopped; the site's audit log says why."
        )

    def _note(self, job: str, end: str, why: str, content_hash: str = "") -> None:
        audit.append(
            self.workspace.audit, "federation job ended",
            job=job, end=end, why=why, content_hash=content_hash,
        )  # fmt: skip
