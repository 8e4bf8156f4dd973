{{/* Labels of one process of one service: takes root, service and process. */}}
{{- define "crowdloom.labels" -}}
app.kubernetes.io/name: crowdloom
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .service }}-{{ .process }}
{{- end }}

{{- define "crowdloom.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* The environment of one service: takes root and config. Secrets by name, its own alone. */}}
{{- define "crowdloom.environment" -}}
- name: CROWDLOOM_PUBLIC_URL
  value: {{ required "publicUrl is how people reach the market" .root.Values.publicUrl | quote }}
- name: CROWDLOOM_KAFKA_BOOTSTRAP
  value: {{ required "kafka.bootstrap names the brokers" .root.Values.kafka.bootstrap | quote }}
- name: CROWDLOOM_KAFKA_REPLICATION
  value: {{ .root.Values.kafka.replication | quote }}
{{- range $name, $value := merge (dict) .config.settings .root.Values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- $secret := required "existingSecret names the Secret with the keys" .root.Values.existingSecret }}
{{- range concat .root.Values.sharedSecrets .config.secrets }}
- name: {{ . }}
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: {{ . }}}}
{{- end }}
{{- end }}

{{/* What all containers have alike: takes root and config. */}}
{{- define "crowdloom.container" -}}
image: {{ include "crowdloom.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
env:
  {{- include "crowdloom.environment" . | nindent 2 }}
resources:
  {{- toYaml .root.Values.resources | nindent 2 }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  readOnlyRootFilesystem: true
  allowPrivilegeEscalation: false
  capabilities: {drop: [ALL]}
volumeMounts: [{name: tmp, mountPath: /tmp}]
{{- end }}
