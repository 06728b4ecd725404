"""What GitLab's documentation asks of a Code Quality report; no package carries a schema of it, so by structure."""

import json

from meshguard.report.gitlab import render
from tests.report.run import CLEAN, RUN


def test_each_finding_has_the_fields_that_gitlab_needs() -> None:
    found = json.loads(render(RUN))

    assert [(each["check_name"], each["severity"], each["location"]) for each in found] == [
        ("port-name", "major", {"path": "charts/webservice/values.yaml", "lines": {"begin": 1}}),
        ("ejects-everything", "minor", {"path": "charts/webservice/values.yaml", "lines": {"begin": 2}}),
        ("port-name", "major", {"path": "values-prod.yaml", "lines": {"begin": 3}}),
        ("schema", "major", {"path": "values-prod.yaml", "lines": {"begin": 99}}),
        ("plaintext-on-443", "major", {"path": "values.yaml", "lines": {"begin": 2}}),
        ("unsafe-retry", "major", {"path": "values.yaml", "lines": {"begin": 8}}),
        ("retry-too-long", "minor", {"path": "values.yaml", "lines": {"begin": 11}}),
        ("streaming-with-timeout", "info", {"path": "values.yaml", "lines": {"begin": 14}}),
    ]
    assert found[0]["description"] == (
        "--set ports[0].name=web: port name 'web' does not say its protocol; write 'http' or 'http-web'"
        "; in orders (dev)"
    )
    assert all(len(each["fingerprint"]) == 32 for each in found)
    assert len({each["fingerprint"] for each in found}) == 8


def test_a_clean_run_is_an_empty_list() -> None:
    assert render(CLEAN) == "[]\n"
