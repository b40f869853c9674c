"""The entries: facts with a business key, written once, corrected only by reversal."""

from __future__ import annotations

from .base import BaseEntry as BaseEntry
from .base import EntryContext as EntryContext
from .base import StatedEntry as StatedEntry
from .base import SubjectEntry as SubjectEntry
from .base import WorkerEntry as WorkerEntry
from .compute import Capacity as Capacity
from .compute import Charge as Charge
from .compute import Import as Import
from .compute import Rate as Rate
from .control import CLOSES as CLOSES
from .control import Close as Close
from .control import Declaration as Declaration
from .control import Reversal as Reversal
from .control import declarations_of as declarations_of
from .data import MILLIONTHS as MILLIONTHS
from .data import Access as Access
from .data import Asset as Asset
from .money import MONEY as MONEY
from .money import Award as Award
from .money import Draw as Draw
from .money import Expend as Expend
from .money import Grant as Grant
from .money import Reserve as Reserve
from .money import Unreserve as Unreserve
from .talent import Transfer as Transfer
from .talent import account_of as account_of
from .talent import institution_of as institution_of
from .worker import Activity as Activity
from .worker import DataUse as DataUse
from .worker import HoldOpened as HoldOpened
from .worker import HoldReleased as HoldReleased

OfWorker = HoldOpened | HoldReleased | Activity | DataUse
Stated = Asset | Access | Award | Capacity | Grant | Transfer
OfSubject = Stated | Charge | Close | Declaration | Expend | Import | Reserve | Unreserve
Entry = OfWorker | OfSubject | Reversal
