from meshguard.diagnostic import ROOT, Diagnostic, Severity, Span
from meshguard.report.github import render
from tests.report.run import CLEAN, RUN


def command(diagnostic: Diagnostic) -> str:
    return render(CLEAN._replace(diagnostics=(diagnostic,))).split("\n")[0]


FOUND = Diagnostic("a-rule", Severity.WARNING, "100 %, a::b", ROOT, Span("./a,b:c%/v.yaml", 2, 3, 9, 1))


def test_a_finding_is_one_command_without_an_end() -> None:
    assert command(FOUND) == (
        "::warning title=a-rule,file=a%2Cb%3Ac%25/v.yaml,line=2,col=3::"
        "./a,b:c%25/v.yaml:2:3: 100 %25, a::b [a-rule]"
    )


def test_an_info_is_a_notice() -> None:
    assert command(FOUND._replace(severity=Severity.INFO)).startswith("::notice title=a-rule,")


def test_an_argument_has_no_file() -> None:
    assert command(FOUND._replace(span=Span("--set a=b", 1, 3, 1, 4))) == (
        "::warning title=a-rule::--set a=b: 100 %25, a::b [a-rule]"
    )


def test_places_and_help_are_further_lines_of_the_message() -> None:
    diagnostic = FOUND._replace(
        span=Span("v", 1, 1, 1, 2), related=((Span("w", 3, 4, 3, 5), "here"),), help="write\n  a: 1\n"
    )

    assert command(diagnostic) == (
        "::warning title=a-rule,file=v,line=1,col=1::"
        "v:1:1: 100 %25, a::b [a-rule]%0Aw:3:4: here%0Ahelp: write%0A  a: 1"
    )


def test_many_findings_are_counted_by_rule() -> None:
    many = [FOUND._replace(span=Span("v", line, 1, line, 2)) for line in range(1, 22)]

    assert render(CLEAN._replace(diagnostics=tuple(many))).endswith("\n21 a-rule\n21 warnings\n")
    assert "\n20 a-rule" not in render(CLEAN._replace(diagnostics=tuple(many[:20])))


def test_notes_and_the_summary_are_plain_lines() -> None:
    assert render(RUN).split("\n")[-3:] == [
        "note: hosts were not judged: the policy names no teams",
        "5 errors, 2 warnings, 1 info (2 ignored); 10 service environments checked against 6 rules",
        "",
    ]
