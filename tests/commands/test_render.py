"""`render`: objects to stdout or into files, everything else to stderr."""

import json
from pathlib import Path

import pytest
import yaml

from meshguard.diagnostic import ROOT, Finding
from meshguard.targets.istio import TARGET
from tests.commands.conftest import Run

POLICY = """
gateways: {public: {gateway: istio-ingress/public, hostTemplate: "{service}.example.com"}}
podLabels: {app: "{service}"}
"""
VALUES = """
ports:
  - {number: 8443, name: https, tls: {serverName: orders.internal.example.com}}
externalRouting: {}
"""
FILES = {".meshguard.yaml": POLICY, "v.yaml": VALUES}
NOTE = "note: .meshguard.yaml names no teams: who owns which host was not judged\n"
RENDER = ("render", "orders", "-n", "shop", "-f", "v.yaml")
OBJECTS = [
    ("PeerAuthentication", "shop", "orders"),
    ("DestinationRule", "istio-ingress", "orders.shop"),
    ("VirtualService", "shop", "orders"),
]
NAMES = [
    "istio-ingress/destinationrule-orders.shop",
    "shop/peerauthentication-orders",
    "shop/virtualservice-orders",
]


def identity(thing: dict[str, dict[str, str]]) -> tuple[object, str, str]:
    return thing["kind"], thing["metadata"]["namespace"], thing["metadata"]["name"]


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_objects_are_one_stream_in_the_order_of_their_kinds(run: Run) -> None:
    result = run(*RENDER, files=FILES)

    assert result.code == 0
    assert [identity(thing) for thing in yaml.safe_load_all(result.out)] == OBJECTS
    assert result.err == (
        NOTE
        + "meshguard: the chart must set: Service port 8443: name: https, targetPort: 8443, appProtocol: https\n"
    )


def test_json_is_a_list_of_the_same_objects(run: Run) -> None:
    result = run(*RENDER, "-o", "json", files=FILES)
    things = list(yaml.safe_load_all(run(*RENDER).out))

    assert [identity(thing) for thing in things] == OBJECTS
    # JSON has no keys but text, and a container port is a key.
    assert json.loads(result.out) == json.loads(json.dumps({"apiVersion": "v1", "kind": "List", "items": things}))


@pytest.mark.parametrize(
    ("scope", "expected"),
    [("all", OBJECTS), ("service", [OBJECTS[0], OBJECTS[2]]), ("platform", [OBJECTS[1]])],
)
def test_a_scope_chooses_objects(run: Run, scope: str, expected: list[tuple[str, str, str]]) -> None:
    result = run(*RENDER, "--scope", scope, files=FILES)
    assert [identity(thing) for thing in yaml.safe_load_all(result.out)] == expected


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_files_are_named_by_object_and_written_whole(run: Run, repo: Path, form: str) -> None:
    (repo / "out" / "shop").mkdir(parents=True)
    (repo / "out" / "shop" / f"virtualservice-orders.{form}").symlink_to(repo / "elsewhere")
    for _ in range(2):
        result = run(*RENDER, "-o", form, "--output-dir", "out", files=FILES)
        assert (result.code, result.out) == (0, "")

    assert below(repo / "out") == [f"{name}.{form}" for name in NAMES]
    assert not (repo / "elsewhere").exists()
    written = (repo / "out" / f"{NAMES[2]}.{form}").read_text("utf-8")
    thing = yaml.safe_load(written)
    assert identity(thing["items"][0] if form == "json" else thing) == OBJECTS[2]


@pytest.mark.parametrize("target", ["outside", "nowhere"])
def test_a_link_does_not_choose_where_files_go(run: Run, repo: Path, target: str) -> None:
    (repo / "outside").mkdir()
    (repo / "out").mkdir()
    (repo / "out" / "istio-ingress").symlink_to(repo / target)
    result = run(*RENDER, "--output-dir", "out", files=FILES)

    assert (result.code, result.out) == (2, "")
    assert "'out/istio-ingress' is a symbolic link, which may lead anywhere" in result.err
    assert below(repo / "out") == below(repo / "outside") == []


@pytest.mark.parametrize(
    ("directory", "words"), [("v.yaml", "'v.yaml/shop/"), ("", "--output-dir '' names no directory")]
)
def test_a_directory_that_is_none(run: Run, directory: str, words: str) -> None:
    result = run(*RENDER, "--output-dir", directory, files=FILES)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_with_errors_nothing_is_rendered(run: Run, repo: Path) -> None:
    result = run(*RENDER, "--output-dir", "out", files=FILES | {"v.yaml": "ports: [{number: 443, name: http}]"})

    assert (result.code, result.out) == (1, "")
    assert "[plaintext-on-443]" in result.err
    assert not (repo / "out").exists()


def test_warnings_are_told_and_stop_it_where_they_fail_the_run(run: Run) -> None:
    files = FILES | {"v.yaml": VALUES + "externalRouting: {}\n"}
    told = run(*RENDER, files=files)

    assert told.code == 0
    assert "[duplicate-key]" in told.err
    assert "kind: VirtualService" in told.out
    stopped = run(*RENDER, "--fail-on", "warning")
    assert (stopped.code, stopped.out) == (1, "")


def test_values_that_helm_refuses_are_reported(run: Run) -> None:
    result = run(*RENDER, files=FILES | {"v.yaml": "ports: ["})
    assert (result.code, result.out) == (1, "")
    assert "[yaml]" in result.err


def test_a_fault_of_what_was_rendered_is_reported_and_nothing_is_printed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = TARGET._replace(verify=lambda _rendered, _facts: (Finding(ROOT, "it is not safe to apply"),))
    monkeypatch.setattr("meshguard.commands.render.TARGET", broken)
    result = run(*RENDER, files=FILES)

    assert (result.code, result.out) == (1, "")
    assert "error: it is not safe to apply [manifest]" in result.err
    assert result.err.count(NOTE) == 1
