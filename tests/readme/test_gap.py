"""What the page shows of the gap is what the commands on it print, figure by figure."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ullage_operator.cli.app import app


@pytest.fixture
def office(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with nothing in it but the manifests of the repository."""
    (tmp_path / "manifests").symlink_to(root / "manifests")
    monkeypatch.chdir(tmp_path)
    for name in ("ULLAGE_WORKDIR", "ULLAGE_LEDGER_URL", "ULLAGE_CLUSTER"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def commands(readme) -> list[list[str]]:
    """Return what the section tells to type, without the last block: that is about other books."""
    blocks = readme.blocks("sh", "The gap")[:-1]
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines]


def printed(readme) -> dict[str, str]:
    """Type all of it; return what each command printed, the first time that it was typed."""
    found: dict[str, str] = {}
    for arguments in commands(readme):
        done = CliRunner().invoke(app, arguments)
        assert (arguments, done.exit_code, done.stderr) == (arguments, 0, "")
        found.setdefault(arguments[0], done.stdout)
    return found


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize("command", ["gap", "plan", "compare"])
def test_every_line_that_the_page_shows_is_printed_in_that_order(readme, command: str) -> None:
    shown = re.search(rf"<!-- ullage {command}: begin -->\n```text\n(.*?)```", readme.text, re.DOTALL)[1]
    said = iter([line.rstrip() for line in printed(readme)[command].splitlines()])
    wanted = [line for line in shown.splitlines() if line not in ("", "…")]
    assert [line for line in wanted if line not in said] == []


def test_the_page_s_report_is_written(readme, office: Path) -> None:
    printed(readme)
    lines = [line for line in readme.blocks("sh", "The gap")[-1].splitlines() if line.startswith("ullage report")]
    done = [CliRunner().invoke(app, shlex.split(line, comments=True)[1:]) for line in lines]
    assert [(each.exit_code, each.stderr) for each in done] == [(0, ""), (0, "")]
    assert json.loads(done[1].stdout)["gap"]["period"]["start"] == "2026-11-01T00:00:00.000Z"
    assert (office / "gap.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
