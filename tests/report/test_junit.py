"""What the test views of CI systems rely on; no Python package carries a schema of JUnit's XML, so by structure."""

from xml.etree import ElementTree as ET

from meshguard.report.junit import render
from tests.report.run import CLEAN, RUN


def case(rule: str) -> ET.Element:
    (found,) = ET.fromstring(render(RUN)).findall(f"testsuite/testcase[@name='{rule}']")
    return found


def test_a_green_run_lists_every_rule_as_a_passed_test() -> None:
    root = ET.fromstring(render(CLEAN))
    cases = root.findall("testsuite/testcase")

    assert [each.get("name") for each in cases] == [rule.id for rule in CLEAN.rules]
    assert all(len(each) == 0 for each in cases)
    assert root.attrib == {
        "name": "meshguard",
        "tests": "7",
        "failures": "0",
        "errors": "0",
        "skipped": "0",
        "time": "0",
    }


def test_the_counts_are_those_of_the_elements() -> None:
    root = ET.fromstring(render(RUN))
    (suite,) = root

    assert suite.attrib == root.attrib
    assert root.get("tests") == str(len(root.findall("testsuite/testcase"))) == "7"
    assert root.get("failures") == str(len(root.findall("testsuite/testcase/failure"))) == "4"


def test_errors_fail_the_test_of_their_rule() -> None:
    (failure,) = case("port-name")

    assert failure.tag == "failure"
    assert failure.attrib == {
        "type": "port-name",
        "message": "2 errors, the first: port name 'web' does not say its protocol; write 'http' or 'http-web'",
    }
    assert str(failure.text).split("\n") == [
        (
            "--set ports[0].name=web: port name 'web' does not say its protocol; write 'http' or 'http-web'"
            " [port-name]; in orders (dev)"
        ),
        (
            "values-prod.yaml:3:11: port name 'httpbin' does not say its protocol; write 'http' or 'http-bin'"
            " [port-name]"
        ),
    ]


def test_warnings_and_what_is_ignored_are_output() -> None:
    (output,) = case("retry-too-long")
    failure, ignored = case("unsafe-retry")

    assert (output.tag, failure.tag, ignored.tag) == ("system-out", "failure", "system-out")
    assert str(output.text).endswith("1 retry fits [retry-too-long]; in orders\nhelp: the first try counts too")
    assert ignored.text == (
        "values.yaml:11:8: 'reset' repeats (ignored by comment: every request carries an idempotency key)"
    )


def test_a_rule_that_the_run_does_not_know_is_a_test_too() -> None:
    strange = RUN.diagnostics[0]._replace(rule="strange")
    root = ET.fromstring(render(CLEAN._replace(rules=(), diagnostics=(strange,))))

    assert [each.get("name") for each in root.iter("testcase")] == ["strange"]
