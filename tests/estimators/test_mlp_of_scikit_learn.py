"""Scikit-learn's own tests of `MLPClassifier` and `MLPRegressor`, run on ours.

The source of ``sklearn.neural_network.tests.test_mlp`` is read from the installed package, names
are translated, and every test function in it becomes a test of this module, its assertions as they
were. Nothing of it is kept in the repository, so another version of scikit-learn brings its own.
Those that differ on purpose are in `DIFFERENCES`, from which the table in the documentation is
made; they must fail where and how the table says.
"""

from __future__ import annotations

import ast
import functools
import linecache
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sknn.estimators import (
    ScratchMLPClassifier,
    ScratchMLPRegressor,
    TorchMLPClassifier,
    TorchMLPRegressor,
)

THEIRS = "sklearn.neural_network.tests.test_mlp"
# What their tests call to make an estimator: a class, or an argument that is one.
CONSTRUCTORS = ("MLPClassifier", "MLPRegressor", "MLPEstimator", "Estimator")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "get_started" / "from_mlpclassifier.md"

# Their tests let warnings pass unless they say otherwise.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


# ---------------------------------------------------------------------------------------
# what their names stand for


def stand_in(theirs: str, ours: type, **fixed: Any) -> Callable[..., Any]:
    """A constructor of ours under the name of theirs."""

    def make(*args: Any, **params: Any) -> Any:
        return ours(*args, **fixed, **params)

    make.__name__ = theirs
    return make


AS_IT_IS = {"scale_target": False}  # is how theirs learn the target
ESTIMATORS: dict[str, dict[str, Callable[..., Any]]] = {
    "Scratch": {
        "MLPClassifier": stand_in("MLPClassifier", ScratchMLPClassifier),
        "MLPRegressor": stand_in("MLPRegressor", ScratchMLPRegressor, **AS_IT_IS),
    },
    "Torch": {
        "MLPClassifier": stand_in("MLPClassifier", TorchMLPClassifier, device="cpu"),
        "MLPRegressor": stand_in("MLPRegressor", TorchMLPRegressor, device="cpu", **AS_IT_IS),
    },
}

# Rows in a batch of every test that sets `alpha`: ours is `l2` = `alpha` / rows in a batch. All of
# them have the default batch size, min(200, rows to train on), or L-BFGS, which sees all at once.
ROWS_IN_A_BATCH = {
    "test_alpha": 100,
    "test_fit": 1,
    "test_gradient": 5,
    "test_multilabel_classification": 50,
    "test_partial_fit_classification": 200,
    "test_mlp_classifier_dtypes_casting": 200,
    "test_mlp_regressor_dtypes_casting": 200,
    "test_mlp_param_dtypes": 200,
    "test_mlp_diverging_loss": 135,  # of 150, a tenth held out
    "test_mlp_vs_poisson_glm_equivalent": 100,
}


# ---------------------------------------------------------------------------------------
# where ours differ on purpose


@dataclass(frozen=True)
class Difference:
    """How one of their tests fails: with `error`, on a line of theirs that contains `line`."""

    reason: str
    line: str
    error: type[BaseException] = AttributeError

    def explains(self, error: BaseException) -> bool:
        return isinstance(error, self.error) and self.line in failing_line(error)


NOT_MATCHED = (AssertionError, pytest.fail.Exception)
PRIVATE = "It reads {}, a private attribute of theirs; {}."

DIFFERENCES = {
    "test_fit": Difference(
        "It sets the fitted attributes of an estimator that was never fitted; here `best_loss_` "
        "follows from `history_`.",
        "mlp.best_loss_ = np.inf",
    ),
    "test_gradient": Difference(
        PRIVATE.format(
            "`_loss_grad_lbfgs`", "the gradients here are compared with finite differences, too"
        ),
        "mlp._loss_grad_lbfgs(",
    ),
    "test_learning_rate_warmstart": Difference(
        PRIVATE.format("`_optimizer`", "here `history_['learning_rate']` holds every epoch's rate"),
        "mlp._optimizer.learning_rate",
    ),
    "test_adaptive_learning_rate": Difference(
        PRIVATE.format("`_optimizer`", "here `history_['learning_rate']` holds every epoch's rate"),
        "clf._optimizer.learning_rate",
    ),
    "test_n_iter_no_change": Difference(
        PRIVATE.format("`_no_improvement_count`", "here `n_iter_` and `history_` show the same"),
        "clf._no_improvement_count",
    ),
    "test_n_iter_no_change_inf": Difference(
        PRIVATE.format(
            "`_no_improvement_count`", "the number of epochs, which it reads too, is so"
        ),
        "clf._no_improvement_count",
    ),
    "test_verbose_sgd": Difference(
        "It looks for the word “Iteration”; `verbose=True` prints “epoch 1: loss …” here.",
        'assert "Iteration" in out',
        AssertionError,
    ),
    "test_warm_start": Difference(
        "Other classes on a warm start are refused, in other words.",
        "with pytest.raises(ValueError, match=re.escape(message))",
        AssertionError,
    ),
    "test_warm_start_full_iteration": Difference(
        "`n_iter_` counts the epochs of all fits that led to these weights, not of the last one.",
        "assert max_iter == clf.n_iter_",
        AssertionError,
    ),
    "test_mlp_warm_start_no_convergence": Difference(
        "`n_iter_no_change=np.inf` says that all epochs are wanted, so reaching `max_iter` is "
        "no reason to warn; and `n_iter_` counts the epochs of all fits.",
        "with pytest.warns(ConvergenceWarning)",
        pytest.fail.Exception,
    ),
    "test_nonfinite_params": Difference(
        "A training that diverges is an error in other words, which name the epoch.",
        "with pytest.raises(ValueError, match=msg)",
        AssertionError,
    ),
    "test_mlp_diverging_loss": Difference(
        "With `early_stopping`, too, a training that diverges is an error.",
        "mlp.fit(X_iris, y_iris)",
        ValueError,
    ),
    "test_mlp_param_dtypes[float32-MLPRegressor]": Difference(
        "Predictions are in the dtype of the target, float64 for integers, whatever the network "
        "computes in.",
        "assert pred.dtype == dtype",
        AssertionError,
    ),
    "test_minimum_input_sample_size": Difference(
        "One row to validate on is enough, since its loss is watched and not its R².",
        'match="The validation set is too small"',
        pytest.fail.Exception,
    ),
    "test_early_stopping_stratified": Difference(
        "A class with a single row is no error: rows are held out unstratified, with a warning.",
        "with pytest.raises(",
        NOT_MATCHED,
    ),
}


def table() -> str:
    """The differences as the documentation shows them."""
    lines = [f"| `{name}` | {difference.reason} |" for name, difference in DIFFERENCES.items()]
    return "\n".join(["| test | what differs |", "|---|---|", *lines]) + "\n"


# ---------------------------------------------------------------------------------------
# from their source to tests of ours


class Translation(ast.NodeTransformer):
    """Their names into ours: `alpha` becomes `l2`, and the import of their estimators goes."""

    def __init__(self) -> None:
        self.test = ""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        return None if node.module == "sklearn.neural_network" else node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if node.name.startswith("test_"):
            self.test = node.name
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in CONSTRUCTORS:
            for argument in node.keywords:
                if argument.arg == "alpha":
                    rows = ast.Constant(ROWS_IN_A_BATCH[self.test])
                    argument.arg, argument.value = "l2", ast.BinOp(argument.value, ast.Div(), rows)
        return node


@functools.cache
def their_file() -> Path:
    """Where the installed scikit-learn has its tests, which some distributions leave out."""
    spec = find_spec("sklearn.neural_network.tests")
    path = Path((spec and spec.origin) or "").parent / "test_mlp.py"
    if spec is None or not path.is_file():
        pytest.skip("the installed scikit-learn comes without its tests", allow_module_level=True)
    return path


def translated(names: dict[str, Callable[..., Any]]) -> dict[str, Callable[..., None]]:
    """Their tests by name, with `names` standing for their estimators.

    The code keeps their lines and their file, so that a traceback shows what they wrote.
    """
    path = their_file()
    tree = Translation().visit(ast.parse(path.read_text(encoding="utf-8")))
    namespace: dict[str, Any] = {"__name__": THEIRS, **names}
    exec(compile(ast.fix_missing_locations(tree), path, "exec"), namespace)
    return {
        name: held_to_the_table(value)
        for name, value in namespace.items()
        if name.startswith("test_") and callable(value)
    }


def held_to_the_table(test: Callable[..., None]) -> Callable[..., None]:
    """A test of theirs that must pass, or differ as `DIFFERENCES` says."""

    @functools.wraps(test)  # with its marks, and a signature from which its fixtures are read
    def run(**arguments: Any) -> None:
        values = [getattr(value, "__name__", value) for value in arguments.values()]
        cases = [value for value in values if isinstance(value, str)]
        names = [f"{test.__name__}[{'-'.join(cases)}]", test.__name__]
        difference = next((DIFFERENCES[name] for name in names if name in DIFFERENCES), None)
        try:
            test(**arguments)
        except (Exception, pytest.fail.Exception) as error:
            if difference is not None and difference.explains(error):
                pytest.xfail(difference.reason)
            raise
        if difference is not None:
            pytest.fail(f"passes, and is listed as different: {difference.reason}")

    return run


def failing_line(error: BaseException) -> str:
    """The line of their file at which a test failed."""
    frames = traceback.extract_tb(error.__traceback__)
    numbers = [frame.lineno for frame in frames if Path(frame.filename) == their_file()]
    return linecache.getline(str(their_file()), numbers[-1] or 0) if numbers else ""


for _label, _names in ESTIMATORS.items():
    _tests = {name: staticmethod(test) for name, test in translated(_names).items()}
    globals()[f"Test{_label}"] = type(f"Test{_label}", (), _tests)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Many of their tests leave `random_state` to NumPy's global generator."""
    np.random.seed(0)  # noqa: NPY002  # theirs is the legacy one


@pytest.fixture
def global_random_seed() -> int:
    """A fixture of scikit-learn's own, in its default."""
    return 42


# ---------------------------------------------------------------------------------------
# the table, and what holds the tests to it


def test_the_table_names_tests_of_theirs():
    theirs = translated(ESTIMATORS["Scratch"])
    named = {name.partition("[")[0] for name in {*DIFFERENCES, *ROWS_IN_A_BATCH}}
    assert named <= theirs.keys()


def test_the_documentation_shows_the_table():
    assert table() in PAGE.read_text(encoding="utf-8"), f"{PAGE.name} must contain\n{table()}"


def test_alpha_becomes_l2():
    source = "def test_fit():\n    MLPClassifier(alpha=0.1)\n    PoissonRegressor(alpha=0)\n"
    tree = Translation().visit(ast.parse(source))
    assert ast.unparse(tree) == source.replace("(alpha=0.1", "(l2=0.1 / 1").rstrip()


@pytest.mark.parametrize(
    ("test", "outcome"),
    [
        (lambda: None, pytest.fail.Exception),  # passes
        (lambda: 1 / 0, ZeroDivisionError),  # fails for another reason
    ],
)
def test_a_listed_test_must_fail_as_the_table_says(test, outcome):
    test.__name__ = "test_gradient"
    with pytest.raises(outcome):
        held_to_the_table(test)()
