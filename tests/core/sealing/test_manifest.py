"""The manifest: comes back as it was, and leads to no place outside the workspace."""

import json

import pytest

from nof1.core.errors import WorkspaceError
from nof1.core.sealing import manifest

ENTRY = manifest.Entry("a/ö.txt", b"N" * 16, b"K" * 32, 3, 0o640, 17, b"H" * 32)
WHOLE = manifest.Manifest(b"W" * 16, 2, b"I" * 32, (("a", 0o755),), (ENTRY,), ({"by": "x"},))


def test_it_comes_back_as_it_was_with_its_padding():
    data = manifest.to_bytes(WHOLE)
    assert manifest.from_bytes(data + bytes(100)) == WHOLE
    assert WHOLE.size == 3


def test_the_next_one_remembers():
    new = WHOLE.next("rotate", "officer-a")
    assert (new.generation, new.history[-1]["action"], new.files) == (3, "rotate", WHOLE.files)
    many = WHOLE
    for _ in range(manifest.REMEMBERED + 5):
        many = many.next("with", "x")
    assert len(many.history) == manifest.REMEMBERED


def test_keys_do_not_show_themselves():
    assert "KKKK" not in repr(WHOLE)
    assert "IIII" not in repr(WHOLE)


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "/etc/x",
        "a/../../x",
        "a//x",
        "./x",
        "",
        "a/",
        "x\0y",
        "sealed/x",
        "nof1.sealed",
        "b/x",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(path):
    data = json.loads(manifest.to_bytes(WHOLE))
    data["files"][0][0] = path
    with pytest.raises(WorkspaceError):
        manifest.from_bytes(json.dumps(data).encode())


def test_a_path_that_stands_twice_is_refused():
    data = json.loads(manifest.to_bytes(WHOLE))
    data["files"] *= 2
    with pytest.raises(WorkspaceError, match="no workspace can have"):
        manifest.from_bytes(json.dumps(data).encode())


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b'{"format":"nof1-manifest-2"}'])
def test_what_is_no_manifest_is_refused(data):
    with pytest.raises(WorkspaceError, match="cannot be read"):
        manifest.from_bytes(data)
