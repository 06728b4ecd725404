"""A condition of an item can never hold.

## Why

All conditions of an item must hold for one request.

- Names of headers know no case, so `X-Client` and `x-client` with two values contradict each other.
- `connection`, `keep-alive` and `proxy-connection` belong to one connection: the proxy takes them away before it
  looks for an item (run on Envoy 1.40: 404).
- Query parameters are compared as they stand in the address, where a space is `%20` or `+`, and any character
  outside of ASCII is percent-encoded; run on Envoy 1.40: `preview: "a b"` matches neither of them.

Requests that are meant for the item go to another one, or get 404.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      headers:
        X-Client: mobile
        x-client: web  # error: [condition-never-holds] "x-client"
    - path: /chat
      headers: {Connection: Upgrade}  # error: [condition-never-holds] "Connection"
    - path: /search
      queryParams:
        q: two words  # error: [condition-never-holds] "two words"
    - path: /cafes
      queryParams: {city: "Zürich"}  # error: [condition-never-holds] "Zürich", "Z%C3%BCrich"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      headers: {X-Client: mobile, x-app: mobile, user-agent: Order Robot/1.0}
    - path: /chat
      headers: {upgrade: websocket}
      streaming: true
    - path: /search
      queryParams: {q: two%20words, "filter[]": a+b, empty: ""}
```

## See

- https://www.rfc-editor.org/rfc/rfc9110#name-field-names
- https://www.rfc-editor.org/rfc/rfc9110#name-connection
- https://url.spec.whatwg.org/#query-percent-encode-set

## Shown by

- `tests/mesh/test_paths.py::test_what_a_match_takes`
- `tests/mesh/test_paths.py::test_conditions_are_compared_as_they_are_written`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity, ValuePath
from meshguard.model import Route, sections
from meshguard.rule import Case, Rule

_ONE_CONNECTION = frozenset({"connection", "keep-alive", "proxy-connection"})


def check(case: Case) -> Iterator[Finding]:
    """Find conditions that contradict each other, or that no request meets."""
    for routing in sections(case.service):
        for route in routing.routes or ():
            yield from _headers(route)
            yield from _query(route)


def _headers(route: Route) -> Iterator[Finding]:
    first: dict[str, tuple[str, str]] = {}
    for name, value in route.headers:
        at = route.at / "headers" / name
        other, wanted = first.setdefault(name.lower(), (name, value))
        if name.lower() in _ONE_CONNECTION:
            message = f"the proxy removes header '{name}' before it looks for an item, so this one is never reached"
            yield Finding(at, f"{message}; leave the condition out", on_key=True)
        elif wanted != value:
            message = f"'{name}' and '{other}' are one header, which cannot be '{value}' and '{wanted}' at once"
            related = (Related(route.at / "headers" / other, f"'{wanted}' is asked for here"),)
            yield Finding(at, f"{message}, so the item is never reached; keep one", on_key=True, related=related)


def _query(route: Route) -> Iterator[Finding]:
    for name, value in route.query_params:
        at = route.at / "queryParams" / name
        yield from _encoded(at, name, on_key=True)
        yield from _encoded(at, value, on_key=False)


def _encoded(at: ValuePath, text: str, *, on_key: bool) -> Iterator[Finding]:
    sent = "".join(char if "!" <= char <= "~" and char not in '"<>' else _percent(char) for char in text)
    if sent != text and "{{" not in text:  # a template has a rule of its own
        yield Finding(
            at,
            f"'{text}' never stands in an address, where it is percent-encoded, so the item is never reached;"
            f" write '{sent}'",
            on_key=on_key,
        )


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))


RULE = Rule("condition-never-holds", Severity.ERROR, __doc__, check)
