"""What a job needs and what to do next: pure functions of what is declared, observed and allowed."""

from .decide import decide as decide
from .decision import Admission as Admission
from .decision import Decision as Decision
from .decision import Policy as Policy
from .documents import stage_document as stage_document
from .workers import MIB as MIB
from .workers import CreateWorkers as CreateWorkers
from .workers import StopWorkers as StopWorkers
from .workers import Worker as Worker
from .workers import WorkerPhase as WorkerPhase
from .workers import WorkerPlan as WorkerPlan
from .workers import worker_plans as worker_plans
