"""What real Helm makes of the files that the pages of the rules warn of, without a word to anybody."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Program
from tests.fuzz.oracle import Oracle, Question, ask

pytestmark = pytest.mark.helm

HELMS = ("helm3_oldest", "helm3", "helm4")


@pytest.fixture(params=HELMS)
def helm(request: pytest.FixtureRequest, tmp_path: Path) -> Program:
    """Give each Helm in turn."""
    return Program((request.getfixturevalue(request.param),), {"HOME": str(tmp_path), "PATH": ""})


def printed(
    helm: Program, directory: Path, values: bytes, chart: str = "", text: str = "{{ toYaml .Values }}"
) -> str:
    """Give what a template of a chart sees of a values file."""
    (directory / "templates").mkdir(exist_ok=True)
    (directory / "Chart.yaml").write_text("{apiVersion: v2, name: web, version: 0.1.0}")
    (directory / "values.yaml").write_text(chart)
    (directory / "templates" / "seen.yaml").write_text(text)
    done = templated(helm, directory, values)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def templated(helm: Program, directory: Path, *files: bytes) -> "subprocess.CompletedProcess[str]":
    """Render the chart with values files, a later one over an earlier one."""
    given = [directory / f"given-{number}.yaml" for number in range(len(files))]
    for path, values in zip(given, files, strict=True):
        path.write_bytes(values)
    return helm("template", "web", directory, *(f"--values={path}" for path in given))


def seen(helm: Program, directory: Path, values: str, chart: str = "") -> Any:
    return yaml.safe_load(printed(helm, directory, values.encode(), chart))


def test_two_spellings_of_a_key_are_a_matter_of_chance(oracle3: Oracle, oracle4: Oracle) -> None:
    for oracle in (oracle3, oracle4):
        answers = (ask(oracle, Question((b'{1: red, "1": blue}',)))["values"]["1"] for _ in range(1000))
        met: set[str] = set()
        while len(met) < 2:
            met.add(next(answers))

        assert met == {"red", "blue"}


@pytest.mark.parametrize("text", ["  a: 1\nb: 2\n", "a: 1\n...\nb: 2\n", "{a: 1}\nb: 2\n"])
def test_what_follows_the_first_map_is_dropped(text: str, helm: Program, tmp_path: Path) -> None:
    assert seen(helm, tmp_path, text) == {"a": 1}


def test_the_last_of_two_equal_keys_counts(helm: Program, tmp_path: Path) -> None:
    assert seen(helm, tmp_path, "a: {x: 1, y: 2}\nb: 3\na: {x: 4}\n") == {"a": {"x": 4}, "b": 3}


def test_a_large_number_is_rounded(helm: Program, tmp_path: Path) -> None:
    values = b'{id: 9007199254740993, text: "9007199254740993", count: 9007199254740991}'

    shown = "seen: [{{ .Values.id }}, {{ .Values.text | quote }}, {{ int64 .Values.count }}]"

    assert printed(helm, tmp_path, values, text=shown).splitlines()[-1] == (
        'seen: [9.007199254740992e+15, "9007199254740993", 9007199254740991]'
    )


def test_what_is_merged_in_overwrites_the_keys_above_it(helm: Program, tmp_path: Path) -> None:
    base = "base: &base {timeout: 5s}\n"

    assert seen(helm, tmp_path, f"{base}a: {{timeout: 2s, <<: *base}}\n")["a"] == {"timeout": "5s"}
    assert seen(helm, tmp_path, f"{base}a: {{<<: *base, timeout: 2s}}\n")["a"] == {"timeout": "2s"}


def test_yaml_1_1_is_read(helm: Program, tmp_path: Path) -> None:
    assert seen(helm, tmp_path, 'a: {x: "1", y: "2"}\n') == {"a": {"x": "1", "true": "2"}}
    assert seen(helm, tmp_path, "a: [0100, 010, yes, On, 08080]\n") == {"a": [64, 8, True, True, 8080]}


def test_a_null_deletes_a_default(helm: Program, tmp_path: Path) -> None:
    assert seen(helm, tmp_path, "a:\nb: {c: null}\n", "a: {x: 1}\nb: {c: 2, d: 3}\n") == {"b": {"d": 3}}


@pytest.mark.parametrize(
    ("name", "expected"), [("helm3_oldest", {"a": 1}), ("helm3", {"a": 1}), ("helm4", {"a": 1, "b": 2})]
)
def test_a_second_document(name: str, expected: object, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    helm = Program((request.getfixturevalue(name),), {"HOME": str(tmp_path), "PATH": ""})

    assert seen(helm, tmp_path, "a: 1\n---\nb: 2\n") == expected
    assert seen(helm, tmp_path, "---\na: 1\n---\n") == {"a": 1}


def test_keys_keep_their_spelling(helm: Program, tmp_path: Path) -> None:
    values = {"external_routing": {"hosts": ["a"]}, "ExternalRouting": {}, "externalRouting": {"port": "http"}}

    assert seen(helm, tmp_path, yaml.safe_dump(values)) == values


def test_a_template_in_a_value_is_text(helm: Program, tmp_path: Path) -> None:
    values = {"version": "2", "header": "{{ .Values.version }}", "release": "{{ .Release.Name }}"}

    assert seen(helm, tmp_path, yaml.safe_dump(values)) == values


def test_a_later_list_replaces_the_whole_list_and_a_later_map_is_merged(helm: Program, tmp_path: Path) -> None:
    printed(helm, tmp_path, b"")
    first = (
        b"paths: [{path: /orders, timeout: 5s}, {path: /quotes}]\nbelow: {/orders: {timeout: 5s}, /quotes: {}}\n"
    )
    later = b"paths: [{path: /orders, retryAttempts: 1}]\nbelow: {/orders: {retryAttempts: 1}}\n"
    done = templated(helm, tmp_path, first, later)

    assert (done.returncode, done.stderr) == (0, "")
    assert yaml.safe_load(done.stdout) == {
        "paths": [{"path": "/orders", "retryAttempts": 1}],
        "below": {"/orders": {"timeout": "5s", "retryAttempts": 1}, "/quotes": {}},
    }


@pytest.mark.parametrize("value", ["orders:2", "[orders]"])
def test_what_is_no_map_takes_the_place_of_one(value: str, helm: Program, tmp_path: Path) -> None:
    """Helm says so of a default that stands below another map, and of nothing else."""
    printed(helm, tmp_path, b"")
    for at, is_told in (("image: {}", False), ("web: {{image: {}}}", True)):
        first, later = (at.format(text).encode() for text in ("{repository: orders, tag: '1'}", value))
        (tmp_path / "values.yaml").write_bytes(b"")
        over_a_file = templated(helm, tmp_path, first, later)
        (tmp_path / "values.yaml").write_bytes(first)
        over_a_default = templated(helm, tmp_path, later)

        assert (over_a_file.returncode, over_a_file.stderr) == (0, "")
        assert "cannot overwrite table with non table" in over_a_default.stderr or not is_told
        assert bool(over_a_default.stderr) is is_told
        for done in (over_a_file, over_a_default):
            assert yaml.safe_load(done.stdout) == yaml.safe_load(later)


def test_a_template_that_looks_into_what_is_no_map_any_more_fails(helm: Program, tmp_path: Path) -> None:
    printed(helm, tmp_path, b"", "image: {tag: '1'}", "tag: {{ .Values.image.tag }}")

    assert "can't evaluate field tag" in templated(helm, tmp_path, b"image: orders:2").stderr
    assert templated(helm, tmp_path, b"image: {tag: '2'}").stdout.splitlines()[-1] == "tag: 2"
