"""Each variant's file, loaded back by a loader of the test's own."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_digits

from ullage_trainer.config import Metric, Variant
from ullage_trainer.quantize.convert import convert
from ullage_trainer.quantize.measure import LiteModel, part_metric
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
