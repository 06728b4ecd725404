import json

import pytest

from meshguard.baseline import accept, acceptable, read, written
from meshguard.diagnostic import Diagnostic, Severity, Span, UserError, ValuePath
from meshguard.pipeline import Verdict

SOURCES = {"v.yaml": "a: 1\nb: 2\n"}
LOCKED = {"locked-rule"}


def found(rule: str, line: int, message: str = "wrong \U0001f600") -> Diagnostic:
    return Diagnostic(rule, Severity.ERROR, message, ValuePath(("a",)), Span("v.yaml", line, 4, line, 5))


OLD = found("old-rule", 1)
VERDICT = Verdict((OLD, found("locked-rule", 2)), (), SOURCES)


def baseline(verdict: Verdict = VERDICT) -> bytes:
    return written(acceptable(verdict, LOCKED, "")).encode()


def accepted(verdict: Verdict, judged: str = "v.yaml", data: bytes | None = None) -> Verdict:
    entries = read(baseline() if data is None else data, "b.json")
    return accept(verdict, acceptable(verdict, LOCKED, ""), entries, {judged})


def test_todays_findings_are_accepted_but_locked_ones_are_not() -> None:
    document = json.loads(baseline())
    assert [(each["rule"], each["file"], each["message"]) for each in document["findings"]] == [
        ("old-rule", "v.yaml", "wrong \U0001f600")
    ]

    verdict = accepted(VERDICT)
    assert verdict.diagnostics == (found("locked-rule", 2),)
    assert [(each.by, each.reason, each.diagnostic) for each in verdict.ignored] == [("baseline", "b.json", OLD)]


def test_lines_may_move_and_words_may_change() -> None:
    moved = Verdict((found("old-rule", 3, "otherwise"),), (), {"v.yaml": "\n\na: 1\n"})

    assert accepted(moved).diagnostics == ()


def test_new_findings_are_reported() -> None:
    new = Verdict((found("old-rule", 1), found("old-rule", 2), found("new-rule", 1)), (), SOURCES)

    kept = accepted(new).diagnostics
    assert kept == (found("old-rule", 2), found("new-rule", 1))


def test_entries_that_nothing_needs_are_findings_in_the_baseline() -> None:
    clean = Verdict((), (), SOURCES)
    (gone,) = accepted(clean).diagnostics

    assert (gone.rule, gone.severity) == ("unused-baseline", Severity.WARNING)
    assert gone.message == "the finding 'old-rule' of 'v.yaml' does not occur any more; take the entry out"
    assert baseline().decode().splitlines()[gone.span.line - 1].strip().startswith('"fingerprint"')
    assert accepted(clean, "w.yaml").diagnostics == ()


def test_what_services_share_is_one_entry_for_all_of_them() -> None:
    one, two, three = (OLD._replace(service=name) for name in ("one", "two", "three"))
    data = baseline(Verdict((one, two), (), SOURCES))

    assert len(json.loads(data)["findings"]) == 1
    assert accepted(Verdict((one, two, three), (), SOURCES), data=data).diagnostics == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"version": 2, "findings": []}',
        b'{"version": [], "findings": []}',
        b'{"version": 1, "findings": [1]}',
        b'{"version": 1, "findings": 1}',
        b"[" * 100_000,
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(UserError, match=r"'b\.json' is no baseline of version 1"):
        read(data, "b.json")
