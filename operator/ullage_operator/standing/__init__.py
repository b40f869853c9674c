"""How institutions stand: from what is declared and what is in the books to what the gap is measured from."""

from .declare import declare as declare
from .declare import withdraw as withdraw
from .declared import Declared as Declared
from .declared import day_ms as day_ms
from .declared import declared as declared
from .draws import Case as Case
from .draws import Turn as Turn
from .draws import charge_own as charge_own
from .draws import settle_orphan as settle_orphan
from .draws import take_turn as take_turn
from .entries import Object as Object
from .entries import subject_of as subject_of
from .funding import line_names as line_names
from .keep import Kept as Kept
from .keep import Key as Key
from .keep import declared_now as declared_now
from .keep import keep as keep
from .keep import key_of as key_of
from .lines import DRAWN as DRAWN
from .lines import investment_status as investment_status
from .lines import line_name as line_name
from .lines import thresholds as thresholds
from .stand import Standing as Standing
from .stand import declarations_of as declarations_of
from .stand import standing as standing
from .statuses import institution_status as institution_status
