"""Readers: each writes the files of a source as one table of texts, with every record's identity."""

from .source import RawFile as RawFile
from .source import read_source as read_source
