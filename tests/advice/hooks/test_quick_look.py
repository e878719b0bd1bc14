"""The quick look at a body is never laxer than the slow one, and words of codes stay the same."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hook_samples import asked, bundle, creatinine, draft, prefetched, raw, taken
from nof1.advice.hooks import naming, request
from nof1.advice.hooks.outcome import Refusal

# Names and texts as they stand in JSON, with all that could mislead a count of ``":``.
TEXTS = (
    '"a"', '"b"', '":a"', '"\\u003a"', '"\\u0061"', '"\\":"', '"\\\\"', '"\\\\\\":"', '" :"',
    '"a:"', '"{"', '"]"', '""', '"\\n:"', '"é"', '"display"', '"\\u0022:"',
)  # fmt: skip
BLANKS = st.sampled_from(["", "", "", " ", "\n", "\t "])


# Names and texts of objects with words; braces in texts could mislead who cuts at braces.
WORDED = (
    '"system"', '"code"', '"display"', '"display"', '"displa\\u0079"', '"a{"', '"}"', '"{}"', '":"',
)  # fmt: skip
CODINGS = tuple(
    f'{{"system":"s","code":"{code}","display":{words}}}'
    for code, words in (("1", '"a"'), ("1", '"{b"'), ("2", '"c}","x":{}'), ("2", '""'))
)


@st.composite
def texts(draw, depth=3, names=TEXTS, values=TEXTS):
    """A JSON text; names may stand twice, blanks anywhere, and now and then it is broken."""
    blank = draw(BLANKS)
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from((*values, "1", "null", "true", "1e5")))
    parts = draw(st.lists(texts(depth=depth - 1, names=names, values=values), max_size=3))
    if draw(st.booleans()):
        return f"[{blank}{','.join(parts)}]"
    named = [draw(st.sampled_from(names)) for _ in parts]
    gaps = [draw(BLANKS) for _ in parts]
    members = [f"{n}{g}:{blank}{p}" for n, g, p in zip(named, gaps, parts, strict=True)]
    return "{" + ",".join(members) + blank + "}"


@settings(max_examples=1000, deadline=None)
@given(inner=texts(), name=st.sampled_from(['"prefetch"', '"x"', '"\\u0070refetch"']))
def test_what_passes_quickly_passes_slowly(inner, name):
    body = f'{{{name}:{inner},"hook":"a"}}'.encode()
    if request._quickly(body):
        request._slowly(body)  # refuses by an exception
        json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":2}', b'{"a" :1,"a":2}', b'{"a":1,"a":2,"b":":"}', b'{"a":1,"\\u0061":2}',
        b'{"a":1,"a":2,"b":"\\u003ax"}', b'{"prefetch":{"a":1,"a":2}}', b'{"a":"\\\\","a":":"}',
        b'{"a":1,"a":"\\u0022\\u0022"}', b'{"":1,"":2}',
    ],
)  # fmt: skip
def test_a_name_that_stands_twice_is_seen(body):
    assert not request._quickly(body)
    with pytest.raises(Refusal, match="stands twice"):
        request.check_json(body)


def test_most_requests_need_no_slow_look():
    for body in (raw(asked("order-sign", [draft("metformin")])), b'{"a":"\\"b\\": c"}'):
        assert request._quickly(body)
    assert request._quickly(b'{"a":' + b"[" * 63 + b"]" * 63 + b"}")
    assert not request._quickly(b'{"a":' + b"[" * 64 + b"]" * 64 + b"}")


def named(**changes):
    asked_for = request.read(
        raw(asked("patient-view", prefetch=prefetched(**changes))), "patient-view"
    )
    values = [bytes(one) for one in asked_for.prefetch.values()]
    assert naming.names_of(values) == naming.in_order(values)
    return naming.names_of(values)


@settings(max_examples=700, deadline=None)
@given(inner=texts(names=WORDED, values=(*WORDED, *CODINGS)))
def test_words_are_found_wherever_they_stand(inner):
    try:
        request._slowly(b'{"x":%b}' % inner.encode())
    except Refusal:  # it would not have come so far
        return
    values = [inner.encode()]
    assert naming.names_of(values) == naming.in_order(values)


def test_words_are_those_of_the_last_coding():
    first, last = (taken(display=words) for words in ("one tablet", "another tablet"))
    assert named(medications=bundle(first, last))["RxNorm//312961"] == "another tablet"
    assert named(medications=bundle(last, first))["RxNorm//312961"] == "one tablet"


@pytest.mark.parametrize("display", [["a"], {"a": "b"}, 7, None])
def test_odd_words_are_no_words(display):
    lame = creatinine()
    lame["code"]["coding"][0]["display"] = display
    assert "LOINC//2160-0" not in named(laboratory=bundle(lame))
