"""A user's model that does not fit is refused before anything is spent on its training."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import networks
from ullage_trainer import models
from ullage_trainer.config import ConfigError, InputMissing, ModelInvalid, ModelSpec, TrainerError, Training
from ullage_trainer.train import objective

SHAPE = models.ModelShape(input_shape=(2,), classes=2)


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with modules of a user's."""
    folder = tmp_path_factory.mktemp("storage") / "code"
    folder.mkdir()
    (folder / "networks.py").write_text(Path(networks.__file__).read_text())
    (folder / "broken.py").write_text("import nothing_of_the_kind\n")
    (folder / "syntax.py").write_text("def f(:\n")
    (folder / "leaving.py").write_text("raise SystemExit(1)\n")
    before = list(sys.path)
    yield folder
    sys.path[:] = before


def refusal(spec: dict[str, Any], code: Path | None, shape: Any = SHAPE) -> TrainerError:
    with pytest.raises(TrainerError) as caught:
        models.build_model(ModelSpec.model_validate(spec), shape, code)
    return caught.value


HELD = "code/ holds broken.py, leaving.py, networks.py, syntax.py"
OFFERED = (
    "functions there: determinant, good, leaves, never_built, no_weights, other_input, other_output, raises, "
    "returns_text, unsaveable"
)
WANTED = "that imports, in code/ or installed in the image, found"
SHELL = "(line <n> of networks.py); call it the same way in a Python shell to see more"
REFUSALS = {
    "absent:f": f"model.module: expected a module absent {WANTED} ModuleNotFoundError: No module named 'absent'; "
    f"{HELD}",
    "broken:f": f"model.module: expected a module broken {WANTED} ModuleNotFoundError: No module named "
    f"'nothing_of_the_kind'; {HELD}",
    "syntax:f": f"model.module: expected a module syntax {WANTED} SyntaxError: invalid syntax (syntax.py, line 1); "
    f"{HELD}",
    "leaving:f": f"model.module: expected a module leaving {WANTED} SystemExit: 1; {HELD}",
    "networks:absent": f"model.module: expected a function absent in networks, found none; {OFFERED}",
    "networks:answer": f"model.module: expected a function answer in networks, found int; {OFFERED}",
    "networks:raises": "model.module: expected networks:raises(input_shape=(2,)) to return a keras.Model, found that "
    f"it raised RuntimeError: no network for (2,) {SHELL}",
    "networks:leaves": "model.module: expected networks:leaves() to return a keras.Model, found that it raised "
    f"SystemExit: 3 {SHELL}",
    "networks:returns_text": "model.module: expected networks:returns_text to return a keras.Model, found str",
    "networks:other_input": "model: expected inputs of shape (None, 2), found (None, 7); let the function take "
    "input_shape (of one sample) and build for it",
    "networks:other_output": "model: expected outputs of shape (None, 1) for 2 classes, found (None, 5); let the "
    "function take outputs, and end with a layer of so many units",
    "networks:no_weights": "model: expected trainable weights, found none; add a layer that has some",
}


@pytest.mark.parametrize(("module", "said"), REFUSALS.items(), ids=REFUSALS.keys())
def test_a_function_that_makes_no_model_that_fits_is_refused(code: Path, module: str, said: str) -> None:
    error = refusal({"module": module, "codePath": "code"}, code)
    assert (type(error), re.sub(r"line \d+ of", "line <n> of", str(error))) == (ModelInvalid, said)


def test_arguments_that_the_function_does_not_take_are_refused(code: Path) -> None:
    error = refusal({"module": "networks:good", "codePath": "code", "arguments": {"layers": 3}}, code)
    assert str(error) == (
        "model.module: expected networks:good(input_shape=(2,), outputs=1, layers=3) to return a keras.Model, found "
        "that it raised TypeError: good() got an unexpected keyword argument 'layers'; call it the same way in a "
        "Python shell to see more"
    )


@pytest.mark.parametrize(
    ("module", "start"),
    [
        (
            "never_built",
            "model: expected a model that takes inputs of shape (None, 2), found that it raised ValueError",
        ),
        ("unsaveable", "model: expected a model that Keras can save, found that it raised NotImplementedError"),
    ],
)
def test_what_keras_says_of_a_model_is_passed_on(code: Path, module: str, start: str) -> None:
    error = refusal({"module": f"networks:{module}", "codePath": "code"}, code)
    assert (type(error), str(error)[: len(start)]) == (ModelInvalid, start)


def test_a_code_path_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    error = refusal({"module": "networks:good", "codePath": "code"}, tmp_path / "code")
    assert type(error) is InputMissing
    assert str(error) == (
        "model.codePath: expected a folder of storage to import networks from, found nothing at 'code'; put the folder "
        "there, or correct the path"
    )


def test_a_cnn_is_refused_for_a_table() -> None:
    error = refusal({"cnn": {}}, None)
    assert (type(error), str(error)) == (
        ModelInvalid,
        "model.cnn: expected samples of shape (height, width, channels), found (2,); use model.mlp for tables",
    )


def test_a_good_function_is_called_with_what_it_takes(code: Path) -> None:
    spec = ModelSpec.model_validate({"module": "networks:good", "codePath": "code", "arguments": {"units": 5}})
    model = models.build_model(spec, SHAPE, code)
    assert [tuple(weights.shape) for weights in model.weights] == [(2, 5), (5,), (5, 1), (1,)]
    assert models.output_units(model, SHAPE) == 1


def test_loss_metrics_and_baselines_that_do_not_fit_a_number_are_told_at_once() -> None:
    training = Training.model_validate(
        {"loss": "binary_crossentropy", "metrics": ["accuracy", "mae", "auc"], "baselines": ["majority", "logistic"]}
    )
    with pytest.raises(ConfigError) as caught:
        objective.choose_objective(training, None, 1)
    assert str(caught.value) == (
        "training.loss: expected mean_squared_error or mean_absolute_error for a number, found binary_crossentropy\n"
        "training.metrics[0]: expected one of rmse, mae for a number, found accuracy\n"
        "training.metrics[2]: expected one of rmse, mae for a number, found auc\n"
        "training.baselines: expected none for a number (they are for classes), found majority, logistic; leave them "
        "out"
    )


def test_auc_is_refused_for_more_than_two_classes() -> None:
    training = Training.model_validate({"loss": "mean_squared_error", "metrics": ["auc"]})
    with pytest.raises(ConfigError) as caught:
        objective.choose_objective(training, 3, 3)
    assert str(caught.value) == (
        "training.loss: expected sparse_categorical_crossentropy for 3 classes with 3 model output(s), found "
        "mean_squared_error\n"
        "training.metrics[0]: expected one of log_loss, accuracy for 3 classes with 3 model output(s), found auc"
    )
