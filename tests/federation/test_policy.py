import pytest

from federation_samples import manifest
from nof1.core.errors import InputError
from nof1.federation.budget import Limit
from nof1.federation.network import home, lead
from nof1.federation.network.coordinator import LARGEST_ENTRIES
from nof1.federation.policy import ENTRIES, Policy, of_workspace
from nof1.federation.refusal import Refused
from nof1.federation.secure import EXTRA
from nof1.learn import domain

CODE, ROSTER = "ab" * 32, "cd" * 32
OPEN = Policy({}, {"glassbox": CODE}, frozenset({"model"}))


def decide(policy=OPEN, sites=3, code=CODE, roster=ROSTER, **changes):
    policy.decide(manifest(**changes), roster, sites, code)


def test_a_job_that_keeps_every_rule_may_run():
    decide()


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        ({"algorithm": "shell"}, "algorithms"),
        ({"code": "ef" * 32}, "code"),
        ({"roster": "ef" * 32}, "roster"),
        ({"sites": 2}, "roster"),
        ({"outputs": ("model", "rows")}, "outputs"),
        ({"rounds": 10**9}, "rounds"),
        ({"entries": 10**9}, "rounds"),
        ({"policy": Policy({}, {}, frozenset({"model"}))}, "algorithms"),
        (
            {
                "policy": Policy(
                    {}, {"glassbox": CODE}, frozenset({"model"}), projects=frozenset({"other"})
                )
            },
            "projects",
        ),
        (
            {
                "policy": Policy({}, {"glassbox": CODE}, frozenset({"model"}), noise_required=True),
                "privacy": None,
            },
            "noise_required",
        ),
    ],
)
def test_a_job_that_breaks_a_rule_is_refused_by_its_name(call, rule):
    with pytest.raises(Refused) as caught:
        decide(**call)
    assert caught.value.rule == rule


def test_all_broken_rules_are_named_at_once():
    with pytest.raises(Refused) as caught:
        decide(algorithm="shell", outputs=("rows",), sites=1)
    assert caught.value.rule == "algorithms, roster, outputs"


@pytest.mark.parametrize(("patients", "events"), [(49, 20), (100, 9), (100, 91)])
def test_small_cohorts_take_no_part_and_their_size_is_not_told(patients, events):
    with pytest.raises(Refused) as caught:
        OPEN.enough(patients, events)
    assert str(patients) not in caught.value.message.replace("50", "").replace("10", "")


def test_a_cohort_of_the_smallest_size_takes_part():
    OPEN.enough(50, 10)


TEXT = f"""
leads: {{lead: {"12" * 32}}}
algorithms: {{glassbox: {CODE}}}
outputs: [model, vocabulary]
least_patients: 100
noise_required: true
projects: [stroke]
budgets:
  everybody: {{epsilon: 3, delta: 1e-5}}
"""


def test_a_file_is_read(tmp_path):
    path = tmp_path / "federation" / "policy.yaml"
    path.parent.mkdir()
    path.write_text(TEXT.replace("12" * 32, '"' + "12" * 32 + '"'))
    policy = of_workspace(tmp_path)
    assert policy.leads == {"lead": "12" * 32}
    assert policy.least_patients == 100
    assert policy.noise_required
    assert policy.budgets == {"everybody": Limit(3.0, 1e-5)}
    assert policy.projects == {"stroke"}


def test_without_a_file_nobody_may_ask(tmp_path):
    policy = of_workspace(tmp_path)
    assert (policy.leads, policy.algorithms, policy.budgets) == ({}, {}, {})
    assert policy.least_patients == 50


@pytest.mark.parametrize(
    "line",
    [
        "least_patients: 1",
        "least_events: 0",
        "outputs: []\nrows: yes",
        "budgets: {everybody: {epsilon: 3}}",
        "budgets: {everybody: {epsilon: 1000, delta: 1e-5}}",
        "budgets: {everybody: {epsilon: 1, delta: 0.5}}",
    ],
)
def test_limits_below_what_protects_are_refused(tmp_path, line):
    path = tmp_path / "policy.yaml"
    path.write_text("leads: {a: b}\nalgorithms: {g: h}\noutputs: [model]\n" + line)
    with pytest.raises(InputError):
        Policy.load(path)


def test_the_longest_sum_of_a_training_fits_what_a_site_allows_and_a_coordinator_carries():
    pairs = (domain.PAIRED * domain.LEVELS) ** 2  # of the domain check, from 64 features on
    assert pairs + EXTRA <= Policy({}, {}, frozenset()).entries <= LARGEST_ENTRIES
    assert lead.ENTRIES == ENTRIES
    assert f"entries: {ENTRIES}" in home.POLICY.format(
        lead="a", lead_key="b", algorithms="", outputs="", patients=50, events=10, cell=10,
        rounds=1, entries=ENTRIES,
    )  # fmt: skip
