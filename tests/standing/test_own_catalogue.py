"""A catalogue of a cluster's own: read by the operator at its start, and needs are computed from its models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from gap.vessel import A100, at
from standing.test_declared import objects
from ullage_operator import gap
from ullage_operator.api import Declarations
from ullage_operator.api.types import Institution
from ullage_operator.command import catalogue_from
from ullage_operator.ledger import Ledger
from ullage_operator.programme import ProgrammeSettings, figures
from ullage_operator.standing import declare

OURS = {"id": "ours", "name": "Ours", "family": "cnn", "year": 2026, "flop": {"value": 898.56e18, "source": "us"}}


@dataclass(frozen=True)
class Own:
    """A file with a catalogue."""

    path: Path

    def write(self, **changes: object) -> Path:
        self.path.write_text(json.dumps({"version": 1, "models": [OURS]} | changes), encoding="utf-8")
        return self.path


@pytest.fixture
def own(tmp_path: Path) -> Own:
    return Own(tmp_path / "catalogue.yaml")


@pytest.fixture
def ledger(books_url: str) -> Iterator[Ledger]:
    with Ledger.open(books_url, cluster="here", now_ms=lambda: at("2026-11-02")) as opened:
        yield opened


def north_that_needs(ref: str) -> Institution:
    """The example's first institution, which needs hours for a model of the catalogue."""
    north = next(each for each in objects() if isinstance(each, Institution))
    need = north.spec.requires[0]
    assert need.model is not None
    model = need.model.model_copy(update={"ref": ref, "parameters": None, "tokens": None})
    needs = [need.model_copy(update={"model": model})]
    return north.model_copy(update={"spec": north.spec.model_copy(update={"requires": needs})})


def test_a_need_of_a_model_of_the_cluster_s_own_is_computed_from_it(own: Own, ledger: Ledger) -> None:
    north = north_that_needs("ours")
    declare(ledger, [north], Declarations.of([north]), at("2026-10-31"), "the test")

    def told(catalogue: gap.Catalogue) -> tuple[gap.Figure | None, tuple[str, ...]]:
        standing, _ = figures(ledger, at("2026-11-02"), ProgrammeSettings({}, catalogue))
        return standing.report.row("north", A100).required, standing.unknown

    required, unknown = told(catalogue_from(own.write()))
    assert (required and required.value, unknown) == (2000, ())
    assert told(catalogue_from(None)) == (
        None,
        ("north: requires A100: expected operations of ours in the catalogue, found none",),
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": []}, "model (line 1): expected a known field, found 'model'"),
        ({"models": [OURS | {"id": "gpt-3"}]}, "expected each name once, found 'gpt-3' again; give yours another name"),
        ({"version": 2}, "version (line 1): expected 1, found 2"),
    ],
)
def test_a_catalogue_that_is_not_valid_ends_the_operator_and_says_why(
    own: Own, capsys: pytest.CaptureFixture[str], changes: dict[str, object], said: str
) -> None:
    with pytest.raises(typer.Exit) as ended:
        catalogue_from(own.write(**changes))
    assert ended.value.exit_code == 2
    told = capsys.readouterr().err
    assert (str(own.path) in told, said in told) == (True, True)


def test_a_catalogue_that_is_not_there_ends_the_operator(own: Own, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        catalogue_from(own.path)
    assert f"{own.path}: expected a catalogue in UTF-8 that can be read, found: " in capsys.readouterr().err
