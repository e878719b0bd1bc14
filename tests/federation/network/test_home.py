"""What a site keeps, and what it takes from a coordinator."""

import stat

import msgspec
import pytest

from network_samples import NAMES, federation
from nof1.core.errors import InputError, UsageError, WorkspaceError
from nof1.federation.network import home, private, project
from nof1.federation.roster import Member


@pytest.fixture
def made(tmp_path):
    return project.create(tmp_path / "study", NAMES)


@pytest.fixture
def joined(made, tmp_path):
    return home.join(made.kit("north"), tmp_path / "north")


def members(*names, **others):
    keys = {name: f"{number:02x}" * 32 for number, name in enumerate(names, 1)}
    return tuple(Member(name, key) for name, key in sorted((keys | others).items()))


def own(joined):
    return joined.identity().public_key().public_bytes_raw().hex()


def test_the_policy_that_is_written_allows_what_is_installed_and_no_more(made, joined):
    rules = joined.rules()
    assert rules.algorithms == {"glassbox": home.installed()}
    assert rules.leads == {"study-lead": made.read_lead().lead_key}
    assert (rules.outputs, rules.least_patients) == (frozenset({"model", "vocabulary"}), 50)


def test_joining_again_keeps_identity_and_policy_and_takes_new_papers(made, joined):
    key, text = own(joined), joined.policy.read_text() + "projects: [study]\n"
    joined.policy.write_text(text)
    before = project.papers(joined.root).certificate.read_bytes()
    project.renew(made)
    home.join(made.kit("north"), joined.root)
    assert (own(joined), joined.policy.read_text()) == (key, text)
    assert project.papers(joined.root).certificate.read_bytes() != before


def test_the_kit_that_is_kept_holds_no_key(joined):
    assert b"PRIVATE" not in (joined.root / "site.json").read_bytes()


def test_a_kit_of_another_site_is_refused(made, joined):
    with pytest.raises(UsageError, match="another name"):
        home.join(made.kit("south"), joined.root)


def test_a_kit_that_others_may_read_is_refused(made, tmp_path):
    made.kit("north").chmod(0o640)
    with pytest.raises(InputError, match="read by others"):
        home.join(made.kit("north"), tmp_path / "north")


@pytest.mark.parametrize("raw", [b"", b"{}", b"PK\x03\x04", b"\x80\x04."])
def test_a_damaged_kit_is_refused(tmp_path, raw):
    path = private.write(tmp_path / "x.kit", raw)
    with pytest.raises(InputError, match="damaged"):
        home.join(path, tmp_path / "north")


def test_nothing_runs_without_an_accepted_list(joined):
    with pytest.raises(WorkspaceError, match="accepted"):
        joined.roster()


def test_a_list_is_accepted_by_its_number(joined):
    roster = joined.proposed(members("south", "west", north=own(joined)))
    number = project.agreement(joined.kit()[0], roster)
    with pytest.raises(UsageError, match="not the number"):
        joined.accept(roster, number[:-1] + ("0" if number[-1] != "0" else "1"))
    joined.accept(roster, f" {number.upper()} ")
    assert joined.roster() == roster


def test_a_swapped_key_changes_the_number(joined):
    settings = joined.kit()[0]
    right = joined.proposed(members("south", "west", north=own(joined)))
    wrong = joined.proposed(members("south", north=own(joined), west="ee" * 32))
    other = msgspec.structs.replace(settings, lead_key="ab" * 32)
    numbers = {
        project.agreement(settings, right),
        project.agreement(settings, wrong),
        project.agreement(other, right),
    }
    assert len(numbers) == 3


def test_a_list_that_is_not_complete_is_not_proposed(joined):
    assert joined.proposed(members("south", north=own(joined))) is None


@pytest.mark.parametrize(
    "listed",
    [
        members("north", "south", "west"),  # another key for this site
        members("south", "west"),
    ],
)
def test_a_list_without_this_site_is_refused(joined, listed):
    with pytest.raises(InputError, match="not that of the kit"):
        joined.proposed(listed)


def test_a_list_with_a_site_that_the_kit_does_not_name_is_refused(joined):
    with pytest.raises(InputError, match="not that of the kit"):
        joined.proposed(members("south", "west", "east", north=own(joined)))


def test_a_site_announces_itself_and_sees_the_others(tmp_path):
    with federation(tmp_path) as up:
        assert [one.name for one in up.homes["north"].announce()] == ["north"]
        assert [one.name for one in up.homes["west"].announce()] == ["north", "west"]


@pytest.mark.parametrize(
    ("sites", "rest"),
    [
        (("a", "b"), {}),
        (("a", "b", "b"), {}),
        (("a", "b", "../c"), {}),
        (NAMES, {"lead": "A B"}),
        (NAMES, {"host": "a b"}),
        (NAMES, {"host": ""}),
    ],
)
def test_a_project_of_a_wrong_form_is_refused(tmp_path, sites, rest):
    with pytest.raises(UsageError):
        project.create(tmp_path / "study", sites, **rest)
    assert not (tmp_path / "study").exists()


def test_a_project_is_not_written_over_another(made):
    with pytest.raises(WorkspaceError, match="already"):
        project.create(made.root, NAMES)


def test_a_renewal_needs_nothing_of_the_lead(made, tmp_path):
    made.lead.rename(tmp_path / "lead")
    project.renew(made)
    assert made.read_lead() == made.read_server().settings
    assert not (made.lead / "signing.key").exists()


def test_without_the_authority_nothing_is_renewed(made, tmp_path):
    made.authority.rename(tmp_path / "stick")
    with pytest.raises(WorkspaceError, match="cannot be read"):
        project.renew(made)


def test_a_private_file_replaces_one_that_was_open(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(b"old")
    path.chmod(0o644)
    private.write(path, b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o600)


def remade(made, tmp_path):
    """Another project under the same name, as after ``rm -r study`` and ``init``."""
    return project.create(tmp_path / "later" / made.root.name, NAMES)


def test_a_project_made_anew_is_told_at_once_and_changes_nothing(made, joined, tmp_path):
    before = {one.name: one.read_bytes() for one in joined.root.iterdir()}
    with pytest.raises(UsageError, match="another project that is also called") as caught:
        home.join(remade(made, tmp_path).kit("north"), joined.root)
    assert "--anew" in caught.value.next_step
    assert {one.name: one.read_bytes() for one in joined.root.iterdir()} == before


def test_a_policy_that_outlived_its_project_is_found_at_once(made, joined, tmp_path):
    (joined.root / "site.json").unlink()
    with pytest.raises(UsageError, match="policy has another key for study-lead"):
        home.join(remade(made, tmp_path).kit("north"), joined.root)


def test_joined_anew_the_new_lead_is_trusted_and_the_list_must_be_compared_again(
    made, joined, tmp_path
):
    roster = joined.proposed(members("south", "west", north=own(joined)))
    joined.accept(roster, project.agreement(joined.kit()[0], roster))
    joined.policy.write_text(joined.policy.read_text() + "projects: [study]  # ours\n")
    key, later = own(joined), remade(made, tmp_path)
    home.join(later.kit("north"), joined.root, anew=True)
    rules = joined.rules()
    assert rules.leads == {"study-lead": later.read_lead().lead_key}
    assert (rules.projects, own(joined)) == (frozenset({"study"}), key)
    assert "# ours" in joined.policy.read_text()
    with pytest.raises(WorkspaceError, match="accepted"):
        joined.roster()
    home.join(later.kit("north"), joined.root)  # and now it is the project that is known


@pytest.mark.parametrize(
    "changed",
    [
        {"site": "../north"},
        {"site": "east"},
        {"authority": "no certificate"},
        {"certificate": ""},
        {"settings": {"lead": 'x: "1"}, evil'}},
        {"settings": {"lead_key": 'ab"}\nprojects: ['}},
        {"settings": {"project": "a\x1b[2J"}},
        {"settings": {"host": "a b"}},
        {"settings": {"port": 0}},
        {"settings": {"sites": ["north", "north", "west"]}},
        {"settings": {"sites": ["north", "west"]}},
    ],
)
def test_a_kit_of_a_wrong_form_is_refused_and_writes_nothing(made, tmp_path, changed):
    kit = msgspec.json.decode(made.kit("north").read_bytes())
    kit |= {k: kit[k] | v if k == "settings" else v for k, v in changed.items()}
    path = private.write(tmp_path / "x.kit", msgspec.json.encode(kit))
    with pytest.raises(InputError, match="right form"):
        home.join(path, tmp_path / "site")
    assert not (tmp_path / "site").exists()
