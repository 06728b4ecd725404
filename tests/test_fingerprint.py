"""A finding keeps its fingerprint while the file around it changes."""

from meshguard.diagnostic import Diagnostic, Severity, Span, ValuePath
from meshguard.fingerprint import fingerprints

SOURCES = {"v.yaml": "a:\n  - b: 1\n  - b: 2\n  - b: 1\n"}


def found(line: int, message: str = "wrong", file: str = "v.yaml") -> Diagnostic:
    path = ValuePath(("a", line - 2, "b"))
    return Diagnostic("a-rule", Severity.ERROR, message, path, Span(file, line, 8, line, 9))


def test_it_is_short_and_stable() -> None:
    assert fingerprints([found(2)], SOURCES) == ["1621c1feb057cc768b271c174fe5a1d6"]


def test_lines_indexes_severities_and_words_may_change() -> None:
    moved = {"v.yaml": "# new\n" + SOURCES["v.yaml"].replace("- b: 2", "- b: 3\n  - b: 2")}
    later = found(5, "reworded")._replace(severity=Severity.INFO, service="orders", environments=("dev",))

    assert fingerprints([found(3)], SOURCES) == fingerprints([later], moved)


def test_rule_file_keys_and_text_tell_findings_apart() -> None:
    others = [
        found(2),
        found(3),
        found(2)._replace(rule="b-rule"),
        found(2)._replace(at=ValuePath(("a", 0, "c"))),
        found(2, file="w.yaml"),
    ]

    assert len(set(fingerprints(others, {**SOURCES, "w.yaml": SOURCES["v.yaml"]}))) == 5


def test_equal_ones_are_told_apart_by_their_order() -> None:
    first, second = fingerprints([found(2), found(4)], SOURCES)

    assert first != second
    assert [first] == fingerprints([found(4)], SOURCES)


def test_the_name_of_a_file_may_be_written_differently() -> None:
    assert fingerprints([found(2)], SOURCES) == fingerprints(
        [found(2, file="./v.yaml")], {"./v.yaml": SOURCES["v.yaml"]}
    )


def test_without_a_source_the_message_counts() -> None:
    assert fingerprints([found(2)], {}) != fingerprints([found(2, "other")], {})


def test_of_several_lines_the_first_counts() -> None:
    whole = found(2)._replace(span=Span("v.yaml", 2, 5, 5, 1))
    longer = whole._replace(span=Span("v.yaml", 2, 5, 9, 1))

    assert fingerprints([whole], SOURCES) == fingerprints([longer], SOURCES)
