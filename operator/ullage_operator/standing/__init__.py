"""How institutions stand: from what is declared and what is in the books to what the gap is measured from."""

from .declared import Declared as Declared
from .declared import declared as declared
