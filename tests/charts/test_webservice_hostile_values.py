"""No value changes the structure of what charts/webservice renders, with or without its schema in front."""

import random
from pathlib import Path
from typing import Any

import pytest

from tests.charts.conftest import Helm

pytestmark = pytest.mark.helm

PLAIN = "placeholder"

HOSTILE = [  # in lower case, for so is an appProtocol
    " ",
    "a\nb: c",
    "a\r\n- b",
    "\n---\nkind: pod\n",
    '"',
    '"\n  privileged: true\n  x: "',
    "'",
    "\\",
    '\\" x',
    '{{ printf "ran" }}',
    '{{ fail "ran" }}',
    "{{- range $x }}",
    "}}",
    "a: b",
    "a #b",
    "- a",
    "? a",
    "[a",
    "{a",
    "&a",
    "*a",
    "!!int 1",
    "%a",
    "@a",
    "`a",
    "| a",
    "> a",
    "<<",
    "~",
    "null",
    "y",
    "no",
    "true",
    "1",
    "1e6",
    "0x10",
    "08",
    "1_000",
    "1:30",
    ".inf",
    "2001-01-01",
    "\t",
    "\x00",
    "\x07\x08\x0b\x0c\x1b[31m",
    "\x7f\x85\xa0\xad",
    "\u2028\u2029\ufeff\u202e",
    "\ufffe\uffff",
    "\u00e9\u4e16",
    "\U0001f600\U000e0001",
    "<a&b>",
    "$(home) ${home} `id`",
    "x" * 1000,  # the longest that can be a key is 1024
]


def values_with(text: str) -> dict[str, Any]:
    """Put a text wherever these values can hold one, as a key too."""
    return {
        "ports": [
            {"number": 1, "name": text, "protocol": "HTTP"},
            {"number": 2, "name": f"n{text}", "protocol": f"X{text}"},
            {"number": 3, "name": f"m{text}", "protocol": "HTTP", "metrics": f"/{text}"},
        ],
        "image": {"registry": text, "repository": f"r{text}", "pullPolicy": f"A{text}", "pullSecrets": [text]},
        "command": [text, text],
        "args": [text],
        "env": {f"E{text}": text},
        "envFromSecrets": [text],
        "secretFiles": {f"/{text}": text},
        "writablePaths": [text],
        "podDisruptionBudget": {"maxUnavailable": f"1{text}"},
        "topologySpread": {"zone": f"S{text}", "node": f"D{text}"},
        "resources": {"requests": {f"r{text}": text}},
        "probes": {"readiness": {"path": f"/{text}", "port": text}, "liveness": {"path": f"/{text}"}},
        "serviceAccount": {"annotations": {f"a{text}": text}},
        "podAnnotations": {f"a{text}": text},
        "podLabels": {f"l{text}": text},
    }


def with_text(rendered: Any, text: str) -> Any:
    """Give what was rendered of the placeholder as it must be for the text."""
    if isinstance(rendered, dict):
        return {with_text(key, text): with_text(value, text) for key, value in rendered.items()}
    if isinstance(rendered, list):
        return [with_text(value, text) for value in rendered]
    return rendered.replace(PLAIN, text) if isinstance(rendered, str) else rendered


def test_the_text_comes_out_as_that_text_and_nothing_else(helm: Helm, bare_chart: Path) -> None:
    plain = helm.render_unchecked(values_with(PLAIN), chart=bare_chart)
    wrong = [
        text
        for text in HOSTILE
        if helm.render_unchecked(values_with(text), chart=bare_chart) != with_text(plain, text)
    ]
    assert wrong == []


def test_random_texts_come_out_as_they_are(helm: Helm) -> None:
    chance = random.Random(20300131)
    alphabet = [chr(code) for code in (*range(0x300), *range(0x2000, 0x2070), 0xFEFF, 0xFFFD, 0x1F600)]
    texts = ["".join(chance.choices(alphabet, k=chance.randrange(12))) for _ in range(2000)]
    values = {
        "args": texts,
        "env": {f"V{index:04}": text for index, text in enumerate(texts)},
        "podAnnotations": {f"example.com/{index}": text for index, text in enumerate(texts)},
    }
    template = helm.render(values)["Deployment"]["spec"]["template"]
    [container] = template["spec"]["containers"]
    assert container["args"] == texts
    assert [variable["value"] for variable in container["env"]] == texts
    assert template["metadata"]["annotations"] == values["podAnnotations"]
