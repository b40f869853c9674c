"""All that is declared at a time, looked up by what objects call each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from .parse import Declared
from .types import Institution, Investment, Line, LineReference, PriceList, TrainingJob


@dataclass(frozen=True)
class Declarations:
    """Objects that are valid each by itself. Of several with the same key the first counts: give the oldest first."""

    institutions: tuple[Institution, ...] = ()
    investments: tuple[Investment, ...] = ()
    price_lists: tuple[PriceList, ...] = ()
    jobs: tuple[TrainingJob, ...] = ()
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The labels of each namespace that is known, by its name."""

    @classmethod
    def of(cls, objects: Iterable[Declared], namespaces: Mapping[str, Mapping[str, str]] | None = None) -> Declarations:
        """Sort objects by their kind."""
        every = tuple(objects)
        return cls(
            tuple(each for each in every if isinstance(each, Institution)),
            tuple(each for each in every if isinstance(each, Investment)),
            tuple(each for each in every if isinstance(each, PriceList)),
            tuple(each for each in every if isinstance(each, TrainingJob)),
            namespaces or {},
        )

    @cached_property
    def institutions_by_id(self) -> dict[str, Institution]:
        """Institutions by their id."""
        return {each.spec.id: each for each in reversed(self.institutions)}

    @cached_property
    def investments_by_name(self) -> dict[str, Investment]:
        """Investments by their name."""
        return {each.metadata.name: each for each in reversed(self.investments)}

    @cached_property
    def price_lists_by_name(self) -> dict[str, PriceList]:
        """Price lists by their name."""
        return {each.metadata.name: each for each in reversed(self.price_lists)}

    @cached_property
    def holders(self) -> dict[str, Institution]:
        """The institution that holds each data asset, by the asset's id."""
        return {asset.asset_id: each for each in reversed(self.institutions) for asset in each.spec.holds.data}

    def line(self, reference: LineReference) -> Line | None:
        """Return the line that is meant; none where there is none."""
        investment = self.investments_by_name.get(reference.name)
        lines = investment.spec.lines if investment else []
        return next((line for line in lines if line.id == reference.line), None)

    def owners(self, namespace: str) -> tuple[Institution, ...]:
        """Return the institutions that select a namespace; there should be at most one."""
        labels = self.namespaces.get(namespace)
        if labels is None:
            return ()
        return tuple(
            each
            for each in self.institutions
            if each.spec.namespace_selector and each.spec.namespace_selector.selects(labels)
        )

    def institution_of(self, job: TrainingJob) -> str | None:
        """Return the id of the institution whose job it is: its namespace's.

        The one that the job names counts where that can't be told: no institution is declared, or the namespace
        is not known, as on a laptop.
        """
        namespace = job.metadata.namespace
        if namespace is None or namespace not in self.namespaces or not self.institutions:
            return job.spec.accounting.institution
        owners = self.owners(namespace)
        return owners[0].spec.id if len(owners) == 1 else None

    def beneficiaries(self, line: Line) -> tuple[str, ...]:
        """Return the ids of the institutions that a line is for; of those named, only those that there are."""
        if line.beneficiary_selector is not None:
            selects = line.beneficiary_selector.selects
            return tuple(each.spec.id for each in self.institutions if selects(each.metadata.labels))
        return (line.beneficiary,) if line.beneficiary in self.institutions_by_id else ()
