"""From a report's document to one HTML page that needs nothing beside it."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ullage_operator.report.document import ReportDocument

from .sections import sections
from .views import Writer
from .words import HTML_LANGUAGES, Language, Words


def render_page(document: ReportDocument, language: Language = Language.ENGLISH) -> str:
    """Return a report as HTML: readable without scripts, on paper, in the dark and on a phone.

    Parameters
    ----------
    document
        What was measured, planned and compared.
    language
        What it is written in. Names that institutions gave stay as they are.
    """
    words, gap = Words(language), document.gap
    writer = Writer(words, gap)
    books = ", ".join(gap.books)
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # The style sheet is ours, and stands in an element whose content is no HTML.
    style = Markup((files(__package__) / "templates" / "page.css").read_text(encoding="utf-8"))  # noqa: S704
    return environment.get_template("page.html").render(
        language=HTML_LANGUAGES[language],
        style=style,
        words=words,
        title=words("title", period=words.period(gap.period.start, gap.period.end)),
        span=words("span", start=words.day(gap.period.start), end=words.day(gap.period.end)),
        as_of=words("as_of", instant=words.day(gap.as_of)),
        books=words("books_read", books=books) if books else words("books_none"),
        sections=sections(writer, document),
    )
