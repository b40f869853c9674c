"""``python -m ullage_operator.api.crd``: write the CRDs, or with ``--check`` say which files have drifted."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ullage_operator.api.types import API_VERSION

from .definition import render
from .kinds import KINDS

_GROUP = API_VERSION.partition("/")[0]


def files() -> dict[Path, str]:
    """Return what each file holds, by its path from the repository's root: the manifests and the chart's copies."""
    texts: dict[Path, str] = {}
    for kind in KINDS:
        text = render(kind)
        texts[Path(f"manifests/crd/{_GROUP}_{kind.plural}.yaml")] = text
        texts[Path(f"helm/ullage/files/{kind.plural}.yaml")] = text
    return texts


def main(arguments: list[str] | None = None) -> int:
    """Write the CRDs, or compare them; return the exit code: 0, or 1 where a file has drifted."""
    parser = argparse.ArgumentParser(prog="python -m ullage_operator.api.crd", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    parser.add_argument("--root", type=Path, default=Path(), help="the repository (default: the working directory)")
    options = parser.parse_args(arguments)
    drifted = False
    for relative, text in files().items():
        path = options.root / relative
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
