"""An origin's wildcard covers hosts that anybody can have.

## Why

`https://*.com` is every website under `.com`, and `https://*.co.uk` those of a country: it is the origin `*` in
another spelling. Under a hosting domain, such as `github.io` or `vercel.app`, anybody gets a host name in a minute;
with `allowCredentials: true` the pages there can use the cookies of this service's users.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      cors:
        allowOrigins: ["https://*.com"]  # error: [cors-origin-too-wide] "https://*.com"
    - path: /quotes
      cors:
        allowOrigins: ["https://*.vercel.app"]  # error: [cors-origin-too-wide] "https://*.vercel.app"
        allowCredentials: true
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      cors: {allowOrigins: ["https://*.example.com", "https://*.example.co.uk"], allowCredentials: true}
    - path: /quotes
      cors: {allowOrigins: ["https://*.vercel.app", "http://*.localhost:3000", "https://*.internal"]}
```

## See

- https://publicsuffix.org/
- https://fetch.spec.whatwg.org/#cors-protocol-and-credentials

## Shown by

- `tests/mesh/test_cors.py::test_who_may_call`
"""

from collections.abc import Iterator

from meshguard.cors import cors_statements
from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule

# Names that are never on the Internet (RFC 6761, RFC 6762, ICANN's `internal`) or are used inside companies.
_PRIVATE = frozenset(
    {"corp", "example", "home", "internal", "intranet", "invalid", "lan", "local", "localhost", "test"}
)
# Second levels under which a country registers names; the last label has two letters.
_REGISTRIES = frozenset({"ac", "co", "com", "edu", "gov", "net", "org"})
_HOSTING = frozenset(
    {
        "amazonaws.com",
        "appspot.com",
        "azurestaticapps.net",
        "azurewebsites.net",
        "blogspot.com",
        "cloudfront.net",
        "codesandbox.io",
        "csb.app",
        "firebaseapp.com",
        "fly.dev",
        "github.dev",
        "github.io",
        "gitlab.io",
        "glitch.me",
        "herokuapp.com",
        "lovable.app",
        "netlify.app",
        "ngrok-free.app",
        "ngrok.app",
        "ngrok.io",
        "onrender.com",
        "pages.dev",
        "replit.app",
        "run.app",
        "stackblitz.io",
        "surge.sh",
        "trycloudflare.com",
        "vercel.app",
        "web.app",
        "webcontainer.io",
        "workers.dev",
    }
)


def check(case: Case) -> Iterator[Finding]:
    """Find wildcards directly under a registry's or, with credentials, a hosting company's domain."""
    for cors in cors_statements(case.service):
        for index, origin in enumerate(cors.allow_origins):
            wildcard, _, rest = origin.partition("://*.")
            domain = rest.partition(":")[0]
            if wildcard == origin or not (_is_registry(domain) or (cors.allow_credentials and domain in _HOSTING)):
                continue
            yield Finding(
                cors.at / "allowOrigins" / index,
                f"anybody can have a host of '{origin}', so any website can read the answers;"
                " name your own domain, such as 'https://*.example.com'",
            )


def _is_registry(domain: str) -> bool:
    """Tell whether names directly under the domain can be bought, as far as its form says it."""
    labels = domain.split(".")
    if len(labels) == 1:
        return domain not in _PRIVATE
    return len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _REGISTRIES


RULE = Rule("cors-origin-too-wide", Severity.ERROR, __doc__, check)
