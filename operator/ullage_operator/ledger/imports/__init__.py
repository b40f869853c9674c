"""Usage from elsewhere: accounts of other machines, as their files tell it, for these books."""

from .csv_file import COLUMNS as COLUMNS
from .csv_file import parse_csv as parse_csv
from .parsed import BadRow as BadRow
from .parsed import Origin as Origin
from .parsed import Parsed as Parsed
from .post import Imported as Imported
from .post import post_imports as post_imports
from .sacct import SACCT_FIELDS as SACCT_FIELDS
from .sacct import parse_sacct as parse_sacct
