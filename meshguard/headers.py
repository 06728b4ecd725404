"""Header operations of a service's items: items in, one change of one header each out."""

from collections.abc import Iterator
from typing import NamedTuple

from meshguard.diagnostic import ValuePath
from meshguard.model import HeaderRules, Service, sections


class Change(NamedTuple):
    """One header that is changed. `side` is `request` or `response`, `kind` is `set`, `add` or `remove`.

    `name` is in lower case, as proxies compare it; `written` is how the values have it. `value` is '' for `remove`.
    """

    at: ValuePath
    side: str
    kind: str
    name: str
    written: str
    value: str = ""


class Changes(NamedTuple):
    """All header changes of an item on one side."""

    side: str
    changes: tuple[Change, ...]


def header_changes(service: Service) -> Iterator[Changes]:
    """Give what each item changes, on requests and on responses, as far as it changes something."""
    for routing in sections(service):
        for route in routing.routes or ():
            for side, rules in (("request", route.request_headers), ("response", route.response_headers)):
                if rules is not None:
                    yield Changes(side, tuple(_changes(rules, side)))


def every_change(service: Service) -> Iterator[Change]:
    """Give each change once, although an override may make it in several items."""
    seen = set()
    for group in header_changes(service):
        for change in group.changes:
            if change.at not in seen:
                seen.add(change.at)
                yield change


def _changes(rules: HeaderRules, side: str) -> Iterator[Change]:
    for kind, pairs in (("set", rules.set), ("add", rules.add)):
        for name, value in pairs:
            yield Change(rules.at / kind / name, side, kind, name.lower(), name, value)
    for index, name in enumerate(rules.remove):
        yield Change(rules.at / "remove" / index, side, "remove", name.lower(), name)
