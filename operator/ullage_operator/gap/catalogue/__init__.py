"""The catalogue of reference models: what was published of their training, with source and scope."""

from .load import load_catalogue as load_catalogue
from .load import published as published
from .load import with_own as with_own
from .models import Accelerator as Accelerator
from .models import Catalogue as Catalogue
from .models import Family as Family
from .models import Landmark as Landmark
from .models import ReferenceModel as ReferenceModel
