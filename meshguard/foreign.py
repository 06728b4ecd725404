"""Keys of other systems that teams try: a section of the contract and such a key in, what to write instead out.

A section is named by the title of its schema. An answer that is a key of that section says that the key is called
so here; every other answer is the rest of a sentence that begins with the key. What belongs to the platform is
answered alike in all sections that say nothing else of it.
"""

from collections.abc import Mapping

_RAW = "is raw Istio, which values may not hold; say what the service needs in these keys, or ask the platform team"
_GATEWAY = "belongs to the platform's policy; write visibility with the name of one of its gateways, such as public"
_MTLS = (
    "belongs to the platform's policy (mesh.mtls); an application that terminates TLS itself has protocol: HTTPS"
)
_SUBSETS = "are not part of values: a canary is weights between Services, in backends"
_RETRIES = "is written as flat keys here: retryOn, retryAttempts, perTryTimeout, retryBackoff"
_CERTIFICATES = "belongs to the platform: the gateway terminates TLS with its own certificates"
_ACCESS = "belongs to the platform: who may call is not part of values"
_LIMITS = "is not part of values: ask the platform team for rate limits"
_FAULTS = "is not part of values: faults are injected by the platform team, for a time"
_SWITCH = "is not needed: leave the section out to switch it off"
_LISTED = "says nothing here: the order of the file does not matter, the most specific path wins"
OTHERS = "*"  # the answer to every other key that a section does not have
_STREAM = "is written streaming: true, which means no timeout and no retry"
_BACKENDS = "is written backends, such as backends: [{service: orders-next, weight: 100}]"
_CONDITION = "says which requests are meant, and an override does not change that; change the item itself"
_CORS = 'is written cors, such as cors: {allowOrigins: ["https://shop.example.com"], allowMethods: [GET]}'
_CANARY = "is written backends: [{service: orders, weight: 95}, {service: orders-next, weight: 5, port: 8080}]"
_BODY = "is not part of values: the mesh limits no bodies; ask the platform team about what stands in front"
_HTTPS = "belongs to the platform: the gateway sends http to https for every host"
_PATH_KEY = "is written path, with pathType: {} beside it"

_RAW_KEYS = dict.fromkeys(
    (
        "virtualService",
        "destinationRule",
        "serviceEntry",
        "peerAuthentication",
        "authorizationPolicy",
        "envoyFilter",
        "sidecar",
        "httpRoute",
        "istio",
        "spec",
        "trafficPolicy",
        "portLevelSettings",
        "exportTo",
    ),
    _RAW,
)

PLATFORM = _RAW_KEYS | {
    "gateway": _GATEWAY,
    "gateways": _GATEWAY,
    "parentRefs": _GATEWAY,
    "ingressClassName": _GATEWAY,
    "mtls": _MTLS,
    "mtlsMode": _MTLS,
    "tlsMode": _MTLS,
    "subset": _SUBSETS.replace("are", "is", 1),
    "subsets": _SUBSETS,
    "fault": _FAULTS,
    "faults": _FAULTS,
    "rateLimit": _LIMITS,
    "rateLimits": _LIMITS,
    "jwt": _ACCESS,
    "auth": _ACCESS,
    "cidrs": _ACCESS,
}

_TREATMENT = {
    "retries": _RETRIES,
    "retry": _RETRIES,
    "retryPolicy": _RETRIES,
    "attempts": "retryAttempts",
    "maxRetries": "retryAttempts",
    "numRetries": "retryAttempts",
    "retryCount": "retryAttempts",
    "retryOnStatusCodes": "retryOn",
    "statusCodes": "retryOn",
    "retryTimeout": "perTryTimeout",
    "backoff": "retryBackoff",
    "requestTimeout": "timeout",
    "readTimeout": "timeout",
    "proxyReadTimeout": "timeout",
    "timeoutSeconds": "timeout",
}

_EXCHANGE = _TREATMENT | {
    "corsPolicy": "cors",
    "enableCors": _CORS,
    "corsAllowOrigin": _CORS,
    "corsAllowOrigins": _CORS,
    "rewrite": "rewritePath",
    "rewriteTarget": "rewritePath",
    "stripPrefix": "rewritePath",
    "rewriteHost": "is not part of values: a service gets the host that the caller sent",
    "websocket": _STREAM,
    "websockets": _STREAM,
    "websocketUpgrade": _STREAM,
    "upgrade": _STREAM,
    "sse": _STREAM,
    "idleTimeout": _STREAM,
    "route": _BACKENDS,
    "destination": _BACKENDS,
    "destinations": "backends",
    "backendRefs": "backends",
    "backend": _BACKENDS,
    "service": _BACKENDS,
    "serviceName": _BACKENDS,
    "canary": _CANARY,
    "canaryWeight": _CANARY,
    "weight": "stands beside a service, in backends: [{service: a, weight: 95}, {service: b, weight: 5}]",
    "mirrors": "mirror",
    "mirrorPercent": "is written mirror: {service: orders-shadow, percent: 1}",
    "mirrorPercentage": "is written mirror: {service: orders-shadow, percent: 1}",
    "addHeaders": "requestHeaders",
    "setHeaders": "requestHeaders",
    "directResponse": "is not part of values: an answer comes from a service or is a redirect",
    "delegate": _RAW,
    "sourceLabels": "is not part of values: every caller in the mesh is treated alike",
    "bodySize": _BODY,
    "maxBodySize": _BODY,
    "proxyBodySize": _BODY,
}

_ITEM = (
    PLATFORM
    | _EXCHANGE
    | {
        "prefix": _PATH_KEY.format("Prefix"),
        "exact": _PATH_KEY.format("Exact"),
        "regex": _PATH_KEY.format("Regex"),
        "uri": "path",
        "url": "path",
        "pathPrefix": "path",
        "match": "is written as flat keys here: path, methods, headers, queryParams",
        "matches": "is written as flat keys here: path, methods, headers, queryParams",
        "type": "pathType",
        "matchType": "pathType",
        "method": "methods",
        "queryParameters": "queryParams",
        "params": "queryParams",
        "priority": _LISTED,
        "order": _LISTED,
        "name": "is not needed: an item is known by its path; a remark is a YAML comment",
        "description": "is not needed: an item is known by its path; a remark is a YAML comment",
        "public": "belongs to the section: externalRouting is what is reachable from outside",
        "enabled": "is not needed: leave the item out to switch it off",
        "host": "belongs to the section: externalRouting.hosts, one list for all paths",
        "ignoreUriCase": "is not part of values: paths are matched as they are written",
    }
)

_ROUTING = (
    PLATFORM
    | _TREATMENT
    | {
        "paths": "pathConfiguration",
        "routes": "pathConfiguration",
        "rules": "pathConfiguration",
        "http": "pathConfiguration",
        "overrides": "pathOverrides",
        "enabled": _SWITCH,
    }
)

FOREIGN: Mapping[str, Mapping[str, str]] = {
    "a port": _RAW_KEYS
    | {
        "port": "number",
        "servicePort": "number",
        "externalPort": "number",
        "containerPort": "is called 'targetPort' here, and 'number' is the port that callers dial",
        "internalPort": "targetPort",
        "hostPort": "is not part of values: the mesh reaches the container by targetPort",
        "nodePort": "is not part of values: a gateway makes a service reachable from outside, by externalRouting",
        "appProtocol": "protocol",
        "portName": "name",
        "scrape": "is written metrics, with the path that is scraped: metrics: /metrics",
        "metricsPath": "metrics",
        "path": "is written metrics on a port that is scraped, and externalRouting.pathConfiguration for requests",
        "excludeInboundPorts": "is written bypassMesh: true on that port, with an exemption in the policy",
        "mtls": _MTLS,
        "mtlsMode": _MTLS,
        "tlsMode": _MTLS,
        "gateway": "belongs to externalRouting: visibility names the gateway",
    },
    "tls": _RAW_KEYS
    | {
        "sni": "serverName",
        "hostname": "serverName",
        "host": "serverName",
        "subjectAltNames": "is not needed: the name on the certificate is serverName, and it is always verified",
        "mode": "is not needed: it is mutual TLS where clientCertificate is given",
        "ca": "caCertificates",
        "caBundle": "caCertificates",
        "caCert": "caCertificates",
        "caSecret": "caCertificates",
        "credentialName": "is written caCertificates, and clientCertificate for mutual TLS",
        "secretName": "is written caCertificates, and clientCertificate for mutual TLS",
        "clientCert": "clientCertificate",
        "privateKey": "stands in the Secret that clientCertificate names",
        "skipVerify": "insecureSkipVerify",
        "insecure": "insecureSkipVerify",
    },
    "externalRouting": _ROUTING
    | {
        "host": "hosts",
        "hostname": "hosts",
        "hostnames": "hosts",
        "domain": "hosts",
        "domains": "hosts",
        "fqdn": "hosts",
        "public": "is written visibility, with the name of a gateway of the policy",
        "exposure": "visibility",
        "className": _GATEWAY,
        "annotations": "belongs to the platform's chart: the mesh objects get none from values",
        "tls": _CERTIFICATES,
        "certificate": _CERTIFICATES,
        "secretName": _CERTIFICATES,
        "httpsRedirect": _HTTPS,
        "sslRedirect": _HTTPS,
        "forceSslRedirect": _HTTPS,
        "forwardedHosts": "belongs to internalRouting: it is for a proxy inside the mesh",
    },
    "internalRouting": _ROUTING
    | {
        "hosts": "is not needed: callers in the mesh use the service's own name; forwardedHosts adds public ones",
        "host": "is not needed: callers in the mesh use the service's own name; forwardedHosts adds public ones",
        "visibility": "belongs to externalRouting: every service of the mesh may use internalRouting",
        "unlistedPaths": "belongs to externalRouting: inside the mesh unlisted paths are always allowed",
        "cors": "belongs to externalRouting: no browser calls from inside the mesh",
        "redirect": "belongs to externalRouting: it is for callers from outside",
        "allowedCallers": _ACCESS,
    },
    "an item of pathConfiguration": _ITEM,
    "an item of pathOverrides": PLATFORM
    | _EXCHANGE
    | dict.fromkeys(("path", "pathType", "methods", "headers", "queryParams"), _CONDITION),
    "header operations": {
        "append": "add",
        "replace": "set",
        "delete": "remove",
        "request": "is not needed: requestHeaders has set, add and remove right below it",
        "response": "belongs to the key responseHeaders",
        OTHERS: 'is no operation; a header stands below one, such as {set: {x-api-version: "2"}}',
    },
    "cors": {
        "origins": "allowOrigins",
        "allowOrigin": "allowOrigins",
        "allowedOrigins": "allowOrigins",
        "allowOriginRegex": "is not part of values: https://*.example.com in allowOrigins is every host below",
        "methods": "allowMethods",
        "allowedMethods": "allowMethods",
        "headers": "allowHeaders",
        "allowedHeaders": "allowHeaders",
        "exposedHeaders": "exposeHeaders",
        "credentials": "allowCredentials",
        "enabled": _SWITCH,
        "unmatchedPreflights": "is not part of values: the preflight has a rule of its own",
    },
    "a backend": {
        "host": "service",
        "name": "service",
        "serviceName": "service",
        "subset": "is not part of values: a canary is a Service of its own",
        "percent": "weight",
        "percentage": "weight",
        "namespace": "is not part of values: a backend is a Service of the same namespace",
    },
    "mirror": {
        "host": "service",
        "name": "service",
        "subset": "is not part of values: a mirror is a Service of its own",
        "percentage": "percent",
        "weight": "percent",
        "port": "is not part of values: the copy goes to the port of the route",
        "namespace": "is not part of values: a mirror is a Service of the same namespace",
    },
    "redirect": {
        "uri": "path",
        "to": "path",
        "url": "is written path, with host where that changes",
        "location": "is written path, with host where that changes",
        "authority": "host",
        "hostname": "host",
        "redirectCode": "code",
        "status": "code",
        "statusCode": "code",
        "scheme": _HTTPS,
        "port": "is not part of values: a redirect changes host and path",
        "prefixRewrite": "is not part of values: a redirect needs pathType: Exact, and path is the whole new path",
    },
    "resilience": _RAW_KEYS
    | {
        "circuitBreaker": "is written outlierDetection (pods that fail) and connectionLimits (too many requests)",
        "connectionPool": "connectionLimits",
        "loadBalancer": "loadBalancing",
        "consistentHash": "sessionAffinity",
        "stickySession": "sessionAffinity",
        "stickySessions": "sessionAffinity",
        "localityLbSetting": "preferSameZone",
        "trafficDistribution": "preferSameZone",
        "subsets": _SUBSETS,
        "tls": "belongs to the port: ports[].tls, where the application terminates TLS itself",
        "mtls": _MTLS,
        "tlsMode": _MTLS,
        "retries": "belong to externalRouting and internalRouting: retryOn, retryAttempts",
        "retryBudget": "is not part of values: ask the platform team",
    },
    "outlierDetection": {
        "consecutive5xxErrors": "consecutiveErrors",
        "consecutiveGatewayErrors": "is not part of values: consecutiveErrors counts every 5xx answer",
        "baseEjectionTime": "ejectionTime",
        "maxEjection": "maxEjectionPercent",
        "minHealthPercent": "is not part of values: maxEjectionPercent says how many pods may be left out",
        "enabled": _SWITCH,
    },
    "connectionLimits": {
        "tcp": "is not needed: maxConnections and connectTimeout stand right below connectionLimits",
        "http": "is not needed: maxPendingRequests stands right below connectionLimits",
        "http1MaxPendingRequests": "maxPendingRequests",
        "maxRequestsPerConnection": "is not part of values: connections are kept open",
        "http2MaxRequests": "is not part of values: maxPendingRequests limits what waits",
        "maxRetries": "is not part of values: retryAttempts of the path limits retries",
        "idleTimeout": "is not part of values: ask the platform team",
    },
    "sessionAffinity": {
        "httpCookie": "cookie",
        "cookieName": "cookie",
        "httpHeaderName": "header",
        "headerName": "header",
        "maxAge": "ttl",
        "name": "cookie",
        "useSourceIp": "is not part of values: behind a gateway all callers share its address; use a cookie",
    },
    "an upstream": _RAW_KEYS
    | {
        "hosts": "is one host per item: - host: api.example.com",
        "hostname": "host",
        "url": "is written host, with ports: [{number: 443, protocol: TLS}] where they are not the usual ones",
        "address": "addresses",
        "endpoints": "addresses",
        "name": "is written host for a name outside the cluster, and service for one in the mesh",
        "namespace": "is written with the service: service: catalog.shop",
        "protocol": "belongs to the port: ports: [{number: 443, protocol: TLS}]",
        "number": "belongs to the port: ports: [{number: 443, protocol: TLS}]",
        "resolution": "is not needed: it follows from the host",
        "location": "is not needed: it follows from host or service",
        "tls": "is written on the port: ports: [{number: 80, protocol: HTTP, originateTLS: {port: 443}}]",
        "mtls": _MTLS,
        "timeout": "belongs to the service that is called: its internalRouting.timeout",
        "retries": "belong to the service that is called: its internalRouting.retryOn",
        "preserveHost": "is written forwardedHosts, with the host names that are kept",
        "preserveHostHeader": "is written forwardedHosts, with the host names that are kept",
    },
    "a port of an upstream": {
        "port": "number",
        "name": "is not needed: a port is known by its number",
        "targetPort": "is written originateTLS: {port: 443}",
        "tls": "originateTLS",
        "tlsOrigination": "originateTLS",
    },
    "originateTLS": {
        "number": "port",
        "targetPort": "port",
        "mode": "is not needed: the sidecar speaks TLS and verifies the name of the host",
        "sni": "is not needed: the sidecar sends and verifies the name of the host",
        "serverName": "is not needed: the sidecar sends and verifies the name of the host",
    },
    "the policy": {
        "severity": "rules",
        "severities": "rules",
        "istioVersion": "belongs to mesh",
        "mtls": "belongs to mesh",
        "ignore": "is written exemptions, each with rule, service, reason, approvedBy and expires",
        "hosts": "belongs to teams: teams.<name>.domains",
    },
    "mesh": {
        "version": "istioVersion",
        "outboundTrafficPolicy": "outboundTraffic",
        "trustDomain": "is not needed: nothing that is rendered holds it",
    },
    "a gateway": {
        "name": "is written gateway, as namespace/name",
        "namespace": "is written gateway, as namespace/name; workloadNamespace is where its pods run",
        "host": "hostTemplate",
        "domain": "hostTemplate",
        "timeout": "maxTimeout",
    },
    "a team": {"hosts": "domains", "gateways": "visibility"},
    "an exemption": {
        "approver": "approvedBy",
        "until": "expires",
        "expiry": "expires",
        "id": "rule",
    },
    "a service entry": {"path": "values", "file": "values", "envs": "environments", "prefix": "at"},
    "an environment": {"files": "values"},
}
