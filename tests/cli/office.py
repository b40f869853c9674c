"""A folder with books in it, where tests run the command in this process and look at what it said."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner

from cli.workplace import Ended
from gap.vessel import at
from standing.test_standing import run
from ullage_operator.cli.app import app
from ullage_operator.ledger import Ledger
from ullage_operator.local import Workdir

EXAMPLE = Path(__file__).parents[2] / "manifests" / "examples" / "national-programme"
FILES = tuple(str(EXAMPLE / name) for name in ("institutions.yaml", "investments.yaml", "prices.yaml"))
VESSEL = ("north", "south", "forge")
"""The institutions of the specification's worked example."""
KIND = ("--kind", "nvidia.com/gpu=A100")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")


@dataclass(frozen=True)
class Office:
    """The folder in which commands run."""

    root: Path
    ledger_url: str | None = None
    """Where its books are, if not in the folder: as the environment says."""

    def ullage(self, *arguments: str, text: str = "") -> Ended:
        """Run the command; the one instant that differs from run to run, to the millisecond, is <now>."""
        done = CliRunner().invoke(app, arguments, input=text, prog_name="ullage")
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ended(done.exit_code, _INSTANT.sub("<now>", done.stdout), done.stderr)

    def json(self, *arguments: str) -> Any:
        """Run the command and return the document that it prints."""
        done = CliRunner().invoke(app, [*arguments, "-o", "json"])
        assert (done.exit_code, done.stderr) == (0, "")
        return json.loads(done.stdout)

    def write(self, name: str, *documents: dict[str, Any]) -> str:
        """Write manifests into one file; return its name."""
        (self.root / name).write_text(yaml.safe_dump_all(documents), encoding="utf-8")
        return name

    def declare_vessel(self) -> None:
        """Declare the three institutions of the worked example and what they are given, before November."""
        institutions = documents("institutions.yaml")
        three = [each for each in institutions if each["spec"]["id"] in VESSEL]
        ended = self.ullage("declare", self.write("vessel.yaml", *three), *FILES[1:], "--since", "2026-10-31")
        assert (ended.code, ended.err) == (0, "")

    def hold_vessel(self) -> None:
        """Post the runs of the worked example."""
        hour = 3_600_000
        with self.ledger() as ledger:
            run(ledger, "north", "n1", 4, at("2026-11-02"), 100, 0.75)
            run(ledger, "north", "n2", 2, at("2026-11-10"), 50, None)
            run(ledger, "south", "s1", 2, at("2026-11-26") + 10 * hour, 120, 0.5)

    def ledger(self) -> Ledger:
        """Open its books to be written."""
        workdir = Workdir(self.root / ".ullage")
        if self.ledger_url is None:
            workdir.path.mkdir(exist_ok=True)
        return Ledger.open(self.ledger_url or workdir.ledger_url, cluster="local", now_ms=lambda: at("2027-01-02"))


def documents(name: str) -> Sequence[dict[str, Any]]:
    """Return the manifests of a file of the example."""
    return list(yaml.safe_load_all((EXAMPLE / name).read_text(encoding="utf-8")))


def expected(name: str) -> str:
    """Return what a command is expected to print."""
    return (Path(__file__).parent / "expected" / name).read_text(encoding="utf-8")
