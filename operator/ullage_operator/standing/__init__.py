"""How institutions stand: from what is declared and what is in the books to what the gap is measured from."""

from .declare import declare as declare
from .declare import withdraw as withdraw
from .declared import Declared as Declared
from .declared import declared as declared
from .entries import subject_of as subject_of
from .stand import Standing as Standing
from .stand import declarations_of as declarations_of
from .stand import standing as standing
