"""The report for test views of a CI system: a run in, JUnit XML out.

A test is a rule, so that a green run lists what was checked and the names stay the same from run to run, whatever
the services are. Errors fail it; warnings and infos stand in the output of a test that passes.
"""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from meshguard.diagnostic import Severity
from meshguard.escape import printable
from meshguard.report.words import Group, Lifted, counted, for_whom, grouped, lifted, place, told
from meshguard.run import Run


def render(run: Run) -> str:
    """Give the whole document."""
    groups = grouped(run.diagnostics)
    summaries = {rule.id: rule.summary for rule in run.rules}
    names = [*summaries, *sorted({group.diagnostic.rule for group in groups} - set(summaries))]
    ignored = lifted(run.ignored)
    suite = ET.Element("testsuite", name="meshguard")
    for name in names:
        _case(suite, name, [group for group in groups if group.diagnostic.rule == name], ignored)
    suites = ET.Element("testsuites", name="meshguard")
    for element in (suites, suite):
        element.set("tests", str(len(names)))
        element.set("failures", str(len(suite.findall("testcase/failure"))))
        for nothing in ("errors", "skipped", "time"):
            element.set(nothing, "0")
    suites.append(suite)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _case(suite: ET.Element, rule: str, groups: Sequence[Group], ignored: Sequence[Lifted]) -> None:
    case = ET.SubElement(suite, "testcase", classname="meshguard", name=rule, time="0")
    errors = [group for group in groups if group.diagnostic.severity is Severity.ERROR]
    if errors:
        first = printable(errors[0].diagnostic.message)
        message = first if len(errors) == 1 else f"{counted(len(errors), 'error')}, the first: {first}"
        failure = ET.SubElement(case, "failure", type=rule, message=message)
        failure.text = "\n".join(line for group in errors for line in told(group, most=20))
    others = [group for group in groups if group.diagnostic.severity is not Severity.ERROR]
    said = [line for group in others for line in told(group, most=20)]
    said += [
        f"{place(group.diagnostic.span)}: {printable(group.diagnostic.message)}"
        f" (ignored by {by}: {printable(reason)}){for_whom(group, most=20)}"
        for group, by, reason in ignored
        if group.diagnostic.rule == rule
    ]
    if said:
        ET.SubElement(case, "system-out").text = "\n".join(said)
