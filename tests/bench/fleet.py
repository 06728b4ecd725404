"""Generated services: like those of product teams, every tenth with thirty paths."""

from collections.abc import Iterator
from pathlib import Path

CONDITIONS = ("5xx", "gateway-error", "connect-failure,refused-stream", "[connect-failure, 503]")


def values(number: int) -> str:
    """Give the values file of one service, always the same for the same number."""
    paths = 30 if number % 10 == 0 else 3
    lines = [
        "ports:",
        "  - {number: 8080, name: http, targetPort: 8000}",
        "  - {number: 9090, name: http-metrics, metrics: /metrics}",
        "externalRouting:",
        f"  hosts: [service-{number}.example.com]",
        "  timeout: 10s",
        "  pathConfiguration:",
    ]
    for index in range(paths):
        lines += [
            f"    - path: /api/v{number % 7}/resource-{index}",
            f"      retryOn: {CONDITIONS[(number + index) % len(CONDITIONS)]}",
            f"      retryAttempts: {1 + index % 3}",
        ]
    lines += [
        "resilience:",
        "  outlierDetection: {consecutiveErrors: 5, interval: 10s, ejectionTime: 30s, maxEjectionPercent: 50}",
    ]
    return "\n".join(lines) + "\n"


def services(count: int) -> Iterator[tuple[str, str]]:
    """Give names and values files."""
    for number in range(count):
        yield f"service-{number}", values(number)


POLICY = """\
version: 1
mesh: {prometheus: sidecar}
gateways: {public: {gateway: istio-ingress/public}}
services:
  - values: services/{service}/values.yaml
    name: "{service}"
    environments: {prod: {namespace: shop}}
"""


def repository(top: Path, count: int) -> None:
    """Write so many services, and the policy that names them."""
    (top / ".meshguard.yaml").write_text(POLICY)
    for name, text in services(count):
        folder = top / "services" / name
        folder.mkdir(parents=True)
        (folder / "values.yaml").write_text(text)


def long_values(lines: int) -> str:
    """Give one values file of about so many lines, of all shapes that YAML has in practice."""
    block = """  - name: service-{n}
    enabled: true
    replicas: {n}
    labels: {{app: "service", tier: 'web', track: stable}}
    args: [--port, "8080", --verbose]
    script: |
      set -e
      exec server --id {n}   # not a comment
    note: plain text with spaces  # a comment
"""
    text = "items:\n"
    for number in range(lines // block.count("\n")):
        text += block.format(n=number)
    return text
