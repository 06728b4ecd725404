"""The length of a body is written by hand.

## Why

`content-length` says where one request ends and the next one begins. Run on Envoy 1.40: with `requestHeaders: {set:
{content-length: "3"}}` a POST of six bytes went on with three, so the service reads the rest as the next request,
and a GET got no answer at all; in a response the body was cut off.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      requestHeaders:
        set: {Content-Length: "0"}  # error: [content-length-changed] "Content-Length"
      responseHeaders:
        remove: [content-length]  # error: [content-length-changed] "content-length"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      responseHeaders: {set: {content-language: en}}
```

## See

- https://www.rfc-editor.org/rfc/rfc9112#name-content-length

## Shown by

- `tests/mesh/test_headers.py::test_a_length_written_by_hand_splits_a_request_in_two`
- `tests/mesh/test_headers.py::test_a_length_written_by_hand_cuts_an_answer_off`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.headers import every_change
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find changes of `content-length`."""
    for change in every_change(case.service):
        if change.name == "content-length":
            yield Finding(
                change.at,
                f"header '{change.written}' says where a body ends: a changed one cuts it off or makes its rest the"
                " next request; leave it to the proxy",
                on_key=change.kind != "remove",
            )


RULE = Rule("content-length-changed", Severity.ERROR, __doc__, check)
