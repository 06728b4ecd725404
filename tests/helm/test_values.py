import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from meshguard.diagnostic import Span, UserError
from meshguard.helm.loss import SourceError
from meshguard.helm.values import Request, list_folder, read, read_file, split_files
from meshguard.helm.version import NEWEST_3, NEWEST_4, Version
from meshguard.helm.yaml import LIMIT
from meshguard.node import plain
from tests.helm.places import places, told

CONTENTS = {
    "a.yaml": b"x: {p: 1, q: 1}\nl: [1]\nm: {z: 1}\n",
    "b.yaml": b"x: {q: 2}\nl: [2]\nm: 3\n",
    "text": b"from a file\n",
    "bad.yaml": b"a: [\n",
}


def contents(path: str) -> bytes:
    if path not in CONTENTS:
        raise UserError(f"no {path}")
    return CONTENTS[path]


def test_layers_are_laid_in_helms_order() -> None:
    sets = (
        ("set-literal", "k=literal"),
        ("set-file", "k=text"),
        ("set-string", "k=1"),
        ("set", "k=2"),
        ("set-json", "k=3"),
        ("set", "x.p=4"),
        ("set-json", '{"x": {"p": 5, "r": 6}}'),
    )
    values = read(Request(("a.yaml", "b.yaml"), sets, read_file=contents))

    assert plain(values.node) == {
        "x": {"p": 4, "q": 2, "r": 6},
        "l": [2],
        "m": 3,
        "k": "literal",
    }
    assert told(values.losses) == [
        "list-replaces-list l 2:1-2:2 2:1-2:2",
        "scalar-replaces-map m 3:1-3:2 3:1-3:2",
    ]
    assert values.sources == {
        "a.yaml": "x: {p: 1, q: 1}\nl: [1]\nm: {z: 1}\n",
        "b.yaml": "x: {q: 2}\nl: [2]\nm: 3\n",
        '--set-json {"x": {"p": 5, "r": 6}}': '{"x": {"p": 5, "r": 6}}',
        "--set-json k=3": "k=3",
        "--set k=2": "k=2",
        "--set x.p=4": "x.p=4",
        "--set-string k=1": "k=1",
        "--set-file k=text": "k=text",
        "--set-literal k=literal": "k=literal",
    }
    assert values.chart is None


def test_every_place_has_its_source() -> None:
    values = read(Request(("a.yaml",), (("set", "x.p=4"), ("set-json", "n=[1]")), read_file=contents))

    assert {node.file for node in _spans(values.node)} <= set(values.sources)


def _spans(node: "object") -> list[Span]:
    from meshguard.node import Node  # noqa: PLC0415 # for the annotation alone

    assert isinstance(node, Node)
    below = (
        node.value.values() if isinstance(node.value, dict) else node.value if isinstance(node.value, list) else ()
    )
    return [node.span, *([node.key] if node.key else []), *(span for child in below for span in _spans(child))]


def test_nothing_but_arguments() -> None:
    values = read(Request(sets=(("set", "a=1"),)))

    assert places(values.node) == {".": "1:1-1:1", "a": "1:1-1:2 1:3-1:4"}
    assert values.node.span.file == "--set a=1"


def test_nothing_at_all() -> None:
    assert plain(read(Request()).node) == {}


def test_a_chart_gives_the_lowest_layer(tmp_path: Path) -> None:
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: top\nversion: 1.0.0\n")
    (tmp_path / "values.yaml").write_text("a: 1\nx: {p: 0}\nd: on\n")
    (tmp_path / "user.yaml").write_text("x: {p: ~}\na: 2\n")
    values = read(Request((str(tmp_path / "user.yaml"),), chart=str(tmp_path)))

    assert plain(values.node) == {"a": 2, "x": {}, "d": True}
    assert told(values.losses) == ["yaml11 d 3:4-3:6", "null-deletes-default x.p 1:5-1:6 2:5-2:6"]
    assert [loss.span.file for loss in values.losses] == [
        str(tmp_path / name) for name in ("values.yaml", "user.yaml")
    ]
    assert set(values.sources) == {str(tmp_path / name) for name in ("Chart.yaml", "values.yaml", "user.yaml")}
    assert values.chart is not None
    assert plain(values.chart.values) == {"a": 1, "x": {"p": 0}, "d": True}


def test_a_chart_alone_has_its_own_root(tmp_path: Path) -> None:
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: top\nversion: 1.0.0\n")
    (tmp_path / "values.yaml").write_text("a: 1\n")

    assert read(Request(chart=str(tmp_path))).node.span == Span(str(tmp_path / "values.yaml"), 1, 1, 1, 5)


def test_the_version_decides() -> None:
    CONTENTS["two.yaml"] = b"a: 1\n---\na: 2\n"

    assert plain(read(Request(("two.yaml",), helm=NEWEST_3, read_file=contents)).node) == {"a": 1}
    assert plain(read(Request(("two.yaml",), helm=NEWEST_4, read_file=contents)).node) == {"a": 2}
    assert Request().helm == NEWEST_4 == Version(4, 3)


def test_what_helm_refuses_is_one_error() -> None:
    with pytest.raises(SourceError) as caught:
        read(Request(("a.yaml", "bad.yaml"), read_file=contents))
    assert (caught.value.span.file, caught.value.text) == ("bad.yaml", "a: [\n")
    with pytest.raises(UserError, match="no none"):
        read(Request(sets=(("set-file", "a=none"),), read_file=contents))


def test_reading_a_file(tmp_path: Path) -> None:
    path = tmp_path / "v.yaml"
    path.write_bytes(b"a: 1\r\n")
    link = tmp_path / "link.yaml"
    link.symlink_to(path)

    assert (read_file(str(path)), read_file(str(link))) == (b"a: 1\r\n", b"a: 1\r\n")


def test_no_more_is_read_than_a_source_may_have(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)

    assert len(read_file(str(path))) == LIMIT + 1


def fifo(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def loop(path: Path) -> None:
    path.symlink_to(path)


def nothing(path: Path) -> None:
    assert not path.exists()


UNREADABLE: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing": (nothing, "No such file or directory"),
    "a directory": (Path.mkdir, "it is no regular file"),
    "a pipe": (fifo, "it is no regular file"),
    "a device": (device, "it is no regular file"),
    "a loop": (loop, "Too many levels of symbolic links"),
}


@pytest.mark.parametrize(("make", "reason"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_regular_file_is_refused(tmp_path: Path, make: Callable[[Path], None], reason: str) -> None:
    path = tmp_path / "v.yaml"
    make(path)
    with pytest.raises(UserError) as caught:
        read_file(str(path))

    assert str(caught.value) == f"cannot read '{path}': {reason}"


def test_a_name_with_a_nul_byte() -> None:
    with pytest.raises(UserError, match="the name holds a NUL byte"):
        read_file("a\0b")
    with pytest.raises(UserError, match="the name holds a NUL byte"):
        list_folder("a\0b")


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a: 1\n")))

    assert plain(read(Request(("-",))).node) == {"a": 1}


def test_a_closed_standard_input_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UserError, match="cannot read '-': standard input is closed"):
        read_file("-")


def test_listing_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("")
    (tmp_path / "a").mkdir()

    assert list_folder(str(tmp_path)) == ["a", "b"]
    assert list_folder(str(tmp_path / "b")) is None
    with pytest.raises(UserError, match=f"cannot read '{tmp_path}/none': No such file or directory"):
        list_folder(str(tmp_path / "none"))


SPLIT = {
    "a.yaml": ("a.yaml",),
    "a.yaml,b.yaml": ("a.yaml", "b.yaml"),
    "": (),
    "a b.yaml, c": ("a b.yaml", " c"),
    '"a,b.yaml",c': ("a,b.yaml", "c"),
    '"a""b"': ('a"b',),
    '""': ("",),
    "a,,b,": ("a", "", "b", ""),
    "a\nb": ("a",),
    '"a\nb"\nc': ("a\nb",),
}


@pytest.mark.parametrize(("value", "expected"), SPLIT.items())
def test_files_are_split_as_helms_flag_does(value: str, expected: tuple[str, ...]) -> None:
    assert split_files(value) == expected


@pytest.mark.parametrize("value", ['a"b', '"a', '"a"b', 'a,b"'])
def test_quotes_must_be_those_of_csv(value: str) -> None:
    with pytest.raises(UserError) as caught:
        split_files(value)

    assert (
        str(caught.value)
        == f"-f '{value}' is not what Helm takes: put a name that holds a quote or a comma in quotes"
    )
