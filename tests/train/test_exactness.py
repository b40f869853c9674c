"""What a model does with a sample decides how far runs agree, and what an exact run refuses by name."""

import keras
import pytest
import tensorflow as tf

from ullage_trainer.config import ConfigError
from ullage_trainer.train.exactness import exactness


class Jitter(keras.layers.Layer):
    """Draws with TensorFlow's own generator, which Keras knows nothing of."""

    def call(self, inputs, *, training=False):
        return inputs + tf.random.normal(tf.shape(inputs)) if training else inputs


class Noisy(keras.Model):
    """Draws in its own call, in no layer."""

    def __init__(self):
        super().__init__()
        self.head = keras.layers.Dense(1)

    def call(self, inputs, *, training=False):
        return self.head(tf.random.shuffle(inputs) if training else inputs)


def sequential(*layers, shape=(6, 4)):
    return keras.Sequential([keras.Input(shape), *layers])


SAME = {
    "dense": lambda: sequential(keras.layers.Dense(3)),
    "normalised by sample": lambda: sequential(keras.layers.LayerNormalization()),
    "a recurrent layer that drops nothing": lambda: sequential(keras.layers.LSTM(2, name="memory")),
    "pooled": lambda: sequential(keras.layers.GlobalAveragePooling1D()),
}
OTHER = {
    "dropout (Dropout)": lambda: sequential(keras.layers.Dropout(0.5, name="dropout")),
    "norm (BatchNormalization)": lambda: sequential(keras.layers.BatchNormalization(name="norm")),
    "inner (Dropout)": lambda: sequential(sequential(keras.layers.Dropout(0.1, name="inner"))),
    "memory (LSTM)": lambda: sequential(keras.layers.LSTM(2, dropout=0.2, name="memory")),
    "gate (GRU)": lambda: sequential(keras.layers.GRU(2, recurrent_dropout=0.2, name="gate")),
    "mirror (RandomFlip)": lambda: sequential(keras.layers.RandomFlip(name="mirror"), shape=(6, 4, 1)),
    "jitter (Jitter)": lambda: sequential(Jitter(name="jitter")),
    "RandomShuffle": Noisy,
}


@pytest.mark.parametrize("build", SAME.values(), ids=SAME)
def test_a_model_that_looks_at_the_sample_alone_is_the_same_on_any_number_of_ranks(build):
    assert exactness(build(), (6, 4), exact=True) == "bitwise"
    assert exactness(build(), (6, 4), exact=False) == "rounding"


@pytest.mark.parametrize("found", OTHER)
def test_what_draws_numbers_or_looks_across_the_batch_is_refused_by_name_and_otherwise_recorded(found):
    shape = (6, 4, 1) if "RandomFlip" in found else (6, 4)
    assert exactness(OTHER[found](), shape, exact=False) == "statistical"
    with pytest.raises(ConfigError) as refused:
        exactness(OTHER[found](), shape, exact=True)
    assert str(refused.value) == (
        f"training.exact: expected layers whose result depends on the sample alone, found {found}; leave these layers "
        f"out or set training.exact to false"
    )
