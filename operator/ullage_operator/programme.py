"""Institutions and investments on a cluster: accepted, posted, measured, and told how they stand.

Level-based as the reconciler is: each round takes the objects as they are now and makes the books and the status
follow. What a round could not do, because the books or the API server were away, the next one does.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import aiohttp

from . import gap
from .accepting import Accepted, accept
from .api import Declarations, InvalidManifest, objections
from .api.types import Condition, Institution, InstitutionStatus, Investment, InvestmentStatus, Phase, TrainingJob
from .api.types import ConditionStatus as Holds
from .clock import Clock
from .cluster.api import ApiRefusal
from .cluster.events import Recorder
from .cluster.names import JsonObject, uid_of
from .cluster.objects import ObjectKey, Objects, object_key
from .cluster.reflector import Reflector
from .ledger import Ledger, LedgerError, LineRow
from .plan.conditions import ACCEPTED, condition
from .posting import Poster
from .standing import Standing, institution_status, investment_status, keep, key_of, standing, thresholds

_log = logging.getLogger(__name__)
_DEBOUNCE_SECONDS: Final = 0.2
_RESYNC_SECONDS: Final = 300.0
_PAUSE_SHARE: Final = 5.0
"""Measuring pauses for so many times as long as it took: with very many jobs, figures are taken less often."""
_RETRY_SECONDS: Final = 5.0
_READY: Final = "Ready"
_STATUS: Final[Mapping[str, type[InstitutionStatus | InvestmentStatus]]] = {
    "Institution": InstitutionStatus,
    "Investment": InvestmentStatus,
}
_FAILURES: Final = (LedgerError, ApiRefusal, aiohttp.ClientError, OSError, TimeoutError)


@dataclass(frozen=True)
class ProgrammeSettings:
    """What the admin sets of it."""

    kinds: Mapping[str, str]
    """Which accelerator a resource of the cluster is, such as ``nvidia.com/gpu`` an ``A100``."""
    catalogue: gap.Catalogue
    """The reference models that needs may name."""
    seconds: float = 60.0
    """How often figures are taken from the books, and how often at most they alone are written."""


@dataclass
class Programme:
    """All that is declared on a cluster."""

    objects: Objects
    namespaces: Reflector
    ledger: Ledger
    poster: Poster
    recorder: Recorder
    settings: ProgrammeSettings
    changed: Callable[[], None]
    """Called when something else is declared than before."""
    clock: Clock = field(default_factory=Clock)
    declarations: Declarations = field(default_factory=Declarations)
    """What is declared, as the books have it, with the namespaces."""
    measured: Standing | None = None
    """How institutions stood in this month when that was last measured; null where none is declared."""
    lines: tuple[LineRow, ...] = ()
    """What had become of what was granted, when that was last measured."""
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    """What was declared before the operator started is known."""
    _accepted: Accepted = field(default_factory=Accepted)
    _refused: dict[tuple[str, str], str] = field(default_factory=dict)
    _kept: object = None
    """What was last posted, to post nothing again that has not changed."""
    _listed_at: float | None = None
    _measured_at: float | None = None
    _took_seconds: float = 0.0
    _lines_ms: int | None = None
    """Until when the lines are told, in milliseconds since 1970."""
    _written_at: dict[str, float] = field(default_factory=dict)
    _dirty: asyncio.Event = field(default_factory=asyncio.Event)

    def seen(self, item: JsonObject, *, deleted: bool) -> None:
        """Take what the watch tells of an object."""
        if deleted:
            self.objects.gone(item)
        else:
            self.objects.seen(item)
        self.look()

    def look(self) -> None:
        """Have a round made soon."""
        self._dirty.set()

    def attributed(self, job: TrainingJob) -> TrainingJob:
        """Return a job with the institution that it is in the books of: its namespace's.

        Raises
        ------
        InvalidManifest
            It says something else, or names a grant that there is not. A job that runs goes on all the same: what is
            declared meanwhile stops nothing.
        """
        if job.status.phase in (Phase.PENDING, Phase.SUSPENDED) and job.metadata.deletion_timestamp is None:
            errors = objections(job, self.declarations)
            if errors:
                raise InvalidManifest(f"{job.metadata.namespace}/{job.metadata.name}", errors)
        institution = self.declarations.institution_of(job)
        if institution == job.spec.accounting.institution:
            return job
        accounting = job.spec.accounting.model_copy(update={"institution": institution})
        return job.model_copy(update={"spec": job.spec.model_copy(update={"accounting": accounting})})

    async def run(self) -> None:
        """Make rounds until cancelled: when something has changed, and as often as figures are taken."""
        await self.namespaces.synced.wait()
        while True:
            self._dirty.clear()
            wait = self.settings.seconds
            try:
                await self._list()
                await self.round()
            except _FAILURES as error:
                _log.warning("institutions and investments: %s", str(error) or type(error).__name__)
                wait = min(wait, _RETRY_SECONDS)
            try:
                async with asyncio.timeout(wait):
                    await self._dirty.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(_DEBOUNCE_SECONDS)

    async def _list(self) -> None:
        """List all objects now and then: a deletion that happened while a watch was lost is told by nobody."""
        if self._listed_at is None or self.clock.monotonic() - self._listed_at >= _RESYNC_SECONDS:
            await self.objects.read_all()
            self._listed_at = self.clock.monotonic()

    async def round(self) -> None:
        """Accept, post, measure and tell, once."""
        items = self.objects.values()
        if items or self._kept is not None or not self.ready.is_set():
            await self._post(items)
        if items:
            try:
                await self._measure()
            except ValueError as error:
                # Such as InvalidManifest, where another version wrote what is declared: jobs run all the same.
                _log.error("this month can't be measured: %s", error)
            for item in items:
                await self._tell(item)
        else:
            self.measured, self.lines = None, ()

    # -- the books ----------------------------------------------------------------------------------

    async def _post(self, items: list[JsonObject]) -> None:
        namespaces = {name: labels for _, name, labels in self._namespaces()}
        self._accepted = accept(items, namespaces)
        wanted = (
            [
                (uid_of(item), item["spec"], item["metadata"].get("labels"))
                for item in items
                if object_key(item) in self._accepted.objects
            ],
            self._accepted.present,
        )
        accepted, now = self._accepted, self.clock.now_ms()
        if wanted != self._kept:
            self._kept = None
            try:
                kept = await self.poster.run(
                    lambda ledger: keep(ledger, list(accepted.objects.values()), accepted.present, now)
                )
            except LedgerError:
                if not self.ready.is_set():
                    # A job never waits for the store.
                    self._take(Declarations.of(accepted.objects.values(), namespaces))
                raise
            self._kept, self._refused, self._measured_at = wanted, kept.refused, None
            self._take(replace(kept.declarations, namespaces=namespaces))
        elif namespaces != self.declarations.namespaces:
            self._take(replace(self.declarations, namespaces=namespaces))

    def _namespaces(self) -> list[tuple[str, str, dict[str, str]]]:
        items = [item for key in self.namespaces.keys() for item in self.namespaces.of(key)]  # noqa: SIM118
        return [("", item["metadata"]["name"], item["metadata"].get("labels") or {}) for item in items]

    def _take(self, declarations: Declarations) -> None:
        self.declarations = declarations
        self.ready.set()
        self.changed()

    async def _measure(self) -> None:
        """Take figures from the books, in a thread of their own: with many jobs that takes a while."""
        pause = max(self.settings.seconds, _PAUSE_SHARE * self._took_seconds)
        if self._measured_at is not None and self.clock.monotonic() - self._measured_at < pause:
            return
        began = self.clock.monotonic()
        now = self.clock.now_ms()
        self.measured, self.lines = await asyncio.to_thread(figures, self.ledger, now, self.settings)
        self._lines_ms = now
        self._measured_at = self.clock.monotonic()
        self._took_seconds = self._measured_at - began

    # -- the status ---------------------------------------------------------------------------------

    async def _tell(self, item: JsonObject) -> None:
        """Write an object's status where it has changed: figures alone at most as often as they are to be."""
        key = object_key(item)
        kind, now = _STATUS.get(item["kind"]), self.clock.now_ms()
        errors = self._accepted.errors.get(key, "")
        if kind is None:
            await self._warn_once(item, errors)
            return
        before = kind.model_validate_json(json.dumps(item.get("status") or {}))
        conditions = self._conditions(item, before.conditions, errors, now)
        update = {"conditions": conditions, "observed_generation": item["metadata"].get("generation")}
        told = before.model_copy(update=update)
        figured = self._with_figures(key, told, now)
        urgent = told != before
        if not urgent and not self._due(uid_of(item)):
            return
        if _timeless(figured) == _timeless(before):
            return
        if await self.objects.write_status(item, _dumped(figured)):
            self._written_at[uid_of(item)] = self.clock.monotonic()
            if errors and _message(before.conditions) != errors:
                self.recorder.record(item, "Warning", "SpecInvalid", errors)
            parsed = self._accepted.parsed.get(key)
            if (
                isinstance(parsed, Investment)
                and isinstance(before, InvestmentStatus)
                and isinstance(figured, InvestmentStatus)
            ):
                for text in thresholds(parsed, before, figured):
                    self.recorder.record(item, "Warning", "GrantSpent", text)

    def _due(self, uid: str) -> bool:
        written = self._written_at.get(uid)
        return written is None or self.clock.monotonic() - written >= self.settings.seconds

    async def _warn_once(self, item: JsonObject, errors: str) -> None:
        """Tell what is wrong with an object that has no status, once a generation."""
        mark = f"{uid_of(item)}/{item['metadata'].get('generation')}"
        if errors and mark not in self._written_at:
            self._written_at[mark] = self.clock.monotonic()
            self.recorder.record(item, "Warning", "SpecInvalid", errors)

    def _conditions(self, item: JsonObject, before: list[Condition], errors: str, now_ms: int) -> list[Condition]:
        known, generation = {each.type: each for each in before}, item["metadata"].get("generation")
        accepted = self._accepted.objects.get(object_key(item))
        refused = "" if accepted is None else self._refused.get(key_of(accepted), "")
        if errors:
            outcomes = [(ACCEPTED, Holds.FALSE, "SpecInvalid", errors)]
            outcomes.append((_READY, Holds.FALSE, "NotAccepted", "see the condition Accepted"))
        elif refused:
            outcomes = [(ACCEPTED, Holds.TRUE, "SpecValid", ""), (_READY, Holds.FALSE, "BooksRefuse", refused)]
        elif self._kept is None:
            away = "the books can't be written now"
            outcomes = [(ACCEPTED, Holds.TRUE, "SpecValid", ""), (_READY, Holds.FALSE, "BooksUnavailable", away)]
        else:
            outcomes = [(ACCEPTED, Holds.TRUE, "SpecValid", ""), (_READY, Holds.TRUE, "InBooks", "")]
        return [
            condition(known.get(name), name, holds, reason, message, now_ms, generation)
            for name, holds, reason, message in outcomes
        ]

    def _with_figures(
        self, key: ObjectKey, status: InstitutionStatus | InvestmentStatus, now_ms: int
    ) -> InstitutionStatus | InvestmentStatus:
        parsed = self._accepted.parsed.get(key)
        if isinstance(parsed, Institution) and isinstance(status, InstitutionStatus) and self.measured is not None:
            return institution_status(status, parsed.spec.id, self.measured.report)
        if isinstance(parsed, Investment) and isinstance(status, InvestmentStatus):
            return investment_status(status, parsed, self.lines, now_ms if self._lines_ms is None else self._lines_ms)
        return status


def figures(ledger: Ledger, now_ms: int, settings: ProgrammeSettings) -> tuple[Standing, tuple[LineRow, ...]]:
    """Return how institutions stand in the month, and what has become of each line, as the books say now."""
    with ledger.books() as books:
        measured = standing(books, gap.month_of(now_ms), settings.catalogue, settings.kinds)
        return measured, tuple(books.lines(0, now_ms + 1))


def _timeless(status: InstitutionStatus | InvestmentStatus) -> InstitutionStatus | InvestmentStatus:
    return status.model_copy(update={"as_of": None}) if isinstance(status, InvestmentStatus) else status


def _message(conditions: list[Condition]) -> str:
    return next((each.message for each in conditions if each.type == ACCEPTED), "")


def _dumped(status: InstitutionStatus | InvestmentStatus) -> JsonObject:
    told = status.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {name: value for name, value in told.items() if value not in ("", [], {})}
