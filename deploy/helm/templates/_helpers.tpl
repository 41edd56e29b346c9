{{/* An image: repository, and digest or tag or the chart's version. */}}
{{- define "image-puller.image" -}}
{{- $image := .image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end -}}
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
JSON, given as such or as YAML. The Go puller's documentation escapes the quotes once more, for which there was a reason
in early versions of its chart.
*/}}
{{- define "image-puller.json" -}}
{{- if not (kindIs "string" .) -}}
{{ . | toJson }}
{{- else if regexMatch "^\\s*\\[?\\s*\\{\\s*\\\\\"" . -}}
{{ . | replace "\\\"" "\"" }}
{{- else -}}
{{ . }}
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
{{- if .Values.rbac.wakePods }}
- apiGroups: [""]
  resources: [pods]
  verbs: [patch]
{{- end }}
{{- end -}}
