"""What the worked example has none of: needs that are not known, ends that are estimated, jobs of nobody declared."""

from __future__ import annotations

from typing import Any

import yaml

from gap.vessel import at
from ullage_operator.ledger import (
    Activity,
    DataUse,
    EntryContext,
    HoldOpened,
    HoldReleased,
    Ledger,
    Outcome,
    Provenance,
    Transfer,
    estimate,
)
from ullage_trainer.config import Stage, Usage, Use

_HOUR = 3_600_000

RIDGE: dict[str, Any] = yaml.safe_load("""
apiVersion: ullage.dev/v1alpha1
kind: Institution
metadata: {name: ridge}
spec:
  id: ridge
  displayName: Ridge Observatory
  country: ZA
  kind: institute
  namespaceSelector: {matchLabels: {ullage.dev/institution: ridge}}
  declaredBy: Director
  requires:
    # The catalogue publishes neither this accelerator nor that model.
    - resource: compute
      type: H300
      unit: acceleratorHours
      model: {parameters: 1.0e+9, tokens: 1.0e+9, mfu: 0.4}
      from: 2026-11-01
      to: 2026-12-01
    - resource: compute
      type: H200
      unit: acceleratorHours
      model: {ref: a-model-of-nobody, mfu: 0.4}
      from: 2026-11-01
      to: 2026-12-01
    - resource: compute
      type: H100
      unit: acceleratorHours
      model: {ref: gpt-3, mfu: 0.4}
      from: 2026-11-01
      to: 2026-12-01
    - {resource: data, type: text, unit: tokens, amount: 1.0e+9, from: 2026-11-01, to: 2026-11-16}
  holds:
    accelerators:
      - {type: A100, count: 2, from: 2026-01-01, nodeSelector: {owner: ridge}}
""")


def hold_unknowns(ledger: Ledger) -> None:
    """Post workers of an institution that is not declared and of none, and ends that nobody saw."""
    _run(ledger, "ghost", "g1", at("2026-11-28"), hours=96)
    _run(ledger, None, "o1", at("2026-11-29"), hours=72)
    _run(ledger, "ridge", "r1", at("2026-11-30"), hours=36, own=True, estimated=True)
    _run(ledger, "ridge", "r2", at("2026-11-30"), hours=30, own=False)
    _run(ledger, "ridge", "r3", at("2026-11-29"), hours=60, own=True)
    use = Use(asset="strange", fingerprint="0" * 64, rows_read=9, rows_accepted=7, bytes=70)
    ledger.post(
        [
            DataUse(context=_context("ghost", "g1"), worker_uid="uid-g1", at_ms=at("2026-11-29"), use=use),
            Transfer(
                subject="job/g1",
                institution="ghost",
                operation="work",
                reference="g1/engineer",
                from_account="institution:ghost",
                from_role="engineer",
                to_account="work",
                to_role="engineer",
                seconds=7_200,
                job_uid="g1",
                from_ms=at("2026-11-28"),
                to_ms=at("2026-11-30"),
            ),
        ]
    )


def _context(institution: str | None, name: str) -> EntryContext:
    return EntryContext(job_uid=name, namespace=institution or "nobody", job=name, institution=institution)


def _run(
    ledger: Ledger,
    institution: str | None,
    name: str,
    start_ms: int,
    *,
    hours: int,
    own: bool | None = None,
    estimated: bool = False,
) -> None:
    """Post a worker with two accelerators, active half of the time; it was last seen an hour before its end."""
    facts: dict[str, Any] = {"context": _context(institution, name), "worker_uid": f"uid-{name}"}
    hold = HoldOpened(
        **facts,
        stage=Stage.TRAIN,
        attempt=1,
        index=0,
        slots=2,
        accelerators=2,
        accelerator_type="nvidia.com/gpu",
        cpu_millis=1000,
        memory_mib=1024,
        from_ms=start_ms,
        own_machines=own,
    )
    seen_ms, end_ms = start_ms + (hours - 1) * _HOUR, start_ms + hours * _HOUR
    wall_ms = seen_ms - start_ms
    usage = Usage(wall_ms=wall_ms, cpu_ms=1000, peak_memory_bytes=1 << 20, gpu_ms=2 * wall_ms, gpu_active_ms=wall_ms)
    energy = estimate(1000, 1 << 30, wall_ms, gpu_joules=None, accelerators=2)
    used = Activity(**facts, from_ms=start_ms, to_ms=seen_ms, usage=usage, energy=energy)
    provenance = Provenance.ESTIMATED if estimated else Provenance.MEASURED
    ended = HoldReleased(**facts, to_ms=end_ms, outcome=Outcome.SUCCEEDED, provenance=provenance)
    ledger.post([hold, used, ended])
