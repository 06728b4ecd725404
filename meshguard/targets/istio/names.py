"""Parts of a name in, names of objects and hosts out."""

from meshguard.needed import namespace_of
from meshguard.policy import Facts

_LIMIT = 63


def host_of(service: str, facts: Facts) -> str:
    """Give the full host name of a Service of the same namespace."""
    return f"{service}.{namespace_of(facts)}.svc.{facts.mesh.cluster_domain}"


def object_name(*parts: str) -> str:
    """Join the parts with dots, which a service name cannot hold; a name over 63 characters ends in a hash."""
    name = ".".join(parts).replace("*", "wildcard")
    if len(name) <= _LIMIT:
        return name
    from hashlib import sha256  # noqa: PLC0415 - hardly any name is that long

    return f"{name[: _LIMIT - 9].rstrip('.-')}-{sha256(name.encode()).hexdigest()[:8]}"
