"""The books that a command is about: which ones, how they are opened, and what is measured from them."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path

from ullage_operator import gap
from ullage_operator.api import InvalidManifest
from ullage_operator.ledger import AsOf, ConflictingEntry, Ledger, LedgerError, LedgerMissing, RefusedEntry, shown
from ullage_operator.local import Workdir
from ullage_operator.local.books import now_ms
from ullage_operator.report import About
from ullage_operator.standing import Standing, standing

from .exits import Exit
from .instants import instant, period_of
from .manifests import Unusable, complain


@dataclass(frozen=True)
class Place:
    """Where books are, and whose workers in them are counted."""

    workdir: Workdir
    ledger_url: str | None
    """Another ledger than the folder's."""
    cluster: str

    @classmethod
    def of(cls, workdir: Path, ledger_url: str | None, cluster: str) -> Place:
        """Return the place that options name."""
        return cls(Workdir(workdir), ledger_url, cluster)

    @property
    def url(self) -> str:
        """The ledger's address."""
        return self.ledger_url or self.workdir.ledger_url

    @contextmanager
    def reading(self) -> Iterator[Ledger]:
        """Open the books to be read; what goes wrong is said, and ends the command."""
        with self._opened(read_only=True) as ledger:
            yield ledger

    @contextmanager
    def writing(self) -> Iterator[Ledger]:
        """Open the books to be written, made where there are none."""
        if self.ledger_url is None:
            try:
                self.workdir.path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                complain(f"{self.workdir.path}: expected a folder for the books, found: {error.strerror}; name another")
                raise Unusable(Exit.ENVIRONMENT) from error
        with self._opened(read_only=False) as ledger:
            yield ledger

    @contextmanager
    def existing(self) -> Iterator[Ledger]:
        """Open books that are there to be written; none are made."""
        with self._opened(read_only=True):
            pass
        with self._opened(read_only=False) as ledger:
            yield ledger

    @contextmanager
    def _opened(self, *, read_only: bool) -> Iterator[Ledger]:
        try:
            with Ledger.open(self.url, cluster=self.cluster, now_ms=now_ms, read_only=read_only) as ledger:
                yield ledger
        except LedgerMissing as error:
            complain(f"{error}, and so does `ullage declare`")
            raise Unusable(Exit.ENVIRONMENT) from error
        except (ConflictingEntry, RefusedEntry) as error:
            complain(str(error))
            raise Unusable(Exit.INVALID) from error
        except LedgerError as error:
            complain(str(error))
            raise Unusable(Exit.ENVIRONMENT) from error


def author() -> str:
    """Return who posts: this machine's name of whoever runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "ullage"


@dataclass(frozen=True)
class Question:
    """What is asked of the books."""

    period: str | None = None
    """A month or a year; this month unless a period is given in another way."""
    since: str | None = None
    """In the place of a month, the start."""
    until: str | None = None
    """In the place of a month, the end."""
    as_of: str | None = None
    """As they stood then; now unless given."""
    kinds: tuple[str, ...] = ()
    """Which accelerator a resource is, each as RESOURCE=TYPE."""
    catalogue: Path | None = None
    """Models of the asker's own."""


@dataclass(frozen=True)
class Measured:
    """A period of the books, and what its documents say of themselves."""

    standing: Standing
    about: About
    before: tuple[gap.GapReport, ...] = ()
    """The months before it that the books know, where they were asked for."""


def measure(place: Place, question: Question, *, months_before: int = 0) -> Measured:
    """Measure a period from the books and, where it is one calendar month, so many months before it.

    Each month before is measured by what was declared at its own end. Those before the books begin are not there.

    Raises
    ------
    Unusable
        The books can't be read, or what is asked is no question; that has been said.
    """
    period = period_of(question.period, question.since, question.until, now_ms())
    kinds, catalogue = kinds_of(question.kinds), catalogue_of(question.catalogue)
    moment = moment_of(question.as_of)
    with place.reading() as ledger, ledger.books(moment) as books:
        try:
            found = standing(books, period, catalogue, kinds)
            earlier = gap.months_before(period, months_before) if period == gap.month_of(period.start_ms) else []
            before = [standing(books, month, catalogue, kinds).report for month in earlier]
        except InvalidManifest as error:
            complain(
                f"{shown(place.url)}: expected declarations that this version of Ullage reads, found others\n{error}"
            )
            raise Unusable(Exit.ENVIRONMENT) from error
        as_of_ms = books.now_ms
    names = {each.spec.id: each.spec.display_name for each in found.declarations.institutions}
    about = About(as_of_ms=as_of_ms, books=found.inputs.books, names=names)
    return Measured(found, about, tuple(dropwhile(_has_nothing, before)))


def _has_nothing(report: gap.GapReport) -> bool:
    return not (report.rows or report.unattributed or report.undeclared)


def moment_of(as_of: str | None) -> AsOf | None:
    """Return the moment of the books that is asked for; None is now.

    Raises
    ------
    Unusable
        What was typed is no instant; that has been said.
    """
    if as_of is None:
        return None
    problems: list[str] = []
    at_ms = instant(as_of, "--as-of", 0, problems)
    if problems:
        complain("\n".join(problems))
        raise Unusable(Exit.INVALID)
    return AsOf(posted_at_ms=at_ms)


def catalogue_of(own: Path | None) -> gap.Catalogue:
    """Return the published models, and those of a file beside them.

    Raises
    ------
    Unusable
        The file can't be read or is not valid; all errors have been printed.
    """
    base = gap.published()
    if own is None:
        return base
    try:
        text = own.read_text(encoding="utf-8")
        return gap.with_own(base, gap.load_catalogue(text, source=str(own)), source=str(own))
    except (OSError, UnicodeDecodeError) as error:
        complain(f"{own}: expected a catalogue in UTF-8 that can be read, found: {error}; correct the path")
        raise Unusable(Exit.INVALID) from error
    except InvalidManifest as error:
        complain(str(error))
        raise Unusable(Exit.INVALID) from error


def kinds_of(told: tuple[str, ...]) -> Mapping[str, str]:
    """Return which accelerator a resource of the cluster is, such as ``nvidia.com/gpu`` an ``A100``.

    Raises
    ------
    Unusable
        A text is not RESOURCE=TYPE; that has been said.
    """
    found: dict[str, str] = {}
    for text in told:
        resource, _, kind = text.partition("=")
        if not resource or not kind:
            complain(f"--kind: expected RESOURCE=TYPE such as nvidia.com/gpu=A100, found {text!r}")
            raise Unusable(Exit.INVALID)
        found[resource] = kind
    return found
