import pytest

from meshguard.helm import compose, events, yaml
from meshguard.helm.loss import SourceError
from meshguard.helm.version import NEWEST_3, NEWEST_4, Version
from meshguard.helm.yaml import load
from meshguard.node import plain
from tests.helm.places import places, short, told

BOM = "\ufeff"


SPANS = {
    "a: 1\n": {".": "1:1-1:5", "a": "1:1-1:2 1:4-1:5"},
    "a:\n  b: x\n  c:\n    - 1\n    - d: e\n\n# c\nf: g\n": {
        ".": "1:1-8:5",
        "a": "1:1-1:2 2:3-5:11",
        "a.b": "2:3-2:4 2:6-2:7",
        "a.c": "3:3-3:4 4:5-5:11",
        "a.c[0]": "4:7-4:8",
        "a.c[1]": "5:7-5:11",
        "a.c[1].d": "5:7-5:8 5:10-5:11",
        "f": "8:1-8:2 8:4-8:5",
    },
    "a: {b: [1, 'x'],\n  c: \"y\"}  # c\nd: []\n": {
        ".": "1:1-3:6",
        "a": "1:1-1:2 1:4-2:10",
        "a.b": "1:5-1:6 1:8-1:16",
        "a.b[0]": "1:9-1:10",
        "a.b[1]": "1:12-1:15",
        "a.c": "2:3-2:4 2:6-2:9",
        "d": "3:1-3:2 3:4-3:6",
    },
    "a: one\n  two\nb: 'x\n  y'\n": {".": "1:1-4:5", "a": "1:1-1:2 1:4-2:6", "b": "3:1-3:2 3:4-4:5"},
    "a: |\n  x\n  y\n\nb: >-\n  z\nc: |+\n  k\n\nd: |\nx: 1\n": {
        ".": "1:1-11:5",
        "a": "1:1-1:2 1:4-3:4",
        "b": "5:1-5:2 5:4-6:4",
        "c": "7:1-7:2 7:4-8:4",
        "d": "10:1-10:2 10:4-10:5",
        "x": "11:1-11:2 11:4-11:5",
    },
    "a:\nb: ~\nc: \n": {
        ".": "1:1-3:3",
        "a": "1:1-1:2 1:3-1:3",
        "b": "2:1-2:2 2:4-2:5",
        "c": "3:1-3:2 3:3-3:3",
    },
    # What an alias or a merge brings stands where it was written; the key of an alias stands where it is used.
    "a: &x {k: v}\nb: *x\nc:\n  <<: *x\n  d: 1\nl:\n- *x\n": {
        ".": "1:1-7:5",
        "a": "1:1-1:2 1:4-1:13",
        "a.k": "1:8-1:9 1:11-1:12",
        "b": "2:1-2:2 1:4-1:13",
        "b.k": "1:8-1:9 1:11-1:12",
        "c": "3:1-3:2 4:3-5:7",
        "c.k": "1:8-1:9 1:11-1:12",
        "c.d": "5:3-5:4 5:6-5:7",
        "l": "6:1-6:2 7:1-7:5",
        "l[0]": "1:4-1:13",
        "l[0].k": "1:8-1:9 1:11-1:12",
    },
    f"{BOM}a: 1\nb: 2\n": {".": "1:1-2:5", "a": "1:1-1:2 1:4-1:5", "b": "2:1-2:2 2:4-2:5"},
    f"a: {BOM}x\n": {".": "1:1-1:6", "a": "1:1-1:2 1:4-1:6"},
    '\U0001f600: \U0001f600\u00e9 # c\nb: "\U0001f600" \n': {
        ".": "1:1-2:7",
        '["\U0001f600"]': "1:1-1:2 1:4-1:6",
        "b": "2:1-2:2 2:4-2:7",
    },
    "a: 1\r\nb:\r\n- c\r\n": {
        ".": "1:1-3:4",
        "a": "1:1-1:2 1:4-1:5",
        "b": "2:1-2:2 3:1-3:4",
        "b[0]": "3:3-3:4",
    },
    "a: 1\rb: 2\r": {".": "1:1-2:5", "a": "1:1-1:2 1:4-1:5", "b": "2:1-2:2 2:4-2:5"},
    # YAML 1.1 ends lines here, editors do not.
    'a: "x\x85y"\nb: |\n  x\u2028  y\n': {".": "1:1-3:8", "a": "1:1-1:2 1:4-1:9", "b": "2:1-2:2 2:4-3:8"},
    "--- # c\na: 1\n": {".": "2:1-2:5", "a": "2:1-2:2 2:4-2:5"},
    '? a\n: !!int "3"\nb: &q !foo x\n': {".": "1:1-3:13", "a": "1:3-1:4 2:3-2:12", "b": "3:1-3:2 3:4-3:13"},
    "a: \t1\t\nb:\t2\n": {".": "1:1-2:5", "a": "1:1-1:2 1:5-1:6", "b": "2:1-2:2 2:4-2:5"},
    "": {".": "1:1-1:1"},
    "# c\n": {".": "1:1-1:1"},
    "null\n": {".": "1:1-1:5"},
}


@pytest.mark.parametrize("helm", [NEWEST_3, NEWEST_4], ids=str)
@pytest.mark.parametrize(("text", "expected"), SPANS.items())
def test_every_key_and_value_has_its_place(text: str, expected: dict[str, str], helm: Version) -> None:
    assert places(load(text.encode(), "values.yaml", helm).node) == expected


def test_a_later_document_keeps_its_places() -> None:
    text = "x: 1\n---\ny1: 2\r\nx:\n  z: 3\n---\n---\n# c\nw: 4\n"

    assert places(load(text.encode(), "v.yaml", NEWEST_4).node) == {
        ".": "1:1-1:5",
        "x": "4:1-4:2 5:3-5:7",
        "x.z": "5:3-5:4 5:6-5:7",
        "y1": "3:1-3:3 3:5-3:6",
        "w": "9:1-9:2 9:4-9:5",
    }


def test_the_text_for_excerpts_has_plain_lines() -> None:
    assert load(f"{BOM}a: 1\r\nb: 2\rc: 3".encode(), "v.yaml", NEWEST_3).text == "a: 1\nb: 2\nc: 3"


LOSSES: dict[str, list[str]] = {
    "a: 1\nb: {c: [x, 1.5, ~, true]}\n": [],
    "a: 1\nb: 2\na: 3\n": ["duplicate-key a 1:1-1:2 3:1-3:2"],
    "x: {a: 1, a: {b: 2}}\n": ["duplicate-key x.a 1:5-1:6 1:11-1:12"],
    "1: a\n1: b\n": ["duplicate-key 1 1:1-1:2 2:1-2:2"],
    '1: a\n"1": b\n': ["colliding-keys 1 1:1-1:2 2:1-2:4"],
    '"1": a\n1: b\n"1": c\n': ["colliding-keys 1 1:1-1:4 2:1-2:2", "colliding-keys 1 2:1-2:2 3:1-3:4"],
    "1.0: a\n1: b\n": ["yaml11 1 1:1-1:4", "colliding-keys 1 1:1-1:4 2:1-2:2"],
    "b: &b {x: 1}\nc: {x: 9, <<: *b}\n": ["merge-after-keys c.x 2:5-2:6 1:8-1:9"],
    "b: &b {x: 1}\nc: {<<: *b, x: 9}\n": [],
    "b: &b {x: 1}\nc: {<<: *b, x: 9, x: 8}\n": ["duplicate-key c.x 2:13-2:14 2:19-2:20"],
    "b: &b {x: 1}\nd: &d {x: 2}\nc: {<<: [*b, *d], <<: {x: 3}}\n": [],
    "b: &b {1: x}\nc: {'1': z, <<: *b}\n": ["colliding-keys c.1 2:5-2:8 1:8-1:9"],
    "b: &b {1: x}\nc: {<<: *b, '1': z}\n": ["colliding-keys c.1 1:8-1:9 2:13-2:16"],
    "a: on\nb: [NO, 0755, 1_000, 1e3, 08]\n": [
        "yaml11 a 1:4-1:6",
        "yaml11 b[0] 2:5-2:7",
        "yaml11 b[1] 2:9-2:13",
        "yaml11 b[2] 2:15-2:20",
        "yaml11 b[3] 2:22-2:25",
        "yaml11 b[4] 2:27-2:29",
    ],
    "v: 1.10\nw: 0x1F\nx: 12:30\ny1: 2024-01-02\nz: TRUE\n": ["yaml11 v 1:4-1:8", "yaml11 w 2:4-2:8"],
    "a: {y: 1, 0x10: 2, on: 3, 7: 4}\n": [
        "yaml11 a.true 1:5-1:6",
        "yaml11 a.16 1:11-1:15",
        "yaml11 a.true 1:20-1:22",
        "duplicate-key a.true 1:5-1:6 1:20-1:22",
    ],
    "a: 9007199254740993\nb: 9007199254740992\nc: 99999999999999999999999\n": [
        "inexact-number a 1:4-1:20",
        "inexact-number c 3:4-3:27",
    ],
    "  a: 1\nb: 2\n": ["trailing-content . 2:1-2:2 1:3-1:7"],
    "{a: 1} x\n": ["trailing-content . 1:8-1:9 1:1-1:7"],
    "a: 1\n...\n'b\n": ["trailing-content . 4:1-4:2 1:1-1:5"],
    "a: 1\n...\nb: 2\n": ["trailing-content . 3:1-3:2 1:1-1:5"],
    "a: 1\n...\n# c\n": [],
    "a: 1\n---\n": [],
}


@pytest.mark.parametrize("helm", [NEWEST_3, NEWEST_4], ids=str)
@pytest.mark.parametrize(("text", "expected"), LOSSES.items())
def test_what_is_dropped_or_changed_is_noted(text: str, expected: list[str], helm: Version) -> None:
    assert told(load(text.encode(), "values.yaml", helm).losses) == expected


@pytest.mark.parametrize(
    ("text", "three", "four"),
    [
        ("a: 1\n---\nb: 2\n", {"a": 1}, {"a": 1, "b": 2}),
        ("a: {x: 1}\n--- # c\na: {z: 2}\nb: ~\n---\n", {"a": {"x": 1}}, {"a": {"x": 1, "z": 2}, "b": None}),
        ("---\n---\na: 1\n", {}, {"a": 1}),
        ("a: 1\n---\n---\n---\nb: 2\n", {"a": 1}, {"a": 1, "b": 2}),
    ],
)
def test_helm_4_reads_every_document(text: str, three: dict[str, object], four: dict[str, object]) -> None:
    assert plain(load(text.encode(), "v.yaml", NEWEST_3).node) == three
    assert plain(load(text.encode(), "v.yaml", NEWEST_4).node) == four


def test_a_second_document_is_noted_at_its_separator() -> None:
    text = b"a: 1\n---\nb: 2\na: [3]\n"

    assert told(load(text, "v.yaml", NEWEST_3).losses) == ["second-document . 2:1-2:4 1:1-1:5"]
    assert told(load(text, "v.yaml", NEWEST_4).losses) == ["second-document . 2:1-2:4 1:1-1:5"]
    assert told(load(b"a: [1]\n---\na: [3]\n", "v.yaml", NEWEST_4).losses) == [
        "second-document . 2:1-2:4 1:1-1:7",
        "list-replaces-list a 3:1-3:2 1:1-1:2",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "# who reads this\n---\na: 1\n",
        "\n \n---\na: 1\n...\n",
        "\ufeff# mark\r\n---\r\na: 1\r\n",
        "a: 1\n---\n# end\n",
    ],
)
def test_comments_are_no_document(text: str) -> None:
    for helm in (NEWEST_3, NEWEST_4):
        loaded = load(text.encode(), "v.yaml", helm)

        assert (plain(loaded.node), loaded.losses) == ({"a": 1}, ())


def test_an_empty_document_is_one() -> None:
    text = b"---\n---\na: 1\n"

    assert plain(load(text, "v.yaml", NEWEST_3).node) == {}
    assert plain(load(text, "v.yaml", NEWEST_4).node) == {"a": 1}
    assert told(load(text, "v.yaml", NEWEST_4).losses) == ["second-document . 2:1-2:4 2:1-2:1"]


def test_a_last_line_is_lost_by_some_releases() -> None:
    text = b"a: 1\nb: " + b"x" * 4093

    assert told(load(text, "v.yaml", Version(4, 2, 4)).losses) == ["unterminated-line . 2:1-2:4097"]
    assert plain(load(text, "v.yaml", Version(4, 2, 4)).node) == {"a": 1}
    assert plain(load(text, "v.yaml", NEWEST_4).node) == {"a": 1, "b": "x" * 4093}
    assert plain(load(text + b"x", "v.yaml", Version(4, 2, 4)).node) == {"a": 1, "b": "x" * 4094}


# Where libyaml and go-yaml's older copy of it differ, both of them in Helm's way.
DIALECT: dict[str, object] = {
    "x: {a:}\n": {"x": {"a:": None}},
    "x: [a:, b: c]\n": {"x": ["a:", {"b": "c"}]},
    "x: \"it\\'s \\'\"\n": {"x": "it's '"},
    "x: [!!str, a]\n": {"x": ["a"]},
    "x: !!str, 1\n": {"x": "1"},
    "x: !a[b] 1\n": {"x": "1"},
    "x: &a !!str, 1\n": {"x": "1"},
    "x: [!!str a, !b c]\n": {"x": ["a", "c"]},
    f"x: a{BOM}b\n{BOM}c: 1\n": {"x": f"a{BOM}b", f"{BOM}c": 1},
    "x: http://a?b\ny1: [c]\n": {"x": "http://a?b", "y1": ["c"]},
    "x: ['a?b', \"?\", ? c : d]\n": {"x": ["a?b", "?", {"c": "d"}]},
    'x: "a\\\\/b"\n': {"x": "a\\/b"},
    "x: a\\/b\n...\n": {"x": "a\\/b"},
    "%TAG !e! tag:e,1:\n---\nx: !e!s 1\n": {"x": "1"},
}


@pytest.mark.parametrize(("text", "expected"), DIALECT.items())
def test_helms_dialect(text: str, expected: object) -> None:
    assert plain(load(text.encode(), "v.yaml", NEWEST_3).node) == expected


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_with_its_mark_is_text_to_helm_3(encoding: str) -> None:
    data = (BOM + "a: \u00e9\n").encode(encoding.removesuffix("-16") if encoding == "utf-16" else encoding)

    assert plain(load(data, "v.yaml", NEWEST_3).node) == {"a": "\u00e9"}


def test_helm_4_cuts_lines_before_it_looks_at_the_encoding() -> None:
    assert plain(load((BOM + "a: 1\r\nb: 2\n").encode("utf-16-be"), "v.yaml", NEWEST_4).node) == {"a": 1, "b": 2}
    with pytest.raises(
        SourceError, match="the file is UTF-16, which Helm 4 cannot read: save it as UTF-8"
    ) as caught:
        load((BOM + "a: 1\n").encode("utf-16-le"), "v.yaml", NEWEST_4)
    assert short(caught.value.span) == "1:1-1:1"


# The text, where it is wrong, and what is said. Helm 3 and 4 refuse all of it.
TEMPLATE = "Helm fills no templates in values: write the text itself in place of `{{ }}`"
REFUSED: dict[str, tuple[str, str]] = {
    "a:\n\tb: 1\n": ("2:1", "a tab cannot indent: use blanks"),
    "a: 1\n\t\nb: 2\n": ("2:1", "a tab cannot indent: use blanks"),
    "a: |\n\tx\n": ("2:1", "a tab cannot indent: use blanks"),
    "a: @b\n": ("1:4", "plain text cannot begin with '@': quote it"),
    "a: b: c\n": (
        "1:5",
        "a `: ` makes a key here, where none can stand: quote the text, or correct the indentation",
    ),
    "a: - b\n": ("1:4", "a `- ` cannot begin a list item here: it belongs on a line of its own"),
    "a:\n  b: 1\n c: 2\n": (
        "3:2",
        "this fits no map above it: correct the indentation, or quote the text before",
    ),
    "a:\n  - b\n  c: 1\n": (
        "3:3",
        "this fits no list above it: items begin with `- `, all at one indentation",
    ),
    "a: 1\nb\nc: 2\n": ("2:1", "this line is no `key: value`: a colon and a blank are missing"),
    "a: [1, 2\nb: 3\n": ("2:2", "a `,` is missing before this, or the `]` that ends the list"),
    "a: {b: 1 c: 2}\n": ("1:11", "a `,` is missing before this, or the `}` that ends the map"),
    "a: [1,,2]\n": ("1:7", "a value is missing before this"),
    'a: "b\n': ("1:4", "the quoted text does not end: a closing quote is missing"),
    'a: "\\d"\n': (
        "1:5",
        "this escape does not exist in double quotes: write `\\\\` for a backslash, or use single quotes",
    ),
    'a: "b\\/c"\n': (
        "1:6",
        "this escape does not exist in double quotes: write `\\\\` for a backslash, or use single quotes",
    ),
    '{a: 1} "\\/"\n': (
        "1:9",
        "this escape does not exist in double quotes: write `\\\\` for a backslash, or use single quotes",
    ),
    'a: "\\ud83d"\n': (
        "1:7",
        "this escape is no character: write one above U+FFFF as it is, or as `\\U0001F600`",
    ),
    "a: *.example.com\n": (
        "1:5",
        "`*` and `&` name an alias and an anchor, of letters, digits, `_` and `-`: quote text that begins with one",
    ),
    "a: *b\n": ("1:4", "no anchor '&b' stands before this alias"),
    "a: &b [*b]\n": ("1:8", "the anchor 'b' contains itself"),
    "a: &b {<<: *b}\n": ("1:12", "the anchor 'b' contains itself"),
    "a: !e!b c\n": ("1:4", "no %TAG line defines the prefix of this tag: quote text that begins with `!`"),
    "a: !!int x\n": ("1:4", "'x' cannot be read as !!int"),
    "a: !!binary '?'\n": ("1:4", "a !!binary value must be base64"),
    "a: .inf\n": ("1:4", "neither infinity nor NaN can be a value"),
    "a: [1, -.INF]\n": ("1:8", "neither infinity nor NaN can be a value"),
    "~: 1\n": ("1:1", "a key must not be null"),
    "1: {~: 1}\n'1': 2\n": ("1:5", "a key must not be null"),
    "a: {18446744073709551615: 1}\n": ("1:5", "'18446744073709551615' is too large a number for a key"),
    "[a, b]: 1\n": ("1:1", "a key must be text, not a list or a map"),
    "a: &b {}\n*b : 1\n": ("1:4", "a key must be text, not a list or a map"),
    "# {{\n[a, b]: 1 # {{ x }}\n": ("2:1", "a key must be text, not a list or a map"),
    "a: {{ .Values.b }}\n": ("1:5", TEMPLATE),
    "a: 1\n{{- if .Values.b }}\nb: 2\n{{- end }}\n": ("2:1", TEMPLATE),
    "a: {<<: 3}\n": ("1:9", "`<<` takes a map or a list of maps"),
    "a: {<<: [{}, 3]}\n": ("1:9", "`<<` takes a map or a list of maps"),
    "a: &b []\nc: {<<: *b}\n": ("2:9", "`<<` takes a map or a list of maps"),
    "a: [b?c]\n": ("1:5", "text with `?` must be quoted between brackets or braces: Helm ends it there"),
    "- a\n": ("1:1", "the top level must be a map: lines of `key: value`"),
    "x:1\n": ("1:1", "the top level must be a map: lines of `key: value`"),
    "a: b\x07c\n": ("1:5", "the character U+0007 is not allowed in YAML: escape it in double quotes"),
    "a: \x00\n": ("1:4", "the character U+0000 is not allowed in YAML: escape it in double quotes"),
    f"{BOM}{BOM}a: 1\n": ("1:1", "a byte order mark can only stand at the start of the file"),
    f"a: {'x' * 600}\nb: {BOM}\n": ("2:4", "a byte order mark can only stand at the start of the file"),
    "a: [" + "{b:}, " * 21 + "]\n": (
        "1:1",
        "there is too much here that YAML parsers read differently: quote the text",
    ),
    "a: |0\n  b\n": ("1:5", "the indentation of a block of text is 1 to 9"),
    "a: !<b 1\n": ("1:7", "this is not YAML: did not find the expected '>'"),
}


@pytest.mark.parametrize("helm", [NEWEST_3, NEWEST_4], ids=str)
@pytest.mark.parametrize(("text", "expected"), REFUSED.items())
def test_what_helm_refuses_is_refused_with_its_place(text: str, expected: tuple[str, str], helm: Version) -> None:
    with pytest.raises(SourceError) as caught:
        load(text.encode(), "values.yaml", helm)

    span = caught.value.span
    assert (f"{span.line}:{span.column}", str(caught.value)) == expected
    assert span.file == "values.yaml"
    assert caught.value.text == text.removeprefix(BOM)


REFUSED_BY_ONE: dict[str, tuple[Version, str, str]] = {
    "--- {x: 1}\n": (NEWEST_4, "1:5", "nothing but a comment may follow `---`, not '{x: 1}'"),
    "a: 1\n---b\n": (NEWEST_4, "2:4", "nothing but a comment may follow `---`, not 'b'"),
    "a: 1\n---\nb: [\n": (NEWEST_4, "4:1", "a value is missing before this"),
    "a: 1\r--- b\n---\rb: 2\n": (NEWEST_4, "4:1", "nothing but a comment may follow `---`, not 'b: 2'"),
    "a: [": (NEWEST_4, "1:5", "a value is missing before this"),
    "%YAML 1.1\n---\na: 1\n": (NEWEST_4, "2:1", "nothing but `---` may follow a `%` line"),
    "%YAML 1.2\n---\na: 1\n": (NEWEST_3, "1:1", "Helm reads YAML 1.1: drop the `%YAML` line"),
}


@pytest.mark.parametrize(("text", "expected"), REFUSED_BY_ONE.items())
def test_what_one_version_refuses(text: str, expected: tuple[Version, str, str]) -> None:
    helm, place, message = expected
    with pytest.raises(SourceError) as caught:
        load(text.encode(), "v.yaml", helm)

    assert (f"{caught.value.span.line}:{caught.value.span.column}", str(caught.value)) == (place, message)


def test_what_does_not_survive_is_not_refused() -> None:
    assert plain(load(b"a: {~: 1}\na: [.inf]\na: [2]\n", "v.yaml", NEWEST_4).node) == {"a": [2]}


def test_bytes_that_are_no_utf_8_have_a_place() -> None:
    with pytest.raises(SourceError, match="the byte 0xE9 is not UTF-8: save the file as UTF-8") as caught:
        load(b"a: 1\r\nb: \xc3\xa9 caf\xe9\n", "v.yaml", NEWEST_4)

    assert short(caught.value.span) == "2:9-2:10"
    assert caught.value.text == ""


BOMB = b"a: &a [x, x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + level, 98 + level, b", ".join([b"*%c" % (97 + level)] * 10)) for level in range(8)
)
MERGE_BOMB = b"a: &a {" + b", ".join(b"k%d: 1" % key for key in range(300)) + b"}\n" + b"b: {<<: *a}\n" * 2000
HOSTILE: dict[str, tuple[bytes, str]] = {
    "alias bomb": (BOMB, "the aliases up to here unfold to more than Helm allows"),
    "merge bomb": (MERGE_BOMB, "the aliases up to here unfold to more than Helm allows"),
    "10,000 open brackets": (b"a: " + b"[" * 10_000, "the values are nested more than 200 levels deep"),
    "10,000 levels": (b"a: " + b"[" * 10_000 + b"]" * 10_000, "the values are nested more than 200 levels deep"),
    "5,000 maps": (
        b"".join(b" " * level + b"a:\n" for level in range(1000)),
        "the values are nested more than 200 levels deep",
    ),
    "too large": (b"a: 1\n" * 2**20 * 20, "the file is larger than 5 MiB"),
    "too many values": (b"a:\n" + b"-\n" * 100_000, "the document holds more than 100000 keys and values"),
    "too many keys": (
        b"".join(b"k%d:\n" % key for key in range(50_001)),
        "the document holds more than 100000 keys and values",
    ),
    "too many aliases": (
        b"a: &a 1\nb: [" + b"*a," * 100_000 + b"]",
        "the document holds more than 100000 keys and values",
    ),
    "every private character": (
        ("a: {b:}\nc: " + "".join(map(chr, range(0xE000, 0xF900)))).encode(),
        "the text holds every private character there is",
    ),
    "a file of brackets": (b"[" * 5 * 2**20, "the values are nested more than 200 levels deep"),
    "a file of tabs": (b"\t" * 2**20, "a tab cannot indent: use blanks"),
    "a file of directives": (b"%YAML 1.1\n" * 100_000, "the `%YAML` line is there twice"),
}


@pytest.mark.parametrize(("data", "message"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_input_gets_one_message(data: bytes, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        load(data, "v.yaml", NEWEST_4)

    assert str(caught.value) == message


def test_a_stream_of_documents_is_bounded() -> None:
    with pytest.raises(SourceError, match="the file holds more than 1000 documents"):
        load(b"a: 1\n---\n" * 1001, "v.yaml", NEWEST_4)
    assert told(load(b"---\n" * 2000, "v.yaml", NEWEST_3).losses) == []


def test_honest_aliases_are_not_counted_as_a_bomb() -> None:
    text = b"a: &a {x: 1, l: &l [1, 2]}\n" + b"".join(b"k%d: {<<: *a, n: *l}\n" % key for key in range(500))

    assert len(load(text, "v.yaml", NEWEST_4).node.value) == 501  # type: ignore[arg-type] # it is a map


def test_an_alias_as_a_key_counts_too() -> None:
    text = b"a: &a k\nb: &b 1.0\nc: {*a : 1, *b : 2, &d 0x10 : 3, !!int '5' : 4, ? &e 'f' : *d }\n"

    assert plain(load(text, "v.yaml", NEWEST_4).node) == {
        "a": "k",
        "b": 1,
        "c": {"k": 1, "1": 2, "16": 3, "5": 4, "f": 16},
    }


def test_anchors_may_be_defined_again() -> None:
    text = b"a: &x {b: &x 1, c: *x}\nd: *x\ne: &x 2\nf: *x\n"

    assert plain(load(text, "v.yaml", NEWEST_4).node) == {"a": {"b": 1, "c": 1}, "d": 1, "e": 2, "f": 2}


def test_losses_are_bounded() -> None:
    assert len(load(b"a: 1\n" * 3000, "v.yaml", NEWEST_4).losses) == compose.LOSSES


def test_the_limits_are_what_the_pages_say() -> None:
    assert (yaml.LIMIT, compose.DEPTH, compose.VALUES, yaml.DOCUMENTS) == (5 * 2**20, 200, 100_000, 1000)
    assert events._REPAIRS == 20
