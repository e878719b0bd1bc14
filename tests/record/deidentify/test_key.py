"""Keys: made once, for the owner alone, the same pseudonyms at every run."""

import os
import re
import stat

import pytest

from nof1.core.errors import InputError, UsageError
from nof1.record.deidentify.key import LONGEST_SHIFT, Key, make_key, read_key, refuse_inside

KEY = Key(b"k" * 32)


def test_a_key_file_is_for_its_owner_and_is_never_replaced(tmp_path):
    path = tmp_path / "key"
    key = make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key(path) == key
    before = path.read_bytes()
    with pytest.raises(UsageError, match="never replaced"):
        make_key(path)
    assert path.read_bytes() == before


def test_a_key_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "key"
    make_key(path)
    os.chmod(path, 0o640)
    with pytest.raises(InputError, match="Others may read"):
        read_key(path)


@pytest.mark.parametrize(
    "content", ["", "nof1-privacy-key-1\n00", "x" * 5000, "nof1-privacy-key-1\nzz"]
)
def test_what_is_no_key_is_refused(tmp_path, content):
    path = tmp_path / "key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(InputError, match="no key file"):
        read_key(path)


def test_a_missing_key_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(InputError) as caught:
        read_key(tmp_path / "none")
    assert "nof1 privacy key" in caught.value.next_step


def test_pseudonyms_hold_no_digit_and_differ_by_purpose_and_key():
    assert re.fullmatch(r"[a-p]{24}", KEY.letters("id", "1"))
    said = {KEY.letters("id", "1"), KEY.letters("file", "1"), KEY.letters("id", "2")}
    assert len(said | {Key(b"l" * 32).letters("id", "1")}) == 4


def test_uids_and_uuids_have_their_form():
    assert re.fullmatch(r"2\.25\.[1-9]\d{0,38}", KEY.uid("1.2.3"))
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
                        KEY.uuid("x"))  # fmt: skip


def test_shifts_lie_between_one_day_and_two_years_back():
    days = {KEY.days(str(n)) for n in range(3000)}
    assert min(days) >= -LONGEST_SHIFT
    assert max(days) <= -1
    assert len(days) > 600


def test_the_secret_does_not_show_itself():
    assert "kkk" not in repr(KEY)


def test_a_secret_beside_the_data_is_refused(tmp_path):
    with pytest.raises(UsageError, match="kept apart"):
        refuse_inside(tmp_path / "in" / "key", tmp_path / "in")
    refuse_inside(tmp_path / "key", tmp_path / "in")
