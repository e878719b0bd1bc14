"""A screen from a file of actives to a diverse choice, or to an open refusal."""

import numpy as np
import pytest
from rdkit import Chem

from medicines.library.samples import CORES, MOLECULES, SULFONAMIDES, TAILS, write_smiles
from nof1.core.errors import InputError, UsageError
from nof1.medicines.library import diversity, screening
from nof1.medicines.library.actives import (
    CONFLICT,
    DUPLICATE,
    NO_LABEL,
    OTHER_LABEL,
    compounds,
    flat,
    read_known,
)
from nof1.medicines.library.bits import folded
from nof1.medicines.library.drawing import drawing
from nof1.medicines.library.liabilities import KINDS, WORDS, look
from nof1.medicines.library.ranking import Model, fused, nearest
from nof1.medicines.library.reading import Columns
from nof1.medicines.library.screening import KNOWN_ACTIVE, screen


@pytest.fixture
def known(tmp_path):
    """Sulfonamides; a quarter of them are in the library, under other ids."""
    return read_known(write_smiles(tmp_path / "sulfa.smi", SULFONAMIDES))


def test_a_screen_names_compounds_like_the_actives_but_none_of_them(library, known):
    done = screen(library, known, count=5, allowed=KINDS)
    assert done.status == "found"
    assert 1 <= len(done.picks) <= 5
    assert done.set_aside[KNOWN_ACTIVE] == len(CORES)
    similarity = [one.similarity for one in done.picks]
    assert similarity == sorted(similarity, reverse=True)
    assert not {one.entry.smiles for one in done.picks} & set(known.actives.smiles)
    made = compounds([one.entry.smiles for one in done.picks])
    best, which = nearest(made.fingerprints, known.actives.fingerprints)
    assert best.tolist() == similarity
    assert [known.actives.smiles[n] for n in which] == [one.near for one in done.picks]


def test_picks_are_of_different_clusters(library, known):
    done = screen(library, known, count=20, allowed=KINDS)
    made = compounds([one.entry.smiles for one in done.picks])
    assert len(set(diversity.clusters(made.fingerprints).tolist())) >= len(done.picks) - 1
    assert sum(one.cluster for one in done.picks) <= len(library)


def test_liabilities_are_set_aside_and_counted(library, known):
    strict = screen(library, known, count=20)
    loose = screen(library, known, count=20, allowed=KINDS)
    assert not [one for one in strict.picks if one.liabilities.found]
    assert [one for one in loose.picks if one.liabilities.found]
    assert set(strict.set_aside) - {KNOWN_ACTIVE} <= set(WORDS.values())
    assert strict.set_aside[WORDS["brenk"]] > 0
    assert set(loose.set_aside) == {KNOWN_ACTIVE}


def test_a_ranking_that_is_not_better_is_withheld(library, tmp_path):
    order = np.random.default_rng(5).permutation(len(MOLECULES))[:20]
    some = [MOLECULES[int(n)] for n in order]
    done = screen(library, read_known(write_smiles(tmp_path / "r.smi", some)))
    assert (done.status, done.picks) == ("withheld", ())
    assert done.reason.startswith("The ranking is withheld: not better than")
    assert done.resolve
    assert not done.check.passed


def test_measured_inactives_are_used_where_there_are_any(library, tmp_path):
    path = tmp_path / "both.csv"
    rows = [f"{core.format(tail)},0" for core in CORES for tail in TAILS if tail != TAILS[3]]
    rows += [f"{one},1" for one in SULFONAMIDES]
    path.write_text("smiles,active\n" + "\n".join(rows), encoding="utf-8")
    known = read_known(path, Columns(label="active"))
    done = screen(library, known, allowed=KINDS)
    assert (len(known.actives), len(known.inactives)) == (40, 140)
    assert done.check.others_are == "known inactives"
    assert done.check.others == 140
    assert done.picks == ()  # the whole library is known


def test_a_model_has_its_say_in_the_order(library, known):
    def sulfur(smiles):
        return np.array([("S(" in one) + one.count("N") / 8 for one in smiles])

    plain = screen(library, known, allowed=KINDS)
    done = screen(library, known, allowed=KINDS, model=Model("sulfur", sulfur))
    assert done.status == "found"
    assert "sulfur" in done.check.figures
    said = [one.predicted for one in done.picks]
    assert said == [float(sulfur([one.entry.smiles])[0]) for one in done.picks]
    assert [one.entry.id for one in done.picks] != [one.entry.id for one in plain.picks]


def test_the_index_must_not_change_meanwhile(library, known, monkeypatch):
    monkeypatch.setattr("nof1.medicines.library.index.stamp_of", lambda _: ())
    with pytest.raises(InputError, match="changed during the search"):
        screen(library, known, allowed=KINDS)


@pytest.mark.parametrize("wrong", [{"count": 0}, {"count": 501}, {"allowed": ("ugly",)}])
def test_what_cannot_be_asked_for_is_refused(library, known, wrong):
    with pytest.raises(UsageError):
        screen(library, known, **wrong)


def test_rows_of_the_file_are_counted_by_reason(tmp_path):
    path = tmp_path / "a.csv"
    rows = ["CCO,1", "OCC,1", "CCN,1", "NCC,0", "CCC,", "CCCC,maybe", "C1CC,1", "[Fe],1", "CO,0"]
    path.write_text("smiles,y\n" + "\n".join(rows), encoding="utf-8")
    known = read_known(path, Columns(label="y"))
    assert known.actives.smiles == ("CCO",)
    assert known.inactives.smiles == ("CO",)
    assert known.name == "a, y"
    assert known.set_aside == {
        "cannot be parsed": 1,
        "metal": 1,
        DUPLICATE: 1,
        CONFLICT: 2,
        NO_LABEL: 1,
        OTHER_LABEL: 1,
    }
    assert known.rows == len(rows) == 2 + sum(known.set_aside.values())


def test_a_file_without_an_active_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("smiles,y\nCC,0\n", encoding="utf-8")
    with pytest.raises(InputError, match="gave a known active"):
        read_known(path, Columns(label="y"))


def test_known_liabilities_are_found():
    rhodanine = "O=C1NC(=S)SC1=Cc1ccccc1"
    greasy = "CCCCCCCCCCCCCCCCCCCCCC(=O)OCCCCCCCCCCCCCCCCCC"
    paracetamol = "CC(=O)Nc1ccc(O)cc1"
    ibuprofen = "CC(C)Cc1ccc(C(C)C(=O)O)cc1"
    found = look([rhodanine, greasy, paracetamol, ibuprofen])
    assert "pains" in found[0].found
    assert "lipinski" in found[1].found
    assert found[3].found == ()
    assert found[2].found == ("brenk",)
    # RDKit 2026.09.1: rdkit.Chem.QED.qed(MolFromSmiles(paracetamol)), Descriptors.MolWt
    assert found[2].qed == pytest.approx(0.595, abs=0.001)
    assert found[2].weight == pytest.approx(151.165, abs=0.001)
    assert 1 <= found[2].synthesis < 2


def test_clusters_are_those_of_butina(library):
    made = np.asarray(library.fingerprints)[:60]
    label = diversity.clusters(made, 0.5)
    similarity = np.array([nearest(made, made[n : n + 1])[0] for n in range(len(made))])
    left = set(range(len(made)))
    order = sorted(left, key=lambda n: (-(similarity[n] >= 0.5).sum(), n))
    expected = np.full(len(made), -1)
    number = 0
    for centre in order:
        if centre in left:
            mine = {n for n in left if similarity[centre][n] >= 0.5}
            expected[sorted(mine)] = number
            left -= mine
            number += 1
    assert label.tolist() == expected.tolist()


def test_the_nearest_rows_are_found_block_by_block(library, known, monkeypatch):
    monkeypatch.setattr(screening, "BLOCK", 20)
    rows, similarity, near = screening._nearest_rows(library, known.actives, 30)
    value, which = nearest(np.asarray(library.fingerprints), known.actives.fingerprints)
    order = np.lexsort((library.order, -value))[:30]
    assert rows.tolist() == order.tolist()
    assert similarity.tolist() == value[order].tolist()
    assert near.tolist() == which[order].tolist()


def test_stereo_does_not_hide_a_known_compound():
    assert flat(["C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O", "CCO"]) == [
        "CC(N)C(=O)O",
        "CC(N)C(=O)O",
        "CCO",
    ]


def test_fused_ranks_put_what_is_not_known_last():
    both = fused(np.array([3.0, 2.0, 1.0]), np.array([np.nan, 0.5, 0.1]))
    assert both.tolist() == pytest.approx([0.5, 2 / 3, 1 / 3])


def test_a_drawing_is_svg_and_asks_for_nothing():
    text = drawing("CC(=O)Oc1ccccc1C(=O)O")
    assert text.startswith("<svg")
    assert text.endswith("</svg>")
    assert "<script" not in text
    assert "href" not in text
    assert Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O") is not None


def test_folds_of_a_library_serve_the_ranking(library):
    made = np.asarray(library.fingerprints)
    own = nearest(made, made[:3], folds=folded(made), counts=library.counts)[0]
    assert own.tolist() == nearest(made, made[:3])[0].tolist()
