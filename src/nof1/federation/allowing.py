"""A site changes a line of its policy file, and nothing else in it: what may run, and who leads."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from nof1.core import audit, yaml_lines
from nof1.core.errors import InputError, Nof1Error, WorkspaceError
from nof1.core.workspace import Workspace
from nof1.federation.algorithms import outputs_of
from nof1.federation.network import private
from nof1.federation.policy import FILE, Policy, read


def allow(workspace: Workspace, names: list[str], code: str) -> Policy:
    """Write algorithms with the hash of the installed code, and their kinds of results.

    Comments and all other lines stay. The audit log notes it.

    Raises
    ------
    Refused : an unknown algorithm. WorkspaceError : there is no policy yet.
    InputError : the file is damaged, or its lines are written in a way that cannot be changed here.
    """
    path = workspace.root / FILE
    if not path.exists():
        raise WorkspaceError(
            "This site has no policy yet.", where=str(path),
            next_step="Join with the kit first: nof1 federation join KIT",
        )  # fmt: skip
    kinds, before = outputs_of(names), Policy.load(path)
    after = replace(
        before,
        algorithms={**before.algorithms, **dict.fromkeys(names, code)},
        outputs=before.outputs | set(kinds),
    )
    lines = (
        "algorithms: {" + ", ".join(f'{k}: "{v}"' for k, v in after.algorithms.items()) + "}",
        "outputs: [" + ", ".join(sorted(after.outputs)) + "]",
    )
    text = path.read_text(encoding="utf-8-sig")
    for one in lines:
        text = _changed(text, one)
    _require(text, after, path, lines)
    private.write(path, text.encode())
    audit.append(workspace.audit, "federation policy changed", allowed=names, code=code)
    return after


def trust(path: Path, lead: str, key: str) -> None:
    """Write a lead's key into a policy in the place of the one that stands there.

    Raises
    ------
    InputError : the file is damaged, or its line is written in a way that cannot be changed here.
    """
    before = Policy.load(path)
    after = replace(before, leads={**before.leads, lead: key})
    line = "leads: {" + ", ".join(f'{k}: "{v}"' for k, v in after.leads.items()) + "}"
    text = _changed(path.read_text(encoding="utf-8-sig"), line)
    _require(text, after, path, (line,))
    private.write(path, text.encode())


def _changed(text: str, line: str) -> str:
    """The text with one key's lines replaced; a key's lines end where the next key begins."""
    key = line.partition(":")[0]
    found = re.search(rf"^{key}:.*(?:\n(?![a-z_]+:|#).*)*", text, re.M)
    if found is None:
        return text
    rest = "\n" if found.group().endswith("\n") else ""
    return text[: found.start()] + line + rest + text[found.end() :]


def _require(text: str, wanted: Policy, path: Path, lines: tuple[str, ...]) -> None:
    """The changed text says what is wanted, and nothing else has changed."""
    try:
        fine = read(yaml_lines.parse(text, str(path))) == wanted
    except Nof1Error:
        fine = False
    if not fine:
        raise InputError(
            "The policy is written in a way that this command cannot change.",
            where=str(path),
            next_step="Write by hand:\n" + "\n".join(lines),
        )
