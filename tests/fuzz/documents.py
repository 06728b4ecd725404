"""Made-up values files: a source of randomness in, the bytes of a file out, from tidy to broken on purpose."""

from random import Random

SEEDS = (
    """\
# values of a service
replicaCount: 2
image: {repository: nginx, tag: "1.25", pullPolicy: IfNotPresent}
service:
  type: ClusterIP
  ports:
    - name: http
      port: 80
      targetPort: 8080
    - {name: grpc, port: 9090, targetPort: http}
ingress:
  enabled: true
  annotations:
    kubernetes.io/ingress.class: nginx
  hosts: ["a.example.com", 'b.example.com']
resources: &res
  limits:
    cpu: 100m
    memory: 128Mi
worker:
  resources:
    <<: *res
    requests: {cpu: 0.5, memory: 1e9}
nodeSelector: {}
tolerations: []
affinity: ~
""",
    """\
ports:
  - number: 8080
    name: http
    protocol: HTTP
externalRouting:
  timeout: 15s
  pathConfiguration:
    - path: /my-retry-path
      retryOn: 5xx
      retryAttempts: 2
    - path: /payments
      methods: [GET, HEAD]
      headers: {x-client: mobile}
      retryOn: [connect-failure, 503]
  pathOverrides:
    /my-retry-path: {retryAttempts: 1}
""",
    """\
config: |
  [server]
  port = 80

    indented
script: >-
  folded text
  goes on

  here
keep: |+
  text

last: >2
    more
quoted: "a \\t b \\u00e9 \\x41 \\
  joined"
single: 'it''s
  long'
plain: some words
  on two lines
""",
    """\
defaults: &defaults
  a: 1
  b: {c: [1, 2, &three 3]}
list: &list
- *three
- <<: *defaults
  a: 2
merged:
  <<: [*defaults, {d: 4}]
  e: 5
other:
  x: 1
  <<: *defaults
again: &defaults {z: 1}
use: *defaults
""",
    """\
first: 1
---
second: 2
first: null
--- # third
third: {a: yes, b: no, c: on, d: off, y: n}
...
""",
    "{a: 1, b: [x, y, {z: null}], 'c': \"d\", ? e : f, g: , h}\n",
    '# a head\n---\na: !!str 1\nb: ! 2\nc: !foo bar\nd: !!int "3"\ne: !!binary aGk=\n!!str f: !!float 1\n',
    "version: 1.10\nmode: 0755\ncount: 1_000\ntime: 12:30\ndate: 2024-01-02\nbig: 9007199254740993\nhex: 0x1F\n",
)

TOKENS: tuple[str, ...] = (
    *"-?:,[]{}#&*!|>'\"%@` \t\n\r~=<.\\/$^+_",
    *("- ", "? ", ": ", ", ", "# ", " #", "\n\n", "  ", "    ", "\t\t", " \t", "\t ", "\n\t", "\r\n"),
    *("---", "--- ", "---\n", "\n---\n", "...", "\n...\n", "%YAML 1.1\n", "%YAML 1.2\n---\n", "%TAG ! x:\n---\n"),
    *("&a ", "&b ", "*a", "*b", "*a : ", "<<: *a", "<<: *b\n", "<<: [*a, *b]", "<<: {k: v}", "<<", "'<<': 1"),
    *("!", "! ", "!!str ", "!!int ", "!!float ", "!!bool ", "!!null ", "!!binary ", "!!timestamp ", "!!map "),
    *("!!seq ", "!!set ", "!!omap ", "!!merge <<: *a", "!foo ", "!<tag:yaml.org,2002:str> ", "!x!y ", "!!str,"),
    *("|\n", "|-\n", "|+\n", ">\n", ">-\n", ">+\n", "|2\n", ">1-\n", "|+3\n", "|0\n", "| # c\n", ">#\n"),
    *('""', "''", '"\\n"', '"\\/"', '"\\ud83d\\ude00"', '"\\x00"', '"\\\'"', '"\\z"', "'a''b'", '"a\n b"', '"'),
    *("yes", "NO", "on", "y", "N", "true", "TRUE", "null", "Null", "~", "nan", ".inf", "-.INF", ".nan", "inf"),
    *(
        "0",
        "1",
        "-1",
        "+5",
        "0755",
        "08",
        "0o7",
        "0x1f",
        "0b1",
        "1_000",
        "1e3",
        "1e400",
        "-0.0",
        ".5",
        "5.",
        "1:30",
    ),
    *("9007199254740993", "18446744073709551616", "2024-01-02", "2024-01-02T03:04:05Z", "1.10", "3.0", "1e21"),
    *(
        "a:",
        "a: ",
        "a: 1",
        "b: 2\n",
        "a.b",
        "a:b",
        "a: b: c",
        "x: [",
        "x: {",
        "]",
        "}",
        "[]",
        "{}",
        "{a:1}",
        "[a, b,]",
    ),
    *(
        "\u00e9",
        "\u4e2d",
        "\U0001f600",
        "\ufeff",
        "\x85",
        "\u2028",
        "\u2029",
        "\xa0",
        "\x07",
        "\x7f",
        "\x00",
        "\ufffe",
    ),
)
PLAINS: tuple[str, ...] = (
    *("a", "b", "key", "name", "x y", "a-b", "a.b/c", "http://x:80/y", "-1", "1", "0.5", "1e3", "0755", "yes", "n"),
    *("null", "~", "a#b", "a]b", "'q'", '"q"', "=", "2024-01-02", "1_0", "0x1F", "\u00e9\U0001f600", "-x"),
)
ODD_PLAINS = (
    "{{ x }}",
    *("", "-", "?", ":", "*", "a #b", "!x", "%a", "@a", "`a", "[x", "a,b", "x:", "x: y", "<<", ".inf", "a?b", "?x"),
    *(":x", "a:", "]", "{", "&", "|", "- x", "'", '"', "\t", "#", ">", "a: &b", "*b"),
)


def document(random: Random) -> bytes:
    """Make one file."""
    text = random.choice(SEEDS) if random.random() < 0.5 else _tree(random)
    return _encode(random, changed(random, text))


def changed(random: Random, text: str) -> str:
    """Change the text in a few places, or in none."""
    for _ in range(random.choice((0, 0, 0, 1, 1, 2, 4))):
        text = _mutate(random, text)
    return text


def _encode(random: Random, text: str) -> bytes:
    roll = random.random()
    if roll < 0.04:
        text = text.replace("\n", "\r\n")
    elif roll < 0.06:
        text = text.replace("\n", "\r")
    elif roll < 0.08:
        text = "\ufeff" + text
    elif roll < 0.1:
        text = text.rstrip("\n")
    data = text.encode("utf-8", "surrogatepass")
    if roll > 0.995:
        return text.encode(random.choice(("utf-16", "utf-16-be", "utf-16-le", "latin-1")), "replace")
    if roll > 0.99 and data:
        at = random.randrange(len(data))
        return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]
    return data


def _mutate(random: Random, text: str) -> str:
    at = random.randrange(len(text) + 1)
    lines = text.split("\n")
    here = random.randrange(len(lines))
    kind = random.randrange(8)
    if kind < 3:
        return text[:at] + random.choice(TOKENS) + text[at:]
    if kind == 3:
        return text[:at] + text[at + random.choice((1, 1, 1, 2, 5)) :]
    if kind == 4:
        lines.insert(here, random.choice(lines))
    elif kind == 5:
        lines[here] = random.choice((" ", "  ", "\t", "- ", "")) + lines[here].removeprefix("  ")
    elif kind == 6:
        del lines[here]
    else:
        name, colon, _ = lines[here].partition(": ")
        lines[here] = f"{name}{colon or ': '}{random.choice(TOKENS + PLAINS + PLAINS)}"
    return "\n".join(lines)


def _tree(random: Random) -> str:
    if random.random() < 0.1:
        return _flow(random, 0) + "\n"
    anchors = "p: &a 1\nq: &b {k: v, b: 2}\n"
    return random.choice(("", anchors, anchors, anchors)) + _block_map(random, 0, 0)


def _block_map(random: Random, indent: int, depth: int) -> str:
    pad = " " * indent
    text = ""
    for _ in range(random.choice((1, 1, 2, 3))):
        if random.random() < 0.06:
            text += random.choice((f"{pad}# comment\n", "\n", f"{pad}<<: *b\n", f"{pad}? "))
        text += pad + _scalar(random, key=True) + ":" + _block_value(random, indent, depth)
    return text


def _block_value(random: Random, indent: int, depth: int) -> str:
    roll = random.random()
    mark = random.choice(("", "", "", "", " &a", " &b", " !!str", " !foo", " !!map"))
    deeper = indent + random.choice((1, 2, 2, 2, 4))
    if depth < 4 and roll < 0.3:
        return f"{mark}\n" + _block_map(random, deeper, depth + 1)
    if depth < 4 and roll < 0.45:
        pad = " " * random.choice((indent, deeper))
        items = [f"{pad}- {_item(random, len(pad), depth)}" for _ in range(random.choice((1, 2, 3)))]
        return f"{mark}\n" + "".join(items)
    if roll < 0.55:
        lines = [" " * deeper + random.choice(PLAINS) for _ in range(random.choice((0, 1, 2, 3)))]
        return f"{mark} {random.choice('|>')}{random.choice(('', '-', '+', '2', ''))}\n" + "\n".join([*lines, ""])
    if roll < 0.65:
        return f"{mark} {_flow(random, 0)}\n"
    return f"{mark} {_scalar(random)}{random.choice(('', '', '', ' # c'))}\n"


def _item(random: Random, indent: int, depth: int) -> str:
    if random.random() < 0.4:
        return _block_map(random, indent + 2, depth + 1).lstrip(" ")
    return _scalar(random) + "\n"


def _flow(random: Random, depth: int) -> str:
    roll = random.random()
    space = random.choice(("", " ", " ", "\n ", "\t"))
    if depth < 3 and roll < 0.35:
        inner = [_flow(random, depth + 1) for _ in range(random.randrange(4))]
        tail = random.choice(("", "", ",", space)) if inner else ""
        return "[" + ("," + space).join(inner) + tail + "]"
    if depth < 3 and roll < 0.7:
        pairs = [
            _scalar(random, key=True) + random.choice((":", ": ", " : ", ":" + space)) + _flow(random, depth + 1)
            for _ in range(random.randrange(4))
        ]
        tail = random.choice(("", "", ",", space)) if pairs else ""
        return "{" + ("," + space).join(pairs) + tail + "}"
    return _scalar(random)


def _scalar(random: Random, *, key: bool = False) -> str:
    roll = random.random()
    text = random.choice(PLAINS if random.random() < 0.97 else ODD_PLAINS)
    if roll < 0.1:
        return "'" + text.replace("'", "''") + "'"
    if roll < 0.2:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if roll < 0.25:
        return random.choice(("*a ", "*b ", "&a 1", "&c x", "!!str 1", "! 2", "!!int 3", "!foo x"))
    if key and roll < 0.8:
        return random.choice(("a", "b", "c", "d", "name", "a.b", "x y"))
    return text
