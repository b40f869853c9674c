"""The CustomResourceDefinitions of our kinds, generated from their types."""

from .definition import definition as definition
from .definition import render as render
from .kinds import KINDS as KINDS
from .kinds import Kind as Kind
