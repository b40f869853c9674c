"""A cluster of one: workers are agents on this machine, and the ledger is a file beside them."""

from .books import settle as settle
from .cluster import LocalCluster as LocalCluster
from .run import RunOutcome as RunOutcome
from .run import run_job as run_job
from .workdir import Workdir as Workdir
from .workdir import WorkdirInUse as WorkdirInUse
