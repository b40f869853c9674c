"""kopf without a memory in the objects that it watches: we tell changes by our own state, and let it write nothing."""

from __future__ import annotations

from typing import Any

import kopf


class NoDiffBase(kopf.DiffBaseStorage):
    """No object differs from what it was: no handler asks, and copying each at each event takes half of kopf's time."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Return that nothing is essential."""
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> kopf.BodyEssence | None:
        """Return that nothing was handled."""
        return None

    def store(self, **_: Any) -> None:
        """Store nothing."""


class NoProgress(kopf.ProgressStorage):
    """No handler is ever in progress."""

    def fetch(self, **_: Any) -> None:
        """Return that nothing is in progress."""

    def store(self, **_: Any) -> None:
        """Store nothing."""

    def purge(self, **_: Any) -> None:
        """Remove nothing."""

    def touch(self, **_: Any) -> None:
        """Touch nothing."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        """Return what is left without what was stored: all of it."""
        return essence
