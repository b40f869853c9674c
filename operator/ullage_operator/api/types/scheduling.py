"""Where pods may run: tolerations, affinity and topology spread, as in the Kubernetes API."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ullage_trainer.config import Model

from .names import DnsLabel, LabelValue, QualifiedName

LabelMap = Annotated[dict[QualifiedName, LabelValue], Field(max_length=32)]
"""Labels that must all be there."""


class TolerationOperator(StrEnum):
    """How a toleration compares with a taint."""

    EXISTS = "Exists"
    EQUAL = "Equal"


class TaintEffect(StrEnum):
    """What a taint does to pods that do not tolerate it."""

    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class Toleration(Model):
    """Lets pods run on nodes with a taint."""

    key: QualifiedName | None = None
    """The taint's key; absent, with operator Exists, means all keys."""
    operator: TolerationOperator = TolerationOperator.EQUAL
    """Whether the value counts."""
    value: LabelValue | None = None
    """The taint's value, for Equal."""
    effect: TaintEffect | None = None
    """The taint's effect; absent means all effects."""
    toleration_seconds: Annotated[int, Field(ge=0)] | None = None
    """For NoExecute: how long the pod stays."""


class SelectorOperator(StrEnum):
    """How a label compares with values."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"
    GT = "Gt"
    LT = "Lt"


class SelectorRequirement(Model):
    """A condition on one label."""

    key: QualifiedName
    """The label's key."""
    operator: SelectorOperator
    """How it is compared; Gt and Lt for nodes only."""
    values: list[LabelValue] = Field(default_factory=list, max_length=64)
    """With what, for In, NotIn, Gt and Lt."""


class NodeSelectorTerm(Model):
    """Nodes that meet all of these."""

    match_expressions: list[SelectorRequirement] = Field(default_factory=list, max_length=16)
    """Conditions on the node's labels."""
    match_fields: list[SelectorRequirement] = Field(default_factory=list, max_length=16)
    """Conditions on the node's fields."""


class NodeSelector(Model):
    """Nodes that meet at least one of the terms."""

    node_selector_terms: Annotated[list[NodeSelectorTerm], Field(min_length=1, max_length=16)]
    """The terms."""


Weight = Annotated[int, Field(ge=1, le=100)]


class PreferredNodes(Model):
    """Nodes that are preferred."""

    weight: Weight
    """How much, from 1 to 100."""
    preference: NodeSelectorTerm
    """Which nodes."""


class NodeAffinity(Model):
    """Which nodes pods must or should run on."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    """Nodes that pods must run on."""
    preferred_during_scheduling_ignored_during_execution: Annotated[list[PreferredNodes], Field(max_length=16)] = Field(
        default_factory=list
    )
    """Nodes that pods should run on."""


class LabelSelector(Model):
    """Objects that meet all of these."""

    match_labels: LabelMap = Field(default_factory=dict)
    """Labels that must be equal."""
    match_expressions: list[SelectorRequirement] = Field(default_factory=list, max_length=16)
    """Conditions on labels."""


class PodAffinityTerm(Model):
    """Pods, and the topology within which they are near."""

    label_selector: LabelSelector | None = None
    """Which pods."""
    namespaces: list[DnsLabel] = Field(default_factory=list, max_length=16)
    """In which namespaces; none means the job's."""
    topology_key: QualifiedName
    """The node label whose equal values mean near."""


class WeightedPodAffinityTerm(Model):
    """Nearness that is preferred."""

    weight: Weight
    """How much, from 1 to 100."""
    pod_affinity_term: PodAffinityTerm
    """Which pods, and how near."""


class PodAffinity(Model):
    """Which pods to be near to, or away from."""

    required_during_scheduling_ignored_during_execution: Annotated[list[PodAffinityTerm], Field(max_length=16)] = Field(
        default_factory=list
    )
    """What must hold."""
    preferred_during_scheduling_ignored_during_execution: list[WeightedPodAffinityTerm] = Field(
        default_factory=list, max_length=16
    )
    """What should hold."""


class Affinity(Model):
    """Affinity of pods to nodes and to other pods."""

    node_affinity: NodeAffinity | None = None
    """Nodes to run on."""
    pod_affinity: PodAffinity | None = None
    """Pods to be near to."""
    pod_anti_affinity: PodAffinity | None = None
    """Pods to be away from."""


class WhenUnsatisfiable(StrEnum):
    """What becomes of a pod that would break a spread."""

    DO_NOT_SCHEDULE = "DoNotSchedule"
    SCHEDULE_ANYWAY = "ScheduleAnyway"


class TopologySpreadConstraint(Model):
    """How evenly pods are spread."""

    max_skew: Annotated[int, Field(ge=1, le=4096)]
    """The greatest difference in pods between two places."""
    topology_key: QualifiedName
    """The node label whose values are the places."""
    when_unsatisfiable: WhenUnsatisfiable
    """What becomes of a pod that would break it."""
    label_selector: LabelSelector | None = None
    """Which pods are counted."""
