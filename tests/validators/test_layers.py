"""What Helm drops or changes on the way: faults and their harmless neighbours."""

import pytest

from meshguard import engine
from meshguard.diagnostic import ROOT, ValuePath
from meshguard.helm.loss import Loss
from meshguard.helm.values import Request, read
from meshguard.helm.version import NEWEST_3, NEWEST_4, Version
from meshguard.model import build
from meshguard.node import find
from meshguard.policy import Identity, Policy, facts_for
from meshguard.rule import Case
from meshguard.schema import check, load_schema
from validators import RULES

PORTS = "ports: [{number: 8080, name: http}]\n"


def found(
    *files: str,
    sets: tuple[tuple[str, str], ...] = (),
    helm: Version = NEWEST_4,
    chart: str | None = None,
    at: str = "",
) -> list[str]:
    """Give what is said of files 0, 1, ... and a chart, as `file:line rule`, in the order of the rules."""
    texts = {str(index): text for index, text in enumerate(files)}
    if chart is not None:
        texts |= {"chart/Chart.yaml": "{apiVersion: v2, name: chart, version: 1.0.0}", "chart/values.yaml": chart}
    request = Request(
        tuple(texts)[: len(files)],
        sets,
        None if chart is None else "chart",
        helm,
        lambda name: texts[name].encode(),
        {"chart": ["Chart.yaml", "values.yaml"]}.get,
    )
    values = read(request)
    path = ValuePath((at,) if at else ())
    contract = find(values.node, path)
    assert contract is not None
    assert check(load_schema("values"), contract) == ()
    facts = facts_for(Policy(), Identity("orders"), "2030-01-01")
    case = Case(build(values.node, path, facts), facts, values.losses)
    said = engine.judge(case, values.node, RULES).diagnostics
    return [f"{each.span.file}:{each.span.line} {each.rule}" for each in said]


def routed(*items: str) -> str:
    """Write items from line 5 on."""
    lines = "".join(f"    - {item}\n" for item in items)
    return f"{PORTS}externalRouting:\n  hosts: [orders.example.com]\n  pathConfiguration:\n{lines}"


A, B = "{path: /a, timeout: 5s}", "{path: /b}"


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (routed(B), ["1:4 list-replaced"]),
        (routed(A), ["1:4 list-replaced"]),
        (routed("{path: /a}", B), ["1:4 list-replaced"]),
        (routed(B, A), []),
        (routed("{path: /a, timeout: 5s, retryAttempts: 1}", B, "{path: /c}"), []),
        ("externalRouting: {hosts: [orders.prod.example.com]}", []),
        ("externalRouting: {pathOverrides: {/a: {timeout: 6s}}}", []),
        ("ports: [{number: 80, name: http}]", []),
        ("ports: [{number: 80, name: http-a}]", ["1:1 list-replaced"]),
        (routed("{path: /a, timeout: 9s}", "{path: /b/}"), []),
        ("ports: [{number: 8080, name: http}, {number: 81, name: tcp}]", []),
        ("other: [1]", []),
    ],
)
def test_lists_over_lists(later: str, expected: list[str]) -> None:
    assert found(f"{routed(A, B)}other: [2]\n", later) == expected


def test_a_list_below_a_key_is_found_too() -> None:
    first, second = ("\n".join(f"  {line}" for line in routed(item).splitlines()) for item in (A, B))

    assert found(f"web:\n{first}", f"web:\n{second}", at="web") == ["1:5 list-replaced"]
    assert found(routed(A), f"other:\n{second}\n") == []


def test_a_long_list_is_compared_by_names() -> None:
    items = tuple(f"{{path: /{index}}}" for index in range(300))

    assert [each for each in found(routed(*items), routed(*items)) if "list" in each] == []
    assert [each for each in found(routed(*items), routed(*items[1:])) if "list" in each] == ["1:4 list-replaced"]


def test_lists_within_a_file_and_over_defaults_are_silent() -> None:
    assert found(routed(B), chart=routed(A)) == []
    assert found(f"{routed(A)}---\n{routed(B)}") == ["0:6 second-document"]


def test_a_list_of_the_command_line_replaces_too() -> None:
    values = f"{PORTS}upstreams: [{{host: a.x.com}}]"

    assert found(values, sets=(("set", "upstreams[0].host=b.x.com"),)) == []
    assert found(values, sets=(("set-json", 'upstreams=[{"host": "b.x.com"}]'),)) == [
        '--set-json upstreams=[{"host": "b.x.com"}]:1 list-replaced'
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{PORTS}--- # the end\n", []),
        (f"---\n{PORTS}", []),
        (f"{PORTS}---\n# a remark\n---\n", []),
        (f"{PORTS}---\nother: 1\n", ["0:2 second-document"]),
        (f"{PORTS}...\n", []),
        (f"{PORTS}...\nother: 1\n", ["0:3 content-not-read"]),
        ("  ports:\n    - {number: 8080, name: http}\nother: 1\n", ["0:3 content-not-read"]),
        ("{ports: [{number: 8080, name: http}]}\nother: 1\n", ["0:2 content-not-read"]),
        (f"{PORTS}ports: [{{number: 80, name: http}}]\n", ["0:2 duplicate-key"]),
        (f"{PORTS}other: {{a: 1, a: 2}}\n", ["0:2 duplicate-key"]),
        (f"{PORTS}other: {{1: 1, '1': 2}}\n", ["0:2 colliding-keys"]),
        (f"{PORTS}a: &a {{x: 1}}\nb: {{x: 2, <<: *a}}\n", ["0:3 merge-after-keys"]),
        (f"{PORTS}a: &a {{x: 1}}\nb: {{<<: *a, x: 2}}\n", []),
        (f"{PORTS}id: 9007199254740993\n", ["0:2 inexact-number"]),
        (f"{PORTS}id: 9007199254740992\n", []),
        (f"{PORTS}flag: on\nmode: 0755\ny: n\n", []),
    ],
)
@pytest.mark.parametrize("helm", [NEWEST_3, NEWEST_4], ids=["3", "4"])
def test_what_is_lost_in_one_file(helm: Version, text: str, expected: list[str]) -> None:
    assert found(text, helm=helm) == expected


def test_an_older_helm_4_loses_a_last_line() -> None:
    text = f"{PORTS}# {'x' * 4094}"

    assert found(text, helm=Version(4, 2)) == ["0:2 content-not-read"]
    assert found(text, helm=NEWEST_4) == []


def condition(text: str) -> str:
    """Write a condition, on line 5."""
    return routed(f"{{path: /a, {text}}}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (condition("queryParams: {y: '1'}"), ["0:5 misread-value"]),
        (condition("queryParams: {No: '1'}"), ["0:5 misread-value"]),
        (condition("queryParams: {1.0: '1'}"), ["0:5 misread-value"]),
        (condition("headers: {on: '1'}"), ["0:5 misread-value"]),
        (condition("queryParams: {'y': '1', 7: '1', yy: '1'}"), []),
        (condition("requestHeaders: {set: {0x1: '1'}}"), ["0:5 misread-value"]),
        ("ports: [{number: 0100, name: tcp}]\n", ["0:1 misread-value"]),
        ("ports: [{number: 010_0, name: tcp}]\n", ["0:1 misread-value"]),
        ("ports: [{number: 0o144, name: tcp}]\n", []),
        ("ports: [{number: 0x1F90, name: http, bypassMesh: Off}]\n", []),
        ("ports: [{number: 8_080, name: http}]\n", []),
        ("ports: [{number: 08080, name: http}]\n", []),
        ("ports: [{number: 8e3, name: http}]\n", []),
        (condition("retryAttempts: 02"), []),
    ],
)
def test_what_yaml_reads_in_its_own_way(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        ("{a: 1}", "b", ["1:1 map-replaced"]),
        ("{a: 1}", "[b]", ["1:1 map-replaced"]),
        ("{a: 1}", "{b: 2}", []),
        ("{a: 1}", "null", []),
        ("a", "{b: 2}", []),
        ("[a]", "b", []),
    ],
)
def test_maps_that_are_replaced(earlier: str, later: str, expected: list[str]) -> None:
    assert found(f"{PORTS}image: {earlier}", f"image: {later}") == expected


def test_a_value_over_a_map_of_the_defaults() -> None:
    assert found(f"{PORTS}image: orders:1", chart="image: {tag: latest}") == ["0:2 map-replaced"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (f"{PORTS}resilience: {{outlierDetection: null}}", ["0:2 null-deletes-default"]),
        (f"{PORTS}resilience: {{outlierDetection: {{interval: null}}}}", ["0:2 null-deletes-default"]),
        ("resilience: null", ["0:1 null-deletes-default"]),
        (f"{PORTS}other: null", []),
    ],
)
def test_nulls_over_defaults(values: str, expected: list[str]) -> None:
    defaults = f"{PORTS}resilience: {{outlierDetection: {{interval: 10s, consecutiveErrors: 5}}}}\nother: 1\n"

    assert found(values, chart=defaults) == expected


def test_what_the_files_of_a_dependency_lose_is_silent() -> None:
    files = {
        "chart/Chart.yaml": "{apiVersion: v2, name: chart, version: 1.0.0}",
        "chart/values.yaml": "a: {x: 1, x: 2}",
        "chart/charts/db/Chart.yaml": "{apiVersion: v2, name: db, version: 1.0.0}",
        "chart/charts/db/values.yaml": "ports: [{number: 0100}]\nb: {x: 1, x: 2}",
    }
    folders = {
        "chart": ["Chart.yaml", "charts", "values.yaml"],
        "chart/charts": ["db"],
        "chart/charts/db": ["Chart.yaml", "values.yaml"],
    }

    values = read(Request(chart="chart", read_file=lambda name: files[name].encode(), list_folder=folders.get))

    assert [(loss.kind, loss.span.file) for loss in values.losses] == [("duplicate-key", "chart/values.yaml")]


def test_a_null_that_depends_on_helm_is_told_once() -> None:
    span = read(Request(("0",), read_file=lambda _: b"resilience: null")).node.span
    at = ValuePath(("resilience",))
    losses = (Loss("null-deletes-default", at, span, ""), Loss("null-by-version", at, span, "3.17 keeps it"))
    node = read(Request()).node
    facts = facts_for(Policy(), Identity("orders"), "2030-01-01")

    said = engine.judge(Case(build(node, ROOT, facts), facts, losses), node, RULES).diagnostics

    assert [each.rule for each in said] == ["null-by-helm-version"]


@pytest.mark.parametrize(
    ("key", "content", "is_meant"),
    [
        ("externalrouting", "{}", True),
        ("EXTERNAL-ROUTING", "{hosts: [a.x.com]}", True),
        ("externalRoutes", "{pathConfiguration: [{path: /a}]}", True),
        ("extrenalRouting", "{visibility: public}", True),
        ("internal_routing", "{}", True),
        ("internalRoute", "{timeout: 1s}", True),
        ("Ports", "[{number: 80, name: http}]", True),
        ("port", "[{number: 80, name: http}]", True),
        ("upstream", "[{host: a.x.com}]", True),
        ("resiliance", "{outlierDetection: {}}", True),
        ("externalrouting", "true", False),
        ("externalService", "{hosts: [a.x.com]}", False),
        ("internalRoute", "{class: a}", False),
        ("port", "80", False),
        ("port", "{number: 80}", False),
        ("containerPorts", "[{number: 80, name: http}]", False),
        ("upstream", "{host: a.x.com}", False),
        ("upstream", "[a.x.com]", False),
        ("upstream", "[]", False),
        ("routing", "{timeout: 1s}", False),
        ("imports", "[{number: 1}]", False),
    ],
)
def test_sections_in_another_spelling(key: str, content: str, is_meant: bool) -> None:  # noqa: FBT001 - a column
    assert found(f"{PORTS}{key}: {content}") == (["0:2 section-in-another-spelling"] if is_meant else [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("headers: {x-a: '{{ .Values.a }}'}", ["0:5 template-in-value"]),
        ("queryParams: {a: '{{ .Values.a }}'}", ["0:5 template-in-value"]),
        ("requestHeaders: {add: {x-a: 'v{{ .Values.a }}'}}", ["0:5 template-in-value"]),
        ("responseHeaders: {set: {x-a: '{a}'}}", []),
    ],
)
def test_templates(text: str, expected: list[str]) -> None:
    assert found(condition(text)) == expected


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        (".resilience.loadBalancing=random", ["--set .resilience.loadBalancing=random:1 content-not-read"]),
        ("image=", []),
        ("resilience.loadBalancing=random", []),
    ],
)
def test_an_argument_that_sets_nothing_is_found(argument: str, expected: list[str]) -> None:
    assert found(PORTS, sets=(("set", argument),)) == expected
