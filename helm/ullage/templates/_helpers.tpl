{{- define "ullage.name" -}}
{{- printf "%s" .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "ullage.selector" -}}
app.kubernetes.io/name: ullage
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "ullage.labels" -}}
{{ include "ullage.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "ullage.claim" -}}
{{- .Values.persistence.existingClaim | default (printf "%s-books" (include "ullage.name" .)) -}}
{{- end -}}

{{- /* The ConfigMap with a catalogue of one's own; empty where there is none. */}}
{{- define "ullage.catalogue" -}}
{{- with .Values.catalogue }}
{{- if and .existingConfigMap .content }}
{{- fail "catalogue: expected existingConfigMap or content, found both; leave one out" }}
{{- else if .content }}
{{- printf "%s-catalogue" (include "ullage.name" $) }}
{{- else }}
{{- .existingConfigMap }}
{{- end }}
{{- end }}
{{- end -}}
