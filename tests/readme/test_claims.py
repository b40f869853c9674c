"""What the pages say of files, commands and codes is what the repository has."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from typer.main import get_command

from ullage_operator.cli.app import app
from ullage_operator.cli.exits import Exit
from ullage_operator.plan.failures import may_end_differently
from ullage_operator.plan.reasons import JobReason
from ullage_trainer.config import EXIT_CODES, Failure, Reason


def anchor(heading: str) -> str:
    """Return a heading's anchor as GitHub makes it."""
    return re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")


def options_of(group, prefix: str = ""):
    """Yield each command by what is typed for it, with its options."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from options_of(command, f"{name} ")
        else:
            yield prefix + name, {option for parameter in command.params for option in parameter.opts}


def test_every_link_to_a_file_or_a_heading_leads_somewhere(page, root: Path) -> None:
    headings = {"#" + anchor(found) for found in re.findall(r"^#+ (.*)$", page.text, re.MULTILINE)}
    inside = [link for link in page.links if "://" not in link]
    assert [link for link in inside if link not in headings and not (root / link).exists()] == []


def test_every_path_of_the_repository_that_is_named_exists(page, root: Path) -> None:
    named = re.findall(r"\b(?:operator|trainer|manifests|scripts|tests|requirements|docs)/[\w./-]*", page.text)
    shown = [path for path in named if not path.startswith("scripts/fetch_data.py/")]
    assert [path for path in shown if not (root / path.rstrip("./")).exists()] == []


def test_every_make_target_that_is_named_exists(page, root: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", page.text, re.MULTILINE))
    assert named - targets == set()


def test_every_ullage_command_and_option_that_is_shown_exists(readme) -> None:
    known = dict(options_of(get_command(app)))
    text = readme.text
    for block in readme.blocks("text"):
        text = text.replace(block, "")
    shown = re.findall(r"(?:`|^)ullage ((?:ledger )?[a-z]+)([^`\n]*)", text, re.MULTILINE)
    used = {name: set() for name, _ in shown}
    for name, rest in shown:
        used[name] |= set(re.findall(r"(?<!\S)--?[a-z-]+", rest.split("#")[0]))
    assert used.keys() == known.keys()
    assert {name: options - known[name] for name, options in used.items()} == {name: set() for name in used}


def test_the_exit_codes_of_ullage_are_the_codes_of_the_code(readme) -> None:
    assert [int(row[0]) for row in readme.rows("Exit codes", "code")] == sorted(Exit)


def test_the_reasons_of_workers_are_those_of_the_contract(readme) -> None:
    expected = [
        [
            reason.value,
            str(EXIT_CODES[reason]),
            "yes" if may_end_differently(Failure(reason=reason, message="")) else "no",
        ]
        for reason in Reason
    ]
    assert [row[:3] for row in readme.rows("Exit codes", "reason")] == expected


def test_the_reasons_of_conditions_are_those_of_the_code(readme) -> None:
    told = [row[0] for row in readme.rows("On Kubernetes", "condition's reason")]
    assert told == [reason.value for reason in JobReason]


def test_every_failure_that_the_readme_explains_is_worded_as_the_code_words_it(readme, root: Path) -> None:
    # Texts of the code are split over lines and have values in them: what is compared is the text between these.
    sources = [*root.glob("operator/**/*.py"), *root.glob("trainer/**/*.py"), *root.glob("scripts/*")]
    joined = " ".join(path.read_text() for path in sources if path.is_file())
    said = re.sub(r"\"\s*\n\s*f?\"", "", joined)
    symptoms = [piece for row in readme.rows("What to do when it fails", "you see") for piece in row[0].split("…")]
    pieces = [piece.strip(" `") for piece in symptoms if piece.strip(" `")]
    assert [piece for piece in pieces if piece not in said] == []


def test_the_picture_is_whole_and_shows_every_stage(root: Path) -> None:
    picture = ET.parse(root / "docs" / "flow.svg").getroot()  # noqa: S314 - our own file
    texts = {element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert {"job.yaml", "plan", "prepare", "train", "quantize", "storage", "books"} <= texts
