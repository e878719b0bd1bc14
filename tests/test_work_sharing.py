"""Files that use one expensive fixture share a process, and what forks a lot comes first."""

from work_sharing import HOSPITAL, TESTS, group, turn

FILES = [f"tests/{path.relative_to(TESTS).as_posix()}" for path in sorted(TESTS.rglob("test_*.py"))]


def test_the_small_hospital_is_made_in_one_process():
    asks = ("web/site/test_page", "academy/test_bank", "predict/test_train", "cli/test_way")
    assert {group(f"tests/{name}.py") for name in asks} == {HOSPITAL}


def test_a_folder_with_fixtures_of_the_session_stays_together():
    assert group("tests/federation/test_wire.py") == "tests/federation/"
    assert group("tests/federation/egress/test_cells.py") == "tests/federation/"
    assert group("tests/medicines/properties/test_train.py") == "tests/medicines/properties/"


def test_other_files_stand_alone_and_are_most_of_all():
    assert group("tests/core/test_units.py") == "tests/core/test_units.py"
    assert group("tests/gone.py") == "tests/gone.py"
    assert len({group(file) for file in FILES}) > len(FILES) / 2


def test_what_forks_comes_first_and_groups_stay_whole():
    order = [group(file) for file in sorted(FILES, key=turn)]
    assert order[0].startswith("tests/core/sealing/")
    begins = [of for place, of in enumerate(order) if of != order[place - 1]]
    assert len(begins) == len(set(begins))
