"""Hostile inputs through the whole program: a source of randomness in, what went wrong out.

Mutated values of the contract are judged and, where they are safe, rendered: every end but an answer is a crash.
Strings of any kind stand in values and in what is rendered: none may change the structure of it.
"""

import json
import re
import traceback
from pathlib import Path
from random import Random
from typing import Any

import yaml

from meshguard.commands.output import as_json, as_yaml
from meshguard.commands.values import document
from meshguard.diagnostic import ROOT, Severity, Span, UserError
from meshguard.helm.values import Request
from meshguard.helm.version import NEWEST_3, NEWEST_4
from meshguard.helm.yaml import load
from meshguard.node import Node, plain
from meshguard.pipeline import Subject, conclude, judge, render
from meshguard.policy import Identity, build_policy, facts_for
from meshguard.report import FORMATS
from meshguard.run import Run
from meshguard.schema import load_schema
from meshguard.targets.istio import TARGET
from tests.fuzz import documents
from tests.report.hostile import STRINGS
from tests.report.run import RUN
from validators import RULES

EXAMPLES = tuple(
    path.read_bytes()
    for path in sorted(Path(__file__).parents[2].glob("examples/*/values*.yaml"))
    if path.stat().st_size
)
POLICY = b"mesh: {prometheus: sidecar}\ngateways: {public: {gateway: istio-ingress/public}}\n"
FACTS = facts_for(
    build_policy(load(POLICY, ".meshguard.yaml", NEWEST_4).node), Identity("orders", namespace="shop"), "2030-01-01"
)
NOWHERE = Span("values.yaml", 1, 1, 1, 1)
HARMLESS = "harmless"
HEAD = """\
ports: [{number: 8080, name: http}]
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
"""
PATH = """\
    - path: /a%d
      headers: {x-a: %s}
      requestHeaders: {set: {x-b: %s}, add: {x-c: %s}}
      responseHeaders: {set: {x-d: %s}}
"""
FIELDS = 4  # of a path, that take text
TAKEN = re.compile(r"[!-$&-~](?:[ -$&-~]*[!-$&-~])?")  # what they take


def mutated(random: Random) -> bytes:
    """Make one input of bytes: an example of the contract, or any document, with changes of lines and bytes."""
    base = random.choice(EXAMPLES) if random.random() < 0.6 else documents.document(random)
    data = bytearray(documents.changed(random, base.decode("utf-8", "replace")).encode("utf-8", "surrogatepass"))
    for _ in range(random.choice((0, 0, 0, 1, 3, 10))):
        if data:
            data[random.randrange(len(data))] = random.randrange(256)
    return bytes(data)


def crash(random: Random) -> str:
    """Judge one mutated input, report on it, and render it if it is safe; give the traceback of a crash."""
    data = mutated(random)
    request = Request(("values.yaml",), helm=random.choice((NEWEST_3, NEWEST_4)), read_file=lambda _: data)
    try:
        outcome = judge(Subject(request, ROOT, FACTS), RULES, load_schema("values"))
        verdict = conclude((outcome,), RULES, FACTS)
        run: Run = RUN._replace(diagnostics=verdict.diagnostics, sources=verdict.sources)
        FORMATS[random.choice(sorted(FORMATS))](run)
        safe = all(found.severity is not Severity.ERROR for found in verdict.diagnostics)
        if safe and outcome.service is not None and outcome.values is not None:
            rendered, faults = render(outcome.service, outcome.values, FACTS, TARGET)
            assert not faults, faults
            yaml.compose_all(as_yaml(rendered.manifests))
    except UserError:
        return ""  # a fact of the platform is missing, which is said
    except Exception:  # noqa: BLE001 - whatever it is, it is what we look for
        return f"{data!r}\n{traceback.format_exc()}"
    return ""


def string(random: Random) -> str:
    """Make one text: of any characters, of YAML's own signs, or one that wants to be more than text."""
    roll = random.random()
    if roll < 0.2:
        text = random.choice(STRINGS)[:200]
    elif roll < 0.6:
        text = "".join(random.choice(documents.TOKENS) for _ in range(random.randint(1, 6)))
    elif roll < 0.8:
        text = "".join(chr(random.randrange(0x20, 0x7F)) for _ in range(random.randint(0, 12)))
    else:
        text = "".join(chr(random.randrange(0x110000)) for _ in range(random.randint(0, 8)))
    return re.sub("[\ud800-\udfff]", "\ufffd", text)  # no source holds a lone surrogate


def changed_structure(texts: list[str]) -> list[str]:
    """Print values of these texts, as keys and as values, and give what is not read as it was."""
    wanted: dict[str, Any] = {"list": texts, "map": {text: {text: index} for index, text in enumerate(texts)}}
    tree = _node(wanted)
    printed, coded = document(tree, "yaml"), document(tree, "json")
    read = {
        "yaml": plain(load(printed.encode(), "printed", NEWEST_4).node),
        "yaml, read by PyYAML": yaml.load(printed, Loader=yaml.CSafeLoader),
        "json": json.loads(coded),
    }
    return [f"{form}: {texts!r}" for form, values in read.items() if values != wanted]


def changed_objects(texts: list[str]) -> list[str]:
    """Render a service with these texts wherever one may stand, and give them if that changes the objects."""
    taken = [text for text in texts if TAKEN.fullmatch(text)]
    taken = taken[: len(taken) // FIELDS * FIELDS]
    if _shape(_rendered(taken)) != _shape(_rendered([HARMLESS] * len(taken))):
        return [f"rendered: {taken!r}"]
    return []


def _rendered(texts: list[str]) -> list[Any]:
    groups = [texts[start : start + FIELDS] for start in range(0, len(texts), FIELDS)]
    data = HEAD + "".join(PATH % (index, *map(json.dumps, group)) for index, group in enumerate(groups))
    request = Request(("values.yaml",), read_file=lambda _: data.encode())
    outcome = judge(Subject(request, ROOT, FACTS), RULES, load_schema("values"))
    assert outcome.service is not None, (texts, outcome.diagnostics)
    assert outcome.values is not None
    rendered, faults = render(outcome.service, outcome.values, FACTS, TARGET)
    assert not faults, faults
    objects = list(yaml.load_all(as_yaml(rendered.manifests), Loader=yaml.CSafeLoader))
    assert objects == json.loads(as_json(rendered.manifests))["items"]
    return objects


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shape(below) for key, below in value.items()}
    return [_shape(below) for below in value] if isinstance(value, list) else type(value).__name__


def _node(value: Any) -> Node:
    if isinstance(value, dict):
        return Node({key: _node(below) for key, below in value.items()}, NOWHERE)
    return Node([_node(below) for below in value] if isinstance(value, list) else value, NOWHERE)
