import json

import pytest

from tests.commands.conftest import Run

GOOD = "ports:\n  - {number: 8080, name: http}\n"
BAD = "ports:\n  - {number: 443, name: http}\n"
WARNING = "ports:\n  - {number: 8080, number: 8080, name: http}\n"
POLICY = """
gateways: {public: {gateway: istio-ingress/public}}
teams: {checkout: {domains: [example.com]}}
services: [{values: "{service}/values.yaml", name: "{service}", team: checkout}]
"""


def test_good_values_are_clean(run: Run) -> None:
    result = run("validate", "-f", "v.yaml", files={"v.yaml": GOOD})
    assert (result.code, result.err) == (0, "")
    assert "no .meshguard.yaml" in result.out


def test_a_fault_is_said_with_its_place(run: Run) -> None:
    result = run("validate", "-f", "v.yaml", files={"v.yaml": BAD})

    assert (result.code, result.err) == (1, "")
    assert result.out.startswith("v.yaml:2:14: error: port '443' carries plaintext 'HTTP'")


def test_the_layer_that_decides_is_named(run: Run) -> None:
    files = {"v.yaml": GOOD, "w.yaml": BAD}
    assert "w.yaml:2:14: error" in run("validate", "-f", "v.yaml", "-f", "w.yaml", files=files).out
    assert "--set ports[0].number=443: error" in run("validate", "-f", "v.yaml", "--set", "ports[0].number=443").out


def test_a_comma_parts_two_files(run: Run) -> None:
    files = {"v.yaml": GOOD, "w.yaml": BAD, "x,y.yaml": BAD}
    assert "w.yaml:2:14: error" in run("validate", "-f", "v.yaml,w.yaml", files=files).out
    assert "x,y.yaml:2:14: error" in run("validate", "-f", '"x,y.yaml"').out


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 1), ("info", 1)])
def test_fail_on_decides_the_code(run: Run, fail_on: str, code: int) -> None:
    assert run("validate", "-f", "v.yaml", "--fail-on", fail_on, files={"v.yaml": WARNING}).code == code


def test_reports_for_machines(run: Run) -> None:
    result = run("validate", "-f", "v.yaml", "-o", "json", files={"v.yaml": BAD})

    document = json.loads(result.out)
    assert result.code == 1
    assert document["version"] == 1
    assert [found["rule"] for found in document["diagnostics"]] == ["plaintext-on-443"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["-f", "none.yaml"], "none.yaml"),
        (["-f", "https://example.com/v.yaml"], "is a URL"),
        (["oci://example.com/chart", "-f", "v.yaml"], "is a URL"),
        (["-f", "v.yaml", "--set-file", "a=https://example.com/a"], "'a=https://example.com/a' is a URL"),
        (["-f", ""], "-f names a file without a name"),
        (["-f", "v.yaml,"], "-f names a file without a name"),
        (["-f", "v.yaml,oci://x"], "'oci://x' is a URL"),
        (["-f", 'v"'], "-f 'v\"' is not what Helm takes"),
        (["a", "b", "c"], "'c' is one argument too many"),
        (["v.yaml"], "say -f v.yaml"),
        (["-f", "v.yaml", "--today", "tomorrow"], "--today 'tomorrow' is not a date"),
        (["-f", "v.yaml", "--helm-version", "new"], "--helm-version 'new' is not a version"),
        (["-f", "v.yaml", "--policy", "none.yaml"], "none.yaml"),
        (["./nowhere"], "nowhere"),
        ([], "there is nothing to check"),
        (["orders"], "there is nothing to read"),
        (["-f", "v.yaml", "--fail-on", "never"], "invalid choice"),
        (["-f", "."], "no regular file"),
        (["-f", "v.yaml", "--fail"], "unrecognized arguments: --fail; `meshguard validate --help` shows the flags"),
        (["-f"], "expected one argument"),
    ],
)
def test_a_run_that_cannot_be_done_exits_2(run: Run, argv: list[str], words: str) -> None:
    result = run("validate", *argv, files={"v.yaml": GOOD})

    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_the_policy_judges_hosts(run: Run) -> None:
    values = GOOD + "externalRouting: {hosts: [other.example.org]}\n"
    files = {".meshguard.yaml": POLICY, "orders/values.yaml": values, "w.yaml": values}

    assert "[host-not-owned]" in run("validate", "-f", "orders/values.yaml", files=files).out
    assert "[host-not-owned]" not in run("validate", "-f", "w.yaml").out
    assert "[host-not-owned]" in run("validate", "-f", "w.yaml", "--team", "checkout").out


def test_without_files_all_services_are_checked(run: Run) -> None:
    files = {".meshguard.yaml": POLICY, "a/values.yaml": BAD, "b/values.yaml": GOOD, "c/values.yaml": BAD}
    result = run("validate", files=files)

    assert result.code == 1
    assert [line.split(":")[0] for line in result.out.splitlines() if "plaintext" in line and "error" in line] == [
        "a/values.yaml",
        "c/values.yaml",
    ]


def test_a_policy_beside_a_service_does_not_go_unnoticed(run: Run) -> None:
    files = {".meshguard.yaml": POLICY, "a/values.yaml": GOOD, "b/values.yaml": GOOD, "b/.meshguard.yaml": "{}"}

    refused = run("validate", files=files)
    assert (refused.code, refused.out) == (2, "")
    assert "'b/.meshguard.yaml': a policy below the top of the repository does not count" in refused.err
    assert run("validate", "--policy", ".meshguard.yaml").code == 0


@pytest.mark.parametrize("flag", ["--team", "--env", "--namespace"])
def test_what_is_said_of_one_service_is_not_said_of_all(run: Run, flag: str) -> None:
    refused = run("validate", flag, "x", files={".meshguard.yaml": POLICY, "a/values.yaml": GOOD})

    assert (refused.code, refused.out) == (2, "")
    assert f"{flag} is for values that -f names" in refused.err


def test_a_finding_in_the_policy_is_shown_there(run: Run) -> None:
    files = {".meshguard.yaml": POLICY + 'mesh: {istioVersion: "1.21"}\n', "a/values.yaml": GOOD}

    assert run("validate", "-f", "a/values.yaml", files=files).out.split("\n")[1:3] == [
        '  5 | mesh: {istioVersion: "1.21"}',
        "    |                      ^^^^^^",
    ]


def test_helms_namespace_does_not_stand_over_the_policys(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = POLICY.replace("team: checkout}]", "team: checkout, environments: {prod: {namespace: shop}}}]")
    files = {".meshguard.yaml": policy, "a/values.yaml": GOOD}
    monkeypatch.setenv("HELM_NAMESPACE", "default")

    result = run("validate", "-f", "a/values.yaml", "--env", "prod", files=files)
    assert result.err == "meshguard: namespace 'shop' is the policy's; Helm's 'default' does not count\n"
    assert run("validate", "-f", "a/values.yaml", "--env", "prod", "-n", "other").err == ""
    assert run("validate", "-f", "a/values.yaml").err == ""
    monkeypatch.setenv("HELM_NAMESPACE", "shop")
    assert run("validate", "-f", "a/values.yaml", "--env", "prod").err == ""
    monkeypatch.setenv("HELM_NAMESPACE", "\x1b[2J")
    assert "Helm's '\\x1b[2J' does not count" in run("validate", "-f", "a/values.yaml", "--env", "prod").err


def test_a_name_does_not_stand_over_the_policys(run: Run) -> None:
    files = {".meshguard.yaml": POLICY, "a/values.yaml": GOOD}

    assert run("validate", "a", "-f", "a/values.yaml", files=files).err == ""
    assert (
        run("validate", "b", "-f", "a/values.yaml").err
        == "meshguard: name 'a' is the policy's; 'b' does not count\n"
    )


@pytest.mark.parametrize(
    ("at", "values", "said"),
    [
        ("", "a: 1\n", "v.yaml:1:1: info: the values have none of 'ports', 'externalRouting', 'internalRouting', "),
        ("web", "ports: []\nweb: {a: 1}\n", "v.yaml:2:6: info: the values have none of 'ports', "),
        (
            "web.app",
            "ports: []\nweb: {a: 1}\n",
            "v.yaml:2:6: warning: the policy says that the contract stands at 'web.app', and the values have no",
        ),
        (
            "web",
            "web: {a: 1}\nexternalRouting: {}\n",
            "v.yaml:2:1: warning: 'externalRouting' stands at the top, where it has no effect: the policy",
        ),
        (
            "web",
            "web: {ports: [{number: 80, name: http}]}\nexternalRouting: {}\n",
            "v.yaml:2:1: warning: 'externalRouting' stands at the top, where it has no effect: the policy",
        ),
        (
            "a.webApp",
            "a:\n  web-app: {ports: [{number: 80, name: http}]}\n",
            "v.yaml:2:3: warning: the policy says that the contract stands at 'a.webApp', and the values have no",
        ),
        ("a.b", "a: 1\n", "v.yaml:1:4: warning: the policy says that the contract stands at 'a.b', "),
        ("web", "web: {upstreams: []}\n", ""),
        ("web", "web: {upstreams: []}\nupstreams: []\n", ""),
    ],
)
def test_a_contract_that_is_not_there_is_no_clean_run(run: Run, at: str, values: str, said: str) -> None:
    files = {".meshguard.yaml": f"services: [{{values: v.yaml, at: '{at}'}}]\n", "v.yaml": values}
    result = run("validate", files=files)

    assert (result.code, "[nothing-to-judge]" in result.out) == (0, bool(said))
    assert said in result.out.split("\n")[0]
    files[".meshguard.yaml"] += "rules: {nothing-to-judge: none}\n"
    assert "[nothing-to-judge]" not in run("validate", files=files).out


def test_values_of_nobody_are_not_silently_clean(run: Run) -> None:
    files = {".meshguard.yaml": POLICY, "a/values.yaml": GOOD, "v.yaml": GOOD}
    note = "note: whose these values are is not known (--team says it): who owns which host was not judged\n"

    assert note in run("validate", "-f", "v.yaml", files=files).out
    assert note not in run("validate", "-f", "v.yaml", "--team", "checkout").out
    assert note not in run("validate", "-f", "a/values.yaml").out
    assert note not in run("validate").out
    files[".meshguard.yaml"] = POLICY.replace(", team: checkout", "")
    assert note in run("validate", files=files).out


def test_an_environment_must_be_one_of_the_files(run: Run) -> None:
    policy = POLICY.replace("team: checkout}]", "team: checkout, environments: {prod: {namespace: shop}}}]")
    files = {".meshguard.yaml": policy, "a/values.yaml": GOOD, "b.yaml": GOOD}

    refused = run("validate", "-f", "a/values.yaml", "--env", "moon", files=files)
    assert (refused.code, refused.out) == (2, "")
    assert "these files have no environment 'moon'; the policy has 'prod'" in refused.err
    assert run("validate", "-f", "b.yaml", "--env", "moon").code == 0
    assert "judged without it, say --env" in run("validate", "-f", "a/values.yaml").out


@pytest.mark.parametrize(
    ("environment", "documents"),
    [
        ({}, 2),
        ({"HELM_PLUGIN_NAME": "meshguard"}, 1),
        ({"HELM_PLUGIN_NAME": "meshguard", "HELM_CONTENT_CACHE": "x"}, 2),
    ],
)
def test_the_helm_that_runs_decides_how_values_are_read(
    run: Run, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], documents: int
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = run("values", "-f", "v.yaml", "-o", "json", files={"v.yaml": "a: 1\n---\nb: 2\n"})
    assert len(json.loads(result.out)) == documents

    result = run("values", "-f", "v.yaml", "-o", "json", "--helm-version", "3.18.6")
    assert json.loads(result.out) == {"a": 1}


def test_the_chart_gives_the_lowest_layer(run: Run) -> None:
    files = {
        "chart/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
        "chart/values.yaml": GOOD,
        "v.yaml": "externalRouting: {hosts: [a.example]}\n",
    }
    assert run("validate", "chart", "-f", "v.yaml", files=files).code == 0
    assert "[no-port-chosen]" in run("validate", "-f", "v.yaml").out
    assert run("validate", "orders", "./chart").code == 0
    assert "chart/values.yaml:2:14: error" in run("validate", "chart", files={"chart/values.yaml": BAD}).out
    assert run("validate", "chart", "-f", "v.yaml", files={"chart/values.yaml": GOOD}).code == 0
    assert run("validate", "orders", "-f", "v.yaml", "./chart").code == 0


def test_a_fault_says_what_was_written(run: Run) -> None:
    text = (
        "ports: [{number: 8080, name: http}]\nexternalRouting:\n  hosts: [1e3]\n  visibility: no\n  timeout: 1e3\n"
    )
    result = run("validate", "-f", "v.yaml", files={"v.yaml": text})

    assert "such as orders.example.com; without quotes YAML reads '1e3' so [schema]" in result.err + result.out
    assert "such as public; without quotes YAML reads 'no' so [schema]" in result.err + result.out
