"""The prepare stage: sources are read, cleaned, labelled, integrated and split, and written as shards.

``prepare.prepare`` writes a data set, ``Dataset`` reads it: ranks that train import no engine.
The order of the modules is the order of the flow::

    readers/ -> clean -> label -> integrate -> split -> features -> shards -> dataset

``schema`` checks a manifest before anything is read; ``report`` holds what is counted on the way.
"""

from .dataset import Dataset as Dataset
from .dataset import DatasetInfo as DatasetInfo
from .dataset import Part as Part
from .digest import prepare_digest as prepare_digest
