"""The CustomResourceDefinition of TrainingJob, generated from its types."""

from .definition import definition as definition
from .definition import render as render
