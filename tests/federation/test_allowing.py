import stat

import pytest

from nof1.core import audit
from nof1.core.errors import InputError, WorkspaceError
from nof1.core.workspace import create
from nof1.federation.allowing import allow
from nof1.federation.network import home, project
from nof1.federation.policy import FILE, Policy
from nof1.federation.refusal import Refused


@pytest.fixture
def workspace(tmp_path):
    made = project.create(tmp_path / "study", ("north", "south", "west"))
    found = create(tmp_path / "north", synthetic=True)
    home.join(made.kit("north"), found.root / "federation")
    return found


def test_an_algorithm_is_allowed_with_what_it_gives_out(workspace):
    path = workspace.root / FILE
    before, text = Policy.load(path), path.read_text()
    after = allow(workspace, ["counts", "survival"], "ab" * 32)
    assert after == Policy.load(path)
    assert after.algorithms == before.algorithms | dict.fromkeys(["counts", "survival"], "ab" * 32)
    assert after.outputs == before.outputs | {"counts", "survival"}
    changed = [one for one in path.read_text().splitlines() if one not in text.splitlines()]
    assert len(changed) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    entry = list(audit.entries(workspace.audit))[-1]
    assert entry["details"]["allowed"] == ["counts", "survival"]


def test_a_policy_of_several_lines_a_key_is_kept_whole(workspace):
    path = workspace.root / FILE
    lead = next(iter(Policy.load(path).leads.items()))
    path.write_text(
        f'# ours\nleads:\n  {lead[0]}: "{lead[1]}"\nalgorithms:\n  glassbox: "{"cd" * 32}"\n'
        "outputs:\n  - model\n  - vocabulary\n# sizes\nleast_patients: 70\n"
    )
    allow(workspace, ["drift"], "ab" * 32)
    found = Policy.load(path)
    assert found.algorithms == {"glassbox": "cd" * 32, "drift": "ab" * 32}
    assert found.outputs == {"model", "vocabulary", "drift"}
    assert (found.least_patients, "# sizes" in path.read_text()) == (70, True)


def test_a_policy_that_cannot_be_changed_here_is_left_alone(workspace):
    path = workspace.root / FILE
    rules = Policy.load(path)
    one = next(iter(rules.leads.items()))
    text = f'{{leads: {{{one[0]}: "{one[1]}"}}, algorithms: {{}}, outputs: []}}\n'
    path.write_text(text)
    with pytest.raises(InputError, match="cannot change") as found:
        allow(workspace, ["drift"], "ab" * 32)
    assert "drift" in found.value.next_step
    assert path.read_text() == text


def test_an_unknown_algorithm_is_refused(workspace):
    with pytest.raises(Refused):
        allow(workspace, ["shell"], "ab" * 32)


def test_without_a_policy_there_is_nothing_to_change(tmp_path):
    with pytest.raises(WorkspaceError, match="no policy"):
        allow(create(tmp_path / "a", synthetic=True), ["drift"], "ab" * 32)
