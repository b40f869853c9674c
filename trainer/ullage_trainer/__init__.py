"""The worker's side of Ullage: prepare data, train on Horovod ranks, quantize, and report what it took.

In a script of your own: ``from ullage_trainer import report``, then ``report(step=10, total=100, loss=0.3)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["report"]

if TYPE_CHECKING:
    from .reporting import report
else:

    def __getattr__(name: str) -> Any:
        """Import what is for scripts when they ask for it: an agent is to catch signals before that takes its time."""
        if name == "report":
            from .reporting import report  # noqa: PLC0415 - not before

            return report
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
