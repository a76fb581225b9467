"""What is saved comes back as it was: parameters, fitted attributes, predictions, refits."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.callback import ProgressBar
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import EpochTimer

import sknn.io
from sknn import ScratchMLPClassifier, TorchMLPClassifier
from sknn.estimators._classifier import BaseMLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SOLVERS = ("sgd", "adam", "adamw", "rmsprop", "lbfgs")
SETTINGS = [
    *({"solver": solver} for solver in SOLVERS),
    *({"solver": solver, "dtype": "float32"} for solver in SOLVERS[:4]),
    *({"activation": activation} for activation in ("identity", "logistic", "tanh")),
    *({"learning_rate": rate} for rate in ("invscaling", "adaptive", "cosine", "onecycle")),
    {"early_stopping": True},
    {"early_stopping": True, "monitor": "valid_accuracy", "n_iter_no_change": 1},
    {"early_stopping": True, "solver": "lbfgs"},
    {"record": "batch"},
    {"record": "batch", "early_stopping": True, "dtype": "float32"},
    {"hidden_layer_sizes": ()},
    {"hidden_layer_sizes": 7},
    {"hidden_layer_sizes": [7, 3]},
    {"hidden_layer_sizes": np.array([7, 3])},
    {"hidden_layer_sizes": np.array([7, 3], dtype=np.uint8)},
    {"dropout": 0.2, "input_dropout": 0.1},
    {"dropout": [0.1, 0.3]},
    {"dropout": (0.1, 0)},
    {"dropout": np.array([0.1, 0.3], dtype=np.float32)},
    {"l1": 1e-3, "l2": 0, "group_l1": 0.01, "label_smoothing": 0.1, "max_grad_norm": 0.5},
    {"n_iter_no_change": 2, "tol": 0.0},
    {"class_weight": "balanced"},
    {"class_weight": {0: 1.5, 1: 2, 2: 1 / 3}},
    {"random_state": 2**32 - 1},
    {"random_state": "RandomState"},
    {"warm_start": True, "solver": "adam", "early_stopping": True},
    {"epsilon": 1e-300, "learning_rate_init": 0.1 + 0.2, "shuffle": False},
]


def with_seed(params):
    """The settings with a generator of their own, where they ask for one."""
    asks = params.get("random_state") == "RandomState"
    return params | {"random_state": np.random.RandomState(3)} if asks else params


# ---------------------------------------------------------------------------------------
# there and back


@pytest.mark.parametrize("params", SETTINGS, ids=str)
def test_everything_comes_back(
    make, table, there_and_back, assert_same_model, assert_same_weights, params
):
    saved = make(**with_seed(params)).fit(*table)
    loaded = there_and_back(saved)
    assert_same_model(loaded, saved, table[0])
    clone(loaded)
    # Also after a second journey, and after another fit of each.
    assert_same_model(there_and_back(loaded), saved, table[0])
    assert_same_weights(loaded.fit(*table), saved.fit(*table))


def test_a_seed_of_none_comes_back(make, table, there_and_back, assert_same_model):
    saved = make(random_state=None).fit(*table)
    assert_same_model(there_and_back(saved), saved, table[0])


def test_a_seed_that_has_gone_on_to_gauss_comes_back(make, table, there_and_back):
    seed = np.random.RandomState(1)
    saved = make(random_state=seed).fit(*table)
    seed.normal()  # a second value is kept for the next call
    loaded = there_and_back(saved)
    assert loaded.random_state is not seed
    assert loaded.random_state.normal() == seed.normal()


def test_a_seed_of_another_generator_is_refused_or_comes_back(make, table, tmp_path):
    seed = np.random.RandomState(np.random.PCG64(0))
    saved, path = make(random_state=seed).fit(*table), tmp_path / "model.sknn"
    try:
        sknn.io.save(saved, path)
    except ValueError as error:
        assert "`random_state`" in str(error)
        assert not path.exists()
    else:
        assert sknn.io.load(path).random_state.random_sample() == seed.random_sample()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("l2", np.float64(1e-3)),
        ("l1", np.float32(1e-3)),
        ("max_iter", np.int64(5)),
        ("nesterovs_momentum", np.bool_(False)),
        ("activation", np.str_("tanh")),
        ("class_weight", {np.int64(0): np.float64(1.5), np.int64(1): 1, np.int64(2): 1}),
    ],
    ids=str,
)
def test_scalars_of_numpy_come_back_as_equal_values(make, table, there_and_back, name, value):
    saved = make(**{name: value}).fit(*table)
    loaded = there_and_back(saved)
    assert getattr(loaded, name) == value
    assert np.array_equal(loaded.fit(*table).coefs_[0], saved.fit(*table).coefs_[0])


LABELS = [
    *(np.array([-3, 0, 100], dtype=f"i{size}") for size in (1, 2, 4, 8)),
    *(np.array([7, 8, 200], dtype=f"u{size}") for size in (1, 2, 4)),
    np.array([1, 2**63, 2**64 - 1], dtype=np.uint64),
    np.array([-(2**63), 0, 2**63 - 1], dtype=np.int64),
    np.array([0.0, 1.0, 3.0], dtype=np.float32),
    np.array([-1.0, 0.0, 2e15]),
    np.array(["a", "bc", "d\n\0e"]),
    np.array(["", "é", "\N{SNOWMAN}\U0001f600"]),
    np.array(['"', "$float", "\\"], dtype="U40"),
    np.array(["low", "middle", "top"], dtype=object),
]


@pytest.mark.parametrize("labels", LABELS, ids=lambda labels: f"{labels.dtype}-{labels.tolist()}")
def test_labels_of_every_type_come_back(make, table, there_and_back, assert_same_model, labels):
    X, y = table
    saved = make().fit(X, labels[y])
    assert_same_model(there_and_back(saved), saved, X)


def test_labels_that_are_true_and_false_come_back(make, table, there_and_back, assert_same_model):
    X, y = table
    saved = make().fit(X, y > 0)
    loaded = there_and_back(saved)
    assert_same_model(loaded, saved, X)
    assert {type(label) for label in loaded.predict(X).tolist()} == {bool}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("code", ["i4", "f4", "U3"])
def test_labels_of_either_byte_order_come_back(make, table, there_and_back, order, code):
    X, y = table
    saved = make().fit(X, np.array([1, 2, 3]).astype(order + code)[y])
    assert there_and_back(saved).predict(X).tolist() == saved.predict(X).tolist()


def test_class_weights_of_strings_come_back(make, table, there_and_back, assert_same_model):
    X, y = table
    weight = {"yes": 2.0, "$dict": 1, "$no": 0.25}
    saved = make(class_weight=weight).fit(X, np.array(["yes", "$no", "$dict"])[y])
    loaded = there_and_back(saved)
    assert_same_model(loaded, saved, X)
    assert list(loaded.class_weight) == list(weight)


@pytest.mark.parametrize(
    "labels", [pd.Series(["u", "v", "w"]), pd.Series(["u", "v", "w"], dtype="category")], ids=str
)
def test_labels_of_pandas_come_back(make, table, there_and_back, assert_same_model, labels):
    X, y = table
    saved = make().fit(X, labels.iloc[y])
    assert_same_model(there_and_back(saved), saved, X)


@pytest.mark.parametrize("module", [pd, pl], ids=["pandas", "polars"])
def test_names_of_columns_come_back(make, table, there_and_back, assert_same_model, module):
    frame = module.DataFrame(dict(zip(["a", "b c", "é", "$array", ""], table[0].T, strict=True)))
    saved = make().fit(frame, table[1])
    loaded = there_and_back(saved)
    assert_same_model(loaded, saved, frame)
    with pytest.raises(ValueError, match="feature names should match"):
        loaded.predict(frame[frame.columns[::-1]])


def test_sparse_rows_are_predicted_as_before(make, table, there_and_back, assert_same_model):
    X = sparse.csr_array(np.where(np.abs(table[0]) > 0.5, table[0], 0))
    saved = make().fit(X, table[1])
    assert_same_model(there_and_back(saved), saved, X)


@pytest.mark.parametrize("record", ["epoch", "batch"])
def test_a_history_with_validation_rows_comes_back(
    make, table, there_and_back, assert_same_model, record
):
    X, y = table
    saved = make(record=record).fit(X, y, X_val=X[:30], y_val=y[:30])
    loaded = there_and_back(saved)
    assert_same_model(loaded, saved, X)
    pd.testing.assert_frame_equal(loaded.history_.to_frame(), saved.history_.to_frame())


def test_a_history_that_is_validated_from_the_middle_on_comes_back(
    make, table, there_and_back, assert_same_model
):
    X, y = table
    saved = make(record="batch", warm_start=True, max_iter=2).fit(X, y)
    saved.fit(X, y, X_val=X[:30], y_val=y[:30]).set_params(record="epoch").fit(X, y)
    assert np.isnan(saved.history_["valid_loss"]).tolist() == [True] * 2 + [False] * 2 + [True] * 2
    assert_same_model(there_and_back(saved), saved, X)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_requests_for_metadata_come_back(make, table, there_and_back, assert_same_model, solver):
    with config_context(enable_metadata_routing=True):
        saved = make(solver=solver).set_fit_request(sample_weight="mine", X_val=True, y_val=False)
        saved.set_score_request(sample_weight=True)
        saved.fit(*table)
    loaded = there_and_back(saved)
    assert_same_model(loaded, saved, table[0])
    assert "mine" in str(loaded.get_metadata_routing())


def test_parameters_that_were_set_after_the_fit_come_back(
    make, table, there_and_back, assert_same_model
):
    saved = make().fit(*table).set_params(hidden_layer_sizes=(99,), activation="tanh", solver="sgd")
    loaded = there_and_back(saved)
    assert_same_model(loaded, saved, table[0])


def test_a_net_that_reads_float32_keeps_to_it(make, table, there_and_back):
    X, y = table
    loaded = there_and_back(make().fit(X.astype(np.float32), y))
    assert loaded.coefs_[0].dtype == np.float32
    assert loaded.predict_proba(X).dtype == np.float32


def test_loaded_weights_can_be_changed(make, table, there_and_back):
    loaded = there_and_back(make(record="batch").fit(*table))
    for array in (*loaded.coefs_, *loaded.intercepts_, loaded.classes_):
        array += 1


def test_a_skorch_net_is_there_after_loading(make_torch, table, there_and_back):
    saved = make_torch().fit(*table)
    loaded = there_and_back(saved)
    assert len(loaded.net_.history) == 5
    X = table[0].astype(np.float64)
    assert_allclose(loaded.net_.predict_proba(X), saved.net_.predict_proba(X), rtol=1e-12)


# ---------------------------------------------------------------------------------------
# the other class


@pytest.mark.parametrize("params", SETTINGS, ids=str)
def test_the_other_class_predicts_the_same(make, Other, table, there_and_back, params):
    saved = make(**with_seed(params)).fit(*table)
    loaded = there_and_back(saved, cls=Other)
    assert type(loaded) is Other
    tolerance = 1e-12 if saved.coefs_[0].dtype == np.float64 else 1e-6
    assert_allclose(loaded.predict_proba(table[0]), saved.predict_proba(table[0]), rtol=tolerance)
    assert loaded.predict(table[0]).tolist() == saved.predict(table[0]).tolist()
    ours, theirs = loaded.get_params(), saved.get_params()
    shared = set(ours) & set(theirs)
    assert shared == set(ScratchMLPClassifier().get_params())
    assert {name: str(ours[name]) for name in shared} == {n: str(theirs[n]) for n in shared}


def test_the_same_class_may_be_named(make, Classifier, table, there_and_back, assert_same_model):
    saved = make().fit(*table)
    assert_same_model(there_and_back(saved, cls=Classifier), saved, table[0])


@pytest.mark.parametrize(
    "cls",
    [
        LogisticRegression,
        Pipeline,
        "ScratchMLPClassifier",
        ScratchMLPClassifier(),
        BaseMLPClassifier,
    ],
    ids=str,
)
def test_a_class_of_another_kind_is_refused(fitted, tmp_path, cls):
    path = tmp_path / "model.sknn"
    sknn.io.save(fitted, path)
    with pytest.raises(ValueError, match=r"`cls` must be one of ScratchMLPClassifier, .*got"):
        sknn.io.load(path, cls=cls)


# ---------------------------------------------------------------------------------------
# what is refused


class Derived(ScratchMLPClassifier):
    pass


class TestRefusals:
    @pytest.fixture(params=["save", "to_onnx"])
    def write(self, request):
        return getattr(sknn.io, request.param)

    def test_what_is_not_fitted(self, make, tmp_path, write):
        for estimator in (make(), make_pipeline(StandardScaler(), make())):
            with pytest.raises(NotFittedError):
                write(estimator, tmp_path / "model")
        assert list(tmp_path.iterdir()) == []

    def test_a_first_call_of_partial_fit_that_failed(self, make, table, tmp_path, write):
        estimator = make(learning_rate_init=1e300, solver="sgd")
        with pytest.raises(ValueError, match="diverged"):
            estimator.partial_fit(*table, classes=[0, 1, 2])
        with pytest.raises(NotFittedError):
            write(estimator, tmp_path / "model")

    @pytest.mark.parametrize(
        "wrap",
        [
            lambda model: LogisticRegression(),
            lambda model: Derived(max_iter=2),
            lambda model: GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2),
            lambda model: CalibratedClassifierCV(model, cv=2),
            lambda model: make_pipeline(StandardScaler(), LogisticRegression()),
            lambda model: make_pipeline(StandardScaler(), Derived(max_iter=2)),
            lambda model: make_pipeline(StandardScaler()),
        ],
    )
    def test_other_estimators(self, make, table, tmp_path, wrap):
        estimator = wrap(make(max_iter=2)).fit(*table)
        with pytest.raises(ValueError, match="`estimator` must be one of ScratchMLPClassifier, Sc"):
            sknn.io.save(estimator, tmp_path / "model")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        "thing",
        [
            None,
            "model",
            ScratchMLPClassifier,
            {"coefs_": []},
            Pipeline([]),
            Pipeline([("last", "passthrough")]),
        ],
        ids=str,
    )
    def test_what_is_no_estimator(self, tmp_path, write, thing):
        with pytest.raises(ValueError, match=r"`estimator` must be (a|one of) "):
            write(thing, tmp_path / "model")


def test_a_parameter_that_a_file_cannot_hold_is_named(make, table, tmp_path):
    estimator = make(hidden_layer_sizes=pd.Series([5, 6])).fit(*table)
    with pytest.raises(ValueError, match=r"(?s)`hidden_layer_sizes` cannot be saved: .*5.*6"):
        sknn.io.save(estimator, tmp_path / "model.sknn")
    assert list(tmp_path.iterdir()) == []


def test_labels_that_a_file_cannot_hold_are_named(make, table, tmp_path):
    X, y = table
    labels = np.array(["2020-01-01", "2021-01-01", "2022-01-01"], dtype="datetime64[D]")
    estimator = make().fit(X, y)
    estimator.classes_ = labels
    with pytest.raises(ValueError, match="`classes_` cannot be saved"):
        sknn.io.save(estimator, tmp_path / "model.sknn")


# ---------------------------------------------------------------------------------------
# callbacks


class TestCallbacks:
    def test_those_of_scikit_learn(self, make, table, tmp_path):
        saved = make().set_callbacks(ProgressBar()).fit(*table)
        with pytest.warns(UserWarning, match="Callbacks are not saved") as caught:
            sknn.io.save(saved, tmp_path / "model.sknn")
        assert [warning.filename for warning in caught] == [__file__]
        loaded = sknn.io.load(tmp_path / "model.sknn")
        assert not hasattr(loaded, "_skl_callbacks")
        assert hasattr(saved, "_skl_callbacks")

    def test_those_of_skorch(self, make_torch, table, tmp_path):
        saved = make_torch(skorch_callbacks=[EpochTimer()]).fit(*table)
        with pytest.warns(UserWarning, match="Callbacks are not saved"):
            sknn.io.save(saved, tmp_path / "model.sknn")
        assert sknn.io.load(tmp_path / "model.sknn").skorch_callbacks is None
        assert len(saved.skorch_callbacks) == 1

    def test_those_of_a_step_of_a_pipeline(self, make, table, tmp_path):
        saved = make_pipeline(StandardScaler(), make()).fit(*table)
        saved[-1].set_callbacks(ProgressBar())
        with pytest.warns(UserWarning, match="Callbacks are not saved") as caught:
            sknn.io.save(saved, tmp_path / "model.sknn")
        assert [warning.filename for warning in caught] == [__file__]
        assert not hasattr(sknn.io.load(tmp_path / "model.sknn")[-1], "_skl_callbacks")

    @pytest.mark.filterwarnings("ignore:.*does not support callbacks")
    def test_those_of_a_pipeline(self, make, table, tmp_path):
        saved = make_pipeline(StandardScaler(), make())
        if not hasattr(saved, "set_callbacks"):
            pytest.skip("this Pipeline takes no callbacks")
        saved.set_callbacks(ProgressBar()).fit(*table)
        with pytest.warns(UserWarning, match="Callbacks are not saved"):
            sknn.io.save(saved, tmp_path / "model.sknn")
        loaded = sknn.io.load(tmp_path / "model.sknn")
        assert not hasattr(loaded, "_skl_callbacks")
        assert loaded.predict(table[0]).tolist() == saved.predict(table[0]).tolist()

    def test_an_empty_list_of_them_warns_of_nothing(self, make_torch, table, tmp_path):
        sknn.io.save(make_torch(skorch_callbacks=[]).fit(*table), tmp_path / "model.sknn")


def test_either_class_is_saved_under_its_name(make, Classifier, table, tmp_path):
    sknn.io.save(make().fit(*table), tmp_path / "model.sknn")
    loaded = sknn.io.load(str(tmp_path / "model.sknn"))
    assert type(loaded) is Classifier
    assert Classifier in (ScratchMLPClassifier, TorchMLPClassifier)


def test_what_could_not_be_loaded_is_not_saved(make, table, tmp_path):
    """The old file stays."""
    path = tmp_path / "model.sknn"
    estimator = make().fit(*table)
    sknn.io.save(estimator, path)
    before = path.read_bytes()
    for spoil in (
        lambda: estimator.set_params(max_iter=0),
        lambda: estimator.coefs_.__setitem__(0, estimator.coefs_[0][:, :-1]),
        lambda: estimator.coefs_.__setitem__(0, estimator.coefs_[0] * np.nan),
    ):
        spoil()
        with pytest.raises(ValueError, match=r"max_iter|coefs"):
            sknn.io.save(estimator, path)
        estimator.set_params(max_iter=5)
        assert path.read_bytes() == before


def test_a_range_comes_back_as_a_tuple(make, table, tmp_path):
    path = tmp_path / "model.sknn"
    sknn.io.save(make(hidden_layer_sizes=range(5, 7)).fit(*table), path)
    assert sknn.io.load(path).hidden_layer_sizes == (5, 6)
