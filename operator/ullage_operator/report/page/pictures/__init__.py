"""Pictures as inline SVG, drawn by Matplotlib: narrow enough for a phone, colours that grey print tells apart."""

from .bars import Bar as Bar
from .bars import bars as bars
from .canvas import Told as Told
from .curves import Curve as Curve
from .curves import curves as curves
from .dots import Dot as Dot
from .dots import DotRow as DotRow
from .dots import dots as dots
from .marks import Mark as Mark
