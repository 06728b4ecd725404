import json

from meshguard.diagnostic import Severity
from meshguard.report.page import listing, listing_json, page
from meshguard.rule import Rule

DOC = """Something is wrong.

## Why

A long paragraph that is filled, whatever its lines are in the file, up to a width that reads well, and no further,
with `code` left alone.

A second one.

## Bad

```policy
limits: {paths: 1}
```

Words between.

```yaml
ports:
  - name: web  # error: [a-rule] "web"

```

```yaml values-prod.yaml
ports: []
```

## See

- https://example.com/a-very-long-address-that-is-longer-than-the-width-of-a-page/and-even-longer-than-that
- https://example.com/b
"""
RULES = (
    Rule("a-rule", Severity.ERROR, DOC),
    Rule("another-rule", Severity.WARNING, "More is wrong.\n\n## Why\n\nSo.\n", locked=True),
)

PAGE = """\
a-rule (error)

Something is wrong.

Why

  A long paragraph that is filled, whatever its lines are in the file, up to a width
  that reads well, and no further, with `code` left alone.

  A second one.

Bad

  .meshguard.yaml:
    limits: {paths: 1}

  Words between.

    ports:
      - name: web  # error: [a-rule] "web"


  values-prod.yaml:
    ports: []

See

  - https://example.com/a-very-long-address-that-is-longer-than-the-width-of-a-page/and-even-longer-than-that
  - https://example.com/b
"""


def test_page() -> None:
    assert page(RULES[0]) == PAGE


def test_page_in_colour() -> None:
    assert page(RULES[1], colour=True) == (
        "\x1b[1manother-rule\x1b[0m (warning, locked)\n\nMore is wrong.\n\n\x1b[1mWhy\x1b[0m\n\n  So.\n"
    )


def test_listing() -> None:
    assert listing(RULES) == (
        "a-rule        error            Something is wrong\n"
        "another-rule  warning  locked  More is wrong\n"
    )  # fmt: skip
    assert listing(()) == ""


def test_listing_json() -> None:
    assert json.loads(listing_json(RULES)) == [
        {"id": "a-rule", "severity": "error", "locked": False, "summary": "Something is wrong"},
        {"id": "another-rule", "severity": "warning", "locked": True, "summary": "More is wrong"},
    ]
