"""The rules by which kwok plays nodes and their pods."""

from __future__ import annotations

from typing import Any

from bench.scale.api import JsonObject

_NODE = """\
{{ $now := Now }}
conditions:
{{ range NodeConditions }}
- lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $now | Quote }}
  message: {{ .message | Quote }}
  reason: {{ .reason | Quote }}
  status: {{ .status | Quote }}
  type: {{ .type | Quote }}
{{ end }}
addresses:
- {address: {{ NodeIP | Quote }}, type: InternalIP}
allocatable: {cpu: 1k, memory: 1Ti, pods: 1M}
capacity: {cpu: 1k, memory: 1Ti, pods: 1M}
"""
_RUNNING = """\
{{ $now := Now }}
conditions:
- {lastTransitionTime: {{ $now | Quote }}, status: "True", type: Initialized}
- {lastTransitionTime: {{ $now | Quote }}, status: "True", type: Ready}
- {lastTransitionTime: {{ $now | Quote }}, status: "True", type: ContainersReady}
containerStatuses:
{{ range .spec.containers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: true
  restartCount: 0
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ PodIPWith .spec.nodeName false .metadata.uid .metadata.name .metadata.namespace | Quote }}
phase: Running
startTime: {{ $now | Quote }}
"""
_REPORT = (
    '{"version":"ullage.dev/report/v1alpha1","stage":"train","attempt":1,"index":INDEX,"state":"Succeeded",'
    '"startedMs":1,"updatedMs":1,"usage":{"wallMs":1000,"cpuMs":1000,"peakMemoryBytes":1048576,"samples":10},'
    '"output":{"path":"jobs/train-1","digest":"0123456789abcdef"},"metrics":{"accuracy":0.5}}'
)
"""The last word of a worker, as an agent writes it."""
_SUCCEEDED = f"""\
{{{{ $now := Now }}}}
{{{{ $root := . }}}}
containerStatuses:
{{{{ range .spec.containers }}}}
- image: {{{{ .image | Quote }}}}
  name: {{{{ .name | Quote }}}}
  ready: false
  restartCount: 0
  state:
    terminated:
      exitCode: 0
      reason: Completed
      startedAt: {{{{ $root.status.startTime | Quote }}}}
      finishedAt: {{{{ $now | Quote }}}}
      message: '{_REPORT.replace("INDEX", '{{ index $root.metadata.labels "ullage.dev/index" }}')}'
{{{{ end }}}}
phase: Succeeded
"""


def stages(*, complete: bool) -> list[JsonObject]:
    """Return the rules: nodes are ready, bound pods run; and end well, where they are to be complete."""
    gone = {"key": ".metadata.deletionTimestamp", "operator": "Exists"}
    there = {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"}
    ready = '.status.conditions.[] | select( .type == "Ready" ) | .status'
    rules = [
        _stage("node-ready", "Node", [{"key": ready, "operator": "NotIn", "values": ["True"]}], _NODE),
        _stage("pod-running", "Pod", [there, {"key": ".status.podIP", "operator": "DoesNotExist"}], _RUNNING),
        _stage("pod-gone", "Pod", [gone], None),
    ]
    if complete:
        running = {"key": ".status.phase", "operator": "In", "values": ["Running"]}
        rules.append(_stage("pod-succeeded", "Pod", [there, running], _SUCCEEDED))
    return rules


def _stage(name: str, kind: str, expressions: list[JsonObject], template: str | None) -> JsonObject:
    then: dict[str, Any] = {"delete": True} if template is None else {"statusTemplate": template}
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": kind},
            "selector": {"matchExpressions": expressions},
            "next": then,
        },
    }
