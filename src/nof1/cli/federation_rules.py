"""``nof1 federation``, a site's own rules: what the policy allows, what the budget has left."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from nof1.cli.options import common, table, tell
from nof1.core.extras import require
from nof1.core.workspace import open_workspace

KEY = re.compile(r"[0-9a-f]{64}")  # an Ed25519 public key


@click.command()
@click.option(
    "--allow", multiple=True, metavar="NAME",
    help="Allow this algorithm, as it is installed here, and what it gives out (repeatable).",
)  # fmt: skip
@common
def policy(allow: tuple[str, ...], workspace: str | None, as_json: bool) -> None:
    """Check this site's policy and show what it allows.

    It says when the installed code is not what the policy allows: after an update of nof1 look at
    what has changed, and write the new hash with --allow, once for each algorithm.
    """
    require("cryptography", "federation")
    from nof1.federation.network.home import installed
    from nof1.federation.policy import FILE, of_workspace

    found = open_workspace(workspace)
    root, code = found.root, installed()
    if allow:
        from nof1.federation.allowing import allow as write

        write(found, list(allow), code)
    rules = of_workspace(root)
    data: dict[str, Any] = {
        "schema": "nof1/federation-policy/1", "file": str(root / FILE),
        "exists": (root / FILE).exists(), "leads": rules.leads, "algorithms": rules.algorithms,
        "outputs": sorted(rules.outputs), "least_patients": rules.least_patients,
        "least_events": rules.least_events, "rounds": rules.rounds, "entries": rules.entries,
        "noise_required": rules.noise_required,
        "projects": sorted(rules.projects) if rules.projects is not None else None,
        "budgets": {
            name: {"epsilon": one.epsilon, "delta": one.delta}
            for name, one in rules.budgets.items()
        },
        "installed_code": code, "least_cell": rules.least_cell,
        "allows_installed_code": set(rules.algorithms.values()) == {code},
    }  # fmt: skip
    tell(data, _policy_text(data), as_json=as_json)


def _policy_text(data: dict[str, Any]) -> str:
    rows = [
        ["who may ask", ", ".join(f"{name} ({key})" for name, key in data["leads"].items())],
        ["what may run", ", ".join(f"{name} {code}" for name, code in data["algorithms"].items())],
        ["what may leave", ", ".join(data["outputs"])],
        ["fewest patients", str(data["least_patients"])],
        ["fewest with, and without, the outcome", str(data["least_events"])],
        ["no count of fewer than", str(data["least_cell"])],
        ["most sums, of entries", f"{data['rounds']:,}, {data['entries']:,}"],
        ["only with noise", "yes" if data["noise_required"] else "no"],
        ["projects", "all" if data["projects"] is None else ", ".join(data["projects"])],
    ]
    lines = [data["file"], "", table([[a, b or "nobody, nothing"] for a, b in rows], ["rule", ""])]
    if not data["exists"]:
        lines += ["", "There is no such file: nobody from outside may ask."]
    elif not data["algorithms"]:
        lines += [
            "",
            "Nothing may run here for others.",
            "Next step: nof1 federation policy --allow NAME",
        ]
    elif not data["allows_installed_code"]:
        lines += [
            "",
            "The policy does not allow the nof1 that is installed here. If you have updated it,",
            "write below `algorithms:`",
            *(f'  {name}: "{data["installed_code"]}"' for name in data["algorithms"]),
        ]
    return "\n".join([*lines, *_slips(data)])


def _slips(data: dict[str, Any]) -> list[str]:
    """Words of the policy that match nothing: a slip of the pen allows less than was meant."""
    from nof1.federation.algorithms import ALGORITHMS, outputs_of

    kinds = outputs_of([name for name in data["algorithms"] if name in ALGORITHMS])
    slips = [
        *(f"algorithm {name}: nof1 has none of this name" for name in data["algorithms"]
          if name not in ALGORITHMS),
        *(f"output {kind}: no algorithm that is allowed gives it out" for kind in data["outputs"]
          if kind not in kinds),
        *(f"key of {name}: not 64 hexadecimal digits, so nothing that it signs is believed"
          for name, key in data["leads"].items() if not KEY.fullmatch(key)),
    ]  # fmt: skip
    return ["", "Look again:", *(f"  {one}" for one in slips)] if slips else []


@click.command()
@common
def budget(workspace: str | None, as_json: bool) -> None:
    """What each cohort's privacy budget has lost, and to which jobs. It is never given back."""
    require("cryptography", "federation")
    from nof1.federation.budget import Ledger
    from nof1.federation.policy import of_workspace

    root = open_workspace(workspace).root
    limits = of_workspace(root).budgets
    path = root / LEDGER
    kept = Ledger(path, limits)
    spends = kept.spends() if path.exists() else []
    cohorts = {
        name: {"epsilon": one.epsilon, "delta": one.delta,
               "spent": kept.spent(name) if spends else 0.0}
        for name, one in limits.items()
    }  # fmt: skip
    lines = [{"time": one.time, "cohort": one.cohort, "job": one.job, "noise": one.noise,
              "releases": one.releases} for one in spends]  # fmt: skip
    data = {"schema": "nof1/federation-budget/1", "cohorts": cohorts, "spends": lines}
    tell(data, _budget_text(cohorts, lines), as_json=as_json)


LEDGER = Path("federation") / "budget.db"


def _budget_text(cohorts: dict[str, Any], spends: list[dict[str, Any]]) -> str:
    if not cohorts:
        return "No cohort has a privacy budget here: jobs with noise are refused."
    rows = [
        [name, f"{one['spent']:.3f}", f"{one['epsilon']:g}", f"{one['delta']:g}"]
        for name, one in cohorts.items()
    ]
    told = [[one["time"][:16], one["cohort"], one["job"], f"{one['noise']:g}", one["releases"]]
            for one in spends]  # fmt: skip
    parts = [table(rows, ["cohort", "epsilon lost", "of", "at delta"], right="123")]
    if told:
        parts.append(table(told, ["time", "cohort", "job", "noise", "releases"], right="34"))
    return "\n\n".join(parts)
