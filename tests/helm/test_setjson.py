import pytest

from meshguard.helm.loss import SourceError
from meshguard.helm.setjson import read_json
from meshguard.node import plain
from tests.helm.places import places, short

READ: dict[str, object] = {
    "1": 1,
    "-0.0": -0.0,
    " [ ] ": [],
    '{"a" : {} , "b":[1 ,2]}': {"a": {}, "b": [1, 2]},
    '"\\u00e9\\ud83d\\ude00\\ud800x\\udc00\\n\\/\\"\\\\"': '\u00e9\U0001f600\ufffdx\ufffd\n/"\\',
    '"\\ud83d\\u0041"': "\ufffdA",
    "true": True,
    "null": None,
    "1.5e3": 1500,
    "9007199254740993": 9007199254740992,
    '{"a":1,"a":2}': {"a": 2},
}


@pytest.mark.parametrize(("text", "expected"), READ.items())
def test_json_as_go_reads_it(text: str, expected: object) -> None:
    node, end = read_json(text, 0, "--set-json x", whole=True)

    assert (plain(node), repr(plain(node))) == (expected, repr(expected))
    assert end == len(text.rstrip())


def test_places() -> None:
    node, _ = read_json('{"a": [true,\n {"b": null}]}', 0, "f", whole=True)

    assert places(node) == {
        ".": "1:1-2:15",
        "a": "1:2-1:5 1:7-2:14",
        "a[0]": "1:8-1:12",
        "a[1]": "2:2-2:13",
        "a[1].b": "2:3-2:6 2:8-2:12",
    }


REFUSED = {
    "": ("1:1-1:1", "a value is missing here (text goes in double quotes)"),
    "x": ("1:1-1:2", "a value is missing here (text goes in double quotes)"),
    "[1,]": ("1:4-1:5", "a value is missing here (text goes in double quotes)"),
    "[1 2]": ("1:4-1:5", "`,` is missing here"),
    "[1": ("1:3-1:3", "`,` is missing here"),
    '{"a" 1}': ("1:6-1:7", "`:` is missing here"),
    '{"a":1 "b"}': ("1:8-1:9", "`,` is missing here"),
    '{"a":1,}': ("1:8-1:9", "a key in double quotes is missing here"),
    "{a:1}": ("1:2-1:3", "a key in double quotes is missing here"),
    '"a': ("1:1-1:2", "the text does not end, or holds an escape or a character that JSON lacks"),
    '"\\x"': ("1:1-1:2", "the text does not end, or holds an escape or a character that JSON lacks"),
    '"\t"': ("1:1-1:2", "the text does not end, or holds an escape or a character that JSON lacks"),
    "1.": ("1:2-1:3", "the number is not complete"),
    "1.x": ("1:2-1:3", "the number is not complete"),
    "1e": ("1:2-1:3", "the number is not complete"),
    "1.5E+": ("1:4-1:5", "the number is not complete"),
    "1e400": ("1:1-1:2", "the number is too large"),
    "-1e400": ("1:1-1:2", "the number is too large"),
    "1 2": ("1:2-1:3", "nothing may follow the JSON value"),
    "[" * 300: ("1:202-1:203", "it is nested more than 200 levels deep"),
}


@pytest.mark.parametrize(("text", "expected"), REFUSED.items(), ids=[text[:20] for text in REFUSED])
def test_what_is_no_json(text: str, expected: tuple[str, str]) -> None:
    with pytest.raises(SourceError) as caught:
        read_json(text, 0, "f", whole=True)

    place, why = expected
    assert (short(caught.value.span), str(caught.value)) == (place, f"this is not JSON: {why}")


def test_what_follows_a_value_is_left_alone() -> None:
    assert [read_json(text, 2, "f", whole=False)[1] for text in ("a=1.5.x", 'a="b"c', "a=01", "a=truex")] == [
        5,
        5,
        3,
        6,
    ]
