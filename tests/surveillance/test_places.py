"""Lists of places and maps."""

import json

import pytest

from intake_samples import store_in, write
from nof1.core.errors import InputError
from nof1.surveillance import places
from shared_data import needs


def test_the_hubs_list(tmp_path):
    table = places.read(needs("surveillance/locations.csv"))
    assert table.height == 53
    california = table.filter(table["place"] == "06").row(0, named=True)
    assert california["name"] == "California"
    assert california["short"] == "CA"
    assert california["population"] == 38_886_551


def test_newer_words_win_and_older_places_stay(tmp_path):
    store = store_in(tmp_path)
    places.keep(store, places.read(write(tmp_path, "place,name,pop\nA,Old,5\nB,Beta,6\n")))
    new = write(tmp_path, "place,name,lat,lon\nA,New,48.1,11.5\n")
    assert places.keep(store, places.read(new)) == 2
    rows = {row["place"]: row for row in store.places().to_dicts()}
    assert (rows["A"]["name"], rows["A"]["latitude"]) == ("New", 48.1)
    assert rows["B"]["population"] == 6


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "no column of identifiers"),
        ("place,name\nA,x\nA,y\n", "names a place twice"),
        ("place,population\nA,many\n", "no numbers"),
        ("place,population\nA,0\n", "not above 0"),
    ],
)
def test_bad_lists_are_refused(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        places.read(write(tmp_path, text))


def collection(*features):
    return json.dumps({"type": "FeatureCollection", "features": list(features)})


def test_a_map_is_kept(tmp_path):
    store = store_in(tmp_path)
    assert store.map() is None
    shape = {"type": "Feature", "properties": {"id": "06"}, "geometry": None}
    assert places.keep_map(store, write(tmp_path, collection(shape), "m.geojson")) == 1
    kept = store.map()
    assert kept is not None
    assert json.loads(kept.read_text())["features"] == [shape]
    assert places.keep_map(store, kept) == 1  # the kept map itself, given again
    assert json.loads(kept.read_text())["features"] == [shape]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no readable JSON"),
        ("[]", "no GeoJSON"),
        (collection(), "no GeoJSON"),
        (collection({"properties": {"id": 6}}), "no properties.id"),
        (collection({"properties": None}), "no properties.id"),
    ],
)
def test_bad_maps_are_refused(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        places.keep_map(store_in(tmp_path), write(tmp_path, text))
