import msgspec
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from federation_samples import maskers, met, roster_of
from nof1.core.errors import InputError, ModelError
from nof1.federation import masks
from nof1.federation.masks import Masker


@pytest.mark.parametrize("n_sites", [3, 4, 10])
def test_the_masks_of_all_sites_add_up_to_zero(n_sites):
    made = met([f"s{k}" for k in range(n_sites)])
    for number in (0, 1, 7):
        total = np.add.reduce([one.mask(number, 50) for one in made.values()])
        assert not total.any()


def test_a_mask_is_uniform_and_another_one_each_round():
    one = met()["north"]
    first, second = one.mask(0, 100_000), one.mask(1, 100_000)
    bits = np.unpackbits(first.view(np.uint8))
    assert abs(bits.mean() - 0.5) < 4 * 0.5 / np.sqrt(bits.size)  # 4 standard errors
    assert np.mean(first == second) == 0


def test_the_sum_of_fewer_sites_stays_masked():
    made = met()
    two = made["north"].mask(0, 1000) + made["south"].mask(0, 1000)
    assert two.any()
    assert len(set(two.tolist())) == 1000


def test_a_round_is_never_used_twice():
    one = met()["north"]
    one.mask(4, 3)
    for number in (4, 3, 0):
        with pytest.raises(ModelError, match="twice"):
            one.mask(number, 3)


def test_no_mask_before_the_keys_were_exchanged():
    with pytest.raises(ModelError, match="not exchanged"):
        maskers()["north"].mask(0, 3)


def test_keys_are_fresh_for_each_session():
    one = maskers()["north"]
    again = Masker(one.roster, one.site, one.job, one.identity)
    assert one.hello().public != again.hello().public


def with_hello(change):
    """Three maskers, of which north gets the hellos after ``change``."""
    made = maskers()
    hellos = {name: one.hello() for name, one in made.items()}
    return made["north"], change(made, hellos)


def resigned(hello, key):
    return msgspec.structs.replace(hello, signature=key.sign(hello.signed_part()))


def swapped_by_coordinator(made, hellos):
    """A coordinator that puts its own key in, signed with its own identity."""
    public = X25519PrivateKey.generate().public_key().public_bytes_raw()
    forged = msgspec.structs.replace(hellos["south"], public=public)
    signed = resigned(forged, Ed25519PrivateKey.generate())
    return [hellos["north"], signed, hellos["west"]]


def own_key_swapped(made, hellos):
    other = Masker(made["north"].roster, "north", "job-1", made["north"].identity).hello()
    return [other, hellos["south"], hellos["west"]]


def small_order(made, hellos):
    weak = msgspec.structs.replace(hellos["south"], public=bytes(32))
    return [hellos["north"], resigned(weak, made["south"].identity), hellos["west"]]


def same_key(made, hellos):
    copied = msgspec.structs.replace(hellos["south"], public=hellos["west"].public)
    return [hellos["north"], resigned(copied, made["south"].identity), hellos["west"]]


def of_another_job(made, hellos):
    one = made["south"]
    return [
        hellos["north"],
        Masker(one.roster, "south", "job-2", one.identity).hello(),
        hellos["west"],
    ]


def of_another_roster(made, hellos):
    keys = {name: one.identity for name, one in made.items()}
    roster = roster_of({**keys, "west": Ed25519PrivateKey.generate()})
    return [
        hellos["north"],
        Masker(roster, "south", "job-1", keys["south"]).hello(),
        hellos["west"],
    ]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda made, hellos: [*hellos.values()][:2], "Not every site"),
        (lambda made, hellos: [*hellos.values(), hellos["west"]], "twice"),
        (swapped_by_coordinator, "signature"),
        (own_key_swapped, "own"),
        (small_order, "not usable"),
        (same_key, "same key"),
        (of_another_job, "another job"),
        (of_another_roster, "another roster"),
    ],
)
def test_an_exchange_of_keys_that_was_tampered_with_is_refused(change, match):
    one, hellos = with_hello(change)
    with pytest.raises(InputError, match=match):
        one.meet(hellos)


def test_vector_of_a_key_stream():
    # ChaCha20 of RFC 8439, appendix A.1, test vector 1: key 0, nonce 0, block counter 0
    stream = masks._stream(bytes(32), 0, 8)
    expected = (
        "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
        "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
    )
    assert stream.astype("<u8").tobytes().hex() == expected


def test_keys_are_not_shown():
    assert "X25519" not in repr(met()["north"])
    assert "_shared" not in repr(met()["north"])
