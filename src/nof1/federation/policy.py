"""What a site allows: whose jobs, which algorithms by hash, how few patients, which results.

The site's own file decides, never the job. Every job is looked at whole, and the answer names each
rule that it breaks, so that one exchange settles what must change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nof1.core.yaml_lines import Node, load
from nof1.federation.budget import Limit
from nof1.federation.manifest import Manifest
from nof1.federation.refusal import Refused

LEAST_PATIENTS, LEAST_EVENTS, LEAST_CELL = 50, 10, 10
FEWEST_SITES = 3
FILE = Path("federation") / "policy.yaml"
MOST = 10_000_000
# Sums of a job and numbers of one: the pairs of the domain check are 495,619 numbers.
ROUNDS, ENTRIES = 20_000, 1_000_000
# The smallest value that a site may set: below them a sum could be one patient.
LOWEST = {"least_patients": 20, "least_events": 5, "least_cell": 5, "rounds": 1, "entries": 1}
KEYS = ("leads", "algorithms", "outputs", "least_patients", "least_events", "least_cell", "rounds",
        "entries", "noise_required", "budgets", "projects")  # fmt: skip


@dataclass(frozen=True)
class Policy:
    """The rules of one site.

    Attributes
    ----------
    leads : name -> Ed25519 public key (hexadecimal) of those who may ask.
    algorithms : name -> hash of the code that may run. Nothing else runs.
    outputs : kinds of results that may leave. projects : None allows all of the leads.
    least_patients, least_events : below them a cohort takes no part.
    least_cell : no count of fewer patients of all sites together is told to anybody outside.
    rounds, entries : most sums of a job, and most entries of one sum.
    noise_required : whether only sums with noise may leave.
    budgets : cohort -> limit of the privacy budget.
    """

    leads: dict[str, str]
    algorithms: dict[str, str]
    outputs: frozenset[str]
    least_patients: int = LEAST_PATIENTS
    least_events: int = LEAST_EVENTS
    least_cell: int = LEAST_CELL
    rounds: int = ROUNDS
    entries: int = ENTRIES
    noise_required: bool = False
    budgets: dict[str, Limit] = field(default_factory=dict)
    projects: frozenset[str] | None = None

    @classmethod
    def load(cls, path: Path) -> Policy:
        """The policy of a YAML file.

        Raises
        ------
        InputError : a key that is not known, a value of the wrong kind, or a limit below what the
            protocol needs.
        """
        return read(load(path))

    def decide(self, manifest: Manifest, roster: str, sites: int, code: str) -> None:
        """Nothing when the job may run here.

        Parameters
        ----------
        roster : digest (hexadecimal) of the roster that this site holds; sites : how many it names.
        code : hash of the code installed here.

        Raises
        ------
        Refused : with every rule that is broken.
        """
        broken = list(self._broken(manifest, roster, sites, code))
        if broken:
            raise Refused(", ".join(rule for rule, _ in broken), " ".join(why for _, why in broken))

    def enough(self, patients: int, events: int) -> None:
        """Nothing when the cohort is large enough to take part.

        Raises
        ------
        Refused : it is not. The numbers themselves are not told.
        """
        if patients < self.least_patients:
            raise Refused("least_patients", f"Fewer than {self.least_patients} patients are here.")
        if min(events, patients - events) < self.least_events:
            raise Refused("least_events", f"Fewer than {self.least_events} of an outcome are here.")

    def _broken(
        self, asked: Manifest, roster: str, sites: int, code: str
    ) -> Iterator[tuple[str, str]]:
        allowed = self.algorithms.get(asked.algorithm)
        if allowed is None:
            yield "algorithms", f"The algorithm «{asked.algorithm}» is not allowed here."
        elif allowed != asked.code:
            yield "algorithms", "The job asks for other code than this site allows."
        if code != asked.code:
            yield "code", "The code installed here is not what the job asks for."
        if asked.roster != roster:
            yield "roster", "The job is for another list of sites than the one kept here."
        if sites < FEWEST_SITES:
            yield "roster", f"Fewer than {FEWEST_SITES} sites take part."
        for kind in sorted(set(asked.outputs) - self.outputs):
            yield "outputs", f"Results of the kind «{kind}» do not leave this site."
        if not (0 < asked.rounds <= self.rounds and 0 < asked.entries <= self.entries):
            yield "rounds", f"At most {self.rounds} sums of {self.entries} entries are allowed."
        if self.projects is not None and asked.project not in self.projects:
            yield "projects", f"The project «{asked.project}» is not allowed here."
        if self.noise_required and asked.privacy is None:
            yield "noise_required", "Sums leave this site only with noise."


def of_workspace(root: Path) -> Policy:
    """The policy of a workspace (``federation/policy.yaml``); without one nobody may ask, and only
    what its own operator starts runs, with the smallest sizes that are usual."""
    path = root / FILE
    return Policy.load(path) if path.exists() else Policy({}, {}, frozenset())


def read(root: Node) -> Policy:
    """The policy of a parsed file.

    Raises
    ------
    InputError : as ``Policy.load``.
    """
    parts = root.mapping(KEYS, ("leads", "algorithms", "outputs"))
    numbers = {
        name: parts[name].whole(lowest, MOST) for name, lowest in LOWEST.items() if name in parts
    }
    noise, projects, budgets = (parts.get(k) for k in ("noise_required", "projects", "budgets"))
    return Policy(
        leads=_texts(parts["leads"]),
        algorithms=_texts(parts["algorithms"]),
        outputs=frozenset(parts["outputs"].texts()),
        noise_required=noise.flag() if noise else False,
        projects=frozenset(projects.texts()) if projects else None,
        budgets={name: _limit(node) for name, node in budgets.mapping().items()} if budgets else {},
        **numbers,
    )


def _texts(node: Node) -> dict[str, str]:
    return {name: one.text() for name, one in node.mapping().items()}


def _limit(node: Node) -> Limit:
    parts = node.mapping(("epsilon", "delta"), ("epsilon", "delta"))
    return Limit(parts["epsilon"].number(0, 50), parts["delta"].number(1e-12, 1e-3))
