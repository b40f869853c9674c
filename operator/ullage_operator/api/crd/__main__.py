"""``python -m ullage_operator.api.crd``: write the CRD, or with ``--check`` say whether the file has drifted."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .definition import render

_PATHS = (Path("manifests/crd/ullage.dev_trainingjobs.yaml"), Path("helm/ullage/files/trainingjobs.yaml"))


def main(arguments: list[str] | None = None) -> int:
    """Write the CRD into the manifests, or compare it; return the exit code: 0, or 1 where it has drifted."""
    parser = argparse.ArgumentParser(prog="python -m ullage_operator.api.crd", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    parser.add_argument(
        "--path",
        type=Path,
        action="append",
        help=f"a file, from the repository's root (default: {' and '.join(map(str, _PATHS))})",
    )
    options = parser.parse_args(arguments)
    text = render()
    drifted = False
    for path in options.path or _PATHS:
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {path}\n")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            drifted = True
            sys.stderr.write(f"{path} is not what the types say; run: python -m ullage_operator.api.crd\n")
    return int(drifted)


if __name__ == "__main__":
    raise SystemExit(main())
