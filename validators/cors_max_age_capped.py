"""A preflight is to be remembered for longer than any browser does.

## Why

Browsers cap `maxAge`: Safari at ten minutes, Chromium at two hours, Firefox at 24 hours. That stands in their code,
which was read and not run: `maxPreflightCacheTimeout = 600_s` in WebKit's `CrossOriginPreflightResultCache.cpp`,
`kMaxTimeout = base::Hours(2)` in Chromium's `services/network/cors/preflight_result.cc`, and
`std::min(age, 86400U)` in Firefox's `nsCORSListenerProxy.cpp`. A larger number changes nothing but hides how soon a
change of `cors` reaches everybody.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      cors:
        allowOrigins: ["https://shop.example.com"]
        maxAge: 240h  # info: [cors-max-age-capped] "24h"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      cors: {allowOrigins: ["https://shop.example.com"], maxAge: 24h}
```

## See

- https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Access-Control-Max-Age
- https://github.com/WebKit/WebKit/blob/main/Source/WebCore/loader/CrossOriginPreflightResultCache.cpp
- https://github.com/chromium/chromium/blob/main/services/network/cors/preflight_result.cc
- https://github.com/mozilla-firefox/firefox/blob/main/netwerk/protocol/http/nsCORSListenerProxy.cpp
"""

from collections.abc import Iterator

from meshguard.cors import cors_statements
from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule

_FIREFOX = 24 * 60 * 60 * 1000


def check(case: Case) -> Iterator[Finding]:
    """Find a `maxAge` over the largest cap."""
    for cors in cors_statements(case.service):
        if cors.max_age is not None and cors.max_age > _FIREFOX:
            yield Finding(
                cors.at / "maxAge",
                "browsers remember this for ten minutes (Safari), two hours (Chromium) or '24h' (Firefox) at most;"
                " a larger 'maxAge' changes nothing",
            )


RULE = Rule("cors-max-age-capped", Severity.INFO, __doc__, check)
