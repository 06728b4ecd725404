"""Made-up `--set` arguments: a source of randomness in, pairs of a flag and an expression out."""

from random import Random

BASES = (
    b"",
    b'a: {b: 1, c: [1, {d: 2}, null, [3]]}\nl: [x, {k: v}]\ns: text\n"": {q: 1, r: [1, 2]}\nn: null\n',
    b"a: [[1, 2], [3]]\nb: {c: {d: {}}}\nkey: 5\n",
)
STARTS = ("a", "b", "l", "s", "n", "key", "new", "")
STEPS = (".b", ".c", "[0]", "[1]", ".k", ".d", "[2]", "[1].x", "[0][1]", ".q", "[3]", "\\.x")
VALUES = (
    *(
        "1",
        "x",
        "true",
        "null",
        "{a,b}",
        "{}",
        "",
        "0",
        "01",
        "a=b",
        "1e3",
        "{1,{2}",
        "x y",
        "\\,",
        "-7",
        "+5",
        "-0",
    ),
    *(
        "99999999999999999999",
        "FALSE",
        "fal\u017fe",
        "nuLL",
        "1.5",
        "~",
        "\u00e9\U0001f600",
        '"q"',
        "a\\",
        "{a\\,b,c}",
    ),
)
TOKENS = (
    *("a", "b", "l", "s", "0", "1", "x", "true", "null", ".", ".", "=", "=", "=", ",", ",", "[0]", "[1]", "[2]"),
    *("[", "]", "{", "}", "{a,b}", "{}", "\\", "\\,", '"', " ", "-1", "007", "\n", "[-1]", "[65536]", "[65537]"),
    *("[9999999999999999999]", "[+1]", "[x]", "[]", "\u00e9"),
)
FILES = ("plugin.yaml", "{plugin.yaml,tools/dev}", "nowhere", "", "{", "plugin.yaml,b=tools/dev", "{}")
JSON = (
    *('{"a":1}', "[1,2]", '[1,{"x":null}]', '"s"', "null", "true", "1.5", "1e3", "01", "1.", "-", "-0", "1e400"),
    *(
        '"\\u00e9\\ud83d\\ude00\\ud800"',
        '"a\\/b"',
        '{"a":{"b":[]},"a":2}',
        "nul",
        '{"a":1',
        '"\t"',
        "\xa0",
        "  ",
        ", ",
    ),
    *(
        "1x",
        '"a""b"',
        "9007199254740993",
        "{",
        "}",
        '{"l":[9]}',
        '["\\q"]',
        '{"a":1,}',
        "[1,]",
        "1.5.a",
        "1e+",
        '{"":1}',
    ),
)


def base(random: Random) -> bytes:
    """Choose the values file that is edited."""
    return random.choice(BASES)


def arguments(random: Random) -> tuple[tuple[str, str], ...]:
    """Make one to three arguments."""
    flags = [
        random.choice(("set", "set", "set", "set-string", "set-literal", "set-json", "set-file"))
        for _ in range(random.choice((1, 1, 1, 2, 3)))
    ]
    return tuple((flag, _expression(random, flag)) for flag in flags)


def _expression(random: Random, flag: str) -> str:
    if flag == "set-json":
        return _json(random)
    if flag == "set-file":
        return _key(random) + "=" + random.choice(FILES)
    if random.random() < 0.3:
        return "".join(random.choice(TOKENS) for _ in range(random.randint(1, 9)))
    text = ""
    for _ in range(random.choice((1, 1, 2, 3))):
        text += _key(random) + random.choice("=====,") + random.choice(VALUES) + random.choice(("", ",", ",", "}"))
    return text


def _key(random: Random) -> str:
    steps = "".join(random.choice(STEPS) for _ in range(random.choice((0, 1, 1, 2, 3))))
    return random.choice(STARTS) + steps


def _json(random: Random) -> str:
    if random.random() < 0.15:
        return random.choice(("", " ", "\n")) + random.choice(JSON) + random.choice(("", "x", " "))
    text = ""
    for _ in range(random.choice((1, 1, 2))):
        text += (
            _key(random) + random.choice(("=", "=", "= ")) + random.choice(JSON) + random.choice(("", ",", ", "))
        )
    return text
