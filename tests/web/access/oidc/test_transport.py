"""Asking the issuer: nothing else than a small JSON object from just this address is taken."""

import pytest

import identity_provider as idp
from nof1.web.access.oidc.transport import LARGEST, Failed, ask


@pytest.fixture
def provider():
    with idp.serving() as made:
        yield made


def test_no_redirect_no_error_no_flood_and_no_rubbish_is_taken(provider):
    for answer in ((302, {}), (500, {}), (200, b"x" * (LARGEST + 1)), (200, b"{"), (200, []),
                   (200, b"[" * 100_000)):  # fmt: skip
        provider.answers["/keys"] = answer
        with pytest.raises(Failed):
            ask(f"{provider.issuer}/keys")
    with pytest.raises(Failed):
        ask("http://127.0.0.1:9/keys")
