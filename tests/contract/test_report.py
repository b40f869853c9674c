"""The contract: what a worker says of itself."""

from hypothesis import given
from hypothesis import strategies as st

from ullage_trainer.config import (
    EXIT_CODES,
    MAX_REPORT_BYTES,
    RETRYABLE,
    Checkpoint,
    ConfigError,
    DataInvalid,
    ExitReport,
    Failure,
    InputMissing,
    ModelInvalid,
    NumericFailure,
    Reason,
    RendezvousFailure,
    Stage,
    StopRequested,
    StorageFailure,
    Usage,
    Use,
    WorkerState,
)

text = st.text(max_size=1024)
# Given a type itself, hypothesis adds required fields a second time, under their aliases.
failures = st.builds(
    lambda **fields: Failure.model_validate(fields),
    reason=st.sampled_from(Reason),
    message=text,
    rank=st.none() | st.integers(0, 4095),
    worker=st.integers(0, 4095),
    signal=st.none() | st.just("SIGKILL"),
    last_lines=st.lists(st.text(max_size=200), max_size=10),
)
uses = st.builds(
    lambda **fields: Use.model_validate(fields),
    asset=st.text(min_size=1, max_size=63),
    fingerprint=st.just("f" * 64),
    rows_read=st.integers(0, 2**40),
    rows_accepted=st.integers(0, 2**40),
    bytes=st.integers(0, 2**50),
)
checkpoints = st.builds(
    lambda **fields: Checkpoint.model_validate(fields),
    path=st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=200),
    step=st.integers(0, 2**31),
    epoch=st.integers(0, 10**5),
    written_ms=st.integers(0, 2**45),
)
reports = st.builds(
    lambda **fields: ExitReport.model_validate(fields),
    stage=st.sampled_from(Stage),
    attempt=st.integers(1, 10**6),
    index=st.integers(0, 4095),
    state=st.sampled_from(WorkerState),
    started_ms=st.integers(0, 2**45),
    updated_ms=st.integers(0, 2**45),
    usage=st.builds(
        lambda **fields: Usage.model_validate(fields),
        samples=st.integers(0, 2**63),
        flop=st.none() | st.integers(0, 10**28),
    ),
    parameters=st.none() | st.integers(0, 2**63),
    ranks=st.lists(st.tuples(st.integers(0, 10**5), st.integers(0, 10**12), st.integers(0, 10**15)), max_size=64),
    failure=st.none() | failures,
    checkpoint=st.none() | checkpoints,
    metrics=st.dictionaries(st.text(max_size=40), st.floats(allow_nan=False, allow_infinity=False), max_size=32),
    uses=st.lists(uses, max_size=64),
)


@given(reports)
def test_a_report_always_fits_and_can_always_be_read_back(report):
    encoded = report.encode()
    assert len(encoded) <= MAX_REPORT_BYTES
    again = ExitReport.model_validate_json(encoded)
    assert (again.stage, again.attempt, again.index, again.state) == (
        report.stage,
        report.attempt,
        report.index,
        report.state,
    )
    told = (again.usage, again.parameters, again.checkpoint)
    assert told == (report.usage, report.parameters, report.checkpoint)
    assert (again.failure is None) == (report.failure is None)
    if report.failure is not None and again.failure is not None:
        assert again.failure.reason is report.failure.reason
        assert again.failure.rank == report.failure.rank


def test_a_report_that_fits_loses_nothing():
    report = ExitReport(
        stage=Stage.TRAIN,
        attempt=2,
        index=1,
        state=WorkerState.FAILED,
        started_ms=1,
        updated_ms=2,
        ranks=[(0, 10, 20), (1, 11, 21)],
        failure=Failure(reason=Reason.SIGNAL, message="rank 1 was ended by SIGKILL", rank=1, last_lines=["a", "b"]),
        metrics={"accuracy": 0.5},
    )
    assert ExitReport.model_validate_json(report.encode()) == report


def test_operations_are_digits_in_a_text_since_a_number_of_json_has_64_bits_at_the_most():
    usage = Usage(samples=300 * 10**9, flop=314 * 10**21 + 7)
    assert usage.model_dump(mode="json", by_alias=True)["flop"] == "314000000000000000000007"
    assert Usage.model_validate_json(usage.model_dump_json(by_alias=True)) == usage


def test_every_reason_has_an_exit_code_and_bad_input_is_never_tried_again():
    assert set(EXIT_CODES) == set(Reason)
    assert (
        frozenset({
            Reason.CONFIG_INVALID,
            Reason.INPUT_MISSING,
            Reason.DATA_INVALID,
            Reason.MODEL_INVALID,
            Reason.NUMERIC_FAILURE,
            Reason.STOPPED,
        })
        == frozenset(Reason) - RETRYABLE
    )  # fmt: skip


def test_the_errors_exit_as_sysexits_has_it():
    errors = (ConfigError, InputMissing, DataInvalid, ModelInvalid, NumericFailure, StorageFailure, RendezvousFailure)
    assert [EXIT_CODES[error.reason] for error in (*errors, StopRequested)] == [78, 66, 65, 72, 76, 74, 69, 143]
