"""The command ``ullage``."""

from .app import main as main
