"""Rendered objects in, a finding out for everything that may not be emitted: what is printed was read again.

Each text is parsed and held against the schema of exactly what may be emitted, then against what no schema can
say: what one object asks of another, of the mesh's version, and of the proxy behind Istio's own admission.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import yaml

from meshguard.diagnostic import Finding, ValuePath
from meshguard.policy import Facts
from meshguard.schema import accepts, load_schema
from meshguard.targets import Manifest, Rendered
from meshguard.targets.istio import since

# Go's RE2, which admission asks, takes more than the proxy's: other names of Unicode classes, large code points.
_ESCAPE = re.compile(r"\\(?:[pP](?:\{\^?([^}]*)\}|(.))|x\{([0-9A-Fa-f]+)\}|.)")
_CLASSES = re.compile(
    "[LMNPSZC]|L[ultmo]|M[nce]|N[dlo]|P[cdseifo]|S[mcko]|Z[slp]|C[cfos]|Any|Arabic|Armenian|Bengali|Common|Cyrillic"
    "|Devanagari|Georgian|Greek|Han|Hangul|Hebrew|Hiragana|Katakana|Latin|Tamil|Thai"
)
_LARGEST = 0xFF


class _Read(NamedTuple):
    """A manifest and what its text says to a reader."""

    manifest: Manifest
    data: dict[str, Any]

    @property
    def spec(self) -> Mapping[str, Any]:
        spec: Mapping[str, Any] = self.data["spec"]
        return spec


def verify(rendered: Rendered, facts: Facts) -> tuple[Finding, ...]:
    """Give a finding, at the value that asked for the object, for each fault of what was rendered."""
    found = []
    sound = []
    for manifest in rendered.manifests:
        read = _read(manifest)
        faults = ["it is not one YAML document"] if read is None else list(_shape_faults(read))
        found += [_finding(manifest, fault) for fault in faults]
        if read is not None and not faults:
            sound.append(read)
    found += [_finding(read.manifest, fault) for rule in _RULES for read in sound for fault in rule(read, facts)]
    found += [_finding(read.manifest, fault) for read, fault in _mutual_faults(sound, facts)]
    return tuple(found)


def _finding(manifest: Manifest, fault: str) -> Finding:
    return Finding(manifest.at, f"the rendered {manifest.kind} '{manifest.name}' is not safe to apply: {fault}")


def _read(manifest: Manifest) -> _Read | None:
    try:
        documents = list(yaml.load_all(manifest.text, Loader=yaml.CSafeLoader))
    except yaml.YAMLError:
        return None
    if len(documents) != 1 or not isinstance(documents[0], dict):
        return None
    return _Read(manifest, _with_text_keys(documents[0]))


def _with_text_keys(value: Any) -> Any:  # noqa: ANN401 - what a reader made of YAML
    """Give the data as JSON has it, where every key is text."""
    if isinstance(value, dict):
        return {str(key): _with_text_keys(item) for key, item in value.items()}
    return [_with_text_keys(item) for item in value] if isinstance(value, list) else value


def _shape_faults(read: _Read) -> Iterator[str]:
    """Hold one object against its schema, and against the name under which it is listed."""
    manifest = read.manifest
    schema = load_schema(f"istio/{manifest.kind}")
    if not accepts(schema, read.data):
        yield _first_fault(schema, read.data)
    elif read.data["metadata"] != {"name": manifest.name, "namespace": manifest.namespace}:
        yield "its metadata is that of another object"


def _first_fault(schema: Any, data: Any) -> str:  # noqa: ANN401 - as the library takes them
    from jsonschema import Draft7Validator  # noqa: PLC0415 - a fault is rare, and the library slow to load
    from jsonschema.exceptions import best_match  # noqa: PLC0415 - the same

    error = best_match(Draft7Validator(schema).iter_errors(data))
    if error is None:
        return "its schema refuses it"
    return f"{ValuePath(error.absolute_path)}: {error.message}"


def _version_faults(read: _Read, facts: Facts) -> Iterator[str]:
    """Find what the mesh's version does not know yet."""
    group = read.data["apiVersion"].partition(".")[0]
    if read.data["apiVersion"] != since.api_version(facts, group):
        yield f"{read.data['apiVersion']} is not the API version of this mesh"
    for rule in read.spec.get("http", ()):
        retries, cors = rule.get("retries", {}), rule.get("corsPolicy", {})
        later = {
            "retries.backoff": since.BACKOFF if "backoff" in retries else None,
            "reset-before-request": since.RESET_BEFORE_REQUEST if _retries_reset(retries) else None,
            "corsPolicy.unmatchedPreflights": since.UNMATCHED_PREFLIGHTS if "unmatchedPreflights" in cors else None,
            "a star in corsPolicy.allowMethods": since.ANY_METHOD if "*" in cors.get("allowMethods", ()) else None,
        }
        for name, version in later.items():
            if version is not None and not since.has(facts, version):
                yield "{} came with Istio {}.{}".format(name, *version)


def _retries_reset(retries: Mapping[str, Any]) -> bool:
    return "reset-before-request" in str(retries.get("retryOn", "")).split(",")


def _host_faults(read: _Read, _facts: Facts) -> Iterator[str]:
    """Find hosts of one object that cover each other, which admission takes for the same host twice."""
    hosts: Sequence[str] = read.spec.get("hosts", ())
    for wildcard in hosts:
        for host in hosts:
            if wildcard.startswith("*.") and host != wildcard and host.endswith(wildcard[1:]):
                yield f"host '{host}' is covered by '{wildcard}'"
    for rule in read.spec.get("tls", ()):
        for host in rule["match"][0]["sniHosts"]:
            if host not in hosts:
                yield f"'{host}' is no host of it"


def _gateway_faults(read: _Read, facts: Facts) -> Iterator[str]:
    """Find gateways that the policy does not have."""
    known = {gateway.gateway for gateway in facts.gateways.values()} | {"mesh"}
    for gateway in read.spec.get("gateways", ()):
        if gateway not in known:
            yield f"there is no gateway '{gateway}'"


def _weight_faults(read: _Read, _facts: Facts) -> Iterator[str]:
    for index, rule in enumerate(read.spec.get("http", ())):
        weights = [share["weight"] for share in rule.get("route", ()) if "weight" in share]
        if weights and sum(weights) != 100:  # noqa: PLR2004 - percent
            yield f"spec.http[{index}]: the weights sum to {sum(weights)}"


def _regex_faults(read: _Read, _facts: Facts) -> Iterator[str]:
    """Find what admission takes and the proxy does not: one such expression freezes the routes of every host."""
    for index, rule in enumerate(read.spec.get("http", ())):
        for match in rule["match"]:
            text = match.get("uri", {}).get("regex", "")
            if any(map(_is_foreign, _ESCAPE.finditer(text))):
                yield f"spec.http[{index}]: the proxy does not know a class or code point of '{text}'"


def _is_foreign(escape: re.Match[str]) -> bool:
    name, letter, point = escape.groups()
    if point is not None:
        return int(point, 16) > _LARGEST
    said = name if name is not None else letter
    return said is not None and _CLASSES.fullmatch(said) is None


def _port_faults(read: _Read, _facts: Facts) -> Iterator[str]:
    """Find ports said twice, and ports that lose what the host has: a port's settings replace, they do not add."""
    policy = read.spec.get("trafficPolicy", {})
    whole = {key: value for key, value in policy.items() if key != "portLevelSettings"}
    numbers = []
    for settings in policy.get("portLevelSettings", ()):
        number = settings["port"]["number"]
        if number in numbers:
            yield f"port {number} is there twice"
        if not whole.items() <= settings.items():
            yield f"port {number} does not repeat what holds for the host"
        numbers.append(number)


_RULES: tuple[Callable[[_Read, Facts], Iterator[str]], ...] = (
    _version_faults,
    _host_faults,
    _gateway_faults,
    _weight_faults,
    _regex_faults,
    _port_faults,
)


def _mutual_faults(reads: Sequence[_Read], facts: Facts) -> Iterator[tuple[_Read, str]]:
    """Find objects of one name, and rules for hosts outside that no entry declares."""
    seen = set()
    entries = {(read.manifest.namespace, read.spec["hosts"][0]): read for read in _of(reads, "ServiceEntry")}
    for read in reads:
        name = read.manifest[:3]
        if name in seen:
            yield read, "there is another one of that name"
        seen.add(name)
    for read in _of(reads, "DestinationRule"):
        entry = entries.get((read.manifest.namespace, read.spec["host"]))
        if entry is None and not read.spec["host"].endswith(f".svc.{facts.mesh.cluster_domain}"):
            yield read, f"no ServiceEntry declares '{read.spec['host']}'"
        elif entry is not None:
            yield from ((read, fault) for fault in _undeclared(read, entry))


def _undeclared(read: _Read, entry: _Read) -> Iterator[str]:
    declared = {port["number"] for port in entry.spec["ports"]}
    for settings in read.spec["trafficPolicy"].get("portLevelSettings", ()):
        if settings["port"]["number"] not in declared:
            yield f"its ServiceEntry does not declare port {settings['port']['number']}"


def _of(reads: Sequence[_Read], kind: str) -> Iterator[_Read]:
    return (read for read in reads if read.manifest.kind == kind)
