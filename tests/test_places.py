"""A fault is found at its line wherever it is written: in a section, an item, an override, or a later file."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from meshguard.diagnostic import ROOT, Severity
from meshguard.helm.values import Request
from meshguard.pipeline import Subject, conclude, judge
from meshguard.policy import Identity, Policy, facts_for
from meshguard.schema import load_schema
from validators import RULES

SHAPE = load_schema("values")
FACTS = facts_for(Policy(), Identity(service="orders", team="checkout"), "2030-01-01")
PORTS = "ports: [{number: 8080, name: http}, {number: 7000, name: tcp-x}]\n"
ROUTING = "{section}:\n  port: http\n"
PATHS = "  pathConfiguration:\n    - path: /b\n    - path: /a\n"
BASE = f"{PORTS}{ROUTING}{PATHS}"
HERE = "<here>"  # what is written stands here, with the indentation before it

EVERYWHERE = (  # the last line is the fault; those before it make it one
    ("error", "timeout: 0s"),
    ("error", "timeout: 30"),
    ("error", "timeout: 2m"),
    ("error", "timeout: 50ms"),
    ("error", "retryOn: 5xxx"),
    ("error", "retryOn: [200, 503]"),
    ("warning", "retryOn: [connect-failure, cancelled]"),
    ("error", "retryOn: 5xx", "retryMethods: any"),
    ("error", "retryOn: [503, reset]", "retryMethods: [GET, POST]"),
    ("error", "retryMethods: GET"),
    ("error", "retryAttempts: 8"),
    ("error", "retryAttempts: 11"),
    ("error", "retryOn: 5xx", "perTryTimeout: 0ms"),
    ("error", "timeout: 3s", "retryOn: 5xx", "retryAttempts: 1", "perTryTimeout: 4s"),
    ("error", "timeout: 3s", "retryOn: 5xx", "retryAttempts: 2", "perTryTimeout: 1500ms"),
    ("warning", "timeout: 1s", "retryOn: 5xx", "retryBackoff: 2s"),
    ("error", "retryBackoff: 0s"),
)
OF_PATHS = (
    *EVERYWHERE,
    ("error", 'streaming: "yes"'),
    ("error", "streaming: true", "timeout: 5s"),
    ("error", "rewritePath: x"),
    ("error", "rewritePath: /x?y=1"),
    ("error", "requestHeaders: {set: {host: a}}"),
    ("error", 'responseHeaders: {add: {x-a: "50%"}}'),
    ("error", "requestHeaders: {remove: [connection]}"),
    ("error", "backends: [{service: orders, weight: 80}, {service: next, weight: 10, port: 8080}]"),
    ("error", "mirror: {service: shadow, percent: 20}"),
    ("error", "port: nope"),
    ("error", "port: tcp-x"),
)
OUTSIDE = (
    ("error", "cors: {allowOrigins: [shop.example.com]}"),
    ("error", 'cors: {allowOrigins: ["*"]}'),
    ("error", "redirect: {path: /b, code: 302}"),
)


class Place(NamedTuple):
    """Where something can be written: the files, one of which says HERE."""

    values: str
    later: str
    name: str


SECTIONS = (
    Place(f"{PORTS}{ROUTING}  {HERE}\n{PATHS}", "", "in a section"),
    Place(f"{PORTS}{ROUTING}  {HERE}\n", "", "in a section without paths"),
    Place(BASE, f"{{section}}:\n  {HERE}\n", "in a section of a later file"),
)
ITEMS = (
    Place(f"{BASE}      {HERE}\n", "", "in an item"),
    Place(f"{BASE}  pathOverrides:\n    /a:\n      {HERE}\n", "", "in an override"),
    Place(BASE, f"{{section}}:\n  pathOverrides:\n    /a:\n      {HERE}\n", "in an override of a later file"),
    Place(BASE, f"{{section}}:\n{PATHS}      {HERE}\n", "in a list of a later file"),
)


def written(text: str, section: str, lines: tuple[str, ...]) -> tuple[str, int | None]:
    """Write the lines where HERE is said, and give the number of the last one."""
    text = text.replace("{section}", section)
    before, here, after = text.partition(HERE)
    if not here:
        return text, None
    indent = "\n" + " " * (len(before) - before.rfind("\n") - 1)
    return f"{before}{indent.join(lines)}{after}", before.count("\n") + len(lines)


def each() -> Iterator[tuple[str, Place, tuple[str, ...]]]:
    for section in ("externalRouting", "internalRouting"):
        faults = (*OF_PATHS, *OUTSIDE) if section == "externalRouting" else OF_PATHS
        yield from ((section, place, fault) for place in SECTIONS for fault in EVERYWHERE)
        yield from ((section, place, fault) for place in ITEMS for fault in faults)


@pytest.mark.parametrize(
    ("section", "place", "fault"), list(each()), ids=lambda value: value if isinstance(value, str) else value[-1]
)
def test_a_fault_is_found_where_it_is_written(section: str, place: Place, fault: tuple[str, ...]) -> None:
    severity, *lines = fault
    files = {"values.yaml": place.values, "values-prod.yaml": place.later}
    made = {name: written(text, section, tuple(lines)) for name, text in files.items()}
    request = Request(tuple(made), read_file=lambda name: made[name][0].encode())
    told = conclude([judge(Subject(request, ROOT, FACTS), RULES, SHAPE)], RULES, FACTS).diagnostics

    expected = [(name, line, severity) for name, (_, line) in made.items() if line is not None]
    found = [each for each in told if each.severity != Severity.INFO]
    assert [(each.span.file, each.span.line, str(each.severity)) for each in found] == expected
