"""``python -m ullage_operator``: the operator's process."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the operator. Nothing that is imported is ever garbage: it is not looked through, now or later."""
    gc.disable()
    from ullage_operator.command import app  # noqa: PLC0415 - not before

    gc.freeze()
    gc.enable()
    app()


if __name__ == "__main__":
    main()
