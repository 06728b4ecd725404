import json

import pytest

from tests.commands.conftest import Run

BASE = "a: {b: 1, on: [x, {}], e: []}\nt: 'yes'\nn: null\n"


def test_values_are_printed_as_templates_see_them(run: Run) -> None:
    result = run("values", "-f", "v.yaml", "-f", "w.yaml", files={"v.yaml": BASE, "w.yaml": "a: {b: 0x1F}\n"})

    assert result == (
        0,
        'a:\n  b: 31\n  "true":\n    - x\n    - {}\n  e: []\nt: "yes"\n"n": null\n'.replace('"n"', '"false"'),
        "",
    )


def test_values_as_json(run: Run) -> None:
    result = run("values", "-f", "v.yaml", "--set", "t=1.5", "-o", "json", files={"v.yaml": BASE})

    assert json.loads(result.out) == {
        "a": {"b": 1, "true": ["x", {}], "e": []},
        "t": "1.5",
        "false": None,
    }


def test_each_value_has_an_origin(run: Run) -> None:
    files = {"v.yaml": "a: {b: 1, c: [x]}\ne: {}\nf: null\n", "w.yaml": "a:\n  b: on\n"}
    argv = ["values", "-f", "v.yaml", "-f", "w.yaml", "--set", "d.e=5", "--origins"]

    assert run(*argv, files=files).out.splitlines() == [
        "w.yaml:2:6: a.b: true",
        "v.yaml:1:15: a.c[0]: x",
        "v.yaml:2:4: e: {}",
        "v.yaml:3:4: f: null",
        "--set d.e=5: d.e: 5",
    ]
    assert json.loads(run(*argv, "-o", "json").out)[4] == {"path": "d.e", "value": 5, "origin": "--set d.e=5"}


def test_nothing_is_nothing(run: Run) -> None:
    assert run("values", "-f", "v.yaml", files={"v.yaml": ""}).out == "{}\n"
    assert run("values", "-f", "v.yaml", "--origins", files={"v.yaml": "a: []"}).out == "v.yaml:1:4: a: []\n"


def test_stdin_is_a_file(run: Run) -> None:
    assert run("values", "-f", "-", stdin=b"a: 1\n").out == "a: 1\n"


@pytest.mark.parametrize("text", ["a: [", "- 1\n", "a: \x00\n"])
def test_what_helm_refuses_is_reported(run: Run, text: str) -> None:
    result = run("values", "-f", "v.yaml", files={"v.yaml": text})

    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("v.yaml:")
    assert "[yaml]" in result.err


def test_there_must_be_something_to_read(run: Run) -> None:
    result = run("values")
    assert result.code == 2
    assert "give values files with -f, or a chart" in result.err
