from __future__ import annotations

from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ullage_operator.ledger import Import, Ledger, Provenance
from ullage_operator.ledger.imports import BadRow, Imported, Origin, Parsed, parse_csv, parse_sacct, post_imports
from ullage_operator.ledger.imports.sacct import duration_ms

ORIGIN = Origin(file="november.txt", scope="slurm", institutions={"phys": "north", "bio": "south"}, author="ana")
START_MS = 1_793_520_000_000  # 2026-11-01T08:00:00Z
HOUR_MS = 3_600_000
HEADER = "JobID|Account|AllocTRES|Start|End|Elapsed|TotalCPU|State"
TIMES = "2026-11-01T08:00:00|2026-11-01T10:00:00|02:00:00"


def sacct(*rows: str, origin: Origin = ORIGIN) -> Parsed:
    return parse_sacct("\n".join((HEADER, *rows)) + "\n", origin)


def job(**changes: object) -> Import:
    facts: dict[str, object] = {
        "scope": "slurm",
        "external_id": "77",
        "institution": "north",
        "accelerators": 2,
        "accelerator_type": "a100",
        "cpu_millis": 8_000,
        "cpu_ms": 5_430_125,
        "from_ms": START_MS,
        "to_ms": START_MS + 2 * HOUR_MS,
        "provenance": Provenance.MEASURED,
        "source": "sacct",
        "author": "ana",
    }
    return Import.model_validate({**facts, **changes})


def test_a_job_of_slurm_becomes_an_import_and_its_steps_are_in_it() -> None:
    tres = "billing=8,cpu=8,gres/gpu:a100=2,gres/gpu=2,mem=64G,node=1"
    steps = f"77.batch||cpu=8,gres/gpu=2|{TIMES}|01:30:30.125|COMPLETED"
    assert sacct(f"77|phys|{tres}|{TIMES}|01:30:30.125|COMPLETED", steps) == Parsed(ORIGIN, ((2, job()),), ())


def test_accelerators_without_a_type_and_a_job_without_any_are_kept() -> None:
    found = sacct(f"5_1|bio|cpu=1,gres/gpu=3|{TIMES}||x", f"6|bio|cpu=1|{TIMES}||x")
    assert [(entry.accelerators, entry.accelerator_type, entry.cpu_ms) for _, entry in found.entries] == [
        (3, None, None),
        (0, None, None),
    ]


def test_a_job_on_two_types_of_accelerator_is_an_entry_for_each_and_its_processors_count_once() -> None:
    found = sacct(f"9|phys|cpu=4,gres/gpu:a100=1,gres/gpu:h100=2,gres/gpu=3|{TIMES}|00:10.000|x")
    assert [(e.id, e.accelerators, e.cpu_millis, e.cpu_ms) for _, e in found.entries] == [
        (f"import/slurm/9/{START_MS}/a100", 1, 4_000, 10_000),
        (f"import/slurm/9/{START_MS}/h100", 2, 0, None),
    ]


def test_time_suspended_is_not_held_and_makes_the_end_an_estimate() -> None:
    row = "77|phys|cpu=8,gres/gpu:a100=2|2026-11-01T08:00:00|2026-11-01T11:00:00|02:00:00|01:30:30.125|x"
    source = "sacct, time suspended left out at the end"
    assert sacct(row).entries == ((2, job(provenance=Provenance.ESTIMATED, source=source)),)


def test_times_are_in_the_zone_that_is_given() -> None:
    zone = timezone(timedelta(hours=8))
    origin = Origin(file="f", scope="slurm", institutions={"phys": "north"}, zone=zone)
    ((_, found),) = sacct(f"77|phys|cpu=8|{TIMES}||x", origin=origin).entries
    assert found.from_ms == START_MS - 8 * HOUR_MS


@pytest.mark.parametrize(
    ("row", "expected", "found"),
    [
        ("77|phys|cpu=8", "8 fields", "3"),
        (f"77|chem|cpu=8|{TIMES}||x", "an account that an institution is given for (bio, phys)", "chem"),
        (
            "77|phys|cpu=8|2026-11-01T08:00:00|Unknown|02:00:00||x",
            "a time such as 2026-11-01T08:00:00 in End, since it has ended,",
            "'Unknown'",
        ),
        (
            "77|phys|cpu=8|2026-11-01T10:00:00|2026-11-01T08:00:00|02:00:00||x",
            "Elapsed within Start and End",
            "02:00:00 from 2026-11-01T10:00:00 to 2026-11-01T08:00:00",
        ),
        (
            "77|phys|cpu=8|2026-11-01T08:00:00|2026-11-01T10:00:00|2h||x",
            "[DD-]HH:MM:SS in Elapsed",
            "'2h'",
        ),
        (f"77|phys|cpu|{TIMES}||x", "AllocTRES as name=count, separated by commas", "'cpu'"),
        (f"77|phys|gres/gpu=-1|{TIMES}||x", "a whole number in gres/gpu", "'-1'"),
        (f"77|phys|gres/gpu=3,gres/gpu:a100=2|{TIMES}||x", "gres/gpu by type that sum to 3", "2"),
        (
            f"77|phys|gres/gpu={2**63}|{TIMES}||x",
            "accelerators that can be kept (Input should be less than or equal to 9223372036854775807)",
            "9223372036854775808",
        ),
    ],
)
def test_a_bad_row_of_slurm_is_told_and_the_good_ones_go_on(row: str, expected: str, found: str) -> None:
    parsed = sacct(row, f"78|bio|cpu=8|{TIMES}||x")
    assert parsed.bad == (BadRow("november.txt", 2, expected, found),)
    assert [(number, entry.external_id) for number, entry in parsed.entries] == [(3, "78")]
    assert str(parsed.bad[0]) == f"november.txt:2: expected {expected}, found {found}"


@pytest.mark.parametrize("text", ["", "JobID,Account\n1,2\n"])
def test_a_file_without_slurms_header_is_told(text: str) -> None:
    (bad,) = parse_sacct(text, ORIGIN).bad
    assert (bad.row, bad.found) == (1, repr(text.partition("\n")[0]))
    assert bad.expected.startswith("a header with JobID, Account, AllocTRES, Start, End, Elapsed")


@given(days=st.integers(0, 400), seconds=st.integers(0, 86_399), milliseconds=st.integers(0, 999))
def test_a_duration_comes_back_as_it_was_written(days: int, seconds: int, milliseconds: int) -> None:
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}"
    text = f"{days}-{clock}" if days else clock
    assert duration_ms("Elapsed", text) == (days * 86_400 + seconds) * 1000 + milliseconds


CSV = """external_id,account,accelerators,accelerator_type,from,to,active_seconds,cpu_cores,cpu_seconds
a1,phys,2,a100,2026-11-01T08:00:00Z,2026-11-01T18:00:00+08:00,3600.5,1.5,
"b,2",bio,0,,2026-11-01T08:00:00Z,2026-11-01T10:00:00Z,,,7
"""


def test_a_row_of_csv_becomes_an_import_and_what_is_empty_is_not_known() -> None:
    first = job(external_id="a1", accelerator_active_ms=3_600_500, cpu_millis=1_500, cpu_ms=None, source="csv")
    second = job(
        external_id="b,2",
        institution="south",
        accelerators=0,
        accelerator_type=None,
        cpu_millis=0,
        cpu_ms=7_000,
        source="csv",
        provenance=Provenance.DECLARED,
    )
    assert parse_csv(CSV, ORIGIN) == Parsed(ORIGIN, ((2, first), (3, second)), ())
    assert parse_csv("\ufeff" + CSV.replace("\n", "\r\n"), ORIGIN) == parse_csv(CSV, ORIGIN)


@pytest.mark.parametrize(
    ("row", "expected", "found"),
    [
        ("a,phys,2", "9 fields", "3"),
        ("a,phys,two,,2026-11-01,2026-11-02,,,", "a whole number in accelerators", "'two'"),
        ("a,phys,2,,yesterday,2026-11-02,,,", "a time such as 2026-11-01T08:00:00 in from", "'yesterday'"),
        ("a,phys,2,,1969-01-01,2026-11-02,,,", "a time since 1970 in from", "'1969-01-01'"),
        ("a,phys,1,,2026-11-01,2026-11-02,86401,,", "active_seconds of at most 1 accelerators x the time", "86401"),
        ("a,phys,1,,2026-11-01,2026-11-02,,-1,", "a decimal that is not negative in cpu_cores", "'-1'"),
    ],
)
def test_a_bad_row_of_csv_is_told_and_the_good_ones_go_on(row: str, expected: str, found: str) -> None:
    parsed = parse_csv(CSV + row + "\n" + "z,phys,1,,2026-11-01,2026-11-02,,,\n", ORIGIN)
    assert parsed.bad == (BadRow("november.txt", 4, expected, found),)
    assert [entry.external_id for _, entry in parsed.entries] == ["a1", "b,2", "z"]


def test_times_of_csv_the_wrong_way_round_are_told() -> None:
    (bad,) = parse_csv(CSV.replace("18:00:00+08:00", "07:00:00Z"), ORIGIN).bad[:1]
    assert (bad.row, bad.expected.partition(" of at most")[0]) == (2, "active_seconds")
    (bad,) = parse_csv(CSV.replace("18:00:00+08:00,3600.5", "07:00:00Z,"), ORIGIN).bad
    assert "expected to_ms at or after from_ms" in bad.expected


def test_a_file_that_stops_being_csv_is_told_and_what_came_before_goes_in() -> None:
    parsed = parse_csv(CSV + "x" * 200_000 + "\n", ORIGIN)
    assert [entry.external_id for _, entry in parsed.entries] == ["a1", "b,2"]
    assert [(row.row, row.found) for row in parsed.bad] == [(4, "field larger than field limit (131072)")]


def test_a_csv_with_other_columns_is_told() -> None:
    (bad,) = parse_csv("id,hours\n1,2\n", ORIGIN).bad
    assert (bad.row, bad.found) == (1, "id, hours")


def test_importing_again_changes_nothing_and_a_job_that_changed_is_kept_apart(ledger: Ledger) -> None:
    parsed = parse_csv(CSV, ORIGIN)
    assert post_imports(ledger, parsed) == Imported(new=2, held=0, bad=())
    assert post_imports(ledger, parsed) == Imported(new=0, held=2, bad=())
    changed = CSV.replace("a1,phys,2", "a1,phys,1") + "c3,phys,1,,2026-11-01,2026-11-02,,,\nbad\n"
    found = post_imports(ledger, parse_csv(changed, ORIGIN))
    assert (found.new, found.held, [(row.row, row.expected) for row in found.bad]) == (
        1,
        1,
        [(2, "a job as the books hold it"), (5, "9 fields")],
    )
    assert "accelerators 2, found 1; to correct it, reverse it and post" in found.bad[0].found
    assert ledger.verify() == []


def test_a_row_of_slurm_is_known_by_the_cluster_that_it_names_unless_a_scope_is_asked_for() -> None:
    def ids(header: str, row: str, scope: str | None) -> list[str]:
        origin = Origin(file="any.txt", scope=scope, institutions={"phys": "north"})
        return [entry.id for _, entry in parse_sacct(f"{header}\n{row}\n", origin).entries]

    row = f"77|phys|cpu=8|{TIMES}||x"
    found = [
        ids(f"{HEADER}|Cluster", f"{row}|hpc", None),
        ids(f"{HEADER}|Cluster", f"{row}|", None),
        ids(HEADER, row, None),
        ids(f"{HEADER}|Cluster", f"{row}|hpc", "ours"),
    ]
    assert found == [[f"import/{scope}/77/{START_MS}"] for scope in ("hpc", "sacct", "sacct", "ours")]


def test_equal_rows_without_an_id_all_count_and_the_file_again_under_another_name_adds_nothing(ledger: Ledger) -> None:
    header, _, _ = CSV.partition("\n")
    row = ",phys,2,a100,2026-11-01T08:00:00Z,2026-11-01T10:00:00Z,,,"
    text = "\n".join((header, row, row, row.replace("phys,2", "phys,1"))) + "\n"
    origin = Origin(file="november.csv", institutions={"phys": "north"})
    parsed = parse_csv(text, origin)
    first, second, other = (entry.external_id for _, entry in parsed.entries)
    assert (first.removesuffix("-1"), other == first) == (second.removesuffix("-2"), False)
    assert {entry.scope for _, entry in parsed.entries} == {"csv"}
    assert post_imports(ledger, parsed) == Imported(new=3, held=0, bad=())
    again = parse_csv(text, Origin(file="november (1).csv", institutions={"phys": "north"}))
    assert post_imports(ledger, again) == Imported(new=0, held=3, bad=())
