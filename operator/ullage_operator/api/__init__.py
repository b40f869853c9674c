"""The resources of ``ullage.dev``: their types, how a manifest is read, and what is wrong with one."""

from .declarations import Declarations as Declarations
from .errors import FieldError as FieldError
from .errors import InvalidManifest as InvalidManifest
from .parse import Declared as Declared
from .parse import load as load
from .parse import load_any as load_any
from .parse import parse as parse
from .parse import parse_as as parse_as
from .rates import edited_rates as edited_rates
from .together import ObjectError as ObjectError
from .together import contradictions as contradictions
from .together import objections as objections
from .types import Institution as Institution
from .types import Investment as Investment
from .types import PriceList as PriceList
from .types import TrainingJob as TrainingJob
from .types import TrainingJobSpec as TrainingJobSpec
