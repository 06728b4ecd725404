import gzip
import io
import tarfile
from pathlib import Path

import pytest

from meshguard.diagnostic import UserError
from meshguard.helm.chart import ARCHIVE_LIMIT, Disk, Packed, read_chart
from meshguard.helm.dependencies import process
from meshguard.helm.layers import Chart
from meshguard.helm.loss import SourceError
from meshguard.helm.values import list_folder, read_file
from meshguard.helm.version import NEWEST_3, NEWEST_4, Version
from meshguard.helm.yaml import LIMIT, load
from meshguard.node import Node, plain

DISK = Disk(read_file, list_folder)
ABOUT = "apiVersion: v2\nname: {}\nversion: 0.1.0\n"


def write(root: Path, files: dict[str, str | bytes]) -> str:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(root)


def chart(root: Path, files: dict[str, str | bytes], about: str = "") -> str:
    return write(root, {"Chart.yaml": ABOUT.format("top") + about, **files})


def packed(files: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def outline(found: Chart) -> object:
    return {found.name: [plain(found.values), *(outline(sub) for sub in found.charts)]}


def read(path: str, helm: Version = NEWEST_4) -> Packed:
    return read_chart(path, helm, DISK)


def test_a_directory_with_charts_of_every_form(tmp_path: Path) -> None:
    two = packed(
        {
            "two/Chart.yaml": ABOUT.format("two"),
            "two/values.yaml": "b: 2",
            "two/./charts/four/Chart.yaml": ABOUT.format("four"),
            "two/templates/x.yaml": "{{",
        }
    )
    root = chart(
        tmp_path / "top",
        {
            "values.yaml": b"\xef\xbb\xbfa: 1\n",
            "README.md": "x",
            "charts/one/Chart.yaml": ABOUT.format("one"),
            "charts/one/charts/three/Chart.yaml": ABOUT.format("three"),
            "charts/one/charts/three/values.yaml": "c: 3\n",
            "charts/two-0.1.0.tgz": two,
            "charts/two-0.1.0.tgz.prov": "x",
            "charts/_ignored": "x",
            "charts/.hidden": "x",
        },
    )
    (tmp_path / "top" / "charts" / "empty").mkdir()
    found = read(root + "/")

    assert outline(found.chart) == {
        "top": [{"a": 1}, {"one": [{}, {"three": [{"c": 3}]}]}, {"two": [{"b": 2}, {"four": [{}]}]}]
    }
    assert {name.removeprefix(str(tmp_path)) for name in found.sources} == {
        "/top/Chart.yaml",
        "/top/values.yaml",
        "/top/charts/one/Chart.yaml",
        "/top/charts/one/charts/three/Chart.yaml",
        "/top/charts/one/charts/three/values.yaml",
        "/top/charts/two-0.1.0.tgz/Chart.yaml",
        "/top/charts/two-0.1.0.tgz/values.yaml",
        "/top/charts/two-0.1.0.tgz/charts/four/Chart.yaml",
    }


def test_an_archive(tmp_path: Path) -> None:
    data = packed(
        {
            "top/Chart.yaml": ABOUT.format("top"),
            "top\\values.yaml": "a: on\n",
            "top/charts/one.tgz": packed({"one/Chart.yaml": ABOUT.format("one"), "one/values.yaml": "b: 2\n"}),
        }
    )
    root = write(tmp_path, {"top-0.1.0.tgz": data})
    found = read(f"{root}/top-0.1.0.tgz")

    assert outline(found.chart) == {"top": [{"a": True}, {"one": [{"b": 2}]}]}
    assert [loss.span.file for loss in found.losses] == [f"{root}/top-0.1.0.tgz/values.yaml"]


def test_a_file_that_is_not_regular_is_empty_in_an_archive(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        folder = tarfile.TarInfo("top")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        about = ABOUT.format("top").encode()
        member = tarfile.TarInfo("top/Chart.yaml")
        member.size = len(about)
        archive.addfile(member, io.BytesIO(about))
        link = tarfile.TarInfo("top/values.yaml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    root = write(tmp_path, {"top.tgz": buffer.getvalue()})

    assert outline(read(f"{root}/top.tgz").chart) == {"top": [{}]}


REFUSED: dict[str, tuple[dict[str, str | bytes], str]] = {
    "no Chart.yaml": ({"values.yaml": "a: 1"}, "'ROOT' is no chart: it has no Chart.yaml"),
    "no name": ({"Chart.yaml": "version: 1.0.0"}, "cannot read the chart 'ROOT': its name '' is no name"),
    "a path as name": (
        {"Chart.yaml": "{name: a/b, version: 1.0.0}"},
        "cannot read the chart 'ROOT': its name 'a/b' is no name",
    ),
    "no version": (
        {"Chart.yaml": "name: a"},
        "cannot read the chart 'ROOT': its version '' is no semantic version",
    ),
    "a name twice": (
        {"Chart.yaml": "{name: a, version: 1, dependencies: [{name: b}, {name: c, alias: b}]}"},
        "cannot read the chart 'ROOT': it declares more than one dependency named or aliased 'b'",
    ),
    "an odd alias": (
        {"Chart.yaml": "{name: a, version: 1, dependencies: [{name: b, alias: 'c d'}]}"},
        "cannot read the chart 'ROOT': an alias consists of letters, digits, `_` and `-`",
    ),
    "a missing dependency": (
        {"Chart.yaml": "{name: a, version: 1, dependencies: [{name: b}, {name: c, version: 1}]}"},
        "the chart 'ROOT' lacks 'b', 'c' in charts/: run `helm dependency build ROOT`",
    ),
    "a file in charts": (
        {"Chart.yaml": ABOUT.format("a"), "charts/README.md": "x"},
        "cannot read the chart 'ROOT/charts/README.md': it is neither a directory nor a .tgz archive",
    ),
    "a folder in charts": (
        {"Chart.yaml": ABOUT.format("a"), "charts/b/values.yaml": "x: 1"},
        "'ROOT/charts/b' is no chart: it has no Chart.yaml",
    ),
    "no archive": (
        {"Chart.yaml": ABOUT.format("a"), "charts/b.tgz": "x"},
        "cannot read the chart 'ROOT/charts/b.tgz': it is no gzipped archive (Not a gzipped file (b'x'))",
    ),
    "a cut archive": (
        {"Chart.yaml": ABOUT.format("a"), "charts/b.tgz": gzip.compress(b"x" * 5000)[:-9]},
        "cannot read the chart 'ROOT/charts/b.tgz': it is no gzipped archive (the file is cut)",
    ),
    "no tar": (
        {"Chart.yaml": ABOUT.format("a"), "charts/b.tgz": gzip.compress(b"x" * 5000)},
        "cannot read the chart 'ROOT/charts/b.tgz': it is no gzipped archive (invalid header)",
    ),
    "a way out": (
        {"Chart.yaml": ABOUT.format("a"), "charts/b.tgz": packed({"b/../../x": "y"})},
        "cannot read the chart 'ROOT/charts/b.tgz': its file 'b/../../x' lies outside of the chart's folder",
    ),
    "an absolute path": (
        {"Chart.yaml": ABOUT.format("a"), "charts/b.tgz": packed({"b//etc/x": "y"})},
        "cannot read the chart 'ROOT/charts/b.tgz': its file 'b//etc/x' lies outside of the chart's folder",
    ),
    "a drive": (
        {"Chart.yaml": ABOUT.format("a"), "charts/b.tgz": packed({"b/c:/x": "y"})},
        "cannot read the chart 'ROOT/charts/b.tgz': its file 'b/c:/x' lies outside of the chart's folder",
    ),
    "no folder": (
        {"Chart.yaml": ABOUT.format("a"), "charts/b.tgz": packed({"Chart.yaml": "y"})},
        "cannot read the chart 'ROOT/charts/b.tgz': its file 'Chart.yaml' lies outside of the chart's folder",
    ),
    "a bomb": (
        {"Chart.yaml": ABOUT.format("a"), "charts/b.tgz": gzip.compress(bytes(ARCHIVE_LIMIT + 1), 1)},
        "cannot read the chart 'ROOT/charts/b.tgz': it holds more than 100 MiB",
    ),
    "a large archive": (
        {"Chart.yaml": ABOUT.format("a"), "charts/b.tgz": bytes(LIMIT + 1)},
        "cannot read the chart 'ROOT/charts/b.tgz': the archive is larger than 5 MiB",
    ),
    "an odd ignore file": (
        {"Chart.yaml": ABOUT.format("a"), ".helmignore": "a/**\n"},
        "cannot read 'ROOT/.helmignore': 'a/**': `**` is not supported",
    ),
    "charts for ever": (
        {f"{'charts/a/' * depth}Chart.yaml": ABOUT.format("a") for depth in range(22)},
        f"cannot read the chart 'ROOT/{'charts/a/' * 20}charts': charts are nested more than 20 levels deep",
    ),
}


@pytest.mark.parametrize(("files", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_chart(tmp_path: Path, files: dict[str, str | bytes], message: str) -> None:
    root = write(tmp_path, files)
    with pytest.raises(UserError) as caught:
        read(root)

    assert str(caught.value) == message.replace("ROOT", root)


def test_charts_in_archives_for_ever(tmp_path: Path) -> None:
    data = packed({"a/Chart.yaml": ABOUT.format("a")})
    for _ in range(21):
        data = packed({"a/Chart.yaml": ABOUT.format("a"), "a/charts/a.tgz": data})
    root = write(tmp_path, {"a.tgz": data})

    with pytest.raises(UserError, match="charts are nested more than 20 levels deep"):
        read(f"{root}/a.tgz")


def test_there_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"cannot read '{tmp_path}/none': No such file or directory"):
        read(f"{tmp_path}/none")


def test_what_helm_refuses_has_a_place(tmp_path: Path) -> None:
    root = chart(tmp_path, {"charts/one/Chart.yaml": ABOUT.format("one"), "charts/one/values.yaml": "a: 1\nb"})
    with pytest.raises(SourceError) as caught:
        read(root)

    assert caught.value.span[:3] == (f"{root}/charts/one/values.yaml", 2, 1)


def test_ignored_files_are_not_read(tmp_path: Path) -> None:
    root = chart(
        tmp_path,
        {
            ".helmignore": "*.bak\n/charts/two\n",
            "values.yaml": "a: 1",
            "charts/x.bak": "x",
            "charts/two/Chart.yaml": "x",
        },
    )

    assert outline(read(root).chart) == {"top": [{"a": 1}]}


def test_only_the_first_document_of_chart_yaml_counts(tmp_path: Path) -> None:
    root = chart(tmp_path, {"values.yaml": "a: 1\n---\nb: 2\n"}, "---\nname: other\n")

    assert outline(read(root, NEWEST_3).chart) == {"top": [{"a": 1}]}
    assert outline(read(root, NEWEST_4).chart) == {"top": [{"a": 1, "b": 2}]}


def test_dependencies_of_an_old_chart(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "Chart.yaml": "{Name: top, version: 1.10}",
        "requirements.yaml": "dependencies: [{name: one, version: 0.1.0, alias: yes}, ~]\n",
        "charts/one/Chart.yaml": ABOUT.format("one"),
    }
    found = read(write(tmp_path, files)).chart

    assert (found.version, [one.alias for one in found.requirements]) == ("1.1", ["true"])


def with_dependencies(root: Path, about: str, values: str = "", sub: str = "x: 1\n") -> Chart:
    files: dict[str, str | bytes] = {
        "values.yaml": values,
        "charts/one/Chart.yaml": ABOUT.format("one"),
        "charts/one/values.yaml": sub,
        "charts/two/Chart.yaml": ABOUT.format("two"),
    }
    return read(chart(root, files, about)).chart


def user(text: str) -> Node:
    return load(text.encode(), "values.yaml", NEWEST_4).node


ENABLED: dict[tuple[str, str], list[str]] = {
    ("", ""): ["one", "two"],
    ("[{name: one, version: 0.1.0}]", ""): ["two", "one"],  # what is not declared comes first
    ("[{name: one, version: ^1.0.0, alias: uno}]", ""): ["one", "two"],  # another version: as if not declared
    ("[{name: one, version: 0.1.0, alias: uno}]", ""): ["two", "uno"],
    ("[{name: one, version: 0.1.0, condition: one.enabled}]", "one: {enabled: false}"): ["two"],
    ("[{name: one, version: 0.1.0, condition: 'x.y,one.enabled'}]", "one: {enabled: false}"): ["two"],
    ("[{name: one, version: 0.1.0, condition: one.enabled}]", "one: {enabled: 'no'}"): ["two", "one"],
    ("[{name: one, version: 0.1.0, condition: one.enabled, tags: [t]}]", "tags: {t: false}"): ["two"],
    ("[{name: one, version: 0.1.0, tags: [t, u]}]", "tags: {t: false, u: true}"): ["two", "one"],
    ("[{name: one, version: 0.1.0, tags: [t]}]", "tags: [t]"): ["two", "one"],
    ("[{name: one, version: 0.1.0, condition: one.on, tags: [t]}]", "{tags: {t: false}, one: {'on': true}}"): [
        "two",
        "one",
    ],
}


@pytest.mark.parametrize(("given", "expected"), ENABLED.items())
def test_which_subcharts_take_part(tmp_path: Path, given: tuple[str, str], expected: list[str]) -> None:
    declared, values = given
    found = with_dependencies(tmp_path, f"dependencies: {declared or '[]'}\n")

    assert [sub.name for sub in process(found, user(values), NEWEST_4).charts] == expected


IMPORTS: dict[str, object] = {
    "[data]": {"a": 1, "x": 5},
    "[none]": {"a": 1},
    "[{child: exports.data, parent: in}]": {"a": 1, "in": {"a": 2, "x": 5}},
    "[{child: exports, parent: deep.er}]": {"a": 1, "deep": {"er": {"data": {"a": 2, "x": 5}}}},
    "[{child: none, parent: in}, {child: more, parent: in}]": {"a": 1, "in": {"z": 6}},
    "[{child: exports.data, parent: .}, {child: more, parent: .}]": {"a": 1, "x": 5, "z": 6},
}


@pytest.mark.parametrize(("imports", "expected"), IMPORTS.items())
def test_imported_values_lie_below_the_parents(tmp_path: Path, imports: str, expected: object) -> None:
    about = f"dependencies: [{{name: one, version: 0.1.0, import-values: {imports}}}]\n"
    found = with_dependencies(tmp_path, about, "a: 1\n", "exports: {data: {a: 2, x: 5}}\nmore: {z: 6}\nnone: {}\n")
    values = plain(process(found, user(""), NEWEST_4).values)

    assert isinstance(values, dict)
    assert {name: value for name, value in values.items() if name not in ("one", "two")} == expected


@pytest.mark.parametrize("helm", [NEWEST_3, NEWEST_4], ids=str)
def test_imports_that_never_end_are_refused(tmp_path: Path, helm: Version) -> None:
    imports = "[{child: data, parent: .}, {child: data, parent: a.b}]"
    about = f"dependencies: [{{name: one, version: 0.1.0, import-values: {imports}}}]\n"
    found = with_dependencies(tmp_path, about, "", "data: {a: {x: 1}}\n")

    with pytest.raises(SourceError, match="the values that the chart 'top' imports from its subcharts have no end"):
        process(found, user(""), helm)


def test_imports_that_multiply_are_refused(tmp_path: Path) -> None:
    twice = "[{child: d, parent: d.a}, {child: d, parent: d.b}]"
    files: dict[str, str | bytes] = {}
    for depth in range(20):
        about = f"dependencies: [{{name: n{depth + 1}, version: 0.1.0, import-values: {twice}}}]\n"
        below = "".join(f"charts/n{level}/" for level in range(1, depth + 1))
        files[f"{below}Chart.yaml"] = ABOUT.format(f"n{depth}") + (about if depth < 19 else "")
    files[f"{below}values.yaml"] = "d: {x: 1}\n"
    found = read(write(tmp_path, files)).chart

    with pytest.raises(SourceError, match="imports from its subcharts have no end"):
        process(found, user(""), NEWEST_4)


def test_helm_3_gets_only_the_first_alias_right(tmp_path: Path) -> None:
    inner = "dependencies: [{name: in, version: 0.1.0, alias: ni, import-values: [data]}]\n"
    files: dict[str, str | bytes] = {
        "charts/one/Chart.yaml": ABOUT.format("one") + inner,
        "charts/one/charts/in/Chart.yaml": ABOUT.format("in"),
        "charts/one/charts/in/values.yaml": "exports: {data: {x: 1}}\n",
    }
    twice = "dependencies: [{name: one, version: 0.1.0, alias: p}, {name: one, version: 0.1.0, alias: q}]\n"
    found = read(chart(tmp_path, files, twice)).chart

    assert [[below.name for below in sub.charts] for sub in process(found, user(""), NEWEST_4).charts] == [
        ["ni"],
        ["ni"],
    ]
    assert [[below.name for below in sub.charts] for sub in process(found, user(""), NEWEST_3).charts] == [
        ["ni"],
        ["in"],
    ]
