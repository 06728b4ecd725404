import math

import pytest

from meshguard.helm.scalar import NO_KEY, from_exact, go_text, key_name, plain_key, plain_value, tagged_value

PLAIN: dict[str, tuple[object, str]] = {
    "text": ("text", ""),
    "": (None, ""),
    "~": (None, ""),
    "Null": (None, ""),
    "TRUE": (True, ""),
    "y": (True, "yaml11"),
    "Off": (False, "yaml11"),
    "-7": (-7, ""),
    "0": (0, ""),
    "-0": (0, "yaml11"),
    "+5": (5, "yaml11"),
    "0755": (493, "yaml11"),
    "0o17": (15, "yaml11"),
    "08": (8, "yaml11"),
    "0b-101": (-5, "yaml11"),
    "0b1_0": (2, "yaml11"),
    "-0b+1": ("-0b+1", ""),
    "0b" + "1" * 64: (float(2**64), "inexact-number"),
    "0b" + "1" * 65: ("0b" + "1" * 65, ""),
    "0b-" + "1" * 64: ("0b-" + "1" * 64, ""),
    "0xFF": (255, "yaml11"),
    "-0x8000000000000000": (float(-(2**63)), "inexact-number"),
    "1_000": (1000, "yaml11"),
    "_1": ("_1", ""),
    "9007199254740992": (2**53, ""),
    "9007199254740993": (float(2**53), "inexact-number"),
    "9" * 5000: ("9" * 5000, ""),
    "9" * 300: (float("9" * 300), "inexact-number"),
    "1.5": (1.5, ""),
    "1.10": (1.1, "yaml11"),
    "3.0": (3, "yaml11"),
    "1e3": (1000, "yaml11"),
    "1e400": ("1e400", ""),
    ".5": (0.5, "yaml11"),
    ".1_0": (0.1, "yaml11"),
    "._1": ("._1", ""),
    ".1e999": (".1e999", ""),
    "1e22": (1e22, "yaml11"),
    "+": ("+", ""),
    "1:30": ("1:30", ""),
    "-.inf": (-math.inf, "yaml11"),
    "+.INF": (math.inf, "yaml11"),
    "2024-01-02": ("2024-01-02", ""),
    "\u0661": ("\u0661", ""),
}


@pytest.mark.parametrize(("text", "expected"), PLAIN.items())
def test_plain_value(text: str, expected: tuple[object, str]) -> None:
    value, kind = plain_value(text)

    assert (value, type(value), kind) == (expected[0], type(expected[0]), expected[1])


def test_not_a_number_is_given_as_such() -> None:
    assert math.isnan(plain_value(".nan")[0])  # type: ignore[arg-type] # it is a float


def test_a_negative_zero_stays_one() -> None:
    assert str(plain_value("-0.0")[0]) == "-0.0"


KEYS: dict[str, tuple[str, str]] = {
    "a": ("a", ""),
    "1": ("1", ""),
    "0x10": ("16", "yaml11"),
    "on": ("true", "yaml11"),
    "False": ("false", "yaml11"),
    "true": ("true", ""),
    "1.5": ("1.5", ""),
    "1.0": ("1", "yaml11"),
    "3.14159265358979": ("3.1415927", "yaml11"),
    "100000000.0": ("1e+08", "yaml11"),
    "0.00001": ("1e-05", "yaml11"),
    "1e300": (".inf", "yaml11"),
    "-1e300": ("-.inf", "yaml11"),
    "1e-60": ("0", "yaml11"),
    ".inf": (".inf", ""),
    ".NaN": (".nan", "yaml11"),
    "2024-01-02": ("2024-01-02", ""),
    "~": (NO_KEY, ""),
    "18446744073709551615": (f"{NO_KEY}18446744073709551615", ""),
    "-9223372036854775808": ("-9223372036854775808", ""),
}


@pytest.mark.parametrize(("text", "expected"), KEYS.items())
def test_plain_key(text: str, expected: tuple[str, str]) -> None:
    assert plain_key(text)[:2] == expected


def test_a_key_may_be_text_already() -> None:
    assert key_name("a") == "a"


TAGGED: dict[tuple[str, str], object] = {
    ("int", "0x10"): 16,
    ("float", "3"): 3.0,
    ("float", "1.5"): 1.5,
    ("bool", "yes"): True,
    ("null", "~"): None,
    ("str", "1"): "1",
    ("binary", "aGVs\nbG8="): "hello",
    ("binary", ""): "",
    ("binary", "/+I="): "\ufffd\ufffd",
    ("timestamp", "2024-02-29"): "2024-02-29",
    ("timestamp", "2024-1-2T3:4:5.6Z"): "2024-1-2T3:4:5.6Z",
    ("timestamp", "2024-01-02t03:04:05+01:00"): "2024-01-02t03:04:05+01:00",
    ("timestamp", "2024-01-02 03:04:05,5"): "2024-01-02 03:04:05,5",
    ("map", "1"): "1",
}


@pytest.mark.parametrize(("given", "expected"), TAGGED.items())
def test_tagged_value(given: tuple[str, str], expected: object) -> None:
    tag, text = given

    assert tagged_value(f"tag:yaml.org,2002:{tag}", text) == expected


def test_a_tag_of_ones_own_makes_text() -> None:
    assert tagged_value("!foo", "1") == "1"


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("int", "1.5"),
        ("int", "yes"),
        ("int", "2024-01-02"),
        ("float", "x"),
        ("float", "18446744073709551615"),
        ("float", "true"),
        ("bool", "1"),
        ("null", "x"),
        ("timestamp", "2023-02-29"),
        ("timestamp", "1900-02-29"),
        ("timestamp", "2024-13-01"),
        ("timestamp", "2024-01-02T24:00:00Z"),
        ("timestamp", "x"),
    ],
)
def test_a_tag_that_does_not_fit_is_refused(tag: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' cannot be read as !!{tag}"):
        tagged_value(f"tag:yaml.org,2002:{tag}", text)


@pytest.mark.parametrize("text", ["a", "aGk", "aGk=x", "aG k="])
def test_what_is_not_base64_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a !!binary value must be base64"):
        tagged_value("tag:yaml.org,2002:binary", text)


def test_numbers_pass_through_float64() -> None:
    assert [from_exact(one) for one in (2**53, -(2**53), 2**53 + 1, 1e300, 4.0)] == [
        2**53,
        -(2**53),
        float(2**53),
        1e300,
        4,
    ]


def test_every_byte_that_is_no_utf_8_becomes_a_mark() -> None:
    assert go_text(b"a\xff\xe2\x82b\xed\xa0\x80") == "a\ufffd\ufffd\ufffdb\ufffd\ufffd\ufffd"
