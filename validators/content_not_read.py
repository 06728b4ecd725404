"""A part of the values is not read.

## Why

Helm stops reading where the first map ends. A line that is indented less than the first one, or stands behind
`...` or a closing brace, ends it: that line and everything below is dropped, without a word (Helm 3 and 4, run).
Whatever was said there, such as a whole section, does not exist.

Helm 4 before 4.3 loses a last line without a line feed, too, where its length is a multiple of 4,096 bytes
(helm/helm#32506).

Of `--set` arguments, Helm ignores one whose key has no name, as in `.timeout=5s`, and Helm 4 one whose index does
not end, as in `ports[0=1` (3.14 to 4.3, run).

## Bad

```yaml
  ports:
    - {number: 8080, name: http}
externalRouting:  # error: [content-not-read] "externalRouting"
  hosts: [orders.example.com]
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
...
```

## See

- https://yaml.org/spec/1.2.2/#document-markers
- https://github.com/helm/helm/issues/32506

## Shown by

- `tests/helm/test_what_helm_does.py::test_what_follows_the_first_map_is_dropped`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule

_FAULTS = {
    "trailing-content": "Helm stops reading here, so this line and everything below, such as an 'externalRouting',"
    " does not exist for it; give all keys of the file the same indentation, and take away '...' before them",
    "unterminated-line": "Helm loses the last line of the file, because it has no line feed and fills a buffer;"
    " end it with one",
}


def check(case: Case) -> Iterator[Finding]:
    """Find what stands behind the end of the first map, a last line that gets lost, arguments that say nothing."""
    for loss in case.losses:
        if loss.kind in _FAULTS:
            yield Finding(loss.at, _FAULTS[loss.kind], span=loss.span)
        elif loss.kind == "ignored-argument":
            yield Finding(loss.at, f"{loss.detail}; correct the argument", span=loss.span)


RULE = Rule("content-not-read", Severity.ERROR, __doc__, check)
