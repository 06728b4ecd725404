"""A chart's values.schema.json as Helm enforces it: a schema's text and values in, what is refused out.

Helm from 3.18.5 on reads drafts 4 to 2020-12; without `$schema` it takes the newest. Formats are asserted up to
draft 7, patterns are RE2, numbers are decimal. What Helm would fetch is not fetched, and said to be unjudged.
"""

import json
from collections.abc import Iterator
from functools import lru_cache

from meshguard.chart_schema.keywords import Refusal, hold, pattern_of
from meshguard.chart_schema.library import (
    DRAFTS,
    HERE,
    NEW,
    NEWEST,
    Library,
    Part,
    Resource,
    WrongError,
    add,
    children,
    collect,
    load,
    resolve,
)
from meshguard.diagnostic import ROOT, Finding, ValuePath
from meshguard.helm.layers import Chart
from meshguard.node import Plain

_MOST = 200  # refusals; nobody reads more


def findings(chart: Chart, values: Plain, at: ValuePath = ROOT) -> Iterator[tuple[Finding, bool]]:
    """Give what the schemas of a chart and of those in it refuse, and whether that is known for sure.

    `values` are those of the chart, as they were merged; `at` is where they stand.
    """
    if chart.schema is not None:
        whose = f"of the subchart '{chart.name}' " if at else ""
        for refusal in refusals(chart.schema, values)[:_MOST]:
            said = f"refuses '{refusal.at[-1]}'" if refusal.at else "refuses the values"
            said = said if refusal.is_known else "was not judged whole"
            message = f"the chart's values.schema.json {whose}{said}: {refusal.reason}"
            yield Finding(ValuePath((*at, *refusal.at)), message, on_key=refusal.on_key), refusal.is_known
    for sub in chart.charts if isinstance(values, dict) else ():
        below = values.get(sub.name)  # type: ignore[union-attr] # it is a map
        if isinstance(below, dict):
            yield from findings(sub, below, at / sub.name)


def refusals(data: bytes, values: Plain) -> tuple[Refusal, ...]:
    """Give what the schema refuses, in its own order; a schema that Helm cannot use refuses everything."""
    read = _read(data)
    if isinstance(read, Refusal):
        return (read,)
    library, found = read
    try:
        told = hold(library, library.resources[HERE].root, values, asserts=False)
    except (WrongError, RecursionError) as error:
        return (*found, _useless(error))
    return (*found, *told)


@lru_cache(maxsize=32)
def _read(data: bytes) -> tuple[Library, tuple[Refusal, ...]] | Refusal:
    """Read the schema and look at all of it that can be reached, as Helm does before it looks at the values."""
    try:
        document = _parse(data)
        library = Library({}, {}, set(), [])
        root = add(library, HERE, document, NEWEST)
        _conform(library, document, root)
        _reach(library, document, root)
    except (WrongError, RecursionError) as error:
        return _useless(error)
    return library, tuple(
        Refusal(ROOT, f"it refers to '{url}', which Helm fetches and meshguard does not", is_known=False)
        for url in dict.fromkeys(library.unread)
    )


def _useless(error: Exception) -> Refusal:
    if isinstance(error, RecursionError):
        return Refusal(ROOT, "it is nested too deep", is_known=False)
    return Refusal(ROOT, str(error))


def _parse(data: bytes) -> Part:
    def refuse(text: str) -> object:
        raise ValueError(f"{text} is no JSON")

    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
        return json.loads(text, parse_constant=refuse, parse_float=_number)
    except ValueError as error:
        raise WrongError(f"it is no JSON ({error})") from None


def _number(text: str) -> float:
    number = float(text)
    if number in (float("inf"), -float("inf")):
        raise ValueError(f"{text} is too large")
    return number


def _conform(library: Library, schema: Part, resource: Resource) -> None:
    """Hold a schema against the schema of schemas."""
    name = next(name for name, draft in DRAFTS.items() if draft == resource.draft)
    url = f"http{'s' * (resource.draft >= NEW)}://{name}schema"
    meta = library.resources.get(url) or load(library, url)
    found = hold(library, meta.root, schema, asserts=True)
    if found:
        at = str(found[0].at) or "the top"
        raise WrongError(f"it is no valid schema itself: at {at}, {found[0].reason}")


def _reach(library: Library, schema: Part, resource: Resource) -> None:
    """Follow all references, and try all patterns, of what can be reached."""
    waiting = [(schema, resource)]
    reached = set()
    while waiting:
        schema, resource = waiting.pop()
        if not isinstance(schema, dict) or id(schema) in reached:
            continue
        reached.add(id(schema))
        if id(schema) not in library.known:
            _conform(library, schema, resource)
            collect(library, schema, resource)
        resource = library.owners.get(id(schema), resource)
        waiting += _targets(library, schema, resource)
        if resource.draft < NEW and isinstance(schema.get("$ref"), str):
            continue
        for pattern in _patterns(schema):
            pattern_of(pattern)
        waiting += [
            (below, resource)
            for keyword, below in children(schema, resource.draft)
            if _is_used(keyword, schema) and not isinstance(below, list)
        ]


def _is_used(keyword: str, schema: Part) -> bool:
    """Tell whether anything is ever held against the schemas of a keyword."""
    if keyword in ("then", "else"):
        return "if" in schema and schema["if"] is not (keyword == "else")
    if keyword == "additionalItems":
        return isinstance(schema.get("items"), list)
    return keyword not in ("definitions", "$defs")


def _targets(library: Library, schema: Part, resource: Resource) -> list[tuple[Part, Resource]]:
    keywords = [("$ref", 0), ("$recursiveRef", NEW), ("$dynamicRef", NEWEST)]
    return [
        resolve(library, resource, schema[keyword])
        for keyword, since in keywords
        if isinstance(schema.get(keyword), str) and resource.draft >= since
    ]


def _patterns(schema: Part) -> Iterator[str]:
    if isinstance(schema.get("pattern"), str):
        yield schema["pattern"]
    if isinstance(schema.get("patternProperties"), dict):
        yield from schema["patternProperties"]
