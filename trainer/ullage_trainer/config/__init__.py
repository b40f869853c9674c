"""The contract between who starts workers and the workers: one document in, one exit report out.

Versioned; imports no TensorFlow and no Horovod. The types of ``data``, ``model``, ``script``, ``training``
and ``quantize`` are those of the manifest too: there is one source for both.
"""

from .base import MAX_ITEMS as MAX_ITEMS
from .base import Model as Model
from .base import Scalar as Scalar
from .base import StoragePath as StoragePath
from .data import CleanStep as CleanStep
from .data import Data as Data
from .document import CONTRACT_VERSION as CONTRACT_VERSION
from .document import Gang as Gang
from .document import JobIdentity as JobIdentity
from .document import Stage as Stage
from .document import StageDocument as StageDocument
from .document import StageUsage as StageUsage
from .document import Storage as Storage
from .document import Usage as Usage
from .model import ModelSpec as ModelSpec
from .model import Script as Script
from .quantize import Quantize as Quantize
from .quantize import Variant as Variant
from .reasons import EXIT_CODES as EXIT_CODES
from .reasons import RETRYABLE as RETRYABLE
from .reasons import ConfigError as ConfigError
from .reasons import DataInvalid as DataInvalid
from .reasons import InputMissing as InputMissing
from .reasons import ModelInvalid as ModelInvalid
from .reasons import NumericFailure as NumericFailure
from .reasons import PeerFailure as PeerFailure
from .reasons import Reason as Reason
from .reasons import RendezvousFailure as RendezvousFailure
from .reasons import ScriptFailure as ScriptFailure
from .reasons import StopRequested as StopRequested
from .reasons import StorageFailure as StorageFailure
from .reasons import TrainerError as TrainerError
from .report import MAX_METRICS as MAX_METRICS
from .report import MAX_REPORT_BYTES as MAX_REPORT_BYTES
from .report import Checkpoint as Checkpoint
from .report import ExitReport as ExitReport
from .report import Failure as Failure
from .report import Metrics as Metrics
from .report import Output as Output
from .report import Progress as Progress
from .report import Use as Use
from .report import Uses as Uses
from .report import VariantResult as VariantResult
from .report import Variants as Variants
from .report import WorkerState as WorkerState
from .training import Baseline as Baseline
from .training import Checkpoints as Checkpoints
from .training import Decay as Decay
from .training import EarlyStopping as EarlyStopping
from .training import LearningRateSchedule as LearningRateSchedule
from .training import Loss as Loss
from .training import Metric as Metric
from .training import Training as Training
