"""Which comments ignore what, which are refused, and what becomes of the findings."""

from collections.abc import Iterable

import pytest

from meshguard.diagnostic import ROOT, Diagnostic, Severity, Span
from meshguard.engine_rules import ENGINE_RULES
from meshguard.policy import Facts, Identity, Policy, facts_for
from meshguard.rule import Rule
from meshguard.run import Ignored
from meshguard.suppress import Ignore, apply, ignores

UNTIL = "until=2031-12-31"
FORM = "write '# meshguard: ignore[rule-id] reason'"

# The text, and for each comment: the line that it holds for, its rules, its reason and its last day.
ACCEPTED: dict[str, tuple[tuple[int, tuple[str, ...], str, str | None], ...]] = {
    "a: 1  # meshguard: ignore[x] why": ((1, ("x",), "why", None),),
    "a: 1\n# meshguard: ignore[x] why\nb: 2\n": ((3, ("x",), "why", None),),
    "# meshguard: ignore[x] why\n# more words\n  # and more\na: 1\n": ((4, ("x",), "why", None),),
    "# meshguard: ignore[x] why\n\na: 1\n": ((2, ("x",), "why", None),),
    "a: 1 #meshguard:ignore[x]\twhy": ((1, ("x",), "why", None),),
    "a: 1  # meshguard: ignore[x, y-z,w ] two of them  ": ((1, ("x", "y-z", "w"), "two of them", None),),
    "a: 1  # meshguard: ignore[x] until=2030-01-31 see #12": (
        (1, ("x",), "until=2030-01-31 see #12", "2030-01-31"),
    ),
    "a: 1  # meshguard: ignore[x] why (until=2030-01-31)": ((1, ("x",), "why (until=2030-01-31)", "2030-01-31"),),
    "a: 1  # meshguard: ignore[x] why, until=2030-01-31.": ((1, ("x",), "why, until=2030-01-31.", "2030-01-31"),),
    "a: 1  # meshguard: ignore[x] see a[0] # and ]": ((1, ("x",), "see a[0] # and ]", None),),
    "a: 1\r\nb: 2  # meshguard: ignore[x] why\r\n# meshguard: ignore[y] why\r\nc: 3\r\n": (
        (2, ("x",), "why", None),
        (4, ("y",), "why", None),
    ),
    "\ufeffa: é  # meshguard: ignore[x] why": ((1, ("x",), "why", None),),
    "\ufeff# meshguard: ignore[x] why\na: 1": ((2, ("x",), "why", None),),
    "a: {b: 1, # meshguard: ignore[x] why\n  c: 2}  # meshguard: ignore[y] why": (
        (1, ("x",), "why", None),
        (2, ("y",), "why", None),
    ),
    "a: [1,\n  # meshguard: ignore[x] why\n  2]": ((3, ("x",), "why", None),),
    "a: |  # meshguard: ignore[x] why\n  text": ((1, ("x",), "why", None),),
    "a: >-2 # meshguard: ignore[x] why\n    text": ((1, ("x",), "why", None),),
    "a: |\n  text\n# meshguard: ignore[x] why\nb: 1": ((4, ("x",), "why", None),),
    "a:  # meshguard: ignore[x] why\n  b: 1": ((1, ("x",), "why", None),),
    "a:\n  - # meshguard: ignore[x] why\n    b: 1": ((2, ("x",), "why", None),),
    "a: &b 1  # meshguard: ignore[x] why\nc: *b\t# meshguard: ignore[y] why": (
        (1, ("x",), "why", None),
        (2, ("y",), "why", None),
    ),
    "---  # meshguard: ignore[x] why\na: 1\n...\n": ((1, ("x",), "why", None),),
    "a: 'b\n  c'  # meshguard: ignore[x] why": ((2, ("x",), "why", None),),
    "a: 1\n# meshguard: ignore[x] why": ((3, ("x",), "why", None),),
    "a: 1\x85b: 2 # meshguard: ignore[x] why\u2028c: 3": ((2, ("x",), "why", None),),
    "# meshguard: ignore[x] why\n# meshguard: ignore[y] why\na: 1": (
        (3, ("x",), "why", None),
        (3, ("y",), "why", None),
    ),
    "a: 1  # meshguard: ignore[x] why\nb: [": ((1, ("x",), "why", None),),
}
NO_COMMENT = (
    "a: '# meshguard: ignore[x] why'",
    'a: "\n  # meshguard: ignore[x] why"',
    "a: |\n  # meshguard: ignore[x] why\n",
    "a: >\n  b\n  # meshguard: ignore[x] why\n",
    "a: b# meshguard: ignore[x] why",
    "a: 1  # see meshguard: ignore[x] why",
    "a: 1  # meshguarded",
    "a: meshguard",
    "a: 1",
    "a: [\n# never closed",
    "a: @b\n# meshguard: ignore[x] why",
)
REFUSED = {
    "a: 1  # meshguard: ignore[x]": f"the ignore of 'x' gives no reason; {FORM}",
    "a: 1  # meshguard: ignore[x]  ": f"the ignore of 'x' gives no reason; {FORM}",
    "a: 1  # meshguard: ignore[x] until=2030-01-31": f"the ignore of 'x' gives no reason; {FORM}",
    "a: 1  # meshguard: ignore[x]why": f"'# meshguard: ignore[x]why' is no ignore comment; {FORM}",
    "a: 1  # meshguard: ignore [x] why": f"'# meshguard: ignore [x] why' is no ignore comment; {FORM}",
    "a: 1  # meshguard: ignore x why": f"'# meshguard: ignore x why' is no ignore comment; {FORM}",
    "a: 1  # meshguard: ingore[x] why": f"'# meshguard: ingore[x] why' is no ignore comment; {FORM}",
    "a: 1  # meshguard ignore[x] why": f"'# meshguard ignore[x] why' is no ignore comment; {FORM}",
    "a: 1  # meshguard: ignore[x why": f"'# meshguard: ignore[x why' is no ignore comment; {FORM}",
    "a: 1  # meshguard: ignore why": f"'# meshguard: ignore why' is no ignore comment; {FORM}",
    "a: 1  # meshguard:": f"'# meshguard:' is no ignore comment; {FORM}",
    "a: 1  # why # meshguard: ignore[x] why": f"'# why # meshguard: ignore[x] why' is no ignore comment; {FORM}",
    "a: 1  # meshguard: ignore[x] why # meshguard: ignore[y] why": (
        "the ignore of 'x' holds another one; name several rules as in 'ignore[rule-a, rule-b]'"
    ),
    "a: 1  # meshguard: ignore[] why": f"the ignore comment names no rule between its brackets; {FORM}",
    "a: 1  # meshguard: ignore[x,] why": f"the ignore comment names no rule between its brackets; {FORM}",
    "a: 1  # meshguard: ignore[ , x] why": f"the ignore comment names no rule between its brackets; {FORM}",
    "a: 1  # meshguard: ignore[x] why until=": "'until=' is no day; write 'until=YYYY-MM-DD'",
    "a: 1  # meshguard: ignore[x] why until=soon": "'until=soon' is no day; write 'until=YYYY-MM-DD'",
    "a: 1  # meshguard: ignore[x] why until=2030-02-30": "'until=2030-02-30' is no day; write 'until=YYYY-MM-DD'",
    "a: 1  # meshguard: ignore[x] why until=20300131": "'until=20300131' is no day; write 'until=YYYY-MM-DD'",
    "a: 1  # meshguard: ignore[x] why until=2030-01-31 until=2031-01-31": (
        "the ignore of 'x' ends on several days; keep one 'until=YYYY-MM-DD'"
    ),
}


@pytest.mark.parametrize(("text", "expected"), ACCEPTED.items())
def test_a_comment_is_read(text: str, expected: tuple[object, ...]) -> None:
    found = ignores(text, "v.yaml")

    assert tuple(
        (ignore.line, tuple(rule for rule, _ in ignore.rules), ignore.reason, ignore.until) for ignore in found
    ) == (expected)
    assert [ignore.fault for ignore in found] == [""] * len(expected)


@pytest.mark.parametrize("text", NO_COMMENT)
def test_what_is_no_comment_or_not_ours_is_left_alone(text: str) -> None:
    assert ignores(text, "v.yaml") == ()


@pytest.mark.parametrize(("text", "fault"), REFUSED.items())
def test_a_malformed_comment_says_what_is_wrong(text: str, fault: str) -> None:
    assert ignores(text, "v.yaml") == (Ignore(Span("v.yaml", 1, 7, 1, len(text.rstrip()) + 1), 1, fault=fault),)


def test_places_count_characters_behind_a_byte_order_mark() -> None:
    (ignore,) = ignores("\ufeff端: é  # meshguard: ignore[x, why-not] why", "v.yaml")

    assert ignore.span == Span("v.yaml", 1, 7, 1, 42)
    assert ignore.rules == (("x", Span("v.yaml", 1, 27, 1, 28)), ("why-not", Span("v.yaml", 1, 30, 1, 37)))


# ---- what becomes of the findings ------------------------------------------------------------------------------

RULES = (
    Rule("unsafe-retry", Severity.ERROR, "Unsafe.\n"),
    Rule("own-domain", Severity.ERROR, "Locked.\n", locked=True),
    Rule("slow-start", Severity.WARNING, "Slow.\n"),
)


def facts(policy: Policy = Policy()) -> Facts:  # noqa: B008 - a frozen value
    return facts_for(policy, Identity(), "2030-01-31")


def found(rule: str, line: int, file: str = "v.yaml") -> Diagnostic:
    return Diagnostic(rule, Severity.ERROR, "wrong", ROOT, Span(file, line, 1, line, 2))


def said(diagnostics: Iterable[Diagnostic]) -> list[tuple[str, str, int, int, str]]:
    return [(d.rule, str(d.severity), d.span.line, d.span.column, d.message) for d in diagnostics]


def test_without_a_comment_everything_stands() -> None:
    diagnostic = found("unsafe-retry", 1)

    assert apply([diagnostic], {"v.yaml": "a: 1"}, RULES, facts()) == ((diagnostic,), ())


def test_a_comment_takes_on_every_finding_of_its_rule_on_its_line() -> None:
    text = "a: 1  # meshguard: ignore[unsafe-retry, slow-start] keys make it safe\nb: 2\n"
    mine, twin, other = found("unsafe-retry", 1), found("slow-start", 1), found("unsafe-retry", 2)
    kept, ignored = apply([mine, other, twin, mine], {"v.yaml": text}, RULES, facts())

    assert kept == (other,)
    assert ignored == tuple(Ignored(each, "comment", "keys make it safe") for each in (mine, twin, mine))


def test_a_comment_holds_for_its_own_file_only() -> None:
    sources = {"v.yaml": "a: 1", "w.yaml": "a: 1  # meshguard: ignore[slow-start] why"}
    kept, ignored = apply([found("slow-start", 1)], sources, RULES, facts())

    assert [(each.rule, each.span.file) for each in kept] == [("slow-start", "v.yaml"), ("unused-ignore", "w.yaml")]
    assert ignored == ()


FAULTS: dict[str, tuple[tuple[str, str, int, int, str], ...]] = {
    "a: 1  # meshguard: ignore[slow-start]": (
        ("malformed-ignore", "error", 1, 7, f"the ignore of 'slow-start' gives no reason; {FORM}"),
    ),
    "a: 1  # meshguard: ignore[slow-start] why": (
        (
            "unused-ignore",
            "warning",
            1,
            27,
            "'slow-start' finds nothing on line 1; remove the comment, or put it on the line of the finding",
        ),
    ),
    "a: 1  # meshguard: ignore[slow-stat] why": (
        ("unknown-rule", "warning", 1, 27, "there is no rule 'slow-stat'; did you mean 'slow-start'?"),
    ),
    "a: 1  # meshguard: ignore[Q42] why": (
        ("unknown-rule", "warning", 1, 27, "there is no rule 'Q42'; `helm meshguard rules` lists them"),
    ),
    "a: 1  # meshguard: ignore[slow-start until=2031-12-31] why": (
        (
            "unknown-rule",
            "warning",
            1,
            27,
            f"'slow-start {UNTIL}' names no rule; 'until=' stands behind the bracket: ignore[rule-id] {UNTIL}",
        ),
    ),
    "a: 1  # meshguard: ignore[own-domain] why": (
        (
            "locked-rule-ignored",
            "error",
            1,
            27,
            "'own-domain' is locked: only an exemption in the policy lifts it, no comment does",
        ),
    ),
    "a: 1  # meshguard: ignore[schema] why": (
        (
            "locked-rule-ignored",
            "error",
            1,
            27,
            "a finding of 'schema' cannot be ignored; mend what it says",
        ),
    ),
    "a: 1\nb: 2  # meshguard: ignore[unsafe-retry] why until=2030-01-30": (
        (
            "expired-ignore",
            "warning",
            2,
            27,
            "the ignore of 'unsafe-retry' ended on 2030-01-30; mend the finding or agree on a new day",
        ),
    ),
    "a: 1  # meshguard: ignore[unsafe-retry] why until=2030-01-30": (
        (
            "unused-ignore",
            "warning",
            1,
            27,
            "'unsafe-retry' finds nothing on line 1; remove the comment, or put it on the line of the finding",
        ),
    ),
}


@pytest.mark.parametrize(("text", "expected"), FAULTS.items())
def test_a_comment_that_does_nothing_is_a_finding_and_lifts_nothing(
    text: str, expected: tuple[object, ...]
) -> None:
    standing = [found("unsafe-retry", 2), found("own-domain", 1)]
    kept, ignored = apply(standing, {"v.yaml": text}, RULES, facts())

    assert kept[:2] == tuple(standing)
    assert said(kept[2:]) == list(expected)
    assert ignored == ()


def test_on_its_last_day_a_comment_still_holds() -> None:
    text = "a: 1  # meshguard: ignore[unsafe-retry] why until=2030-01-31"

    assert apply([found("unsafe-retry", 1)], {"v.yaml": text}, RULES, facts())[0] == ()


def test_the_policy_locks_further_rules_and_sets_severities() -> None:
    text = "a: 1  # meshguard: ignore[slow-start] why\nb: 2  # meshguard: ignore[nothing] why"
    policy = facts(Policy(locked=frozenset({"slow-start"}), severities={"unknown-rule": None}))
    kept, ignored = apply([found("slow-start", 1)], {"v.yaml": text}, RULES, policy)

    assert [each.rule for each in kept] == ["slow-start", "locked-rule-ignored"]
    assert ignored == ()


def test_a_rule_that_did_not_run_leaves_no_comment_unused() -> None:
    text = "a: 1  # meshguard: ignore[slow-start] why"
    off = facts(Policy(severities={"slow-start": None}))

    assert apply([], {"v.yaml": text}, RULES, off) == ((), ())
    assert apply([], {"v.yaml": text}, RULES, facts(), unjudged={"v.yaml"}) == ((), ())


def test_of_two_comments_for_one_finding_both_are_used() -> None:
    text = "# meshguard: ignore[slow-start] first until=2030-01-01\na: 1  # meshguard: ignore[slow-start] second"
    kept, ignored = apply([found("slow-start", 2)], {"v.yaml": text}, RULES, facts())

    assert [each.rule for each in kept] == ["expired-ignore"]
    assert [each.reason for each in ignored] == ["second"]


@pytest.mark.parametrize("rule", ENGINE_RULES, ids=lambda rule: rule.id)
def test_what_the_engine_finds_cannot_be_ignored(rule: Rule) -> None:
    text = f"a: 1  # meshguard: ignore[{rule.id}] why"
    kept, ignored = apply([found(rule.id, 1)], {"v.yaml": text}, RULES, facts())

    assert [each.rule for each in kept] == [rule.id, "locked-rule-ignored"]
    assert ignored == ()
