"""The right spelling of a value that a schema refused: the value and what it should have been in, advice out."""

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import NamedTuple
from urllib.parse import quote

from meshguard.duration import duration
from meshguard.node import Plain
from meshguard.schema import Part, accepts

LONGEST = 60  # characters of a value in a sentence
_LONGEST_ADVICE = 200


class Wrong(NamedTuple):
    """A value that its schema refused: what its key is called, what stands beside it, and the schema."""

    name: str
    value: Plain
    beside: Mapping[str, Plain]
    schema: Part


def advice(wrong: Wrong) -> str:
    """Say what would be right for just this value, or what is right for all of its kind."""
    if isinstance(wrong.value, str) and "{{" in wrong.value:
        return "Helm fills no templates in values: write the text itself"
    right = _particular(wrong.schema)(wrong)
    return right if 0 < len(right) <= _LONGEST_ADVICE else str(wrong.schema["description"])


def nearest(word: str, choices: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Give the choice that a word most likely meant: the same letters in another style, else a similar one."""
    known = {letters(choice): choice for choice in choices}
    close = get_close_matches(letters(word[:LONGEST]), known, 1, cutoff)
    return known[close[0]] if close else None


def shown(value: Plain) -> str:
    """Show a value in a sentence: in quotes, and not too much of a long text."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a map"
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{text}'" if len(text) <= LONGEST else f"'{text[:LONGEST]}...'"


def letters(word: str) -> str:
    """Give the letters and digits of a word, which its styles have in common."""
    return re.sub(r"[^a-z0-9*]", "", word.lower())


def _fits(wrong: Wrong, text: str) -> bool:
    """Tell whether other text would pass; the schemas of single values stand alone."""
    return accepts({key: says for key, says in wrong.schema.items() if key != "then"}, text)


_CHOSEN = 0.61  # how much a word has in common with the choice that it is taken for


def _choice(wrong: Wrong) -> str:
    """Advise on what has a few right words."""
    choices = [choice for choice in wrong.schema.get("enum", ()) if isinstance(choice, str)]
    alias = _ALIASES.get(wrong.schema.get("title", ""), {}).get(letters(str(wrong.value)))
    if not alias and isinstance(wrong.value, str):
        plainer = wrong.value.strip().lower()
        alias = plainer if plainer and _fits(wrong, plainer) else nearest(wrong.value, choices, _CHOSEN)
    return f"write {alias}" if alias else ""


_ALIASES: Mapping[str, Mapping[str, str]] = {
    "a protocol": {
        "h2": "HTTP2",
        "h2c": "HTTP2",
        "http11": "HTTP",
        "http1": "HTTP",
        "ws": "HTTP",
        "websocket": "HTTP",
        "wss": "HTTPS",
        "ssl": "TLS",
        "postgres": "TCP",
        "postgresql": "TCP",
        "kafka": "TCP",
        "amqp": "TCP",
        "mongodb": "MONGO",
    },
    "a path type": {
        "pathprefix": "Prefix",
        "implementationspecific": "Prefix",
        "regularexpression": "Regex",
        "regexp": "Regex",
    },
    "an HTTP method": {
        "any": "no methods at all, which means all of them",
        "all": "no methods at all, which means all of them",
        "*": "no methods at all, which means all of them",
    },
    "a way of load balancing": {"leastconn": "leastRequest", "leastconnection": "leastRequest", "rr": "roundRobin"},
    "a severity": {
        "false": "none (YAML reads off and no as false)",
        "off": "none",
        "warn": "warning",
        "ignore": "none",
        "disabled": "none",
        "fatal": "error",
        "critical": "error",
        "note": "info",
    },
    "deny or allow": {"true": "allow", "false": "deny", "block": "deny", "permit": "allow"},
}


def _number(wrong: Wrong) -> str:
    value, title = wrong.value, wrong.schema["title"]
    if isinstance(value, float) and 0 < value < 1 and title in {"a share of the requests", "a percentage above 0"}:
        return f"write {value * 100:g}"
    if not isinstance(value, str):
        return ""
    digits = re.fullmatch(r" *([0-9]+(?:[.][0-9]+)?) *(%?) *", value)
    if digits and _is_within(float(digits[1]), wrong.schema):
        return f"write {digits[1]} without {'%' if digits[2] else 'quotes'}"
    if title == "a port number" and not digits:
        return "a range is none: list each port" if re.fullmatch("[0-9]+ *- *[0-9]+", value) else _NO_NAME
    return ""


def _is_within(number: float, schema: Part) -> bool:
    return bool(schema.get("minimum", number) <= number <= schema.get("maximum", number))


_NO_NAME = "write the number, not the name"


def _flag(wrong: Wrong) -> str:
    word = str(wrong.value).lower()
    if word in {"true", "yes", "on", "y", "1", "enabled"}:
        return "write true without quotes"
    return "write false without quotes" if word in {"false", "no", "off", "n", "0", "disabled"} else ""


_TOKENS = ("grpc-web", "http2", "https", "http", "grpc", "tls", "tcp", "udp", "mongo", "mysql", "redis")


def _port_name(wrong: Wrong) -> str:
    """Put the nearest right name together from the words of the name and the protocol beside it."""
    if not isinstance(wrong.value, str):
        return "write text: the protocol, or the protocol and a suffix, such as http"
    word = re.sub(r"[^a-z0-9]+", "-", wrong.value.lower()).strip("-")
    start = next((start for start in _STARTS if word.startswith(start)), "")
    declared = str(wrong.beside.get("protocol")).lower()
    token = declared if declared in _TOKENS else _STARTS.get(start) or _USUAL.get(word.partition("-")[0], "")
    rest = word.removeprefix(start if token == _STARTS.get(start) else "").strip("-")
    name = f"{token}-{rest}" if rest else token
    if _fits(wrong, name):
        return f"write {name}"
    either = not token and _fits(wrong, f"http-{rest}")
    return f"write http-{rest} if it speaks HTTP, tcp-{rest} if not" if either else ""


_STARTS = {token: token for token in _TOKENS} | {"grpcweb": "grpc-web", "h2c": "http2", "h2": "http2", "ssl": "tls"}
_USUAL = dict.fromkeys(
    ("web", "ui", "api", "rest", "admin", "app", "metrics", "health", "management", "monitoring", "ws"), "http"
) | dict.fromkeys(
    ("postgres", "postgresql", "pg", "kafka", "amqp", "rabbitmq", "ssh", "smtp", "ldap", "cassandra", "db"), "tcp"
)


def _contradiction(wrong: Wrong) -> str:
    name, protocol = str(wrong.value), str(wrong.beside.get("protocol"))
    said = next(token for token in _TOKENS if name == token or name.startswith(f"{token}-"))
    suffix = name[len(said) :]
    if protocol == "TCP":
        return (
            f"protocol is what is spoken, not the transport: write protocol: {said.upper()}, or name: tcp{suffix}"
        )
    suffix = suffix.removeprefix(f"-{protocol.lower()}")
    return f"write protocol: {said.upper()}, or name: {protocol.lower()}{suffix}"


_UNITS = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "m": ("m", "min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "ms": ("ms", "msec", "msecs", "milli", "millis", "millisecond", "milliseconds"),
    "d": ("d", "day", "days"),
}
_MANY_SECONDS = 1000
_LENGTHS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def _duration(wrong: Wrong) -> str:
    value = wrong.value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ""
    text = re.sub(r"[\s_]|[;,]$", "", str(value)).lower()[:LONGEST]
    if re.fullmatch(r"[0-9]+", text):
        return _with_unit(wrong, int(text)) if int(text) else _no_end(wrong)
    if text in {"none", "never", "inf", "infinity", "infinite", "unlimited", "off", "-1", "disabled"}:
        return _no_end(wrong)
    if text.startswith("-"):
        return ""
    length = _length(text.removeprefix("pt") if text.startswith("pt") else text)
    return f"write {duration(length)}" if length and _fits(wrong, duration(length)) else ""


def _with_unit(wrong: Wrong, count: int) -> str:
    """Advise on a bare number: a wait before a retry is short, and large numbers are often milliseconds."""
    if wrong.name == "retryBackoff":
        return f"it has no unit: write {count}ms"
    either = count >= _MANY_SECONDS and _fits(wrong, f"{count}ms")
    return f"it has no unit: write {count}s" + (f" or {count}ms" if either else "")


def _no_end(wrong: Wrong) -> str:
    if wrong.name == "timeout" and "none" not in wrong.schema["title"]:
        return "a path that must never be cut is `streaming: true`"
    return "leave it out for the mesh's own default"


def _length(text: str) -> int | None:
    """Give the milliseconds of a duration in another notation (`1.5s`, `5sec`, `1d`), if they are whole."""
    if not re.fullmatch(r"(?:[0-9]*[.]?[0-9]+[a-z]+)+", text):
        return None
    length = 0.0
    for count, unit in re.findall(r"([0-9.]+)([a-z]+)", text):
        known = next((key for key, words in _UNITS.items() if unit in words), None)
        if known is None:
            return None
        length += float(count) * _LENGTHS[known]
    return int(length) if length.is_integer() else None


_CONDITIONS = (
    "connect-failure",
    "refused-stream",
    "reset-before-request",
    "reset",
    "gateway-error",
    "5xx",
    "retriable-4xx",
    "unavailable",
    "resource-exhausted",
    "cancelled",
    "internal",
    "deadline-exceeded",
)
_SWITCHED_OFF = "retryAttempts: 0 switches retries off"
_ENVOY = "it is a word of the mesh itself: write the status codes, such as 503"
_NO_CONDITION = {
    "": f"write what is retried, such as connect-failure; {_SWITCHED_OFF}",
    ",": "take out the comma too many",
    "none": _SWITCHED_OFF,
    "off": _SWITCHED_OFF,
    "never": _SWITCHED_OFF,
    "false": _SWITCHED_OFF,
    "true": "write what is retried, such as 5xx; YAML reads `on` as true",
    "all": "write 5xx for every failure",
    "any": "write 5xx for every failure",
    "*": "write 5xx for every failure",
    "4xx": "write retriable-4xx, which is 409, or the status codes themselves, such as 429",
    "timeout": "write gateway-error, which is 502, 503 and 504",
    "connectionfailure": "write connect-failure",
    "connectionerror": "write connect-failure",
    "servererror": "write 5xx",
    "canceled": "write cancelled",
    "internalservererror": "write 500",
    "badgateway": "write 502",
    "serviceunavailable": "write 503",
    "gatewaytimeout": "write 504",
    "toomanyrequests": "write 429",
    "ratelimited": "write 429",
    "envoyratelimited": "write 429",
    "retriablestatuscodes": _ENVOY,
    "retriableheaders": _ENVOY,
    "http3postconnectfailure": _ENVOY,
}


def _retry(wrong: Wrong) -> str:
    """Name the first condition that is none, and the one that was meant."""
    if isinstance(wrong.value, dict):
        return "write the conditions as text, such as retryOn: 5xx, and retryAttempts beside it"
    tokens = wrong.value.split(",") if isinstance(wrong.value, str) else [str(wrong.value).lower()]
    token = next((each for each in map(str.strip, tokens) if not _fits(wrong, each)), "")
    several = re.split("[ ,;|]+", str(wrong.value))
    if len(several) > 1 and all(_fits(wrong, each) for each in several):
        listed = "array" not in wrong.schema["type"]
        return f"make it {len(several)} items" if listed else f"separate them by commas: {','.join(several)}"
    close = nearest(token, _CONDITIONS)
    known = letters(token) or "," * (len(tokens) > 1)
    answer = _NO_CONDITION.get(known) or _status(token) or (f"write {close}" if close else "")
    return f"{shown(token)} is none: {answer}" if answer and token and len(tokens) > 1 else answer


def _status(token: str) -> str:
    if re.fullmatch(r"[0-9]{3}-[0-9]{3}", token):
        return "a range is none: write each status code, or 5xx, which covers all from 500 on"
    if not re.fullmatch(r"[0-9]{3}", token):
        return ""
    if token < "400":
        return "that is no failure, so it would be repeated although nothing is wrong"
    return "write a registered status code" + (", or 5xx, which covers all from 500 on" if token >= "500" else "")


def _host(wrong: Wrong) -> str:
    """Take away what is not the name: scheme, path, port, dot at the end, capital letters."""
    value = wrong.value
    if isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    if not isinstance(value, str):
        return ""
    name = re.sub(r"^[a-z][a-z0-9+.-]*://", "", value.strip().lower())
    name = re.sub(r"[/?#:].*$", "", name, flags=re.DOTALL).rstrip(".")
    name = name if name.isascii() else _in_ascii(name)
    if _fits(wrong, name):
        return f"write {name}"
    fault = next((answer for pattern, answer in _NO_HOST.items() if re.search(pattern, name)), "")
    service = f"; a service in the mesh is service: {name}" if wrong.name == "host" else ""
    return fault.format(name=name, service=service)


def _in_ascii(name: str) -> str:
    """Give a name with letters beyond ASCII as DNS has it."""
    try:
        return name.encode("idna").decode() if len(name) <= _LONGEST_ADVICE else name
    except UnicodeError:
        return name


_NO_HOST = {
    r"[*]": "a wildcard is the whole first label, such as *.example.com",
    r"_": "a host name has no underscores; write it with dashes",
    r"^[0-9.]+$": "an address is no name",
    r"^[a-z0-9-]+$": "write the full name, such as {name}.example.com{service}",
}


def _server_name(wrong: Wrong) -> str:
    """Advise on a name that is sent as it stands, so unlike other host names it has no wildcard."""
    if isinstance(wrong.value, str) and "*" in wrong.value:
        return "it is sent as it stands: write one name that the certificate covers, such as api.example.com"
    return _host(wrong)


def _origin(wrong: Wrong) -> str:
    if isinstance(wrong.value, dict) and isinstance(wrong.value.get("exact"), str):
        return f"write the value itself: {wrong.value['exact']}"
    if not isinstance(wrong.value, str):
        return ""
    scheme, sep, rest = wrong.value.strip().lower().rpartition("://")
    rest = re.sub(r"[/?#].*$", "", rest, flags=re.DOTALL)
    origin = f"{scheme}://{rest}" if sep else f"https://{rest}"
    if origin == "https://null":
        return "it is what any file and any sandboxed frame sends; leave it out"
    if rest.endswith(":*"):
        return "no sign stands for all ports; write each, such as http://localhost:3000"
    if _fits(wrong, origin):
        return f"write {origin}"
    return "a wildcard is the whole first label, such as https://*.example.com" if "*" in rest else ""


def _path(wrong: Wrong) -> str:
    """Find the first thing that a path may not have, and write it without."""
    path = wrong.value
    if not isinstance(path, str):
        return _no_text_for_path(wrong)
    if path and path[0] in _QUOTES:
        return f"write {path.strip(_QUOTES)} in straight quotes, or in none"
    bare = re.sub(r"^[a-z]+://[^/]*", "", re.split("[?#]", path.strip())[0])
    bare = re.sub("/+", "/", f"/{bare}")
    if wrong.name == "metrics" and "?" in path:
        return f"a query belongs to the settings of the scraper: write {bare}"
    plain = re.split(_SIGNS, re.sub(r"^/\^/?", "/", bare))[0].rpartition("/")[0] or "/"
    for pattern, answer in _NO_PATH.items():
        if re.search(pattern, path):
            return answer.format(bare, plain)
    bare = quote(bare, safe="/%!$&'()*+,;=:@~", errors="replace")
    return f"write {bare}" if _fits(wrong, bare) else ""


def _no_text_for_path(wrong: Wrong) -> str:
    if wrong.name == "metrics":
        return "write the path that is scraped on this port, such as /metrics"
    return f"write /{wrong.value}" if type(wrong.value) is int else ""


_QUOTES = "\u201c\u201d\u201e\u2018\u2019"
_SIGNS = r"[][{}<^|\\(*]|[.][*+]"
_PREFIX = "write {1}, a Prefix that takes all below it, or pathType: Regex with {2} where the policy allows it"
_NO_PATH = {
    r"\$[{(]": "nothing fills in variables here: write the path itself",
    r"<\w": "angle brackets are taken as they stand; " + _PREFIX.replace("{2}", "[^/]+ for what varies"),
    r"[{]": "braces are taken as they stand; " + _PREFIX.replace("{2}", "[^/]+ for what varies"),
    r"[][^|]|\\[dDwWsS.]": "a pattern is taken as it stands; " + _PREFIX.replace(" with {2}", ""),
    r"[?]": "it ends before the question mark: write {0}; conditions are queryParams",
    r"#": "it ends before the #, which no request carries: write {0}",
    r"%2[fF]": "an encoded slash is not a slash for every proxy; write it decoded",
    r"%2[eE]": "an encoded dot is a dot for every proxy; write it decoded",
    r"\\": "write slashes, not backslashes",
    r"(?:^|/)[.][.]?(?:/|$)": "a request never has . and .. as segments; write the path that they lead to",
}


def _header(wrong: Wrong) -> str:
    """Advise on a name with a colon."""
    name = str(wrong.value)
    if name.startswith(":"):
        return "names that begin with a colon are no headers; hosts, methods and paths have keys of their own"
    bare = name.rstrip(": ")
    return f"write {bare}" if bare != name and _fits(wrong, bare) else ""


def _text(wrong: Wrong) -> str:
    """Advise on a value that must be text."""
    value = wrong.value
    if isinstance(value, bool | int | float):
        read = "true or false" if isinstance(value, bool) else "a number"
        return f"put quotes around it as it stands: without them YAML reads {read}, and the value is text"
    if wrong.name in {"request", "response", "set", "add", "remove"}:
        return "headers are conditions; requestHeaders and responseHeaders change headers"
    if isinstance(value, dict) and isinstance(value.get("exact"), str):
        return f"write the value itself: {wrong.name}: {value['exact']}"
    if isinstance(value, dict):
        return "write the exact value; there is no prefix or regex here"
    if isinstance(value, str) and value != value.strip():
        return "take the spaces around it away"
    return ""


def _version(wrong: Wrong) -> str:
    if not isinstance(wrong.value, float):
        return ""
    text = str(wrong.value)
    either = f'"{text}0" or "{text}"' if re.fullmatch(r"[0-9]+[.][0-9]", text) else f'"{text}"'
    return f"write {either} with quotes: YAML reads 1.30 as the number 1.3"


def _secret(wrong: Wrong) -> str:
    """Advise on the file of public authorities, which every gateway has."""
    is_public = wrong.name == "caCertificates" and str(wrong.value).endswith(
        ("/ca-certificates.crt", "/ca-bundle.crt")
    )
    return "write system for the public authorities" if is_public else ""


def _service(wrong: Wrong) -> str:
    """Take away what is not the name: scheme, port, the cluster's domain."""
    if not isinstance(wrong.value, str) or re.fullmatch("[^:]+/.*", wrong.value):
        return ""
    name, _, port = re.sub(r"^[a-z]+://", "", wrong.value.strip().lower()).partition("/")[0].partition(":")
    name = re.sub(r"\.svc(\..*)?$", "", name.replace("_", "-"))
    beside = f" with port: {port}" if port.isdigit() and wrong.name == "service" else ""
    label, *more = name.split(".")
    if _fits(wrong, name):
        return f"write {name}{beside}"
    if _fits(wrong, f"{label}.{''.join(more[:1])}"):
        return f"write {label}.{more[0]}"
    return f"write {label}: a backend stands in the same namespace" if more and _fits(wrong, label) else ""


def _own_port(wrong: Wrong) -> str:
    if isinstance(wrong.value, int):
        return "write the port's name, as `ports` has it, not its number"
    return ""


def _list(wrong: Wrong) -> str:
    """Advise on a list that was written as one value or as a map."""
    if isinstance(wrong.value, dict) and any(re.match("-[a-z]", key) for key in wrong.value):
        return "put a blank behind each '-'"
    if isinstance(wrong.value, dict):
        first = next(iter(wrong.value), "")
        item = (
            f"'- path: {first}', with its settings below it" if first.startswith("/") else "'- ' before each item"
        )
        return f"write {item}" if first else ""
    if not isinstance(wrong.value, str) or not wrong.value:
        return ""
    if wrong.schema["title"] in _ITEM_KEYS:
        key = _ITEM_KEYS[wrong.schema["title"]]
        return f"write '- {key}: {wrong.value}'" if key else ""
    items = re.split("[, ]+", wrong.value.strip(", "))
    safe = [f'"{item}"' if re.search("[:*{}&#]", item) else item for item in items]
    return f"write [{', '.join(safe)}]"


_ITEM_KEYS = {  # of lists whose items are maps: the key that a single word is likely meant for
    "the ports of this service": "",
    "the ports of a host": "",
    "a list of paths": "path",
    "a list of backends": "service",
    "a list of upstreams": "host",
    "a list of service entries": "values",
    "a list of exemptions": "",
}


def _map(wrong: Wrong) -> str:
    """Advise on a map that was written as a list or as one value."""
    value = wrong.value
    if isinstance(value, list):
        routing = wrong.name in {"externalRouting", "internalRouting"}
        section = "write pathConfiguration above the list" if routing else "take the dashes away"
        return section if value else ""
    unparted = str(value).partition(":")[0]
    if unparted != value and unparted in wrong.schema.get("properties", ()):
        return f"put a blank behind '{unparted}:'"
    key = _MAIN_KEYS.get(wrong.schema["title"])
    if not key or isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    _, separator, rest = str(value).rpartition("://")
    host, _, path = rest.partition("/")
    if wrong.schema["title"] == "redirect" and separator:
        return f"write {{host: {host}, path: /{path}}}"
    said = host.partition(":")[0] if key == "host" else str(value)
    is_number = key in {"number", "port"}
    if is_number != said.isdigit() or (key == "path" and not said.startswith("/")):
        return ""
    return f"write {{{key}: {said}}}"


_MAIN_KEYS = {
    "an item of pathConfiguration": "path",
    "a port": "number",
    "a backend": "service",
    "an upstream": "host",
    "redirect": "path",
    "originateTLS": "port",
    "tls": "serverName",
    "a service entry": "values",
    "a gateway": "gateway",
}


def _particular(schema: Part) -> Callable[[Wrong], str]:
    kind = {"array": _list, "object": _map}.get(str(schema.get("type")))
    return kind or _PARTICULAR.get(schema.get("title", ""), _choice)


_PARTICULAR: Mapping[str, Callable[[Wrong], str]] = {
    "a port number": _number,
    "a count": _number,
    "a limit above 0": _number,
    "a percentage above 0": _number,
    "a percentage": _number,
    "a share of the requests": _number,
    "a number of retries": _number,
    "a number of paths": _number,
    "a redirect code": _number,
    "true or false": _flag,
    "a name that says its protocol": _port_name,
    **{f"a name for {token.upper()}": _contradiction for token in _TOKENS},
    "a timeout": _duration,
    "a timeout or none": _duration,
    "a duration": _duration,
    "a duration in whole seconds": _duration,
    "a retry condition": _retry,
    "a host name": _host,
    "one host name": _host,
    "the name on a certificate": _server_name,
    "an origin": _origin,
    "a path": _path,
    "a header name": _header,
    "a header value": _text,
    "a query parameter value": _text,
    "an Istio version": _version,
    "the name of a Secret": _secret,
    "the name of a Service": _service,
    "the name of a service in the mesh": _service,
    "the name of a port": _own_port,
}
