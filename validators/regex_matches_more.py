r"""A regular expression takes more paths than it seems to.

## Why

- `.` is any character: `/v1.0` is also `/v1x0`, and `/files/[^/]+.json` also `/files/ajson`. A dot itself is `\.`.
- `/api.*` is plain text and then anything, so it takes `/apikeys` and `/api-internal`, too. A Prefix takes whole
  segments.

What an expression takes is reachable from outside.

## Bad

```policy
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: '/v1.0/(?:users|shops)', pathType: Regex}  # warning: [regex-matches-more] "\."
    - {path: '/files/[^/]+.json', pathType: Regex}  # warning: [regex-matches-more] "\."
    - {path: '/api.*', pathType: Regex}  # warning: [regex-matches-more] "/apix"
```

## Good

```policy
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: '/v1\.0/(?:users|shops)', pathType: Regex}
    - {path: '/files/[^/]+[.]json', pathType: Regex}
    - {path: '.*\.(?:png|css)', pathType: Regex}
    - {path: '/v[0-9]+/apis/.*', pathType: Regex}
    - {path: '.*report.*', pathType: Regex}
    - {path: '/(?:a|b)-.*', pathType: Regex}
```

## See

- https://github.com/google/re2/wiki/Syntax

## Shown by

- `tests/mesh/test_paths.py::test_what_a_match_takes`
"""

import re
from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.overlap import expressions
from meshguard.regex import Char, Edge, Part, Sequence, is_anything, sequences
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find unescaped dots in text, and text that goes on with anything."""
    for route, part in expressions(case.service, case.facts):
        if any(map(_has_loose_dot, sequences(part))):
            reason = "'.' is any character here, so other paths match, too; write '\\.' for a dot"
        elif _is_loose_prefix(part):
            head = re.sub(r"\.\*\??\$?$", "", route.path.removeprefix("^"))
            reason = f"'{head}x' matches, too, for '.*' begins anywhere; write '{head}(?:/.*)?', or a Prefix"
        else:
            continue
        yield Finding(route.at / "path", f"the Regex '{route.path}' takes more than it seems to: {reason}")


def _has_loose_dot(sequence: Sequence) -> bool:
    """Tell whether one unescaped dot stands beside a letter or a digit, as in a file name or a version."""
    texts = ["", *(part.text if isinstance(part, Char) else "" for part in sequence.parts), ""]
    around = zip(texts, texts[1:], texts[2:], strict=False)
    return any(text == "." and (_is_word(before) or _is_word(after)) for before, text, after in around)


def _is_loose_prefix(part: Part) -> bool:
    """Tell whether the expression ends in a letter or a digit and then `.*`, the first one in it."""
    parts = [each for each in part.parts if not isinstance(each, Edge)] if isinstance(part, Sequence) else []
    last = parts[-2] if len(parts) > 1 and is_anything(parts[-1]) else None
    return isinstance(last, Char) and _is_word(last.text) and not any(map(is_anything, parts[:-1]))


def _is_word(text: str) -> bool:
    return len(text) == 1 and text.isalnum()


RULE = Rule("regex-matches-more", Severity.WARNING, __doc__, check)
