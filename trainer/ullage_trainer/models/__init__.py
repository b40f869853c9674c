"""The networks: built in, or the user's own Keras model."""

from .build import ModelShape as ModelShape
from .build import build_model as build_model
from .build import output_units as output_units
from .module import find_function as find_function
from .module import told as told
