{{/* An image, `coordinatorImage` or `agentImage` by its name: repository, and digest or tag or the chart's version. */}}
{{- define "image-puller.image" -}}
{{- $image := get .root.Values .name -}}
{{- if not $image.repository -}}
{{- fail (printf "%s.repository is empty: it says where your images are. Build and push them (make images REGISTRY=REGISTRY/image-puller PUSH=1), and give --set coordinatorImage.repository=REGISTRY/image-puller/coordinator --set agentImage.repository=REGISTRY/image-puller/agent" .name) -}}
{{- end -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else if kindIs "float64" $image.tag -}}
{{- /* A whole number in a values file, such as a date: printed as it is, it would be 2.0260101e+07. */ -}}
{{ $image.repository }}:{{ int64 $image.tag }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* What only a container's security context has, and a pod's is refused with. */}}
{{- define "image-puller.containerSecurityFields" -}}
[allowPrivilegeEscalation, capabilities, privileged, procMount, readOnlyRootFilesystem]
{{- end -}}

{{/* `securityContext`, which an earlier version of the Go puller's chart gave to the pod, without a container's fields. */}}
{{- define "image-puller.podSecurityContext" -}}
{{- $fields := deepCopy (.Values.securityContext | default dict) -}}
{{- range include "image-puller.containerSecurityFields" . | fromYamlArray -}}
{{- $fields = omit $fields . -}}
{{- end -}}
{{ $fields | toYaml }}
{{- end -}}

{{/* "true" on OpenShift, else nothing. */}}
{{- define "image-puller.openshift" -}}
{{- if kindIs "bool" .Values.openshift -}}
{{- if .Values.openshift }}true{{ end -}}
{{- else if .Capabilities.APIVersions.Has "security.openshift.io/v1" -}}
true
{{- end -}}
{{- end -}}

{{- define "image-puller.agentServiceAccount" -}}
{{ .Values.agentServiceAccount.name | default (printf "%s-agent" .Values.deploymentName) }}
{{- end -}}

{{/* The name of what has no namespace: two releases may have the same deploymentName. */}}
{{- define "image-puller.clusterName" -}}
{{ printf "%s-%s" .Values.deploymentName .Release.Namespace }}
{{- end -}}

{{/*
The JSON of a value of configMap, which is called `name` and given as such or as YAML; `of` is "object" or "list". The Go
puller's documentation escapes the quotes once more, for which there was a reason in early versions of its chart. What is
no JSON would be refused by the coordinator: better now than then.
*/}}
{{- define "image-puller.json" -}}
{{- $value := get .in .name -}}
{{- if not (kindIs "string" $value) -}}
{{ $value | toJson }}
{{- else -}}
{{- $text := $value -}}
{{- if regexMatch "^\\s*\\[?\\s*\\{\\s*\\\\\"" $value -}}
{{- $text = $value | replace "\\\"" "\"" -}}
{{- end -}}
{{- if trim $text -}}
{{- $fault := "" -}}
{{- if eq .of "list" -}}
{{- range fromJsonArray $text -}}
{{- if not (kindIs "map" .) -}}{{- $fault = toString . -}}{{- end -}}
{{- end -}}
{{- else -}}
{{- $error := get (fromJson $text) "Error" | toString -}}
{{- if regexMatch "^(invalid character|unexpected end|json:) " $error -}}{{- $fault = $error -}}{{- end -}}
{{- end -}}
{{- if $fault -}}
{{- fail (printf "configMap.%s isn't a JSON %s (%s): %s" .name .of $fault $text) -}}
{{- end -}}
{{- end -}}
{{ $text }}
{{- end -}}
{{- end -}}

{{/*
Of objects. The pods of the Deployment must not have app.kubernetes.io/instance: the DaemonSet's selector is made of that
and of app.kubernetes.io/name.
*/}}
{{- define "image-puller.labels" -}}
app: {{ .Values.deploymentName | quote }}
app.kubernetes.io/name: image-puller
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* What the agents' namespace must grant, in that of the release and in the others. */}}
{{- define "image-puller.agentNamespaceRules" -}}
- apiGroups: [""]
  resources: [configmaps]
  resourceNames: ["{{ .Values.deploymentName }}-ca"]
  verbs: [get, patch]
- apiGroups: [""]
  resources: [configmaps]
  verbs: [create]
- apiGroups: [""]
  resources: [serviceaccounts]
  resourceNames: [{{ include "image-puller.agentServiceAccount" . | quote }}]
  verbs: [get]
- apiGroups: [apps]
  resources: [daemonsets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, create, delete]
- apiGroups: [""]
  resources: [events]
  verbs: [list]
{{- if .Values.rbac.wakePods }}
- apiGroups: [""]
  resources: [pods]
  verbs: [patch]
{{- if .Values.rbac.extendPods }}
- apiGroups: [""]
  resources: [pods/ephemeralcontainers]
  verbs: [patch]
{{- end }}
{{- end }}
{{- end -}}

{{/* Whose KubernetesImagePuller objects count, by name: a list. */}}
{{- define "image-puller.operatorNamespaces" -}}
{{- $named := list -}}
{{- if .Values.operator.enabled -}}
{{- $named = prepend (without (.Values.operator.namespaces | default list) "*") .Release.Namespace | uniq -}}
{{- end -}}
{{ $named | toYaml }}
{{- end -}}

{{/*
Other namespaces than the release's that the DaemonSets can be in: a list. Where objects are their pull secrets are, so that
their DaemonSets are made there too.
*/}}
{{- define "image-puller.otherNamespaces" -}}
{{- $all := concat (.Values.extraNamespaces | default list) (include "image-puller.operatorNamespaces" . | fromYamlArray) -}}
{{ without ($all | uniq) .Release.Namespace | toYaml }}
{{- end -}}

{{/*
"true" where the CustomResourceDefinition is this release's to install. One that somebody else installed, such as the Go
operator's, isn't changed: helm would end with an error. Without a cluster nobody knows, and it is rendered.
*/}}
{{- define "image-puller.installsCRD" -}}
{{- if and .Values.operator.enabled .Values.operator.installCRD -}}
{{- $found := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "kubernetesimagepullers.che.eclipse.org" | default dict -}}
{{- $owner := (get $found "metadata" | default dict).annotations | default dict -}}
{{- $place := printf "%s/%s" (index $owner "meta.helm.sh/release-namespace") (index $owner "meta.helm.sh/release-name") -}}
{{- if or (not $found) (eq $place (printf "%s/%s" .Release.Namespace .Release.Name)) -}}
true
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What stands in files/rules.yaml for the place of the runbook. */}}
{{- define "image-puller.placeholderRunbook" -}}
https://docs.example.com/image-puller/runbook.md
{{- end -}}

{{/*
A file of this chart that must have something in it: an archive that left out links, or a copy that went wrong, would make
rules or a dashboard without any content, and no error.
*/}}
{{- define "image-puller.file" -}}
{{- $text := .root.Files.Get .path -}}
{{- if not (trim $text) -}}
{{- fail (printf "%s of the chart is missing or empty: take the chart again, by `git clone`, or as a package by `helm pull`" .path) -}}
{{- end -}}
{{ $text }}
{{- end -}}

{{/* A value as text. Helm reads numbers as floating-point ones, and would print a million and more as 1e+06. */}}
{{- define "image-puller.number" -}}
{{- if and (kindIs "float64" .) (eq (float64 (int64 .)) .) -}}
{{- int64 . -}}
{{- else -}}
{{- toString . -}}
{{- end -}}
{{- end -}}
