import pytest

from meshguard.diagnostic import Span
from meshguard.helm import strvals
from meshguard.helm.loss import SourceError
from meshguard.helm.strvals import apply
from meshguard.helm.version import NEWEST_3, NEWEST_4, Version
from meshguard.helm.yaml import load
from meshguard.node import Node, Plain, plain
from tests.helm.places import places, short, told

BASE = b'a:\n  b: 1\n  l: [x, {k: v}, ~, [3]]\nm: ~\n"": {q: [1]}\ns: text\n'
FILES = {"one.txt": b"one\n", "bad.txt": b"\xff", "a": b"1", "large": bytes(strvals.LIMIT + 1)}


def base(text: bytes = BASE) -> Node:
    return load(text, "values.yaml", NEWEST_4).node


def applied(kind: str, expression: str, helm: Version = NEWEST_4, on: bytes = BASE) -> Plain:
    return plain(apply(base(on), kind, expression, helm, FILES.__getitem__)[0])


def changed(expression: str, kind: str = "set") -> dict[str, Plain]:
    """Give the top-level keys that the argument changes."""
    before, after = plain(base()), applied(kind, expression)
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    return {key: value for key, value in after.items() if key not in before or before[key] != value}


EDITS: dict[str, dict[str, Plain]] = {
    "a.b=2": {"a": {"b": 2, "l": ["x", {"k": "v"}, None, [3]]}},
    "a.l[1].k=w": {"a": {"b": 1, "l": ["x", {"k": "w"}, None, [3]]}},
    "a.l[0].k=w": {"a": {"b": 1, "l": [{"k": "w"}, {"k": "v"}, None, [3]]}},
    "a.l[2].k=w": {"a": {"b": 1, "l": ["x", {"k": "v"}, {"k": "w"}, [3]]}},
    "a.l[2][1]=w": {"a": {"b": 1, "l": ["x", {"k": "v"}, [None, "w"], [3]]}},
    "a.l[3][0]=4": {"a": {"b": 1, "l": ["x", {"k": "v"}, None, [4]]}},
    "a.l[5]=z": {"a": {"b": 1, "l": ["x", {"k": "v"}, None, [3], None, "z"]}},
    "a.l[5].c.d=z": {"a": {"b": 1, "l": ["x", {"k": "v"}, None, [3], None, {"c": {"d": "z"}}]}},
    "a.l={p,q}": {"a": {"b": 1, "l": ["p", "q"]}},
    "new.x=1,new.z=2": {"new": {"x": 1, "z": 2}},
    "new[1][0]=1": {"new": [None, [1]]},
    ".q=1": {"": {"q": 1}},
    ".q[0]=2": {"": {"q": [2]}},
    "=1": {},
    "new[0]": {"new": []},
    "new[0][0]": {"new": []},
    "new[0].b=": {"new": []},
    "a.l[0].b=": {"a": {"b": 1, "l": [{"b": ""}, {"k": "v"}, None, [3]]}},
    "a.l[3][0].b=": {"a": {"b": 1, "l": ["x", {"k": "v"}, None, [{"b": ""}]]}},
    "new[0][0].b=": {"new": []},
    "a.b=": {"a": {"b": "", "l": ["x", {"k": "v"}, None, [3]]}},
    "t=true,f=fal\u017fe,z=nULL,i=+7,j=0,k=-0,l=007,m=1.5,o=9223372036854775808": {
        "t": True,
        "f": False,
        "z": None,
        "i": 7,
        "j": 0,
        "k": 0,
        "l": "007",
        "m": "1.5",
        "o": "9223372036854775808",
    },
    "x=9007199254740993": {"x": 9007199254740993},
    "x=a\\,b\\": {"x": "a,b"},
    "x={a,1,true},": {"x": ["a", 1, True]},
}


@pytest.mark.parametrize(("expression", "expected"), EDITS.items())
def test_set_edits_the_values_in_place(expression: str, expected: dict[str, Plain]) -> None:
    assert changed(expression) == expected


def test_the_base_is_not_changed() -> None:
    before = base()
    apply(before, "set", "a.l[1].k=w,a.b=2,s=1", NEWEST_4, FILES.__getitem__)

    assert plain(before) == plain(base())


def test_the_other_flags() -> None:
    assert changed("x=1,z=null", "set-string") == {"x": "1", "z": "null"}
    assert changed("x.z=a,b=c\\,{d}", "set-literal") == {"x": {"z": "a,b=c\\,{d}"}}
    assert changed("x[1]=a,b", "set-literal") == {"x": [None, "a,b"]}
    assert changed("x=", "set-literal") == {"x": ""}
    assert plain(apply(base(b""), "set", "[0]=1", NEWEST_4, FILES.__getitem__)[0]) == {}
    assert applied("set", "[5]=1,[0]=2", on=b'"": [1]') == {"": [2]}
    assert changed("x=one.txt,z={one.txt,bad.txt}", "set-file") == {"x": "one\n", "z": ["one\n", "\ufffd"]}


def test_json_values() -> None:
    assert changed('x={"a": [1, null]} ,z= ,w=', "set-json") == {"x": {"a": [1, None]}, "z": None, "w": None}
    assert changed("x[0]=1.5", "set-json") == {"x": [1.5]}


def test_a_whole_object_is_merged_by_helm_4_only() -> None:
    text = ' {"a": {"b": 2}, "x": [1]} '

    assert changed(text, "set-json") == {"a": {"b": 2, "l": ["x", {"k": "v"}, None, [3]]}, "x": [1]}
    with pytest.raises(SourceError, match="Helm 3 takes KEY=JSON here; a whole object is for Helm 4 alone"):
        applied("set-json", text, NEWEST_3)


def test_what_helm_4_ignores_is_an_error_to_helm_3() -> None:
    assert changed("new[0=1") == {}
    assert changed("new[0][0=1") == {"new": []}
    with pytest.raises(SourceError, match=r"an index must end with `\]`"):
        applied("set", "new[0=1", NEWEST_3)


def test_new_values_point_into_the_argument() -> None:
    node, _ = apply(base(b"a: {b: 1}\nl: [x]\n"), "set", "a.c=d,l[1].m={p,q}", NEWEST_4, FILES.__getitem__)

    assert places(node) == {
        ".": "1:1-2:7",
        "a": "1:1-1:2 1:4-1:10",
        "a.b": "1:5-1:6 1:8-1:9",
        "a.c": "1:3-1:4 1:5-1:6",
        "l": "2:1-2:2 2:4-2:7",
        "l[0]": "2:5-2:6",
        "l[1]": "1:12-1:19",
        "l[1].m": "1:12-1:13 1:14-1:19",
        "l[1].m[0]": "1:15-1:16",
        "l[1].m[1]": "1:17-1:18",
    }
    assert isinstance(node.value, dict)
    assert node.value["l"].span.file == "values.yaml"
    assert isinstance(node.value["l"].value, list)
    assert node.value["l"].value[1].span.file == "--set a.c=d,l[1].m={p,q}"


def test_places_in_other_arguments() -> None:
    empty = base(b"")
    json = apply(empty, "set-json", 'a={"k": [1,\n "x"]}, b=', NEWEST_4, FILES.__getitem__)[0]
    nested = apply(empty, "set-string", "a[1].b.c=x\ny", NEWEST_4, FILES.__getitem__)[0]
    literal = apply(empty, "set-literal", "a=b", NEWEST_4, FILES.__getitem__)[0]

    assert places(json) == {
        ".": "1:1-1:1",
        "a": "1:1-1:2 1:3-2:7",
        "a.k": "1:4-1:7 1:9-2:6",
        "a.k[0]": "1:10-1:11",
        "a.k[1]": "2:2-2:5",
        '[" b"]': "2:8-2:10 2:11-2:11",
    }
    assert places(nested) == {
        ".": "1:1-1:1",
        "a": "1:1-1:2 1:3-2:2",
        "a[0]": "1:6-2:2",
        "a[1]": "1:6-2:2",
        "a[1].b": "1:6-1:7 1:8-2:2",
        "a[1].b.c": "1:8-1:9 1:10-2:2",
    }
    assert places(literal) == {".": "1:1-1:1", "a": "1:1-1:2 1:3-1:4"}


def test_an_argument_that_is_no_utf_8_is_read_as_go_reads_it() -> None:
    node = apply(base(b""), "set", "a=\udcff", NEWEST_4, FILES.__getitem__)[0]

    assert plain(node) == {"a": "\ufffd"}
    assert isinstance(node.value, dict)
    assert node.value["a"].span == Span("--set a=\ufffd", 1, 3, 1, 4)


LOSSES = {
    "a=1": ["scalar-replaces-map a 1:1-1:2 1:1-1:2"],
    "a.l={x}": ["list-replaces-list a.l 1:3-1:4 3:3-3:4"],
    "a.l[3]=1": [],
    "a.l[1]=1": ["scalar-replaces-map a.l[1] 1:8-1:9 3:10-3:16"],
    "a.b=null": ["null-replaces a.b 1:3-1:4 2:3-2:4"],
    "m=1": [],
    "s=other": [],
}


@pytest.mark.parametrize(("expression", "expected"), LOSSES.items())
def test_what_an_argument_replaces_is_noted(expression: str, expected: list[str]) -> None:
    assert told(apply(base(), "set", expression, NEWEST_4, FILES.__getitem__)[1]) == expected


IGNORED = {
    "=1": ['ignored-argument [""] 1:1-1:1'],
    ".a=1,.b=2": ['ignored-argument [""] 1:1-1:1', 'ignored-argument [""] 1:6-1:6'],
    "[0]=1": ['ignored-argument [""] 1:1-1:1'],
    "a[0=1": ["ignored-argument a 1:1-1:2"],
    ".": [],
}


@pytest.mark.parametrize(("expression", "expected"), IGNORED.items())
def test_what_helm_ignores_is_noted(expression: str, expected: list[str]) -> None:
    node, losses = apply(base(b""), "set", expression, NEWEST_4, FILES.__getitem__)

    assert told(losses) == expected
    assert plain(node) == {}


# What is wrong, where in the expression, and what is said.
REFUSED: dict[tuple[str, str], tuple[str, str]] = {
    ("set", "a"): ("1:1-1:2", "the key 'a' has no value: write `a=VALUE`"),
    ("set", "x=1,z"): ("1:5-1:6", "the key 'z' has no value: write `z=VALUE`"),
    ("set", "x,z=1"): ("1:1-1:3", "the key 'x' has no value: write `x=VALUE`"),
    ("set", "x.=1"): ("1:1-1:2", "the key 'x' has no value"),
    ("set", "s.x=1"): ("1:1-1:2", "'s' is no map, so nothing can be set below it"),
    ("set", "m.x=1"): ("1:1-1:2", "'m' is no map, so nothing can be set below it"),
    ("set", "s[0]=1"): ("1:1-1:2", "'s' is no list, so it has no index"),
    ("set", "a.l[0][0]=1"): ("1:8-1:10", "item 0 is no list, so it has no index"),
    ("set", "x[-1]=1"): ("1:6-1:6", "the index -1 is negative"),
    ("set", "x[z]=1"): ("1:3-1:4", "the index 'z' is no number"),
    ("set", "x[99999999999999999999]=1"): ("1:3-1:23", "the index '99999999999999999999' is no number"),
    ("set", "x[99999999]=1"): ("1:13-1:14", "the index 99999999 is greater than 65536"),
    ("set", "x[0]z=1"): ("1:5-1:7", "'z' cannot follow an index: write `=`, `.` or `[`"),
    ("set", "x={a,b"): ("1:3-1:7", "a list must end with `}`"),
    ("set", ".".join("xbcdefghijklmnopqrstuvwxyzabcdefgh") + "=1"): (
        "1:1-1:63",
        "keys may be nested 30 levels deep, no more",
    ),
    ("set", "x" + "[0]" * 300 + "=1"): ("1:1-1:605", "values may be nested 200 levels deep, no more"),
    ("set", "x[0]" + ".x[0]" * 300 + "=1"): ("1:1-1:505", "values may be nested 200 levels deep, no more"),
    ("set", ",".join(f"x{key}[65536]=1" for key in range(20))): (
        "1:197-1:198",
        "the indexes fill in more than 1000000 nulls",
    ),
    ("set-literal", "x"): ("1:1-1:2", "the key 'x' has no value: write `x=VALUE`"),
    ("set-file", "x=large"): ("1:3-1:8", "the file 'large' is larger than 5 MiB"),
    ("set-json", "x=[1"): ("1:5-1:5", "this is not JSON: `,` is missing here"),
}


@pytest.mark.parametrize(("given", "expected"), REFUSED.items(), ids=[" ".join(key)[:40] for key in REFUSED])
def test_what_helm_refuses_is_refused_with_its_place(given: tuple[str, str], expected: tuple[str, str]) -> None:
    kind, expression = given
    with pytest.raises(SourceError) as caught:
        applied(kind, expression)

    assert (short(caught.value.span), str(caught.value)) == expected
    assert caught.value.span.file == f"--{kind} {expression}"
    assert caught.value.text == expression


def test_the_bounds_are_helms() -> None:
    assert (strvals.MAX_INDEX, strvals.MAX_LEVELS) == (65536, 30)
