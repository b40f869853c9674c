"""The resources of ``ullage.dev``: their types, how a manifest is read, and what is wrong with one."""

from .errors import FieldError as FieldError
from .errors import InvalidManifest as InvalidManifest
from .parse import load as load
from .parse import parse as parse
from .types import TrainingJob as TrainingJob
from .types import TrainingJobSpec as TrainingJobSpec
