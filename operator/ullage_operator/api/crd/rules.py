"""What a schema can't say: rules in CEL, each beside the validator of the type that it mirrors.

``RULES`` names every validator over several fields that the types have, and the test holds it to that. A
validator without a rule says why: the operator tells its errors in a condition.
"""

from __future__ import annotations

from typing import Final

from ullage_operator.api import types
from ullage_operator.api.accelerators import OTHER_DEVICES
from ullage_trainer.config import data, model, training

from .books import BOOK_LIST_KEYS, BOOK_RULES
from .rule import ListKeys, NotInCel, Rule, Rules, exactly_one, given

_DATASET: Final = "(has(self.data) || (has(self.inputs) && has(self.inputs.dataset)))"
_RANKS: Final = "self.workers.replicas * self.workers.slotsPerWorker"
_UNTYPED: Final = NotInCel("a value of any scalar type has no type in the schema, and CEL can't see it")

_OTHER_DEVICES: Final = OTHER_DEVICES.replace("\\", "\\\\")
"""As a text in CEL has it."""

RULES: Final[Rules] = {
    (data.Source, "_one_format"): (
        exactly_one("csv", "parquet", "jsonLines", "idx"),
        Rule(f"has(self.idx) != {given('columns')}", "expected columns for csv, parquet and jsonLines, none for idx"),
    ),
    (data.MissingRule, "_fill_has_value"): _UNTYPED,
    (data.RangeRule, "_bounded"): (
        Rule("has(self.minimum) || has(self.maximum)", "expected minimum, maximum or both"),
        Rule("!has(self.minimum) || !has(self.maximum) || self.minimum <= self.maximum", "expected minimum <= maximum"),
    ),
    (data.Condition, "_operands"): _UNTYPED,
    (data.Label, "_one_way"): (
        Rule(f"has(self.column) != {given('rules')}", "expected exactly one of column, rules"),
        Rule(f"!has(self.default) || {given('rules')}", "expected default only beside rules"),
    ),
    (data.IntegrateStep, "_one_kind"): (exactly_one("join", "union"),),
    (data.Split, "_leaves_training_rows"): (
        Rule("self.validation + self.test < 1.0", "expected validation + test < 1"),
    ),
    (data.Quantiles, "_ordered"): (Rule("self.lower < self.upper", "expected lower < upper"),),
    (data.Feature, "_fits"): (
        Rule("(self.encode == 'Cyclic') == has(self.period)", "expected period with encode Cyclic and only with it"),
        Rule("self.encode == 'Number' || self.scale == 'None'", "expected scale only with encode Number"),
        Rule(
            "self.encode != 'OneHot' || !has(self.impute) || self.impute == 'MostFrequent'",
            "expected impute MostFrequent (or none) with encode OneHot",
        ),
    ),
    (data.Data, "_names_fit"): (
        Rule(
            "!has(self.clean) || self.clean.all(step, self.sources.exists(s, s.name == step.source))",
            "expected each step of clean to name one of sources",
        ),
        Rule("self.sources.exists(s, s.name == self.label.source)", "expected label to name one of sources"),
        Rule(
            "!has(self.integrate) || self.integrate.all(step, !has(step.join) || "
            "self.sources.exists(s, s.name == step.join.source))",
            "expected each join to name one of sources",
        ),
        Rule(
            "!has(self.integrate) || self.integrate.all(step, !has(step.union) || "
            "step.union.sources.all(name, self.sources.exists(s, s.name == name)))",
            "expected each union to name some of sources",
        ),
        Rule(f"{given('features')} || self.sources.exists(s, has(s.idx))", "expected features (at least one column)"),
    ),
    (model.ModelSpec, "_one_kind"): (
        exactly_one("mlp", "cnn", "module"),
        Rule(
            "has(self.module) || !has(self.arguments)",
            "expected arguments only beside module",
        ),
    ),
    (model.Script, "_one_place"): (exactly_one("module", "path"),),
    (training.Optimizer, "_momentum_fits"): (
        Rule("!has(self.momentum) || self.name in ['sgd', 'rmsprop']", "expected momentum only with sgd or rmsprop"),
    ),
    (training.LearningRateSchedule, "_decays_to_something"): (
        Rule(
            "self.decay != 'Exponential' || self.finalFraction > 0.0",
            "expected finalFraction greater than 0 with decay Exponential",
        ),
        Rule("self.decay != 'Constant' || self.finalFraction == 0.0", "expected finalFraction only with a decay"),
    ),
    (training.Training, "_one_weighting"): (
        Rule(
            f"!({given('classWeights')} && self.balanceClasses)",
            "expected at most one of classWeights, balanceClasses",
        ),
        Rule(
            f"!{given('classWeights')} || self.classWeights.exists(w, w > 0.0)",
            "expected a weight greater than 0 in classWeights",
        ),
    ),
    (types.EnvVar, "_one_value"): (exactly_one("value", "valueFrom"),),
    (types.Volume, "_one_source"): (exactly_one("emptyDir", "persistentVolumeClaim", "configMap", "secret"),),
    (types.WorkerTemplate, "_each_name_once"): NotInCel("lists by name (listType: map) say it"),
    (types.ResourceRequirements, "_requests_within_limits"): (
        Rule(
            "!has(self.limits) || self.requests.all(name, !(name in self.limits) || "
            "quantity(string(self.requests[name])).compareTo(quantity(string(self.limits[name]))) <= 0)",
            "expected each request to be at most its limit",
        ),
        Rule(
            "self.requests.all(name, !name.contains('/') || (has(self.limits) && name in self.limits && "
            "quantity(string(self.requests[name])).compareTo(quantity(string(self.limits[name]))) == 0))",
            "expected limits of extended resources equal to their requests",
        ),
    ),
    (types.ResourceRequirements, "_one_kind_of_accelerator"): (
        Rule(
            f"!has(self.limits) || self.limits.filter(name, name.contains('/') && "
            f"!name.matches('{_OTHER_DEVICES}')).size() <= 1",
            "expected limits of one kind of accelerator",
        ),
    ),
    (types.Volume, "_not_the_operator_s"): (
        Rule("!self.name.startsWith('ullage-')", "expected a name that does not begin with ullage-"),
        Rule(
            f"!self.mountPath.matches('{types.RESERVED_MOUNTS}')",
            "expected a mountPath other than /, /tmp, /storage and /etc/ullage, which every worker has",
        ),
    ),
    (types.WorkerTemplate, "_each_mount_once"): (
        Rule(
            "!has(self.volumes) || self.volumes.all(v, self.volumes.exists_one(w, w.mountPath == v.mountPath))",
            "expected each mountPath once",
        ),
        Rule(
            f"!has(self.sharedMemory) || !has(self.volumes) || "
            f"!self.volumes.exists(v, v.mountPath.matches('{types.SHARED_MEMORY_MOUNT}'))",
            "expected sharedMemory or a volume at /dev/shm, not both",
        ),
    ),
    (types.TrainingJobSpec, "_stages_have_what_they_need"): (
        Rule(
            "has(self.data) || has(self.model) || has(self.script) || has(self.quantize)",
            "expected at least one of data, model, script, quantize",
        ),
        Rule("!(has(self.model) && has(self.script))", "expected at most one of model, script"),
        Rule(f"!has(self.model) || {_DATASET}", "expected data or inputs.dataset beside model"),
        Rule(f"!has(self.quantize) || {_DATASET}", "expected data or inputs.dataset beside quantize"),
        Rule(
            "!has(self.quantize) || has(self.model) || (has(self.inputs) && has(self.inputs.trained))",
            "expected model or inputs.trained beside quantize",
        ),
    ),
    (types.TrainingJobSpec, "_ranks_have_work"): (
        Rule(
            f"!has(self.model) || self.training.globalBatchSize >= {_RANKS}",
            "expected training.globalBatchSize of at least workers.replicas x workers.slotsPerWorker",
        ),
        Rule(
            f"!has(self.model) || !has(self.data) || self.data.virtualShards >= {_RANKS}",
            "expected data.virtualShards of at least workers.replicas x workers.slotsPerWorker",
        ),
    ),
    (types.Accounting, "_each_role_once"): NotInCel("a list by key (listType: map) says it"),
    **BOOK_RULES,
}

_STARTED: Final = "(has(oldSelf.status) && has(oldSelf.status.startTime))"
_SUSPENDED: Final = "(has(oldSelf.status) && has(oldSelf.status.phase) && oldSelf.status.phase == 'Suspended')"


def _same(field: str) -> str:
    """Whether a field of ``spec`` is as it was, absent included."""
    new, old = f"self.spec.{field}", f"oldSelf.spec.{field}"
    return f"(has({new}) ? has({old}) && {new} == {old} : !has({old}))"


NAME_RULES: Final = (
    Rule(
        f"size(self.metadata.name) <= {types.MAX_JOB_NAME_LENGTH}",
        f"expected metadata.name of at most {types.MAX_JOB_NAME_LENGTH} characters",
    ),
    Rule("!self.metadata.name.contains('.')", "expected metadata.name to be a DNS label, without a dot"),
)
"""What holds of every object's name."""

JOB_RULES: Final = (
    *(
        Rule(
            f"!{_STARTED} || {_same(field)}", f"spec.{field} does not change once the job has started", f".spec.{field}"
        )
        for field in ("data", "inputs", "model", "script", "training", "storage")
    ),
    *(
        Rule(
            f"!{_STARTED} || {_SUSPENDED} || {_same(field)}",
            f"spec.{field} changes only while the job is suspended (runPolicy.suspend, status.phase Suspended)",
            f".spec.{field}",
        )
        for field in ("workers", "image")
    ),
)
"""What of a job may change when."""

LIST_KEYS: Final[ListKeys] = {
    (data.Data, "sources"): ("name",),
    (data.Data, "clean"): ("source",),
    (data.Source, "columns"): ("name",),
    (types.WorkerTemplate, "env"): ("name",),
    (types.WorkerTemplate, "volumes"): ("name",),
    (types.WorkerTemplate, "imagePullSecrets"): ("name",),
    (types.JobStatus, "conditions"): ("type",),
    (types.JobStatus, "stages"): ("name",),
    (types.JobStatus, "variants"): ("variant",),
    (types.Accounting, "personHours"): ("role",),
    **BOOK_LIST_KEYS,
}
"""Lists whose items have a key of their own, each of which stands once."""
