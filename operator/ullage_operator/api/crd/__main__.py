"""``python -m ullage_operator.api.crd``: write the CRD, or with ``--check`` say whether the file has drifted."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .definition import render


def main(arguments: list[str] | None = None) -> int:
    """Write the CRD into the manifests, or compare it; return the exit code: 0, or 1 where it has drifted."""
    parser = argparse.ArgumentParser(prog="python -m ullage_operator.api.crd", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    parser.add_argument(
        "--path",
        type=Path,
        default=Path("manifests/crd/ullage.dev_trainingjobs.yaml"),
        help="the file (default: %(default)s, from the repository's root)",
    )
    options = parser.parse_args(arguments)
    path: Path = options.path
    text = render()
    if options.check:
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            return 0
        sys.stderr.write(f"{path} is not what the types say; run: python -m ullage_operator.api.crd\n")
        return 1
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
