"""Where a release's files lie: three forms, looked at before anything is read."""

import os

import pytest

import release_samples as samples
from nof1.core.errors import InputError
from nof1.knowledge import layout
from nof1.knowledge.layout import find


def put(folder, *names):
    for name in names:
        samples.dump(folder / name, {})
    return folder


def test_folders_lifted_out_of_a_release(tmp_path):
    put(tmp_path, "alleles/A_translation.json", "alleles/exemptions.json", "phenotype/A.json")
    put(tmp_path, "guidelines/cpic/a.json", "guidelines/dpwg/a.json")
    found = find(tmp_path)
    assert found.alleles == tmp_path / "alleles"
    assert found.exemptions == tmp_path / "alleles/exemptions.json"
    assert [place.path for place in found.phenotypes] == [tmp_path / "phenotype"]
    assert found.cpic.path == tmp_path / "guidelines/cpic"
    assert found.dpwg.path == tmp_path / "guidelines/dpwg"
    assert found.guidance is None
    assert len(found.files) == 5


@pytest.mark.parametrize("root", layout.ROOTS[1:])
def test_a_checkout_or_an_unpacked_jar(tmp_path, root):
    place = tmp_path / root
    put(place, "definition/alleles/A_translation.json", "definition/exemptions.json")
    put(place, "phenotype/cpic/A.json", "phenotype/dpwg/A.json", "reporter/guidelines/cpic/a.json")
    found = find(tmp_path)
    assert found.alleles == place / "definition/alleles"
    assert found.exemptions == place / "definition/exemptions.json"
    assert [one.path for one in found.phenotypes] == [place / "phenotype/cpic"]
    assert found.cpic.path == place / "reporter/guidelines/cpic"
    assert found.dpwg is None


def test_one_file_of_guidelines_comes_before_folders(tmp_path):
    put(tmp_path, "reporter/prescribing_guidance.json", "guidelines-2023-08/cpic/a.json")
    found = find(tmp_path)
    assert found.guidance == tmp_path / "reporter/prescribing_guidance.json"
    assert (found.cpic, found.unused) == (None, ("guidelines-2023-08/cpic",))


def test_folders_with_a_date_keep_it_and_the_newest_counts(tmp_path):
    put(tmp_path, "phenotype/A.json", "phenotype-2023-08/B.json", "phenotype-2022-01/B.json")
    put(tmp_path, "guidelines-2022-01/cpic/a.json", "guidelines-2023-08/cpic/a.json")
    found = find(tmp_path)
    assert [place.dated for place in found.phenotypes] == ["", "2023-08", "2022-01"]
    assert (found.cpic.dated, found.unused) == ("2023-08", ("guidelines-2022-01/cpic",))


def test_what_is_no_release_is_refused(tmp_path):
    with pytest.raises(InputError, match="no folder"):
        find(tmp_path / "nowhere")
    (tmp_path / "alleles").mkdir()
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(InputError, match="Nothing of a PharmCAT release"):
        find(tmp_path)


def test_a_file_outside_the_folder_is_refused(tmp_path):
    put(tmp_path, "secret.json", "release/phenotype/A.json")
    os.symlink(tmp_path / "secret.json", tmp_path / "release/phenotype/B.json")
    with pytest.raises(InputError, match="no plain file inside") as stop:
        find(tmp_path / "release")
    assert stop.value.where == "B.json"


def test_a_pipe_is_refused_and_never_waited_for(tmp_path):
    put(tmp_path, "phenotype/A.json")
    os.mkfifo(tmp_path / "phenotype/B.json")
    with pytest.raises(InputError, match="no plain file"):
        find(tmp_path)


def test_a_huge_file_is_refused_unread(tmp_path):
    put(tmp_path, "phenotype/A.json")
    os.truncate(tmp_path / "phenotype/A.json", layout.LARGEST + 1)
    with pytest.raises(InputError, match="too large") as stop:
        find(tmp_path)
    assert stop.value.where == "A.json"


def test_a_flood_of_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(layout, "MOST_FILES", 2)
    put(tmp_path, "phenotype/A.json", "phenotype/B.json", "phenotype/C.json")
    with pytest.raises(InputError, match="3 files"):
        find(tmp_path)
