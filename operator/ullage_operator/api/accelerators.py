"""Which resources of a node are accelerators. Kubernetes has no word for it: its extended resources are any device."""

from __future__ import annotations

import re
from typing import Final

PLAIN: Final = ("cpu", "memory", "pods", "ephemeral-storage", "hugepages-", "attachable-volumes-")
"""How the names of resources begin that every node has."""
OTHER_DEVICES: Final = (
    r"^(rdma|vpc\.amazonaws\.com|devices\.kubevirt\.io|smarter-devices)/"
    r"|[/_.-](rdma|hca|roce|sriov|infiniband|hostdev|netdevice|efa)([_.-]|$)"
)
"""Network adapters and devices of the system, by the names that their device plugins give them (RE2 and Python)."""
_OTHER: Final = re.compile(OTHER_DEVICES)


def is_accelerator(resource: str) -> bool:
    """Tell whether a resource is an accelerator: an extended resource that is no network adapter or system device.

    What is not known is taken for one: it is then in the books, and a budget holds for it.
    """
    return "/" in resource and not resource.startswith(PLAIN) and _OTHER.search(resource) is None
