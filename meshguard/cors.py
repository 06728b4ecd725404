"""CORS of a service's items: items in, each statement once out."""

from collections.abc import Iterator

from meshguard.model import Cors, Service


def cors_statements(service: Service) -> Iterator[Cors]:
    """Give each `cors` once, although an override may state it for several items."""
    seen = set()
    for route in (service.external.routes or ()) if service.external is not None else ():
        if route.cors is not None and route.cors.at not in seen:
            seen.add(route.cors.at)
            yield route.cors
