"""Addresses to go to, fields of forms, and names of this server: strict."""

import pytest

from nof1.core.errors import UsageError
from nof1.web.access.forms import fields, place, site


@pytest.mark.parametrize("given", ["/", "/models", "/patients/1?tab=genes&x=%2F", "/a/b#c"])
def test_a_path_of_this_server_is_a_place(given):
    assert place(given) == given


@pytest.mark.parametrize(
    "given",
    [None, "", "models", "//evil.example", "/\\evil.example", "\\\\evil.example",
     "/\t/evil.example",
     "https://evil.example", "javascript:alert(1)", "/a b", "/a\r\nSet-Cookie: x=1", "/\u200b/evil",
     "///evil.example", "/" + "x" * 600, '/"><script>', "/a\\b", " /models"],
)  # fmt: skip
def test_anywhere_else_is_the_own_account(given):
    assert place(given) == "/"


def test_fields_stand_once_in_plain_ascii():
    assert fields(b"a=1&b=%C3%A4+x") == {"a": "1", "b": "ä x"}
    assert fields(b"") == {}
    for raw in (b"a=1&a=2", b"a", b"a=%FF", b"\xff=1", b"&".join(b"a%d=1" % n for n in range(50))):
        assert fields(raw) is None


def test_a_site_has_one_address_and_on_this_machine_its_other_names():
    far = site("https://nof1.hospital.example/", loopback=False)
    assert far.origins == ("https://nof1.hospital.example",)
    assert far.secure
    assert far.cookie("nof1") == "__Host-nof1"
    near = site("http://127.0.0.1:8000", loopback=True)
    assert near.origins == (
        "http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"
    )  # fmt: skip
    assert not near.secure
    assert near.cookie("nof1") == "nof1"


@pytest.mark.parametrize(
    "url", ["http://nof1.hospital.example", "nof1.hospital.example", "https://", "ftp://x",
            "https://a@b", "https://x/path", "https://x?y", "https://x#y", "https://x y"]
)  # fmt: skip
def test_what_is_no_safe_address_is_refused(url):
    for loopback in (False, True):
        with pytest.raises(UsageError):
            site(url, loopback=loopback)
