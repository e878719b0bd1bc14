"""Addresses of FHIR servers that may be read."""

import pytest

from nof1.advice.hooks.fhir_server import Failed, below, server
from nof1.core.errors import UsageError


def test_an_address_of_the_operator():
    made = server("https://ehr.example.org:8443/fhir/r4/")
    assert (made.base, made.host, made.port, made.path, made.secure) == (
        "https://ehr.example.org:8443/fhir/r4", "ehr.example.org", 8443, "/fhir/r4", True,
    )  # fmt: skip
    assert server("http://localhost/fhir", insecure=True).secure is False


@pytest.mark.parametrize(
    "address",
    ["", "ehr.example.org", "http://ehr.example.org/fhir", "ftp://ehr.example.org/fhir",
     "https://", "https:///fhir", "https://me:secret@ehr.example.org/fhir",
     "https://@ehr.example.org", "https://ehr.example.org/fhir?a=b", "https://ehr.example.org/#x",
     "https://ehr.example.org/a b", "https://ehr.example.org/../x", "https://ehr.example.org/%2e/x",
     "https://ehr.example.org:99999/", "https://[::1/fhir", "https://ehr.example.org\\@evil.example",
     "file:///etc/passwd", "https://ehr.example.org/\r\nx"],
)  # fmt: skip
def test_anything_else_is_no_address(address):
    with pytest.raises(UsageError):
        server(address)


def test_a_next_page_lies_below():
    here = server("https://ehr.example.org/fhir")
    assert below(here, "https://ehr.example.org/fhir?page=2") == "/fhir?page=2"
    assert (
        below(here, "https://ehr.example.org/fhir/Condition?x=..%2f") == "/fhir/Condition?x=..%2f"
    )
    assert below(server("https://ehr.example.org"), "https://ehr.example.org?page=2") == "/?page=2"
    for bad in ("https://ehr.example.org/fhir", "https://ehr.example.org/fhirx/Condition",
                "https://ehr.example.org:443/fhir/x", f"{here.base}/../x"):  # fmt: skip
        with pytest.raises(Failed):
            below(here, bad)
