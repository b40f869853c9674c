"""What kopf calls: each handler hands over to the service."""

from __future__ import annotations

from typing import Any

import kopf

from .cluster.api import PAGE
from .cluster.names import GROUP, PLURAL, VERSION
from .cluster.objects import KINDS
from .service import Service
from .stateless import NoDiffBase, NoProgress


@kopf.on.startup()
async def start(settings: kopf.OperatorSettings, memo: Service, **_: Any) -> None:
    """Set kopf up to write nothing of its own, and start."""
    settings.posting.enabled = False
    settings.persistence.diffbase_storage = NoDiffBase()
    settings.persistence.progress_storage = NoProgress()
    settings.watching.server_timeout = 290
    settings.watching.client_timeout = 320
    settings.watching.chunk_size = PAGE
    settings.scanning.disabled = True
    await memo.start()


@kopf.on.cleanup()
async def stop(memo: Service, **_: Any) -> None:
    """End."""
    await memo.stop()


@kopf.on.event(GROUP, VERSION, PLURAL)
async def job(event: kopf.RawEvent, memo: Service, **_: Any) -> None:
    """Take what the API server tells of a job."""
    memo.job_seen(dict(event["object"]), deleted=event["type"] == "DELETED")


@kopf.on.event(GROUP, VERSION, KINDS["Institution"])
@kopf.on.event(GROUP, VERSION, KINDS["Investment"])
@kopf.on.event(GROUP, VERSION, KINDS["PriceList"])
async def declared(event: kopf.RawEvent, memo: Service, **_: Any) -> None:
    """Take what the API server tells of an institution, an investment or a price list."""
    memo.declared(dict(event["object"]), deleted=event["type"] == "DELETED")


@kopf.on.probe(id="well")
async def well(memo: Service, **_: Any) -> str:
    """Tell the kubelet whether the operator is well; an error is an answer of 500."""
    if ailments := memo.ailments():
        raise kopf.PermanentError("; ".join(ailments))
    return "ok"
