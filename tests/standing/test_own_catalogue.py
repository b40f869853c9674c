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
from ullage_operator.api.types import Institution, InstitutionStatus
from ullage_operator.command import catalogue_from
from ullage_operator.ledger import Ledger
from ullage_operator.programme import ProgrammeSettings, figures
from ullage_operator.standing import Standing, declare, declared, institution_status

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

    def told(catalogue: gap.Catalogue) -> Standing:
        return figures(ledger, at("2026-11-02"), ProgrammeSettings({}, catalogue))[0]

    known, lacking = told(catalogue_from(own.write())), told(catalogue_from(None))
    row = known.report.row("north", A100)
    assert (row.required and row.required.value, row.lacks, known.unknown) == (2000, None, ())
    row = lacking.report.row("north", A100)
    why = "expected the operations of ours in the catalogue, found none; add it there, or give parameters and tokens"
    assert (row.required, row.lacks) == (None, gap.Lacking(gap.Lack.OPERATIONS, "ours"))
    assert row.missing[0] == f"R: the amount of a need: {why}"
    assert lacking.unknown == (f"north: requires A100: {why}",)
    status = institution_status(InstitutionStatus(), "north", lacking.report)
    assert (status.message, status.resources[0].missing[0]) == (f"compute A100: {why}", row.missing[0])
    assert institution_status(status, "north", known.report).message == ""


def test_a_need_for_an_accelerator_whose_peak_is_in_no_catalogue_says_so(own: Own) -> None:
    north = north_that_needs("ours")
    need = north.spec.requires[0]
    assert need.model is not None
    need = need.model_copy(update={"type": "B999", "model": need.model.model_copy(update={"peak_flops": None})})
    asks = north.model_copy(update={"spec": north.spec.model_copy(update={"requires": [need]})})
    (found,) = declared(Declarations.of([asks]), catalogue_from(own.write())).inputs.requirements
    assert (found.amount, found.lacks) == (None, gap.Lacking(gap.Lack.PEAK, "B999"))
    assert str(found.lacks) == (
        "expected the peak of B999 in the catalogue, found none; add it there, or give peakFlops"
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
