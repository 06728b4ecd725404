"""Clusters as other people reported them: the table has to say what they saw."""

import json
from typing import Any

import pytest

from tests.commands.conftest import Run
from tests.tls.reported import SUFFIX, Reported, reported


@pytest.mark.parametrize("cluster", tuple(reported()), ids=lambda cluster: cluster.name)
def test_the_table_says_what_people_saw(cluster: Reported, run: Run) -> None:
    for asked in cluster.runs:
        result = run("tls-check", "-f", "-", "-o", "json", *asked.arguments, stdin=cluster.text.encode())

        assert [row(found) for found in json.loads(result.out)["rows"]] == asked.rows
        assert result.code == any(words[1] in {"CONFLICT", "double TLS"} for words in asked.rows)
        for words in cluster.told:
            assert words in result.err + result.out


def row(found: dict[str, Any]) -> tuple[str, ...]:
    subset = f" (subset {found['subset']})" if found["subset"] else ""
    caller = found["caller"]
    sees = "" if caller is None else f"{caller['status']} {caller['flags']}".strip() or caller["sees"]
    return (
        f"{found['host'].removesuffix(SUFFIX)}:{found['port']}{subset}",
        found["status"],
        found["server"],
        found["client"],
        ref(found["authnPolicy"]),
        ref(found["destinationRule"]),
        _SHORT.get(sees, sees),
    )


_SHORT = {
    "a connection that is reset": "reset",
    "an error of its own TLS handshake": "TLS error",
    "a connection on which nothing comes until somebody gives up": "hangs",
}


def ref(found: dict[str, Any] | None) -> str:
    return "-" if found is None else f"{found['namespace']}/{found['name']}"
