import pytest

from meshguard.diagnostic import ROOT, Diagnostic, Severity, Span
from meshguard.report.words import concerned, for_whom, grouped, in_file, place, summary
from meshguard.run import Ignored
from tests.report.run import CLEAN, RUN

HERE = Span("v.yaml", 2, 3, 2, 5)


def found(
    severity: Severity = Severity.ERROR,
    service: str | None = None,
    environments: tuple[str, ...] = (),
    line: int = 2,
) -> Diagnostic:
    span = HERE._replace(line=line)
    return Diagnostic("a-rule", severity, "wrong", ROOT, span, service=service, environments=environments)


CONCERNED: dict[str, tuple[tuple[str | None, tuple[str, ...]], ...]] = {
    "": ((None, ()),),
    "prod": ((None, ("prod",)),),
    "orders": (("orders", ()),),
    "orders (dev, prod)": (("orders", ("dev", "prod")),),
    "a (dev), b": (("a", ("dev",)), ("b", ())),
    "a, b, c and 2 more": (("a", ()), ("b", ()), ("c", ()), ("d", ()), ("e", ())),
    "a\\nb (c\\x1b)": (("a\nb", ("c\x1b",)),),
}


@pytest.mark.parametrize(("expected", "concerns"), CONCERNED.items())
def test_concerned(expected: str, concerns: tuple[tuple[str | None, tuple[str, ...]], ...]) -> None:
    (group,) = grouped(
        found(service=service, environments=environments, line=2) for service, environments in concerns
    )

    assert concerned(group) == expected
    assert for_whom(group) == (f"; in {expected}" if expected else "")


def test_findings_that_differ_stay_apart_and_in_order() -> None:
    diagnostics = [found(service="b", line=3), found(service="a"), found(service="c", line=3)]

    assert [(group.diagnostic.span.line, group.concerns) for group in grouped(diagnostics)] == [
        (3, (("b", ()), ("c", ()))),
        (2, (("a", ()),)),
    ]


PLACES = {
    Span("a/v.yaml", 2, 3, 2, 5): "a/v.yaml:2:3",
    Span("a\nb", 2, 3, 2, 5): "a\\nb:2:3",
    Span("--set a=1\n", 1, 3, 1, 4): "--set a=1\\n",
    Span("--set", 1, 1, 1, 1): "--set",
}


@pytest.mark.parametrize(("span", "expected"), PLACES.items())
def test_place(span: Span, expected: str) -> None:
    assert place(span) == expected


def test_an_argument_stands_in_the_last_values_file() -> None:
    argument = Span("--set a=1", 1, 3, 1, 4)

    assert in_file(HERE, {}) == HERE
    assert in_file(argument, {"a": "", "b": "", "--set a=1": "a=1"}) == Span("b", 1, 1, 1, 1)
    assert in_file(argument, {}) == Span("values.yaml", 1, 1, 1, 1)


E, W, INFO = Severity
SUMMARIES = {
    "1 error": (E,),
    "2 errors, 1 warning": (E, W, E),
    "1 error, 2 infos": (E, INFO, INFO),
    "no errors or warnings, 1 info": (INFO,),
}


@pytest.mark.parametrize(("expected", "severities"), SUMMARIES.items())
def test_summary(expected: str, severities: tuple[Severity, ...]) -> None:
    diagnostics = tuple(found(severity, line=number) for number, severity in enumerate(severities))
    run = CLEAN._replace(diagnostics=diagnostics)

    assert summary(run) == expected
    assert summary(run._replace(ignored=(Ignored(found(), "comment", "why"),))) == f"{expected} (1 ignored)"
    assert summary(run._replace(checked=2)) == f"{expected}; 2 service environments checked against 6 rules"


def test_what_no_rule_judged_is_counted() -> None:
    assert summary(RUN._replace(refused=3)).endswith(
        "; 10 service environments checked against 6 rules, 3 of them against none: their values are not valid"
    )


def test_a_clean_run_says_what_was_checked() -> None:
    assert summary(CLEAN) == "no findings: 1 service checked against 6 rules"
    assert summary(CLEAN._replace(rules=CLEAN.rules[-1:], checked=12)) == (
        "no findings: 12 service environments checked against 1 rule"
    )
    assert summary(CLEAN._replace(ignored=(Ignored(found(), "comment", "why"),))) == (
        "no findings (1 ignored): 1 service checked against 6 rules"
    )
