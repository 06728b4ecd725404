"""One corpus of hostile strings through every command: in values, in names, in arguments and in what is refused."""

import json
import re
import unicodedata
from collections.abc import Iterator

import pytest

from tests.commands.conftest import Result, Run
from tests.report.hostile import STRINGS

CONTRACT = """\
ports: [{{number: 8080, name: http}}]
externalRouting:
  hosts: [{0}]
  visibility: {0}
  timeout: {0}
  pathConfiguration:
    - path: {0}
      retryOn: {0}
      headers: {{{0}: {0}}}
      responseHeaders: {{set: {{{0}: {0}}}}}
      backends: [{{service: {0}, weight: 100}}]
      {0}: {0}
{0}: {{{0}: [{0}]}}
"""
SAFE = """\
ports: [{{number: 8080, name: http}}]
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /a
      headers: {{x-a: {0}}}
      responseHeaders: {{set: {{x-b: {0}}}}}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: orders, namespace: shop, labels: {{{0}: {0}}}}}
spec: {{selector: {{app: {0}}}, ports: [{{name: {0}, port: 80, targetPort: {0}}}]}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: {0}, namespace: shop}}
spec: {{host: {0}, trafficPolicy: {{tls: {{mode: {0}}}}}}}
"""
POLICY = "teams: {{{0}: {{namespaces: [{0}]}}}}\ngateways: {{{0}: {{gateway: {0}}}}}\nrules: {{{0}: {0}}}\n"


def is_harmless(text: str) -> bool:
    """Tell whether a terminal and a CI log show the text, and take it for nothing else."""
    seen = all(char == "\n" or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in text)
    return seen and not re.search(r"^\s*::|##\w*\[", text, re.MULTILINE)


def runs(run: Run, text: str) -> Iterator[Result]:
    quoted = json.dumps(text, ensure_ascii=False)
    quoted = re.sub("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", lambda found: f"\\u{ord(found[0]):04x}", quoted)
    quoted = re.sub("[\ud800-\udfff]", "?", quoted)
    files = {
        "v.yaml": CONTRACT.format(quoted),
        "safe.yaml": SAFE.format(quoted),
        "s.yaml": SERVICE.format(quoted),
        "policy.yaml": POLICY.format(quoted),
        "web/Chart.yaml": f"{{apiVersion: v2, name: {quoted}, version: {quoted}}}",
        "plain.yaml": re.sub("[\ud800-\udfff]", "?", text),
    }
    yield run("validate", "-f", "v.yaml", files=files)
    for form in ("text", "json", "sarif", "junit", "gitlab"):  # github has commands of its own
        yield run("validate", "orders", "-f", "v.yaml", "-o", form)
    for form in ("yaml", "json"):
        yield run("values", "-f", "v.yaml", "-o", form)
        yield run("values", "-f", "v.yaml", "-o", form, "--origins", "--set", f"a={text}")
        yield run("render", "orders", "-n", "shop", "-f", "safe.yaml", "-o", form)
    for form in ("table", "json", "yaml"):
        yield run("tls-check", "-f", "s.yaml", "-o", form)
    yield run("validate", "-f", "v.yaml", "--policy", "policy.yaml")
    yield run("validate", "-f", "plain.yaml")
    yield run("validate", "web", "-f", "safe.yaml")
    for argv in (
        ("validate", "-f", f"x{text}"),
        ("validate", f"./x{text}"),
        ("validate", "-f", "v.yaml", "--env", text),
        ("validate", "-f", "v.yaml", "--helm-version", text),
        ("validate", "-f", "v.yaml", "-o", text),
        ("validate", "-f", "v.yaml", "--team", text, "--namespace", text),
        ("validate", "-f", "safe.yaml", "--set", text),
        ("validate", "-f", "safe.yaml", "--set-json", f"a={text}"),
        ("validate", "-f", "safe.yaml", "--set-file", f"a={text}"),
        ("explain", text),
        ("schema", text),
        ("tls-check", "-f", f"x{text}"),
        (f"x{text}",),
        (f"--x{text}",),
    ):
        yield run(*argv)


@pytest.mark.slow
@pytest.mark.parametrize("text", STRINGS, ids=lambda text: ascii(text[:20]))
def test_no_string_is_more_than_text_to_any_command(run: Run, text: str) -> None:
    harmful = [result for result in runs(run, text) if not is_harmless(result.out + result.err)]

    assert [result.out + result.err for result in harmful] == []
