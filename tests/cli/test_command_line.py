"""What is wrong with a command line or a manifest: code 2, all of it said at once, nothing started."""

from __future__ import annotations

from cli.datasets import data, train
from cli.workplace import Workplace

BROKEN = """\
apiVersion: ullage.dev/v1alpha1
kind: TrainingJob
metadata:
  name: tiny
spec:
  inputs: {dataset: ../elsewhere}
  model:
    mlp: {hidenUnits: [0]}
  training:
    epochs: -1
    globalBatchSize: 0
    seed: one
  workers: {replicas: 0}
  storage: {path: /data}
"""
SAID_OF_BROKEN = """\
  spec.inputs.dataset (line 6): expected a path that stays inside storage, found '..' in '../elsewhere'
  spec.model.mlp.hidenUnits (line 8): expected a known field, found 'hidenUnits'; did you mean 'hiddenUnits'?
  spec.training.epochs (line 10): expected a number of at least 1, found -1
  spec.training.globalBatchSize (line 11): expected a number of at least 1, found 0
  spec.training.seed (line 12): expected a whole number, found 'one'
  spec.workers.replicas (line 13): expected a number of at least 1, found 0
  spec.storage.path (line 14): expected a path relative to storage, which does not start with /, found '/data'
"""


def test_everything_wrong_with_a_manifest_is_said_at_once_and_nothing_is_started(workplace: Workplace) -> None:
    workplace.write("broken.yaml", BROKEN)
    ended = workplace.ullage("run", "broken.yaml")
    assert (ended.code, ended.out, ended.err) == (2, "", "broken.yaml: 7 problems\n" + SAID_OF_BROKEN)
    assert sorted(path.name for path in workplace.root.iterdir()) == ["broken.yaml"]


def test_validate_says_what_is_wrong_with_each_file_and_goes_on_to_the_next(workplace: Workplace) -> None:
    workplace.write("broken.yaml", BROKEN)
    workplace.write("syntax.yaml", "kind: TrainingJob\nspec: [1, 2\n")
    workplace.write("binary.yaml", b"\x00\xff\xfe\x01")
    workplace.write("empty.yaml", "")
    workplace.write("list.yaml", "- 1\n")
    workplace.write("pod.yaml", "apiVersion: v1\nkind: Pod\n")
    workplace.manifest(train())
    names = ["broken", "syntax", "binary", "empty", "list", "pod", "absent", "job"]
    ended = workplace.ullage("validate", *(f"{name}.yaml" for name in names), ".")
    assert ended.code == 2
    assert ended.out == "job.yaml: TrainingJob tiny is valid: train, 1 worker(s) with 1 rank(s) each\n"
    assert ended.err == (
        f"broken.yaml: 7 problems\n{SAID_OF_BROKEN}"
        "syntax.yaml: 1 problem\n"
        "  the document (line 3): expected valid YAML, found expected ',' or ']', but got '<stream end>' at column 1\n"
        "binary.yaml: expected a manifest in UTF-8, found byte 0xff at position 1; name a YAML file, or save it as "
        "UTF-8\n"
        "empty.yaml: 1 problem\n"
        "  the document: expected a TrainingJob, Institution, Investment or PriceList, found nothing; write a manifest "
        "with apiVersion, kind, metadata and spec\n"
        "list.yaml: 1 problem\n"
        "  the document (line 1): expected a map of apiVersion, kind, metadata, spec, found a list of 1\n"
        "pod.yaml: 2 problems\n"
        "  apiVersion (line 1): expected 'ullage.dev/v1alpha1', found 'v1'\n"
        "  kind (line 2): expected one of TrainingJob, Institution, Investment, PriceList, found 'Pod'\n"
        "absent.yaml: expected a manifest that can be read, found: No such file or directory; correct the path\n"
        ".: expected a manifest that can be read, found: Is a directory; correct the path\n"
    )


def test_validate_of_all_manifests_together_tells_what_they_say_against_each_other(workplace: Workplace) -> None:
    header = "apiVersion: ullage.dev/v1alpha1\nkind: {}\nmetadata: {{name: {}}}\nspec:\n"
    north = "{id: north, displayName: North, country: CN, kind: university, declaredBy: Office}\n"
    line = "{id: money, beneficiary: nroth, channel: money, unit: CNY, amount: 1}"
    grant = f"{{funder: F, from: 2026-01-01, to: 2027-01-01, currency: CNY, lines: [{line}]}}\n"
    institution = header.format("Institution", "north") + f"  {north}"
    investment = header.format("Investment", "grant") + f"  {grant}"
    workplace.write("books.yaml", f"{institution}---\n{investment}")
    valid = (
        "books.yaml: Institution north is valid: id north, 0 requirement(s), 0 holding(s)\n"
        "books.yaml: Investment grant is valid: 1 line(s), from 2026-01-01 until before 2027-01-01\n"
    )
    alone, together = (workplace.ullage("validate", *options, "books.yaml") for options in ((), ("--together",)))
    assert (alone.code, alone.out, alone.err) == (0, valid, "")
    assert (together.code, together.out) == (2, valid)
    assert together.err == (
        "Investment grant: spec.lines[0].beneficiary: expected the id of an Institution, found 'nroth', which there is "
        "not; did you mean 'north'?\n"
    )


def test_a_manifest_can_come_through_standard_input_and_its_errors_say_so(workplace: Workplace) -> None:
    ended = workplace.ullage("run", "-", text=b"kind: TrainingJob\napiVersion: v1\n")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "standard input: 1 problem\n  apiVersion (line 2): expected 'ullage.dev/v1alpha1', found 'v1'\n"
    )


def test_run_refuses_a_file_of_two_jobs(workplace: Workplace) -> None:
    one = (workplace.root / workplace.manifest(train())).read_text()
    workplace.write("two.yaml", f"{one}\n---\n{one}")
    ended = workplace.ullage("run", "two.yaml")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "two.yaml: expected one TrainingJob, found 2; put each in a file of its own to run it\n"


def test_replicas_of_the_command_line_are_held_to_the_manifest_s_bounds(workplace: Workplace) -> None:
    ended = workplace.ullage("run", workplace.manifest({"data": data()}), "--replicas", "0")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "job.yaml with --replicas 0: 1 problem\n  spec.workers.replicas: expected a number of at least 1, found 0\n"
    )
    assert not workplace.workdir.path.exists()
