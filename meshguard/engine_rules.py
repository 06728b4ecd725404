"""The pages of what the engine itself finds: rules without a check, beside the guardrails of `validators`."""

from meshguard.diagnostic import Severity
from meshguard.rule import Rule

_YAML = """Helm cannot read the values.

## Why

A file that is no YAML, no UTF-8, too large or too deep stops `helm install` before any template is rendered.
meshguard reads values exactly as Helm does, so what it refuses here Helm refuses too, and nothing else can be
said of the file. This finding cannot be ignored.

## Bad

```yaml
ports:
  - number: 8080
   name: http
```

## Good

```yaml
ports:
  - number: 8080
    name: http
```

## See

- https://helm.sh/docs/chart_template_guide/yaml_techniques/
- https://yaml.org/spec/1.2.2/
"""

_SCHEMA = """A value does not have the shape that the contract asks for.

## Why

An unknown key does nothing: a `timeuot` in the values means that the default timeout holds, and nobody
notices until requests hang. All guardrails rely on the shape, so none of them runs before it is right, and
this finding cannot be ignored. `helm meshguard schema` prints the whole contract; a chart that carries it
makes `helm install` refuse the same values.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      timeuot: 5s
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      timeout: 5s
```

## See

- https://helm.sh/docs/topics/charts/#schema-files
"""

_CHART_SCHEMA = """The chart's own values.schema.json refuses a value.

## Why

A chart may carry a schema, and so may each of its subcharts. Helm holds the merged values against all of them
before it renders anything, and installs nothing where one refuses (`--skip-schema-validation` aside). This finding
says so before the pipeline does, at the line that is wrong. It reads schemas as Helm from 3.18.5 on does, which
differs from most validators: formats count up to draft 7 only, patterns are those of Go, and without `$schema` the
newest draft holds.

What Helm would fetch from the network is not fetched here; the finding is a warning then, and the rest is judged.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
replicas: three
```

```yaml chart/values.schema.json
{"properties": {"replicas": {"type": "integer"}}}
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
replicas: 3
```

```yaml chart/values.schema.json
{"properties": {"replicas": {"type": "integer"}}}
```

## See

- https://helm.sh/docs/topics/charts/#schema-files
"""

_MANIFEST = """A rendered object is not what meshguard may emit.

## Why

After rendering, every object is read again and held against a schema of exactly what meshguard may emit. A
fault here is a fault of meshguard, not of the values: nothing is printed as good, and the finding stands at
the value that asked for the object. Report it with that value.

## See

- https://istio.io/latest/docs/reference/config/networking/
"""

_EXPIRED_EXEMPTION = """An exemption of the policy has expired, or will within 14 days.

## Why

An exemption lifts a rule for one service until a date, its last day included. After that the finding comes
back where it was; the line in the policy lifts nothing and can go. The info 14 days before leaves time to
mend the values or to have the exemption renewed.

## Bad

```policy
exemptions:
  - rule: bypasses-mesh
    service: orders
    port: tcp-cluster
    reason: JGroups cluster traffic uses its own encryption
    approvedBy: platform-oncall
    expires: 2024-01-31
```

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 7800, name: tcp-cluster, bypassMesh: true}
```

## Good

```policy
exemptions:
  - rule: bypasses-mesh
    service: orders
    port: tcp-cluster
    reason: JGroups cluster traffic uses its own encryption
    approvedBy: platform-oncall
    expires: 2030-01-31
```

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 7800, name: tcp-cluster, bypassMesh: true}
```

## See

- `helm meshguard schema policy`: what an exemption says
"""

_UNUSED_IGNORE = """A comment ignores a rule that finds nothing there.

## Why

A comment that is left behind after the fault was mended hides the next one: whoever brings the fault back is
never told. It also stands on the wrong line easily: a comment holds for its own line, or, alone on a line,
for the line right below it (further comment lines may stand between, an empty line may not).

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    # meshguard: ignore[unsafe-retry] every request carries an idempotency key
    - {path: /payments, retryOn: connect-failure, retryMethods: any}
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - {path: /payments, retryOn: connect-failure, retryMethods: any}
```

## See

- `helm meshguard rules`: all rules
"""

_UNKNOWN_RULE = """A comment ignores a rule that does not exist.

## Why

A misspelt name ignores nothing, and the finding that it was meant for stays.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /payments
      retryOn: 5xx
      retryMethods: any  # meshguard: ignore[unsave-retry] every request carries an idempotency key
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /payments
      retryOn: 5xx
      retryMethods: any  # meshguard: ignore[unsafe-retry] every request carries an idempotency key
```

## See

- `helm meshguard rules`: all rules
"""

_MALFORMED_IGNORE = """A comment that starts with `meshguard:` cannot be read.

## Why

An ignore needs the rule and a reason: `# meshguard: ignore[rule-id] reason`. The reason is for the reviewer
today and for whoever reads the file in a year. Several rules are separated by commas. `until=YYYY-MM-DD` in
the reason ends the ignore after that day.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /payments
      retryOn: 5xx
      retryMethods: any  # meshguard: ignore[unsafe-retry]
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /payments
      retryOn: 5xx
      retryMethods: any  # meshguard: ignore[unsafe-retry] requests carry an idempotency key, until=2030-06-30
```

## See

- `helm meshguard rules`: all rules
"""

_EXPIRED_IGNORE = """A comment ignored a rule until a day that has passed.

## Why

`until=YYYY-MM-DD` is a promise to mend the fault by that day, its last day included. After it the comment
ignores nothing and the finding is back. Mend it, or state a new day that the reviewer agrees with.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    # meshguard: ignore[unsafe-retry] the key is built in sprint 12, until=2024-01-31
    - {path: /payments, retryOn: 5xx, retryMethods: any}
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    # meshguard: ignore[unsafe-retry] the key is built in sprint 12, until=2030-06-30
    - {path: /payments, retryOn: 5xx, retryMethods: any}
```

## See

- `helm meshguard explain malformed-ignore`: the whole form of the comment
"""

_LOCKED_RULE_IGNORED = """A comment tries to ignore what a comment cannot ignore.

## Why

Some faults hurt other teams or everybody's security. Their rules are locked, built in or by the policy's
`locked` list: only an exemption in the policy, with an approver and an end, lifts one. Values that Helm or
the schema refuse cannot be ignored either, because nothing else can be checked before they are right. The
finding stays.

## Bad

```yaml
ports:
  - number: 7800
    name: tcp-cluster
    bypassMesh: true  # meshguard: ignore[bypasses-mesh] the cluster traffic has its own encryption
```

## Good

The platform team writes the exemption, and the values carry no comment.

```policy
exemptions:
  - rule: bypasses-mesh
    service: orders
    port: tcp-cluster
    reason: JGroups cluster traffic uses its own encryption
    approvedBy: platform-oncall
    expires: 2030-01-31
```

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 7800, name: tcp-cluster, bypassMesh: true}
```

## See

- `helm meshguard rules`: which rules are locked
"""

_UNREADABLE_FILE = """A file of a service cannot be opened, or must not be.

## Why

When all services of the policy are checked, a file that is missing, is no regular file, or resolves outside
of the repository (a symbolic link in a hostile pull request) is a finding of that service, so that the others
are still checked. It is never opened. A file that you name on the command line and that cannot be opened ends
the run instead, with exit code 2.

## See

- `helm meshguard validate --help`
"""

_UNUSED_BASELINE = """An entry of the baseline stands for a finding that does not occur any more.

## Why

A baseline accepts what was wrong on the day that the gate was introduced, so that only new faults stop a
change. An entry that nothing needs would silently accept the fault when it comes back. Write the baseline
again with `--write-baseline`. Locked rules and values that Helm or the schema refuse are never accepted. Where all
services are judged, entries of files that are gone are named too; those of values that could not be judged are not.

## See

- `helm meshguard validate --help`
"""

_NOTHING_TO_JUDGE = """The values have no section of the contract, so no rule had anything to judge.

## Why

A job that nobody calls may well have none of `ports`, `externalRouting`, `internalRouting`, `resilience` and
`upstreams`. A service whose contract stands elsewhere looks the same: below the key of a subchart, which `at`
names in the policy's `services`, or in a file that was not given. Where `at` names a key that the values do
not have, or sections stand at the top instead, this is a warning: perhaps no service of that entry was ever judged.

## Bad

```yaml
image: {tag: "1.4.2"}
```

## Good

```yaml
image: {tag: "1.4.2"}
ports:
  - {number: 8080, name: http}
```

## See

- `helm meshguard schema policy`: what `at` says
"""

YAML = Rule("yaml", Severity.ERROR, _YAML, locked=True)
SCHEMA = Rule("schema", Severity.ERROR, _SCHEMA, locked=True)
CHART_SCHEMA = Rule("chart-schema", Severity.ERROR, _CHART_SCHEMA)
MANIFEST = Rule("manifest", Severity.ERROR, _MANIFEST, locked=True)
NOTHING_TO_JUDGE = Rule("nothing-to-judge", Severity.INFO, _NOTHING_TO_JUDGE)
EXPIRED_EXEMPTION = Rule("expired-exemption", Severity.WARNING, _EXPIRED_EXEMPTION)
UNUSED_IGNORE = Rule("unused-ignore", Severity.WARNING, _UNUSED_IGNORE)
UNKNOWN_RULE = Rule("unknown-rule", Severity.WARNING, _UNKNOWN_RULE)
MALFORMED_IGNORE = Rule("malformed-ignore", Severity.ERROR, _MALFORMED_IGNORE)
EXPIRED_IGNORE = Rule("expired-ignore", Severity.WARNING, _EXPIRED_IGNORE)
UNREADABLE_FILE = Rule("unreadable-file", Severity.ERROR, _UNREADABLE_FILE, locked=True)
UNUSED_BASELINE = Rule("unused-baseline", Severity.WARNING, _UNUSED_BASELINE)
LOCKED_RULE_IGNORED = Rule("locked-rule-ignored", Severity.ERROR, _LOCKED_RULE_IGNORED, locked=True)

ENGINE_RULES = (
    CHART_SCHEMA,
    EXPIRED_EXEMPTION,
    EXPIRED_IGNORE,
    LOCKED_RULE_IGNORED,
    MALFORMED_IGNORE,
    MANIFEST,
    NOTHING_TO_JUDGE,
    SCHEMA,
    UNKNOWN_RULE,
    UNREADABLE_FILE,
    UNUSED_BASELINE,
    UNUSED_IGNORE,
    YAML,
)
