"""scikit-learn's own checks of what an estimator must be, without an expected failure."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn.classifiers import ScratchMLPClassifier, TorchMLPClassifier

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:`batch_size`=:UserWarning"),
]


def small(Classifier=ScratchMLPClassifier, **params):
    defaults = {"hidden_layer_sizes": (12,), "max_iter": 25, "learning_rate_init": 0.05}
    return Classifier(**(defaults | params))


@parametrize_with_checks(
    [
        ScratchMLPClassifier(max_iter=60),
        TorchMLPClassifier(max_iter=15, learning_rate_init=0.02),
        small(solver="sgd", max_grad_norm=5.0),
        small(solver="lbfgs", hidden_layer_sizes=(), l2=1e-2, tol=1e-9, max_iter=500),
        small(solver="rmsprop", activation="tanh", learning_rate="adaptive"),
        small(solver="adamw", activation="logistic", label_smoothing=0.1),
        small(hidden_layer_sizes=(8, 8), activation="tanh", nesterovs_momentum=False),
        small(record="batch", l1=1e-4, verbose=True, n_iter_no_change=float("inf")),
        small(TorchMLPClassifier, solver="sgd", max_grad_norm=5.0, record="batch"),
        small(
            TorchMLPClassifier,
            solver="lbfgs",
            hidden_layer_sizes=(),
            l2=1e-2,
            tol=1e-9,
            max_iter=60,
        ),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# What a check takes for granted, and the configuration is there to deny.
ROWS_ARE_NOT_WEIGHTS = (
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)
CALLS_PARTIAL_FIT = (
    "check_fit_score_takes_y",
    "check_n_features_in_after_fitting",
    "check_estimators_partial_fit_n_features",
)
FITS_TWICE_ALIKE = ("check_supervised_y_2d",)
DENIED = {
    # A mini-batch, a mask or a held-out split falls on rows, and a row twice is two rows; and
    # `invscaling` counts them, and float32 has not the digits that are compared.
    "mini-batches, invscaling": ROWS_ARE_NOT_WEIGHTS,
    "dropout, float32": ROWS_ARE_NOT_WEIGHTS,
    "early_stopping": ROWS_ARE_NOT_WEIGHTS + CALLS_PARTIAL_FIT,
    "dropout, early_stopping": ROWS_ARE_NOT_WEIGHTS + CALLS_PARTIAL_FIT,
    "balanced, onecycle": CALLS_PARTIAL_FIT,
    "warm_start": FITS_TWICE_ALIKE,
}
CONFIGURATIONS = {
    "mini-batches, invscaling": small(
        solver="sgd", batch_size=5, learning_rate="invscaling", power_t=0.1
    ),
    "dropout, float32": small(
        hidden_layer_sizes=(8, 8), dropout=0.1, input_dropout=0.1, dtype="float32"
    ),
    "early_stopping": small(early_stopping=True, validation_fraction=0.3),
    "balanced, onecycle": small(class_weight="balanced", learning_rate="onecycle"),
    "warm_start": small(warm_start=True),
    "torch dropout, early_stopping": small(
        TorchMLPClassifier, dropout=0.1, early_stopping=True, validation_fraction=0.3, device="cpu"
    ),
    "torch warm_start": small(TorchMLPClassifier, warm_start=True, device="cpu"),
}


@parametrize_with_checks(list(CONFIGURATIONS.values()))
def test_scikit_learn_checks_that_apply(estimator, check):
    names = [n for n, c in CONFIGURATIONS.items() if c.get_params() == estimator.get_params()]
    if check.func.__name__ in DENIED[names[0].removeprefix("torch ")]:
        pytest.skip(f"{names[0]} is there to deny what this check takes for granted")
    check(estimator)
