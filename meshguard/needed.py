"""Facts that rendering cannot do without: given, or refused with the lines that are missing. Nothing is made up."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from meshguard.diagnostic import UserError, ValuePath
from meshguard.exposure import Exposure, exposures
from meshguard.model import Routing
from meshguard.policy import Facts, Gateway, fill, template_words

_LABEL = re.compile("[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NAMESPACE = re.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_SERVICE_LINES = """services:
  - values: services/{service}/values.yaml
    name: "{service}\""""
_ENVIRONMENT_LINES = """services:
  - values: services/{service}/values.yaml
    environments:
      prod: {namespace: my-namespace, cluster: my-cluster}"""
_GATEWAY_LINES = """gateways:
  public:
    gateway: istio-ingress/public
    hostTemplate: "{service}.example.com\""""
_LABEL_LINES = 'podLabels: {app.kubernetes.io/name: "{service}"}'
_WORDS = {  # how each word of a template is said: on the command line, and in the policy
    "service": ("NAME", _SERVICE_LINES),
    "team": (
        "--team TEAM",
        '{}\n    team: "{{team}}"'.format(_SERVICE_LINES.replace("services/", "teams/{team}/")),
    ),
    "env": ("--env ENV", _ENVIRONMENT_LINES),
    "namespace": ("-n NAMESPACE", _ENVIRONMENT_LINES),
    "cluster": ("--env ENV, of an environment with a cluster", _ENVIRONMENT_LINES),
}


class Reach(NamedTuple):
    """A gateway that a section is served by, and the hosts that it is served as."""

    gateway: Gateway
    hosts: tuple[str, ...]


def service_name(facts: Facts) -> str:
    """Give the name of the service, which must be one that a Service can have."""
    name = facts.identity.service
    if name and not _LABEL.fullmatch(name):
        raise UserError(
            f"'{name}' cannot be the name of a Service; write lower-case letters, digits and dashes, a letter first"
        )
    if name:
        return name
    raise _refusal(
        "the service has no name; give it as `helm meshguard render NAME`, or in the policy", _SERVICE_LINES
    )


def namespace_of(facts: Facts) -> str:
    """Give the namespace that the service runs in, which must be one that a cluster can have."""
    namespace = facts.identity.namespace
    if namespace and not _NAMESPACE.fullmatch(namespace):
        raise UserError(f"'{namespace}' cannot be a namespace; write lower-case letters, digits and dashes")
    if namespace:
        return namespace
    raise _refusal(
        "the namespace of the service is not known; say it with `-n NAMESPACE` or `--env ENV`, or in the policy",
        _ENVIRONMENT_LINES,
    )


def reach(routing: Routing, facts: Facts) -> tuple[Reach, ...]:
    """Give the gateways and hosts of a section for requests from outside."""
    return tuple(_reach(exposure, facts) for exposure in exposures(routing, facts))


def _reach(exposure: Exposure, facts: Facts) -> Reach:
    gateway = exposure.gateway
    if gateway is None:
        raise _no_gateway(exposure, facts)
    if exposure.missing:
        word = exposure.missing[0]
        said, lines = _WORDS[word]
        raise _refusal(
            f"the hostTemplate '{gateway.host_template}' of gateway '{gateway.name}' needs {{{word}}}, which is not"
            f" known; say it with `{said}`, or in the policy",
            lines,
        )
    if not exposure.hosts:
        raise _refusal(
            f"'{exposure.at}' has no host: gateway '{gateway.name}' has no hostTemplate, and nothing is made up;"
            " write `hosts` in the values, or in the policy",
            _GATEWAY_LINES.replace("public:", f"{gateway.name}:").replace("istio-ingress/public", gateway.gateway),
        )
    return Reach(gateway, exposure.hosts)


def _no_gateway(exposure: Exposure, facts: Facts) -> UserError:
    known = ", ".join(facts.gateways)
    named = f"'{exposure.at}' names gateway '{exposure.name}'"
    if not known:
        start = f"'{exposure.at}' needs a gateway" if exposure.name is None else named
        lines = _GATEWAY_LINES.replace("public:", f"{exposure.name or 'public'}:")
        return _refusal(f"{start}, and the policy has none; nothing is made up, so it needs", lines)
    if exposure.name is not None:
        return UserError(f"{named}, which the policy does not have; it has {known}")
    return UserError(
        f"'{exposure.at}' has no `visibility` and no gateway is the default; write one of {known},"
        " or `default: true` at one of them in the policy"
    )


def pod_labels(at: ValuePath, facts: Facts) -> Mapping[str, str]:
    """Give the labels that select the pods of the service, which what stands at the path needs."""
    if not facts.policy.pod_labels:
        raise _refusal(
            f"'{at}' needs a setting for its pods alone, and their labels are not known; the policy needs",
            _LABEL_LINES,
        )
    return {key: _label(text, facts) for key, text in sorted(facts.policy.pod_labels.items())}


def _label(template: str, facts: Facts) -> str:
    text, missing = fill(template, template_words(facts.identity))
    if not missing:
        return text
    said, lines = _WORDS[missing[0]]
    raise _refusal(
        f"the podLabels '{template}' need {{{missing[0]}}}, which is not known; say it with `{said}`,"
        " or in the policy",
        lines,
    )


def _refusal(text: str, lines: str) -> UserError:
    return UserError(f"{text}:\n\n" + "\n".join(f"  {line}" for line in lines.split("\n")))
