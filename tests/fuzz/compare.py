"""Our reading beside Helm's: a question and Helm's answer in, how the two differ out."""

import json
from typing import Any, NamedTuple

from meshguard.chart_schema.judge import findings
from meshguard.diagnostic import UserError
from meshguard.helm.loss import SourceError
from meshguard.helm.values import Request, read, read_file
from meshguard.helm.version import Version
from meshguard.node import plain
from tests.fuzz.oracle import Question

SAME, REFUSED = "same", "refused by both"
EMPTY = "a list or a map as a key"  # of which Helm makes an empty document, whatever follows
KINDS = (  # how our refusal begins: the kinds of differences that docs/helm-dialect.md names
    ("a key must be text", EMPTY),
    ("a byte order mark", "a byte order mark within the text"),
    ("the file is UTF-16", "bytes that are no text, after the place where Helm stops reading"),
    ("the byte 0x", "bytes that are no text, after the place where Helm stops reading"),
    ("neither infinity nor NaN", "two keys of one name, one value without a place in JSON"),
    ("a key must not be null", "two keys of one name, one value without a place in JSON"),
    ("text with `?` must be quoted", "a question mark in plain text between brackets"),
    ("there is too much here", "more than 20 places that parsers read differently"),
    ("this is not YAML: did not find expected tag", "a tag with characters that no tag holds"),
    ("this is not YAML: did not find expected whitespace", "a tag with characters that no tag holds"),
    ("this escape does not exist", "an escaped slash after the place where Helm stops reading"),
    ("the values are nested", "a limit of ours"),
    ("this is not JSON: it is nested", "a limit of ours"),
    ("the document holds more", "a limit of ours"),
)


class Reading(NamedTuple):
    """What we make of a question: the values, or the message; and whether the chart's schemas refuse them."""

    values: Any
    message: str
    losses: frozenset[str]
    is_refused: bool = False


def ours(question: Question, helm: Version) -> Reading:
    """Read what was asked."""
    contents = {f"file-{index}": data for index, data in enumerate(question.files)}

    def read_either(path: str) -> bytes:
        return contents[path] if path in contents else read_file(path)

    request = Request(tuple(contents), question.sets, question.chart or None, helm, read_either)
    try:
        found = read(request)
    except (SourceError, UserError) as error:
        return Reading(None, str(error), frozenset())
    values = plain(found.node)
    is_refused = found.chart is not None and any(findings(found.chart, values))
    return Reading(typed(values), "", frozenset(loss.kind for loss in found.losses), is_refused)


def typed(value: Any) -> Any:
    """Tell apart what Python holds equal: numbers are one kind to Helm, booleans another."""
    if isinstance(value, dict):
        return {key: typed(below) for key, below in value.items()}
    if isinstance(value, list):
        return [typed(below) for below in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return ("number", repr(float(value)))
    return value


def difference(reading: Reading, answer: dict[str, Any]) -> str:
    """Name the difference; SAME and REFUSED are none."""
    accepted = "values" in answer
    if reading.message and accepted:
        return "only we refuse: " + (_kind(reading.message) if answer["values"] else EMPTY)
    if reading.message:
        return REFUSED
    if not accepted:
        return f"only Helm refuses: {json.dumps(answer['error'])[:80]}"
    if reading.values == typed(answer["values"] or {}):
        return SAME if reading.is_refused == ("refusal" in answer) else _verdict(answer)
    return "left to chance" if "colliding-keys" in reading.losses else "READ DIFFERENTLY"


def _verdict(answer: dict[str, Any]) -> str:
    """Name a difference over what the chart's schemas say of the same values."""
    return (
        f"only Helm's schema refuses: {answer['refusal'][:80]}"
        if "refusal" in answer
        else "only our schema refuses"
    )


def never_ends(reading: Reading) -> bool:
    """Tell whether Helm must not be asked: it would look for the end of values that contain themselves."""
    return reading.message.endswith("have no end")


def is_fault(difference: str) -> bool:
    """Tell whether it must not be: read differently, accepted by us alone, or refused by us without a name."""
    return difference.startswith(("READ", "only Helm", "only our schema", "only we refuse: unnamed"))


def _kind(message: str) -> str:
    return next((kind for start, kind in KINDS if message.startswith(start)), f"unnamed: {message}")
