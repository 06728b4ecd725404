"""A value holds a template, and Helm fills no templates in values.

## Why

Helm renders templates, not values: `{{ .Values.version }}` in a values file is this very text. As a header value
it is sent with its braces, as a condition it never holds. Most fields of the contract take no braces at all and
say so.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      headers: {x-version: "{{ .Values.version }}"}  # error: [template-in-value] "{{ .Values.version }}"
      responseHeaders:
        set:
          x-release: "{{ .Release.Name }}"  # error: [template-in-value] "{{ .Release.Name }}"
```

## Good

A path with one brace on each side is a matter of regular expressions.

```policy
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: "/orders/[0-9]{4}"
      pathType: Regex
      responseHeaders: {set: {x-ids: "{1}{2}"}}
description: "{{ .Values.text }}"
```

## See

- https://helm.sh/docs/chart_template_guide/values_files/
- https://github.com/helm/helm/issues/2492

## Shown by

- `tests/helm/test_what_helm_does.py::test_a_template_in_a_value_is_text`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, ValuePath
from meshguard.model import Route, sections
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find templates in the values that take any text: headers, query parameters, regular expressions."""
    yield from once(
        Finding(
            at, f"'{text}' is taken as it stands, because Helm fills no templates in values; write the text itself"
        )
        for section in sections(case.service)
        for route in section.routes or ()
        for at, text in _texts(route)
        if "{{" in text
    )


def _texts(route: Route) -> Iterator[tuple[ValuePath, str]]:
    yield route.at / "path", route.path
    for name, text in route.headers:
        yield route.at / "headers" / name, text
    for name, text in route.query_params:
        yield route.at / "queryParams" / name, name
        yield route.at / "queryParams" / name, text
    for rules in filter(None, (route.request_headers, route.response_headers)):
        for kind, pairs in (("set", rules.set), ("add", rules.add)):
            yield from ((rules.at / kind / name, text) for name, text in pairs)


RULE = Rule("template-in-value", Severity.ERROR, __doc__, check)
