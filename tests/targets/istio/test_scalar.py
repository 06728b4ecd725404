"""Whatever a string holds, every reader takes the encoded form for that string, on one line."""

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from meshguard.node import plain
from meshguard.targets.istio.scalar import scalar
from tests.tree import tree

PLAIN = (
    "orders.example.com",
    "/my-retry-path",
    "connect-failure,refused-stream",
    "GET|HEAD",
    "istio-ingress/public",
    "https://shop.example.com:8443",
    "networking.istio.io/v1",
    "upstreams[0].ports[1]",
    "15s",
    "1h30m",
    "1s500ms",
    "203.0.113.10",
    "app.kubernetes.io/name",
    "e",
    "x0",
    "nothing",
)
QUOTED = (
    *(
        "",
        " ",
        "a b",
        "a ",
        " a",
        "-",
        "-a",
        "?",
        "? a",
        ":",
        "a:",
        "a: b",
        ":a",
        "#",
        "#a",
        "a #b",
        "&a",
        "*",
        "*a",
    ),
    *("!a", "!!str", "|", ">", "'a'", '"a"', "%a", "@a", "`a`", "{a}", "[a]", "]", ",a", "=", "<<", "~", "a\\b"),
    *("y", "Y", "n", "N", "yes", "No", "on", "ON", "off", "true", "False", "null", "NULL", "Null", "NaN", "inf"),
    *("1", "0", "-1", "+1", "0755", "0o755", "0x1F", "0b1", "1_000", "1.5", ".5", "1e3", "1E3", ".inf", ".nan"),
    *("12:30:45", "190:20:30", "2024-01-01", "2024-01-01T00:00:00Z", "5xx", "503", "503,reset", "1.2", "1.2.3"),
    *("---", "--- a", "...", "\n", "a\nb", "a\r\nb", "\t", "a\tb", "\0", "\x07", "\x7f", "\x85", "\xa0", "ä"),
    *(
        "\u2028",
        "\u2029",
        "\ufeff",
        "\ufffe",
        "\U0001f600",
        "a: |\n  b",
        "x\n---\nkind: Secret",
        "{{ 1 }}",
        "{% a %}",
    ),
)


def read(text: str) -> object:
    return yaml.load(text, Loader=yaml.CSafeLoader)


@pytest.mark.parametrize("text", PLAIN)
def test_text_that_a_person_would_not_quote_is_plain(text: str) -> None:
    assert scalar(text) == text
    assert read(f"a: {text}\n") == {"a": text}


@pytest.mark.parametrize("text", QUOTED)
def test_text_that_some_reader_takes_for_more_is_quoted(text: str) -> None:
    encoded = scalar(text)

    assert (encoded[0], encoded[-1]) == ('"', '"')
    assert read(f"a: {encoded}\n") == {"a": text}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (8080, "8080"),
        (0.5, "0.5"),
        (12.0, "12"),
        (0.1, "0.1"),
        (1e-05, "0.00001"),
        (1e-7, "0.0000001"),
        (1.2345678901234568e-05, "0.000012345678901234568"),
        (1e-30, f"0.{'0' * 29}1"),
        (1e30, f"1{'0' * 30}.0"),
        (-0.0, "-0.0"),
    ],
)
def test_numbers_are_written_as_people_do(value: float, expected: str) -> None:
    assert scalar(value) == expected
    assert read(f"a: {expected}\n") == {"a": value}


def test_no_text_is_a_command_for_a_ci_log() -> None:
    assert scalar("##[group]") == '"#\\u0023[group]"'
    assert read(scalar("###vso[a]")) == "###vso[a]"


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    assert scalar("a\ud800b") == '"a\\ufffdb"'


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
@example("a: b # c")
@example("\ufeff\u2028\x85")
def test_no_text_changes_the_structure(text: str) -> None:
    encoded = scalar(text)
    document = f"- {encoded}\n- {encoded}: {encoded}\n# {encoded}\n"

    assert encoded.isascii()
    assert encoded.isprintable()
    assert read(document) == [text, {text: text}]
    assert yaml.load(document, Loader=yaml.SafeLoader) == [text, {text: text}]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_helm_reads_the_same(text: str) -> None:
    assert plain(tree(f"a: {scalar(text)}\n")) == {"a": text}
