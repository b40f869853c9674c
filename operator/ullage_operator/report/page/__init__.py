"""The report as a page: one HTML file that needs nothing beside it."""

from .render import render_page as render_page
from .words import Language as Language
