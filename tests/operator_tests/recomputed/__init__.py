"""The document of a gap, stated a second time: from the tables of the books, by what the books mean, with pandas.

Nothing of the product is used here but its tables. Where both say the same, neither is likely to be wrong.
"""

from .document import document as document
from .grants import lines as lines
from .tables import Tables as Tables
from .tables import read as read
