import os
from pathlib import Path

import pytest

from meshguard import fleet
from meshguard.diagnostic import UserError
from meshguard.engine_rules import ENGINE_RULES
from meshguard.fleet import confined, judge_all, matching, plan
from meshguard.helm.version import NEWEST_4
from meshguard.pipeline import Outcome, Verdict, conclude
from meshguard.policy import Identity, Policy, build_policy, facts_for
from meshguard.schema import load_schema
from tests.tree import tree
from validators import RULES

TODAY = "2030-01-01"
GOOD = "ports:\n  - {number: 8080, name: http}\n"
BAD = "ports:\n  - {number: 443, name: http}\n"
SERVICES = """
services:
  - values: teams/{team}/{service}/values.yaml
    name: "{service}"
    team: "{team}"
    environments:
      prod: {values: [values-prod.yaml], namespace: "{team}-prod"}
      dev: {values: [values-dev.yaml]}
"""


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def policy(text: str = SERVICES) -> Policy:
    return build_policy(tree(text, ".meshguard.yaml"))


def verdict(root: Path, text: str = SERVICES) -> Verdict:
    subjects = plan(policy(text), str(root), TODAY, NEWEST_4).subjects
    outcomes = judge_all(subjects, RULES, load_schema("values"))
    return conclude(outcomes, (*ENGINE_RULES, *RULES), subjects[0].facts)


ORDERS = "teams/checkout/orders"


def test_every_service_is_judged_in_every_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path,
        {
            f"{ORDERS}/values.yaml": GOOD,
            f"{ORDERS}/values-prod.yaml": "{}",
            f"{ORDERS}/values-dev.yaml": "{}",
            "teams/shop/cart/values.yaml": GOOD,
            "teams/shop/cart/values-dev.yaml": "{}",
            "teams/shop/README.md": "",
        },
    )
    found = plan(policy(), ".", TODAY, NEWEST_4)

    assert [(each.facts.identity[:4], each.request.files) for each in found.subjects] == [
        (
            ("orders", "checkout", "checkout-prod", "prod"),
            (f"{ORDERS}/values.yaml", f"{ORDERS}/values-prod.yaml"),
        ),
        (("orders", "checkout", None, "dev"), (f"{ORDERS}/values.yaml", f"{ORDERS}/values-dev.yaml")),
        (("cart", "shop", None, "dev"), ("teams/shop/cart/values.yaml", "teams/shop/cart/values-dev.yaml")),
    ]
    assert found.notes == (
        "teams/shop/cart/values.yaml: skipped environment 'prod', there is no 'values-prod.yaml'",
    )


def test_what_nothing_reads_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(5):
        service = f"teams/shop/s{number}"
        write(tmp_path, dict.fromkeys((f"{service}/values.yaml", f"{service}/values-dev.yaml"), GOOD))
        write(tmp_path, {f"{service}/values-qa.yaml": BAD, f"{service}/README.yaml": ""})
    write(tmp_path, {"teams/shop/lone/values-prod.yaml": BAD, "a.yaml": GOOD, "b.yaml": GOOD})
    text = SERVICES + "  - values: '{service}.yaml'\n"

    assert plan(policy(text), ".", TODAY, NEWEST_4).notes == (
        (
            "teams/shop/s0/values.yaml, teams/shop/s1/values.yaml, teams/shop/s2/values.yaml and 2 more: "
            "skipped environment 'prod', there is no 'values-prod.yaml'"
        ),
        ("teams/shop/lone/values-prod.yaml: not checked, no service of the policy reads 'values-prod.yaml' there"),
        (
            "teams/shop/s0/values-qa.yaml, teams/shop/s1/values-qa.yaml, teams/shop/s2/values-qa.yaml and 2 more: "
            "not checked, no service of the policy reads 'values-qa.yaml' there"
        ),
    )


def test_an_entry_without_environments_is_judged_once(tmp_path: Path) -> None:
    write(tmp_path, {"a/values.yaml": GOOD, "c/Chart.yaml": "name: c\n"})
    (only,) = plan(
        policy("services: [{values: '{s}/values.yaml', chart: c, at: web.app}]"), str(tmp_path), TODAY, NEWEST_4
    ).subjects

    assert only.facts.identity.env is None
    assert only.at == ("web", "app")
    assert only.request.chart is not None
    assert os.path.realpath(only.request.chart) == os.path.realpath(tmp_path / "c")


def test_entries_that_take_the_same_file_each_say_whose_it_is(tmp_path: Path) -> None:
    write(tmp_path, {"a/values.yaml": GOOD})
    text = "services: [{values: '{s}/values.yaml', name: '{s}'}, {values: a/values.yaml, environments: {prod: {}}}]"
    subjects = plan(policy(text), str(tmp_path), TODAY, NEWEST_4).subjects

    assert [(each.facts.identity.service, each.facts.identity.env) for each in subjects] == [
        ("a", None),
        (None, "prod"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "there is nothing to check"),
        ("services: [{values: 'none/{s}.yaml'}]", "no file matches 'none/{s}.yaml'"),
        ("services: [{values: 'a/{s}.yaml', environments: {prod: {values: [p.yaml]}}}]", "nothing was checked"),
    ],
)
def test_matching_nothing_is_an_error(tmp_path: Path, text: str, words: str) -> None:
    write(tmp_path, {"a/values.yaml": GOOD})
    with pytest.raises(UserError, match=words):
        plan(policy(text), str(tmp_path), TODAY, NEWEST_4)


@pytest.mark.parametrize(
    ("values", "files"),
    [
        ("a/{x}/values.yaml", ["a/b/values.yaml", "a/c/values.yaml"]),
        ("{x}/{x}/values.yaml", ["d/d/values.yaml"]),
        ("a/b/values.yaml", ["a/b/values.yaml"]),
        ("a/b/{file}.yaml", ["a/b/other.yaml", "a/b/values.yaml"]),
        ("a/file/{x}/values.yaml", []),
        ("nowhere/values.yaml", []),
    ],
)
def test_a_word_stands_for_one_segment(tmp_path: Path, values: str, files: list[str]) -> None:
    write(
        tmp_path,
        dict.fromkeys(
            [
                "a/b/values.yaml",
                "a/b/other.yaml",
                "a/c/values.yaml",
                "d/d/values.yaml",
                "d/e/values.yaml",
                ".git/.git/values.yaml",
                "a/file",
            ],
            GOOD,
        ),
    )
    assert list(matching(values, str(tmp_path))) == files


def test_one_finding_in_two_environments_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path,
        {
            f"{ORDERS}/values.yaml": BAD,
            f"{ORDERS}/values-prod.yaml": "{}",
            f"{ORDERS}/values-dev.yaml": "{}",
        },
    )
    (found,) = verdict(Path()).diagnostics

    assert found.rule == "plaintext-on-443"
    assert found.service == "orders"
    assert found.environments == ("prod", "dev")


def test_what_is_lifted_in_two_environments_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, dict.fromkeys((f"{ORDERS}/values-prod.yaml", f"{ORDERS}/values-dev.yaml"), "{}"))
    write(tmp_path, {f"{ORDERS}/values.yaml": BAD})
    exemption = "{rule: plaintext-on-443, service: orders, reason: old, approvedBy: me, expires: 2031-01-01}"
    found = verdict(Path(), f"{SERVICES}exemptions: [{exemption}]\n")

    assert found.diagnostics == ()
    (lifted,) = found.ignored
    assert lifted.reason == "old (approved by me, until 2031-01-01)"
    assert (lifted.diagnostic.service, lifted.diagnostic.environments) == ("orders", ("prod", "dev"))


def test_one_broken_file_does_not_hide_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outside = tmp_path / "outside.yaml"
    outside.write_text(BAD)
    root = tmp_path / "repository"
    write(
        root,
        {"a/values.yaml": "ports: [", "b/values.yaml": "ports: 1\n", "c/values.yaml": BAD, "d/values.yaml/x": ""},
    )
    (root / "e").mkdir()
    (root / "e" / "values.yaml").symlink_to(outside)
    monkeypatch.chdir(root)
    everything = verdict(Path(), "services: [{values: '{s}/values.yaml', name: '{s}'}]")
    found = everything.diagnostics

    assert [(each.service, each.rule) for each in found] == [
        ("a", "yaml"),
        ("b", "schema"),
        ("c", "plaintext-on-443"),
        ("d", "unreadable-file"),
        ("e", "unreadable-file"),
    ]
    assert everything.refused == 4
    assert everything.unjudged == {"a/values.yaml", "b/values.yaml", "d/values.yaml", "e/values.yaml"}
    assert "'e/values.yaml' resolves outside of the repository and is not opened" in found[-1].message


@pytest.mark.parametrize("broken", ["missing", "outside"])
def test_a_chart_that_cannot_be_read_is_one_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, dict.fromkeys(("a/values.yaml", "b/values.yaml"), GOOD))
    if broken == "outside":
        write(tmp_path, {"charts/c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n"})
        (tmp_path / "charts" / "c" / "values.yaml").symlink_to("/etc/hostname")
    found = verdict(Path(), "services: [{values: '{s}/values.yaml', name: '{s}', chart: charts/c}]").diagnostics

    assert [(each.rule, each.service, each.span.file) for each in found] == [
        ("unreadable-file", "a", "charts/c"),
        ("unreadable-file", "b", "charts/c"),
    ]
    assert len({each._replace(service=None) for each in found}) == 1


def test_an_unreadable_layer_is_said_at_the_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {f"{ORDERS}/values.yaml": GOOD, f"{ORDERS}/values-dev.yaml": "{}"})
    (tmp_path / ORDERS / "values-prod.yaml").mkdir()
    (found,) = verdict(Path()).diagnostics

    assert (found.rule, found.span.file, found.environments) == (
        "unreadable-file",
        f"{ORDERS}/values-prod.yaml",
        ("prod",),
    )


def test_a_comment_serves_all_environments_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    values = "externalRouting:  # meshguard: ignore[no-port-chosen] only prod has ports\n  hosts: [a.example]\n"
    write(
        tmp_path,
        {
            f"{ORDERS}/values.yaml": values,
            f"{ORDERS}/values-prod.yaml": GOOD,
            f"{ORDERS}/values-dev.yaml": "{}",
        },
    )
    found = verdict(Path())

    assert found.diagnostics == ()
    assert [each.reason for each in found.ignored] == ["only prod has ports"]


PROXY = "upstreams: [{service: SERVICE, port: 8080, forwardedHosts: [shop.example.com]}]\n"
TAKES = f"{GOOD}internalRouting: {{forwardedHosts: [shop.example.com]}}\n"


@pytest.mark.parametrize(
    ("called", "callee", "said"),
    [
        ("catalog", TAKES, []),
        ("catalog", GOOD, ["error forwarded-host-not-taken"]),
        ("catalog.checkout-prod", GOOD, ["error forwarded-host-not-taken"]),
        ("catalog", "ports: 1\n", ["error schema", "info forwarded-host-needs-callee"]),
        ("catalog", "ports: [\n", ["error yaml", "info forwarded-host-needs-callee"]),
        ("catalog", None, ["error unreadable-file", "info forwarded-host-needs-callee"]),
        ("catalog.search-prod", GOOD, ["info forwarded-host-needs-callee"]),
        ("search", GOOD, ["info forwarded-host-needs-callee"]),
    ],
)
def test_what_a_proxy_forwards_is_held_against_the_service_behind(
    tmp_path: Path, called: str, callee: str | None, said: list[str]
) -> None:
    values = {"teams/checkout/catalog/values-prod.yaml": "{}", f"{ORDERS}/values-prod.yaml": "{}"}
    write(tmp_path, {**values, f"{ORDERS}/values.yaml": PROXY.replace("SERVICE", called)})
    if callee is None:
        (tmp_path / "teams/checkout/catalog/values.yaml").mkdir()
    else:
        write(tmp_path, {"teams/checkout/catalog/values.yaml": callee})
    found = verdict(tmp_path).diagnostics

    assert sorted(f"{each.severity} {each.rule}" for each in found if each.rule != "nothing-to-judge") == said


def test_an_environment_calls_what_stands_in_no_environment(tmp_path: Path) -> None:
    services = """
services:
  - {values: proxies/p.yaml, name: proxy, environments: {prod: {values: [prod.yaml]}, dev: {values: [dev.yaml]}}}
  - {values: catalog.yaml, name: catalog}
"""
    files = {
        "proxies/p.yaml": PROXY.replace("SERVICE", "catalog"),
        "proxies/prod.yaml": "{}",
        "proxies/dev.yaml": "{}",
    }
    write(tmp_path, {**files, "catalog.yaml": GOOD})

    (found,) = verdict(tmp_path, services).diagnostics
    assert (found.rule, found.environments) == ("forwarded-host-not-taken", ("prod", "dev"))
    assert [(span.line, message) for span, message in found.related] == [(1, "what 'catalog' says")]


def test_nothing_outside_is_opened(tmp_path: Path) -> None:
    write(tmp_path, {"in/a.yaml": "a", "b.yaml": "b"})
    read = confined(str(tmp_path / "in"))

    assert read(str(tmp_path / "in" / "a.yaml")) == b"a"
    with pytest.raises(UserError, match="resolves outside"):
        read(str(tmp_path / "in" / ".." / "b.yaml"))


def test_many_processes_say_what_one_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    texts = [GOOD, BAD, "ports: [", "ports: 1\n", GOOD + "# meshguard: ignore[no-host] nothing\n"]
    write(tmp_path, {f"s{number:02}/values.yaml": texts[number % 5] for number in range(23)})
    text = "services: [{values: '{s}/values.yaml', name: '{s}'}]"
    alone = verdict(Path(), text)

    monkeypatch.setattr(fleet, "WORTH_A_PROCESS", 5)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(3))
    assert verdict(Path(), text) == alone
    assert len(alone.diagnostics) > 15


def test_a_process_that_dies_is_no_clean_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {f"s{number}/values.yaml": GOOD for number in range(4)})
    monkeypatch.setattr(fleet, "WORTH_A_PROCESS", 2)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(2))
    parent = os.getpid()

    def judge(*_: object) -> Outcome:
        if os.getpid() != parent:
            raise MemoryError
        return Outcome(())

    monkeypatch.setattr(fleet, "judge", judge)
    with pytest.raises(EOFError):
        verdict(Path(), "services: [{values: '{s}/values.yaml', name: '{s}'}]")


def test_no_outcome_is_no_finding() -> None:
    facts = facts_for(Policy(), Identity(), TODAY)
    assert conclude((), RULES, facts) == Verdict((), (), {})
