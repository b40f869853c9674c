"""Each variant's file, loaded back by a loader of the test's own."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from ullage_trainer.config import Metric, ModelInvalid, Variant
from ullage_trainer.quantize.calibrate import calibration_samples, sample_rows
from ullage_trainer.quantize.convert import convert
from ullage_trainer.quantize.measure import LiteModel, latencies, part_metric
from ullage_trainer.train.objective import Objective

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated:UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Statistics for quantized inputs were expected"),
]


class TestPart:
    """scikit-learn's digits as a test part in two shards."""

    __test__ = False
    bytes_read = 0

    def __init__(self, x, y):
        self.x, self.y = np.array_split(x, 2), np.array_split(y, 2)

    def shard_rows(self, _part):
        return [len(rows) for rows in self.y]

    def block_rows(self, _part, shard):
        return [len(self.y[shard])]

    def read_block(self, _part, shard, _block):
        return self.x[shard], self.y[shard]


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    return data.data.astype(np.float32), data.target.astype(np.int32)


@pytest.fixture(scope="module")
def exported(digits, tmp_path_factory):
    x, y = digits
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x[:1400] / 16, y[:1400], epochs=15, verbose=0)
    folder = tmp_path_factory.mktemp("exported")
    model.export(folder, verbose=False)
    return folder


@pytest.fixture(scope="module")
def files(digits, exported, tmp_path_factory):
    x, _ = digits
    folder, made = tmp_path_factory.mktemp("variants"), {}
    for variant in ("float", *Variant):
        made[variant] = folder / f"{variant}.tflite"
        made[variant].write_bytes(convert(exported, variant, lambda: (row[None] / 16 for row in x[:128])))
    return made


def accuracy_one_by_one(path, x, y):
    """The loader of the test's own: one sample a call, in TensorFlow Lite's reference kernels."""
    interpreter = tf.lite.Interpreter(
        model_path=str(path),
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    given, found = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    right = 0
    for sample, label in zip(x, y, strict=True):
        interpreter.set_tensor(given, sample[None])
        interpreter.invoke()
        right += interpreter.get_tensor(found)[0].argmax() == label
    return right / len(y)


@pytest.mark.parametrize("variant", ["float", *Variant])
def test_the_metric_of_a_variant_is_that_of_its_file(files, digits, variant):
    x, y = digits[0][1400:], digits[1][1400:]
    objective = Objective(None, (Metric.ACCURACY,), 10)
    measured = part_metric(LiteModel(files[variant]), TestPart(x, y), objective, 1 / 16)
    # Two kernels may round a tie differently: at most two of 397 samples.
    assert measured == pytest.approx(accuracy_one_by_one(files[variant], x / 16, y), abs=2 / 397)
    assert measured > 0.85


def test_variants_are_smaller_than_the_float_model(files):
    size = {variant: path.stat().st_size for variant, path in files.items()}
    assert size[Variant.INT8] < size["float"] / 2
    assert size[Variant.DYNAMIC_INT8] < size["float"] / 2
    assert size[Variant.FLOAT16] < size["float"] / 1.5


def test_only_the_full_int8_variant_computes_in_int8_throughout(files):
    kinds = {}
    for variant, path in files.items():
        interpreter = tf.lite.Interpreter(model_path=str(path))
        details = interpreter.get_tensor_details()
        activations = [d for d in details if len(d["shape"]) == 2 and d["shape"][0] == 1]
        kinds[variant] = any(d["dtype"] == np.int8 for d in activations)
    assert kinds == {"float": False, "dynamicInt8": False, "int8": True, "float16": False}


def test_kernels_have_a_scale_for_each_channel(files):
    interpreter = tf.lite.Interpreter(model_path=str(files[Variant.INT8]))
    kernels = [
        (tuple(int(size) for size in tensor["shape"]), len(tensor["quantization_parameters"]["scales"]))
        for tensor in interpreter.get_tensor_details()
        if tensor["dtype"] == np.int8 and len(tensor["shape"]) == 2 and tensor["shape"][0] > 1
    ]
    # TensorFlow Lite keeps a kernel as (outputs, inputs).
    assert sorted(kernels) == [((10, 64), 10), ((64, 64), 64)]


def test_operators_that_int8_does_not_have_are_named_although_the_converter_says_nothing(digits, tmp_path):
    layers = [keras.Input((64,)), keras.layers.Dense(8, activation="elu"), keras.layers.Dense(2)]
    keras.Sequential(layers).export(tmp_path, verbose=False)

    def samples():
        return (row[None] / 16 for row in digits[0][:16])

    with pytest.raises(ModelInvalid) as refused:
        convert(tmp_path, Variant.INT8, samples)
    assert str(refused.value).startswith(
        "quantize.variants: expected a model that has a int8 form, found operators that it lacks: ELU; leave int8 out"
    )
    assert convert(tmp_path, Variant.DYNAMIC_INT8, samples)


@given(
    shards=st.lists(st.integers(0, 40), min_size=1, max_size=6).filter(any),
    samples=st.integers(1, 60),
    seed=st.integers(0, 5),
)
def test_calibration_takes_each_row_at_most_once_and_the_same_for_a_seed(shards, samples, seed):
    rows = sample_rows(shards, samples, seed)
    taken = [(shard, int(row)) for shard, of_shard in enumerate(rows) for row in of_shard]
    assert len(set(taken)) == len(taken) == min(samples, sum(shards))
    assert all(row < shards[shard] for shard, row in taken)
    assert all(np.array_equal(*pair) for pair in zip(rows, sample_rows(shards, samples, seed), strict=True))


def test_calibration_draws_from_all_shards(digits):
    x, y = digits
    part = TestPart(x, y)
    found = np.concatenate(calibration_samples(part, 200, 0, 1 / 16))
    assert found.shape == (200, 64)
    halves = [{row.tobytes() for row in (shard / np.float32(16))} for shard in part.x]
    shares = [sum(row.tobytes() in half for row in found) for half in halves]
    assert sum(shares) >= 200
    assert all(70 < share < 130 for share in shares)


def test_latency_is_told_as_median_and_95th_percentile_of_calls_that_take_turns():
    calls = []
    found = latencies([lambda _: calls.append("a"), lambda _: calls.append("b")], np.zeros((1, 4), np.float32), 20)
    assert calls == ["a", "b"] * 22
    assert all(0 < latency.p50_us <= latency.p95_us for latency in found)
