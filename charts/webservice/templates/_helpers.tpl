{{/* The service's name: that of every object, of the selector, and the one that the mesh routes to. It is never
     shortened or mended, for then the mesh would route to a name that is not there. */}}
{{- define "webservice.name" -}}
{{- $name := .Values.nameOverride | default .Release.Name -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$" $name) -}}
{{- fail (printf "the name %q cannot be a Service's: lower-case letters, digits and '-', at most 63, a letter first; name the release so, or set nameOverride" $name) -}}
{{- end -}}
{{- $name -}}
{{- end }}

{{- define "webservice.selectorLabels" -}}
app.kubernetes.io/name: {{ include "webservice.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "webservice.labels" -}}
{{ include "webservice.selectorLabels" . }}
{{- with include "webservice.version" . }}
app.kubernetes.io/version: {{ . | quote }}
{{- end }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimAll "-_." | quote }}
{{- end }}

{{- define "webservice.metadata" -}}
name: {{ include "webservice.name" . | quote }}
namespace: {{ .Release.Namespace | quote }}
labels:
  {{- include "webservice.labels" . | nindent 2 }}
{{- end }}

{{/* What runs, as a label; nothing where only a digest says it. */}}
{{- define "webservice.version" -}}
{{- $image := .Values.image | default dict -}}
{{- $version := $image.tag | default (ternary "" .Chart.AppVersion (not (empty $image.digest))) -}}
{{- regexReplaceAll "[^-A-Za-z0-9_.]" $version "_" | trunc 63 | trimAll "-_." -}}
{{- end }}

{{- define "webservice.image" -}}
{{- $image := .Values.image | default dict -}}
{{- $repository := $image.repository | default (include "webservice.name" .) -}}
{{- with $image.registry }}{{ . }}/{{ end -}}
{{- $repository -}}
{{- if $image.digest -}}
{{- with $image.tag }}:{{ . }}{{ end }}@{{ $image.digest -}}
{{- else -}}
:{{ $image.tag | default .Chart.AppVersion -}}
{{- end -}}
{{- end }}

{{/* ---- ports: each helper takes one port, or the list ---- */}}

{{/* The protocol of a port: what it says, else what its name says. */}}
{{- define "webservice.protocol" -}}
{{- if .protocol -}}
{{- .protocol -}}
{{- else if or (eq .name "grpc-web") (hasPrefix "grpc-web-" .name) -}}
GRPC-WEB
{{- else -}}
{{- .name | splitList "-" | first | upper -}}
{{- end -}}
{{- end }}

{{- define "webservice.transport" -}}
{{- ternary "UDP" "TCP" (eq (include "webservice.protocol" .) "UDP") -}}
{{- end }}

{{/* The port that the container listens on. Numbers of a file are floats to Helm: an int prints as one. */}}
{{- define "webservice.target" -}}
{{- .targetPort | default .number | int -}}
{{- end }}

{{- define "webservice.servicePorts" -}}
{{- range . }}
- name: {{ .name | quote }}
  port: {{ int .number }}
  targetPort: {{ include "webservice.target" . }}
  protocol: {{ include "webservice.transport" . }}
  {{- if eq (include "webservice.transport" .) "TCP" }}
  appProtocol: {{ include "webservice.protocol" . | lower | quote }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Several ports of the Service may lead to one of the container, which is listed once. */}}
{{- define "webservice.containerPorts" -}}
{{- $listed := dict -}}
{{- range . }}
{{- $transport := include "webservice.transport" . }}
{{- $key := printf "%s/%s" (include "webservice.target" .) $transport }}
{{- if not (hasKey $listed $key) }}
{{- $_ := set $listed $key true }}
- name: {{ .name | quote }}
  containerPort: {{ include "webservice.target" . }}
  protocol: {{ $transport }}
{{- end }}
{{- end }}
{{- end }}

{{/* The container's ports that the sidecar must not capture, as its annotation wants them. UDP is never captured. */}}
{{- define "webservice.excludedInboundPorts" -}}
{{- $excluded := list -}}
{{- range . -}}
{{- if and .bypassMesh (eq (include "webservice.transport" .) "TCP") -}}
{{- $excluded = append $excluded (include "webservice.target" .) -}}
{{- end -}}
{{- end -}}
{{- $excluded | uniq | join "," -}}
{{- end }}

{{/* "true" where the container listens below 1024, which takes a sysctl when it has no privileges. */}}
{{- define "webservice.lowPort" -}}
{{- $low := false -}}
{{- range . -}}
{{- $low = or $low (lt (include "webservice.target" . | int) 1024) -}}
{{- end -}}
{{- ternary "true" "" $low -}}
{{- end }}

{{/* ---- the pod ---- */}}

{{/* The pod's annotations, as YAML; those that follow from the ports are not the team's to write. */}}
{{- define "webservice.podAnnotations" -}}
{{- $ports := .Values.ports | default list -}}
{{- $annotations := dict -}}
{{- with include "webservice.excludedInboundPorts" $ports -}}
{{- $_ := set $annotations "traffic.sidecar.istio.io/excludeInboundPorts" . -}}
{{- end -}}
{{- if .Values.prometheusAnnotations -}}
{{- $scraped := list -}}
{{- range $ports -}}{{- if .metrics -}}{{- $scraped = append $scraped . -}}{{- end -}}{{- end -}}
{{- if gt (len $scraped) 1 -}}
{{- fail "several ports have metrics, and prometheus.io annotations can announce one: set prometheusAnnotations to false and scrape them by a PodMonitor" -}}
{{- end -}}
{{- range $scraped -}}
{{- $_ := set $annotations "prometheus.io/scrape" "true" -}}
{{- $_ := set $annotations "prometheus.io/port" (include "webservice.target" .) -}}
{{- $_ := set $annotations "prometheus.io/path" .metrics -}}
{{- end -}}
{{- end -}}
{{- include "webservice.strings" (merge $annotations (.Values.podAnnotations | default dict)) -}}
{{- end }}

{{- define "webservice.podLabels" -}}
{{- $own := include "webservice.selectorLabels" . | fromYaml -}}
{{- with include "webservice.version" . -}}
{{- $_ := set $own "app.kubernetes.io/version" . -}}
{{- end -}}
{{- include "webservice.strings" (merge $own (.Values.podLabels | default dict)) -}}
{{- end }}

{{/* One probe. Takes `name`, `probe` and `ports`; gives nothing where nothing can be asked. */}}
{{- define "webservice.probe" -}}
{{- $wanted := list "HTTP" "HTTP2" "GRPC" "GRPC-WEB" "HTTPS" "TLS" "TCP" "MONGO" "MYSQL" "REDIS" -}}
{{- if .probe.path -}}
{{- $wanted = list "HTTP" "HTTP2" "GRPC-WEB" "HTTPS" -}}
{{- else if .probe.grpc -}}
{{- $wanted = list "GRPC" -}}
{{- end -}}
{{- $port := dict -}}
{{- range .ports -}}
{{- $fits := ternary (eq .name ($.probe.port | default "")) (not .metrics) (not (empty $.probe.port)) -}}
{{- if and (not $port) $fits (has (include "webservice.protocol" .) $wanted) -}}
{{- $port = . -}}
{{- end -}}
{{- end -}}
{{- if $port }}
{{ .name }}Probe:
  {{- if .probe.path }}
  httpGet:
    path: {{ .probe.path | quote }}
    port: {{ include "webservice.target" $port }}
    {{- if eq (include "webservice.protocol" $port) "HTTPS" }}
    scheme: HTTPS
    {{- end }}
  {{- else if .probe.grpc }}
  grpc:
    port: {{ include "webservice.target" $port }}
  {{- else }}
  tcpSocket:
    port: {{ include "webservice.target" $port }}
  {{- end }}
  {{- range $field := list "initialDelaySeconds" "periodSeconds" "timeoutSeconds" "failureThreshold" }}
  {{- with get $.probe $field | int }}
  {{ $field }}: {{ . }}
  {{- end }}
  {{- end }}
{{- else if .probe }}
{{- fail (printf "probes.%s: no port of this service can answer it; see `path`, `grpc` and `port` of the probe" .name) }}
{{- end }}
{{- end }}

{{/* A map of strings. Not by toYaml, which leaves some strings bare that other readers take for something else. */}}
{{- define "webservice.strings" -}}
{{- range $key, $value := . }}
{{ $key | quote }}: {{ $value | quote }}
{{- end }}
{{- end }}

{{/* A quantity, or a number or percentage: text is quoted, and a whole number of a file printed as one. */}}
{{- define "webservice.quantity" -}}
{{- if kindIs "string" . }}{{ quote . }}
{{- else if and (kindIs "float64" .) (eq . (floor .)) }}{{ int64 . }}
{{- else }}{{ toJson . }}
{{- end -}}
{{- end }}
