"""`tls-check` at the terminal: what it reads, what it prints, and what it says of wrong input."""

import json
from typing import Any

import pytest
import yaml

from meshguard.diagnostic import ROOT, Finding
from meshguard.targets.istio import TARGET
from tests.commands.conftest import Run
from tests.conftest import ROOT as REPOSITORY

SHOP = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
spec: {selector: {app: orders}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: orders, namespace: shop}
spec: {template: {metadata: {labels: {app: orders}}, spec: {containers: [{name: orders}]}}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: STRICT}}
"""
RULE = """\
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: orders, namespace: shop}
spec:
  host: orders
  trafficPolicy:
    tls:
      mode: DISABLE
"""
CONFLICT = SHOP + RULE
ROW = "orders.shop.svc.cluster.local:80"
VALUES = "ports: [{number: 8080, name: http}]\n"
POLICY = """\
mesh: {istioVersion: "1.31", mtls: STRICT}
gateways: {public: {gateway: istio-ingress/public, hostTemplate: "{service}.example.com"}}
podLabels: {app: "{service}"}
"""

FLEET = POLICY + (
    'teams: {checkout: {}}\nservices: [{values: "{service}/values.yaml", name: "{service}", team: checkout,'
    " environments: {prod: {cluster: east, namespace: a}, test: {cluster: west, namespace: a}}}]\n"
    "clusters: {east: {}, west: {mesh: {mtls: DISABLE}}}\n"
)


def check(run: Run, *argv: str, stdin: str = CONFLICT, **files: str) -> Any:
    return run("tls-check", *argv, files=files, stdin=stdin.encode())


def test_the_table(run: Run) -> None:
    result = check(run, "-f", "-")

    assert result.out.splitlines() == [
        "HOST:PORT                          STATUS     SERVER   CLIENT      AUTHN POLICY          DESTINATION RULE",
        f"{ROW}   CONFLICT   mTLS     plaintext   shop/default (-:18)   shop/orders (-:27)",
    ]
    assert (result.code, result.err) == (1, "")


def test_without_a_conflict_it_ends_with_zero(run: Run) -> None:
    result = check(run, "-f", "-", stdin=SHOP)

    assert f"{ROW}   OK       mTLS     mTLS     shop/default (-:18)   -" in result.out
    assert (result.code, result.err) == (0, "")


def test_who_calls_is_a_column_where_it_matters(run: Run) -> None:
    private = RULE.replace("shop}", "web}").replace("host: orders", f"host: {ROW[:-3]}")
    result = check(run, "-f", "-", stdin=SHOP + private)

    heads, *rows = result.out.splitlines()
    assert heads.endswith("   FROM")
    assert [row.rpartition("   ")[2] for row in rows] == ["shop, other namespaces", "web"]


def test_what_is_wider_than_the_terminal_is_written_in_paragraphs(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    assert check(run, "-f", "-").out.splitlines() == [
        f"{ROW}   CONFLICT",
        "  SERVER mTLS, CLIENT plaintext",
        "  AUTHN POLICY shop/default (-:18)",
        "  DESTINATION RULE shop/orders (-:27)",
    ]

    monkeypatch.setenv("COLUMNS", "120")
    assert check(run, "-f", "-").out.startswith("HOST:PORT  ")


EXPLAINED = f"""\
{ROW} (HTTP), called by web: CONFLICT
  The DestinationRule shop/orders (-:27) for 'orders.shop.svc.cluster.local' stands in the service's namespace,\
 and the client's own has none for the host. It says DISABLE in its trafficPolicy: the client sends plaintext.
  The PeerAuthentication shop/default (-:18) says STRICT for the namespace: the server takes mutual TLS of the\
 mesh and nothing else (Deployment shop/orders).
  The server has no filter chain for that and closes the connection: the caller gets status 503,\
 upstream connect error or disconnect/reset before headers (response flags UC).
"""


def test_explain(run: Run) -> None:
    for asked in (f"{ROW}", "orders.shop:80", "orders:http", "ORDERS:80"):
        result = check(run, "-f", "-", "--explain", asked, "--client-namespace", "web")
        assert (result.code, result.out) == (1, EXPLAINED)


def test_explain_a_host_that_is_written_otherwise(run: Run) -> None:
    spec = "{hosts: [API.vendor.io], ports: [{number: 443, name: p, protocol: TLS}]}"
    entry = f"{{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {{name: e}}, spec: {spec}}}"

    assert "API.vendor.io:443" in check(run, "-f", "-", "--explain", "api.VENDOR.io:443", stdin=entry).out


def test_explain_what_is_not_there(run: Run) -> None:
    result = check(run, "-f", "-", "--explain", "payments:80")

    assert (result.code, result.out) == (2, "")
    assert f"there is no 'payments:80' to explain; there is {ROW}\n" in result.err


def test_explain_names_a_few_of_many(run: Run) -> None:
    ports = ", ".join(f"{{name: http-{number}, port: {number}}}" for number in range(81, 93))
    many = f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: a}}\nspec: {{ports: [{ports}]}}\n"

    assert "a.default.svc.cluster.local:90, ...\n" in check(run, "-f", "-", "--explain", "x:1", stdin=many).err


def test_json_and_yaml_are_the_same(run: Run) -> None:
    as_json, as_yaml = (check(run, "-f", "-", "-o", form, "--client-namespace", "web") for form in ("json", "yaml"))

    document = json.loads(as_json.out)
    assert document == yaml.safe_load(as_yaml.out)
    assert (document["version"], document["clients"], document["remarks"]) == (1, ["web"], [])
    (row,) = document["rows"]
    assert {key: row[key] for key in ("host", "port", "portName", "protocol", "subset", "cluster")} == {
        "host": "orders.shop.svc.cluster.local",
        "port": 80,
        "portName": "http",
        "protocol": "HTTP",
        "subset": None,
        "cluster": None,
    }
    assert {key: row[key] for key in ("status", "server", "client", "from")} == {
        "status": "CONFLICT",
        "server": "mTLS",
        "client": "plaintext",
        "from": ["web"],
    }
    assert row["caller"] == {
        "status": "503",
        "flags": "UC",
        "sees": "upstream connect error or disconnect/reset before headers",
    }
    assert row["authnPolicy"] == ref("PeerAuthentication", "default", 18)
    assert row["destinationRule"] == ref("DestinationRule", "orders", 27)
    assert row["workloads"] == [ref("Deployment", "orders", 12)]
    assert len(row["explanation"]) == 3
    assert (as_json.code, as_yaml.code) == (1, 1)


def ref(kind: str, name: str, line: int) -> dict[str, Any]:
    return {"kind": kind, "namespace": "shop", "name": name, "place": {"file": "-", "line": line}}


@pytest.mark.parametrize(
    ("argv", "clients"),
    [
        (["--client", "sidecar=web"], ["web"]),
        (["--client", "sidecar=web,app=me,version=v1"], ["web{app=me,version=v1}"]),
        (["--client", "gateway=public"], ["gateway istio-ingress"]),
        (["--client", "gateway=tunnel"], ["passthrough gateway istio-ingress"]),
        (["--client", "gateway=edge", "--client", "none"], ["gateway edge", "no sidecar"]),
        (["--client", "passthrough=edge"], ["passthrough gateway edge"]),
        (["--client-namespace", "a", "--client-namespace", "b"], ["a", "b"]),
        ([], ["shop", "other namespaces"]),
    ],
)
def test_clients(argv: list[str], clients: list[str], run: Run) -> None:
    https = CONFLICT.replace("- name: http,", "- name: https,").replace("{name: http,", "{name: https,")
    policy = POLICY.replace("gateways: {", "gateways: {tunnel: {gateway: istio-ingress/tunnel, tls: passthrough}, ")
    result = check(run, "-f", "-", "-o", "json", *argv, stdin=https, **{".meshguard.yaml": policy})

    assert json.loads(result.out)["clients"] == clients


def test_a_client_that_calls_nothing(run: Run) -> None:
    result = check(run, "-f", "-", "--client", "passthrough=edge")

    assert (result.code, result.out) == (2, "")
    assert "there is nothing to check: no host is called by passthrough gateway edge\n" in result.err


@pytest.mark.parametrize(
    "word", ["web", "sidecar", "sidecar=", "none=web", "sidecar=web,app", "sidecar=web,=x", "pod=web"]
)
def test_a_client_that_is_none(word: str, run: Run) -> None:
    result = check(run, "-f", "-", "--client", word)

    assert (result.code, result.out) == (2, "")
    assert f"--client '{word}' must be none, or sidecar=NAMESPACE" in result.err


def test_gateways_are_asked_where_routes_of_theirs_are_known(run: Run) -> None:
    routes = """---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v, namespace: shop}
spec:
  hosts: [www.example.com]
  gateways: [istio-ingress/public]
  http: [{route: [{destination: {host: orders, port: {number: 80}}}], mirror: {host: orders}}]
  tls: [{match: [{sniHosts: [x]}], route: [{destination: {host: payments}}]}]
---
apiVersion: v1
kind: Service
metadata: {name: payments, namespace: shop}
spec: {selector: {app: orders}, ports: [{name: https, port: 443}, {name: http, port: 80}]}
"""
    result = check(run, "-f", "-", "-o", "json", stdin=SHOP + routes)
    callers = {(row["host"].partition(".")[0], row["port"]): row["from"] for row in json.loads(result.out)["rows"]}

    assert callers == {
        ("orders", 80): ["shop", "other namespaces", "gateway"],
        ("payments", 80): ["shop", "other namespaces"],
        ("payments", 443): ["shop", "other namespaces", "passthrough gateway"],
    }


@pytest.mark.parametrize("said", ["1", "new", "1.x", "12345.1"])
def test_a_version_that_is_none(said: str, run: Run) -> None:
    assert f"--istio-version '{said}' is not a version" in check(run, "-f", "-", "--istio-version", said).err


@pytest.mark.parametrize(("said", "protocol"), [("1.18", "auto"), ("1.31", "HTTP2"), ("1.31.0", "HTTP2")])
def test_the_version_decides(said: str, protocol: str, run: Run) -> None:
    cluster = SHOP.replace("name: http, port", "appProtocol: kubernetes.io/h2c, port")
    result = check(run, "-f", "-", "-o", "json", "--istio-version", said, stdin=cluster)

    assert {row["protocol"] for row in json.loads(result.out)["rows"]} == {protocol}


def test_without_automatic_mutual_tls(run: Run) -> None:
    result = check(
        run, "-f", "-", "--no-auto-mtls", "--explain", "orders:80", "--client-namespace", "web", stdin=SHOP
    )

    assert "It adds nothing by itself, as automatic mutual TLS is switched off: it sends plaintext" in result.out
    assert result.code == 1


def test_directories_are_searched_for_manifests(run: Run) -> None:
    files = {
        "k8s/a/shop.yml": SHOP,
        "k8s/b/rule.yaml": RULE,
        "k8s/values.yaml": VALUES,
        "k8s/broken.json": '{"kind": ',
        "k8s/README.md": "kind: of",
    }
    result = run("tls-check", "-f", "k8s", files=files)

    assert "shop/default (k8s/a/shop.yml:18)   shop/orders (k8s/b/rule.yaml:9)" in result.out
    assert result.code == 1


def test_several_files_are_one_mesh(run: Run) -> None:
    result = check(run, "-f", "shop.yaml", "-f", "-", stdin=RULE, **{"shop.yaml": SHOP})

    assert "CONFLICT" in result.out


@pytest.mark.parametrize(
    ("stdin", "code", "words"),
    [
        ("", 2, "standard input is empty: it is to hold manifests or values"),
        (" \n", 2, "standard input is empty"),
        ("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n", 2, "there is nothing to check: no Service and no"),
        ("a: [b\n", 1, "-:2:1: error: a `,` is missing"),
        (SHOP + "---\nkind: Service\napiVersion: v1\nmetadata: {\n", 1, "-:23:1: this document cannot be read"),
        (
            SHOP.replace("port: 80,", "port: eighty,"),
            2,
            "Service 'shop/orders' is left out: spec.ports[0].port must",
        ),
        (SHOP.replace("port: 80,", "port: eighty,"), 2, "is among the objects that could be read"),
        (SHOP.replace("kind: Service\n", "kind: Service\nkind: Service\n"), 0, "the key `kind` is there twice"),
        (SHOP.replace("STRICT", "STRICKT"), 1, "-:18:21: PeerAuthentication 'shop/default' is left out"),
        (SHOP + "---\n" + SHOP, 0, "PeerAuthentication 'shop/default' is also at -:17: the last one counts"),
        (SHOP.replace("STRICT}", "STRICT}, portLevelMtls: {80: {mode: DISABLE}}"), 0, "without a selector, which"),
        (
            SHOP.replace("name: shop, labels", "name: other, labels"),
            0,
            "the Namespace 'shop' is not among the objects",
        ),
    ],
    ids=range(12),
)
def test_wrong_input(stdin: str, code: int, words: str, run: Run) -> None:
    result = check(run, "-f", "-", stdin=stdin)

    assert result.code == code, result
    assert words in result.err + result.out


def test_what_is_assumed_is_told(run: Run) -> None:
    services = "".join(
        f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n"
        "spec: {selector: {app: a}, ports: [{name: http, port: 80, targetPort: web}]}\n"
        for name in ("a", "b")
    )
    assert check(run, "-f", "-", stdin=services).err.splitlines() == [
        f"meshguard: assumed for a.default.svc.cluster.local:80 and 1 more: {words}"
        for words in (
            "no pods of it are known, so that they are taken to have the labels of its selector and no others",
            "the Namespace 'default' is not among the objects, so that its pods are taken to have a sidecar",
            "the number of the container port 'web' is not known",
        )
    ]


def test_notes_of_helm_are_passed_over(run: Run) -> None:
    heading = "NAME: shop\nLAST DEPLOYED: Sat Nov 28 18:58:45 2026\nHOOKS:\nMANIFEST:\n---\n"
    printed = f"{heading}{SHOP}\nNOTES:\n1. Get: a: b\n"

    assert check(run, "-f", "-", stdin=printed).code == 0


def test_what_is_printed_is_harmless(run: Run) -> None:
    odd = SHOP.replace("name: default, namespace: shop", '"name": "de\\u001b[31mfault", namespace: shop')
    for form in ("table", "json", "yaml"):
        result = check(run, "-f", "-", "-o", form, stdin=odd)
        assert "\x1b" not in result.out + result.err
        assert "31mfault" in result.out


def test_values(run: Run) -> None:
    files = {"v.yaml": VALUES, ".meshguard.yaml": POLICY}
    result = run("tls-check", "orders", "-f", "v.yaml", "-n", "shop", "--client", "none", files=files)

    assert result.out.splitlines()[1].split("   ")[:2] == ["orders.shop.svc.cluster.local:8080", "CONFLICT"]
    assert "mesh.mtls (.meshguard.yaml:1)" in result.out
    assert result.code == 1


def test_values_from_standard_input(run: Run) -> None:
    result = check(run, "orders", "-f", "-", "-n", "shop", stdin=VALUES, **{".meshguard.yaml": POLICY})

    assert "orders.shop.svc.cluster.local:8080   OK" in result.out


def test_values_beside_manifests(run: Run) -> None:
    files = {"v.yaml": VALUES, ".meshguard.yaml": POLICY, "rule.yaml": RULE}
    result = run("tls-check", "orders", "-f", "v.yaml", "-f", "rule.yaml", "-n", "shop", files=files)

    assert "CONFLICT" in result.out
    assert "shop/orders (rule.yaml:9)" in result.out


def test_an_object_stands_over_the_policy(run: Run) -> None:
    policy = POLICY.replace("mtls: STRICT}", "mtls: STRICT, namespaces: {shop: {mtls: PERMISSIVE}}}")
    files = {"v.yaml": VALUES, ".meshguard.yaml": policy, "a.yaml": SHOP.rpartition("---")[2]}
    argv = ("tls-check", "orders", "-f", "v.yaml", "-n", "shop", "--client", "none", "-o", "json")

    assert named(run(*argv, files=files)) == ["mesh.namespaces.shop.mtls"]
    assert named(run(*argv, "-f", "a.yaml")) == ["default"]


def named(result: Any) -> list[str]:
    return [row["authnPolicy"]["name"] for row in json.loads(result.out)["rows"]]


def test_values_that_are_refused(run: Run) -> None:
    result = run("tls-check", "orders", "-f", "v.yaml", files={"v.yaml": "ports: [{number: 0, name: http}]\n"})

    assert (result.code, result.out) == (1, "")
    assert "v.yaml:1:18: error: " in result.err


def test_the_whole_fleet(run: Run) -> None:
    files = {".meshguard.yaml": FLEET, "orders/values.yaml": VALUES, "stock/values.yaml": VALUES}
    result = run("tls-check", "--client", "none", files=files)

    east, west = result.out.split("\n\n")
    assert east.startswith("cluster east:\nHOST:PORT")
    assert west.startswith("cluster west:\nHOST:PORT")
    assert (east.count("CONFLICT"), west.count("CONFLICT")) == (2, 0)
    assert "mesh.mtls (.meshguard.yaml:1)" in east
    assert "mesh.mtls (.meshguard.yaml:6)" in west


def test_the_modes_that_nobody_wrote_are_built_in(run: Run) -> None:
    files = {"v.yaml": VALUES, ".meshguard.yaml": POLICY.replace(", mtls: STRICT", "")}
    result = run("tls-check", "orders", "-f", "v.yaml", "-n", "shop", "-o", "json", files=files)
    (row,) = json.loads(result.out)["rows"]

    assert row["authnPolicy"] == {"kind": "policy", "namespace": None, "name": "mesh.mtls", "place": None}
    assert "(built-in) says STRICT for the mesh" in " ".join(row["explanation"])


HTTPS_VALUES = """\
ports:
  - {number: 8443, name: https, protocol: HTTPS, tls: {serverName: orders.internal.example.com}}
  - {number: 8080, name: http}
externalRouting: {port: https}
"""


def test_what_is_rendered_of_values_decides(run: Run) -> None:
    files = {"v.yaml": HTTPS_VALUES, ".meshguard.yaml": POLICY}
    result = run("tls-check", "orders", "-f", "v.yaml", "-n", "shop", "-o", "json", files=files)
    rows = {(row["port"], *row["from"]): row for row in json.loads(result.out)["rows"]}

    at_gateway = rows[8443, "gateway istio-ingress"]
    assert (at_gateway["status"], at_gateway["client"]) == ("app TLS", "TLS")
    assert at_gateway["destinationRule"]["namespace"] == "istio-ingress"
    assert at_gateway["destinationRule"]["place"] == {"file": "v.yaml", "line": 2}
    assert at_gateway["authnPolicy"]["place"] == {"file": "v.yaml", "line": 2}
    assert rows[8443, "shop", "other namespaces"]["client"] == "mTLS+app TLS"
    assert result.code == 0


def test_a_fault_of_what_is_rendered(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = TARGET._replace(verify=lambda _rendered, _facts: (Finding(ROOT, "it is not safe to apply"),))
    monkeypatch.setattr("meshguard.commands.tls_sources.TARGET", broken)
    result = run("tls-check", "orders", "-f", "v.yaml", "-n", "shop", files={"v.yaml": VALUES})

    assert (result.code, result.out) == (1, "")
    assert "error: it is not safe to apply [manifest]" in result.err


def test_the_document_is_the_documented_one(run: Run) -> None:
    page = (REPOSITORY / "docs" / "reports.md").read_text().partition("## The document of tls-check")[2]
    documented = json.loads(page.split("```json\n")[1].split("```")[0])
    mesh = (REPOSITORY / "examples" / "tls-check" / "mesh.yaml").read_text()
    result = run(
        *("tls-check", "-f", "mesh.yaml", "--explain", "stock:80", "--client-namespace", "web", "-o", "json"),
        files={"mesh.yaml": mesh},
    )
    (row,), (shown,) = json.loads(result.out)["rows"], documented["rows"]

    assert json.loads(result.out).keys() == documented.keys()
    assert {**row, "from": [], "explanation": []} == {**shown, "from": [], "explanation": []}


@pytest.mark.parametrize(("env", "mode"), [("prod", "mTLS"), ("test", "plaintext")])
def test_the_environment_says_whose_mesh_the_manifests_are_of(env: str, mode: str, run: Run) -> None:
    cluster = SHOP.rpartition("---")[0]
    result = check(run, "-f", "-", "--env", env, "-o", "json", stdin=cluster, **{".meshguard.yaml": FLEET})

    assert {row["server"] for row in json.loads(result.out)["rows"]} == {mode}


def test_an_environment_that_is_not_there(run: Run) -> None:
    result = check(run, "-f", "-", "--env", "stage", **{".meshguard.yaml": FLEET})

    assert (result.code, result.out) == (2, "")
    assert "the policy has no environment 'stage'" in result.err
