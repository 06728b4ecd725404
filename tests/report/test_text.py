import pytest

from meshguard.diagnostic import ROOT, Diagnostic, Severity, Span, ValuePath
from meshguard.report.text import render
from meshguard.run import Ignored, Run
from tests.report.run import CLEAN


def run(*diagnostics: Diagnostic, **sources: str) -> Run:
    return CLEAN._replace(
        diagnostics=diagnostics, sources={name.replace("_", "."): text for name, text in sources.items()}
    )


def found(span: Span, severity: Severity = Severity.ERROR, rule: str = "a-rule") -> Diagnostic:
    return Diagnostic(rule, severity, "wrong", ROOT, span)


def excerpt(line: str, start: int, end: int | None, width: int = 40) -> list[str]:
    """Show the two lines below the headline, for a span that counts characters of the line from 0."""
    end_line, end_column = (1, end + 1) if end is not None else (2, 1)
    span = Span("v.yaml", 1, start + 1, end_line, end_column)
    return render(run(found(span), v_yaml=line), width=width).split("\n")[1:3]


LONG = "{path: /a, timeout: 1s, methods: [POST], headers: {x-client: mobile}, retryOn: reset}"
EXCERPTS = {
    "a value": (("a: bc", 3, 5), ["  1 | a: bc", "    |    ^^"]),
    "no width": (("a: bc", 3, 3), ["  1 | a: bc", "    |    ^"]),
    "the end of the line": (("a:", 2, 2), ["  1 | a:", "    |   ^"]),
    "behind the end of the line": (("a:", 9, 12), ["  1 | a:", "    |   ^"]),
    "several lines": (("a:  # why", 0, None), ["  1 | a:  # why", "    | ^^"]),
    "several lines, no comment": (("- b: 1  ", 2, None), ["  1 | - b: 1", "    |   ^^^^"]),
    "an empty line": (("", 0, 1), ["  1 |", "    | ^"]),
    "a tab": (("a:\tbc", 3, 5), ["  1 | a:    bc", "    |       ^^"]),
    "wide characters": (("端口: 端口 x", 4, 6), ["  1 | 端口: 端口 x", "    |       ^^^^"]),
    "accents": (("e\u0301e\u0301: x", 6, 7), ["  1 | e\u0301e\u0301: x", "    |     ^"]),
    "what cannot be seen": (("a: \x1bb\xa0c", 3, 6), ["  1 | a: \\x1bb\\xa0c", "    |    ^^^^^^^^^"]),
    "a byte order mark": (("\ufeffa: b", 3, 4), ["  1 | a: b", "    |    ^"]),
    "the start of a long line": ((LONG, 7, 9), ["  1 | {path: /a, timeout: 1s, meth...", "    |        ^^"]),
    "the middle of a long line": (
        (LONG, 33, 39),
        ["  1 | ... methods: [POST], headers: {...", "    |              ^^^^^^"],
    ),
    "the end of a long line": (
        (LONG, len(LONG) - 6, len(LONG) - 1),
        ["  1 | ...nt: mobile}, retryOn: reset}", "    |                          ^^^^^"],
    ),
    "a long span": ((LONG, 0, len(LONG)), ["  1 | {path: /a, timeout: 1s, meth...", "    | " + "^" * 28]),
}


@pytest.mark.parametrize(("given", "expected"), EXCERPTS.values(), ids=EXCERPTS.keys())
def test_excerpt(given: tuple[str, int, int | None], expected: list[str]) -> None:
    assert excerpt(*given) == expected


@pytest.mark.parametrize("start", range(len(LONG)))
def test_a_long_line_is_cut_around_the_span_and_fits(start: int) -> None:
    shown, marks = excerpt(LONG, start, start + 2)
    column = marks.index("^")

    assert len(shown) <= 40
    assert shown[column : column + 2].strip(".") == LONG[start : start + 2].strip(".")


def test_lines_end_where_yaml_ends_them() -> None:
    report = render(run(found(Span("v.yaml", 4, 1, 4, 2)), v_yaml="a: 1\r\nb: 2\rc: 3\x85d: 4\n"))

    assert report.split("\n")[1:3] == ["  4 | d: 4", "    | ^"]


NO_EXCERPT = {
    "another file": Span("w.yaml", 1, 1, 1, 2),
    "a line that is not there": Span("v.yaml", 9, 1, 9, 2),
    "no argument in particular": Span("--set", 1, 1, 1, 1),
}


@pytest.mark.parametrize("span", NO_EXCERPT.values(), ids=NO_EXCERPT.keys())
def test_without_a_source_there_is_no_excerpt(span: Span) -> None:
    assert "|" not in render(run(found(span), v_yaml="a: 1"))


def test_an_argument_has_neither_line_nor_column() -> None:
    report = render(run(found(Span("--set-string a.b=web", 1, 5, 1, 8), rule="port-name")))

    assert report.split("\n")[:4] == [
        "--set-string a.b=web: error: wrong [port-name]",
        "   | a.b=web",
        "   |     ^^^",
        "  see `helm meshguard explain port-name`",
    ]


def test_an_info_is_one_line() -> None:
    info = found(Span("v.yaml", 1, 1, 1, 2), Severity.INFO)._replace(at=ValuePath(("a",)), help="more")

    assert render(run(info, v_yaml="a: 1")) == ("v.yaml:1:1: info: wrong [a-rule]\nno errors or warnings, 1 info\n")


def test_of_many_findings_of_one_rule_the_first_are_shown_whole_and_all_are_counted() -> None:
    spans = [Span("v.yaml", line, 1, line, 2) for line in range(1, 31)]
    others = [found(span, Severity.WARNING, "b-rule") for span in spans[:2]]
    report = render(run(*(found(span) for span in spans), *others, v_yaml="a: 1\n" * 30))
    lines = report.split("\n")

    assert sum("^" in line for line in lines) == 12
    assert sum("explain" in line for line in lines) == 2
    assert sum("[a-rule]" in line for line in lines) == 30
    assert lines[-5:] == ["30 a-rule", " 2 b-rule", "", "30 errors, 2 warnings", ""]


def test_of_many_places_and_ignored_findings_ten_are_shown() -> None:
    span = Span("v.yaml", 1, 1, 1, 2)
    diagnostic = found(span)._replace(related=((span, "here"),) * 12)
    report = render(
        run(diagnostic)._replace(
            ignored=tuple(Ignored(found(span)._replace(at=ValuePath((n,))), "comment", "why") for n in range(13))
        )
    )

    assert report.count("v.yaml:1:1: here\n") == 10
    assert "  and 2 more places\n" in report
    assert report.count("v.yaml:1:1: ignored by comment: wrong [a-rule]: why\n") == 10
    assert report.endswith("\nand 3 more ignored\n\n1 error (13 ignored)\n")


def test_what_is_ignored_for_five_hundred_services_is_one_line() -> None:
    shared = [found(Span("chart/values.yaml", 1, 1, 1, 2))._replace(service=f"s{number}") for number in range(500)]
    report = render(run()._replace(ignored=tuple(Ignored(each, "baseline", "b.json") for each in shared)))

    assert report.count("ignored by baseline") == 1
    assert "b.json; in s0, s1, s2 and 497 more\n" in report
    assert "no findings (1 ignored)" in report


def test_one_fault_of_five_hundred_services_is_one_finding() -> None:
    span = Span("chart/values.yaml", 1, 1, 1, 2)
    shared = [found(span)._replace(service=f"s{number}", environments=("dev",)) for number in range(500)]
    report = render(run(*shared)._replace(checked=500))

    assert "  in s0 (dev), s1 (dev), s2 (dev) and 497 more\n" in report
    assert report.endswith("\n1 error; 500 service environments checked against 6 rules\n")
