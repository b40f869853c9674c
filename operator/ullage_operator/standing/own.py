"""What a job held on its institution's own machines: nothing pays for it, and it is in the books all the same. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ullage_operator.ledger import Charge

from .held import Held


def own_charges(held: Sequence[Held], undrawn_ms: Mapping[str, int], kinds: Mapping[str, str]) -> list[Charge]:
    """Return what a job that has ended held on own machines, one charge for each kind of accelerator.

    Parameters
    ----------
    held
        All that the job held, up to its end.
    undrawn_ms
        Accelerators × milliseconds by kind that were on own machines although their nodes were not known to be.
    kinds
        Which accelerator a resource of the cluster is.
    """
    sums = dict(undrawn_ms)
    for each in held:
        if each.own_machines and each.to_ms is not None:
            kind = kinds.get(each.resource, each.resource)
            sums[kind] = sums.get(kind, 0) + each.accelerators * (each.to_ms - each.from_ms)
    return [
        Charge(
            institution=held[0].context.institution,
            job_uid=held[0].context.job_uid,
            resource="accelerator",
            resource_type=kind,
            quantity_ms=quantity,
            from_ms=min(each.from_ms for each in held),
            to_ms=max(each.to_ms or each.from_ms for each in held),
        )
        for kind, quantity in sorted(sums.items())
        if quantity
    ]
