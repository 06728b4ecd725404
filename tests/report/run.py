"""One run with everything that a report must cope with; every form is shown for it in `golden/`."""

from meshguard.diagnostic import ROOT, Diagnostic, Severity, Span, ValuePath
from meshguard.rule import Case, Rule
from meshguard.run import Ignored, Run

LONG = (
    "{path: /größe/端口, methods: [POST], timeout: 1s, retryOn: reset, retryAttempts: 3,"
    " perTryTimeout: 400ms, headers: {x-client: mobile}}"
)
VALUES = f"""\
ports:
  - number: 443
    name: http
    protocol: HTTP
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /payments  # the till
      retryOn: 5xx
      retryMethods: any
    - {LONG}
    - path: /events
      streaming:\ttrue
      timeout: 5s
"""
PROD = """\
ports:
  - number: 8080
    name: httpbin  # meshguard: ignore[unused] tried
"""
CHART = """\
resilience:
  outlierDetection: {maxEjectionPercent: 100}
"""

SOURCES = {"values.yaml": VALUES, "values-prod.yaml": PROD, "charts/webservice/values.yaml": CHART}


def check(_: Case) -> tuple[()]:
    return ()


def rule(name: str, severity: Severity, summary: str, *, locked: bool = False) -> Rule:
    doc = f"{summary}.\n\n## Why\n\nBecause `{name}` hurts.\n\n## See\n\n- https://example.com/{name}\n"
    return Rule(name, severity, doc, check, locked=locked)


RULES = (
    Rule("schema", Severity.ERROR, "The shape is wrong.\n\n## Why\n\nSo.\n", locked=True),
    rule("ejects-everything", Severity.WARNING, "Outlier detection may eject every pod"),
    rule("plaintext-on-443", Severity.ERROR, "Plaintext is declared on port 443", locked=True),
    rule("port-name", Severity.ERROR, "A port name does not say its protocol"),
    rule("retry-too-long", Severity.WARNING, "Retries take longer than the timeout"),
    rule("streaming-with-timeout", Severity.INFO, "A stream has a timeout"),
    rule("unsafe-retry", Severity.ERROR, "A request that may have been processed is repeated"),
)


def at(file: str, line: int, words: str) -> Span:
    column = SOURCES[file].splitlines()[line - 1].index(words) + 1
    return Span(file, line, column, line, column + len(words))


ITEM = ValuePath(("externalRouting", "pathConfiguration"))
PORT = ValuePath(("ports", 0))
FOUND = (
    Diagnostic(
        "port-name",
        Severity.ERROR,
        "port name 'web' does not say its protocol; write 'http' or 'http-web'",
        PORT / "name",
        Span("--set ports[0].name=web", 1, 15, 1, 18),
        service="orders",
        environments=("dev",),
    ),
    *(
        Diagnostic(
            "ejects-everything",
            Severity.WARNING,
            "'maxEjectionPercent: 100' lets every pod be ejected at once; 50 keeps half of them",
            ValuePath(("resilience", "outlierDetection", "maxEjectionPercent")),
            at("charts/webservice/values.yaml", 2, "100"),
            service=service,
            environments=("dev", "prod"),
        )
        for service in ("cart", "catalog", "orders", "search", "stock")
    ),
    Diagnostic(
        "plaintext-on-443",
        Severity.ERROR,
        "port '443' carries plaintext 'HTTP': https calls to this service are refused; say protocol HTTPS",
        PORT / "number",
        at("values.yaml", 2, "443"),
        related=((at("values.yaml", 4, "HTTP"), "the protocol is said here"),),
        service="orders",
        environments=("dev", "prod"),
    ),
    Diagnostic(
        "unsafe-retry",
        Severity.ERROR,
        "'5xx' repeats 'POST' requests that may have been processed already; leave 'retryMethods' out",
        ITEM / 0,
        Span("values.yaml", 8, 7, 11, 5),
        related=(
            (at("values.yaml", 10, "any"), "'any' reaches POST"),
            (Span("gone.yaml", 3, 1, 3, 9), "first said here"),
        ),
        help="say the methods:\n  retryMethods: [GET, HEAD]\n",
        service="orders",
        environments=("prod",),
    ),
    Diagnostic(
        "retry-too-long",
        Severity.WARNING,
        "3 retries of '400ms' take longer than the timeout '1s'; 1 retry fits",
        ITEM / 1 / "perTryTimeout",
        at("values.yaml", 11, "400ms"),
        help="the first try counts too",
        service="orders",
    ),
    Diagnostic(
        "streaming-with-timeout",
        Severity.INFO,
        "'timeout: 5s' ends the stream of '/events'; leave it out",
        ITEM / 2 / "timeout",
        at("values.yaml", 14, "5s"),
        service="orders",
        environments=("dev", "prod"),
    ),
    Diagnostic(
        "port-name",
        Severity.ERROR,
        "port name 'httpbin' does not say its protocol; write 'http' or 'http-bin'",
        PORT / "name",
        at("values-prod.yaml", 3, "httpbin"),
    ),
    Diagnostic("schema", Severity.ERROR, "'ports' is missing", ROOT, Span("values-prod.yaml", 99, 1, 99, 1)),
)
DIAGNOSTICS = tuple(sorted(FOUND, key=lambda found: (found.span[:3], found.rule, found.message)))
RUN = Run(
    version="1.2.3",
    rules=RULES,
    diagnostics=DIAGNOSTICS,
    ignored=(
        Ignored(
            Diagnostic("unsafe-retry", Severity.ERROR, "'reset' repeats", ITEM / 1, at("values.yaml", 11, "path")),
            "comment",
            "every request carries an idempotency key",
        ),
        Ignored(
            Diagnostic("plaintext-on-443", Severity.ERROR, "port '443'", PORT, at("values.yaml", 2, "443")),
            "exemption",
            "the old gateway (approved by platform-oncall, until 2030-01-31)",
        ),
    ),
    notes=("hosts were not judged: the policy names no teams",),
    sources=SOURCES,
    checked=10,
)
CLEAN = RUN._replace(diagnostics=(), ignored=(), notes=(), checked=1)
