"""From Matplotlib's SVG to one that stands in a page: no identifiers that clash, the page's font and colours."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from markupsafe import Markup

from .marks import VARIABLES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SVG: Final = "{http://www.w3.org/2000/svg}"
_FONT: Final = re.compile(r"font-family:[^;]*;?\s*")
_COLOUR: Final = re.compile("|".join(VARIABLES))
_PRESENTED: Final = ("fill", "stroke")


def inline_svg(figure: Figure, *, key: str, title: str, description: str) -> Markup:
    """Return a figure as an SVG element with a title and a description for screen readers."""
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    root = ET.fromstring(out.getvalue())  # noqa: S314 - Matplotlib's own output
    _drop(root, {f"{_SVG}metadata", f"{_SVG}style"})
    referenced = set(re.findall(r"#(\w+)", " ".join(value for each in root.iter() for value in each.attrib.values())))
    for each in root.iter():
        if each.get("id") not in referenced:
            each.attrib.pop("id", None)
        # A variable of the style sheet is read in styles only.
        styles = [f"{name}: {each.attrib.pop(name)}" for name in _PRESENTED if each.get(name) in VARIABLES]
        style = "; ".join(filter(None, (each.get("style"), *styles)))
        if style:
            each.set("style", _COLOUR.sub(lambda found: VARIABLES[found[0]], _FONT.sub("", style)))
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib |= {"role": "img", "aria-labelledby": f"{key}-title {key}-told", "class": "picture"}
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        told = ET.Element(f"{_SVG}{tag}", {"id": f"{key}-{'told' if place else 'title'}"})
        told.text = text
        root.insert(place, told)
    ET.register_namespace("", _SVG[1:-1])
    ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - serialised, so escaped


def _drop(parent: ET.Element, tags: set[str]) -> None:
    for child in list(parent):
        if child.tag in tags:
            parent.remove(child)
        else:
            _drop(child, tags)
