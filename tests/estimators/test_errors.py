"""Every wrong parameter is refused by name, with the rule and the value."""

import numpy as np
import pytest
from sklearn.utils._param_validation import InvalidParameterError

TABLE = {
    "hidden_layer_sizes": [
        (0, r"int in the range \[1, inf\).*Got 0"),
        (-3, r"Got -3"),
        (2.5, r"2\.5"),
        ("wide", r"'wide'"),
        (None, r"None"),
        ((10, 0), r"ints of at least 1, got \(10, 0\)"),
        ((10, 2.0), r"ints of at least 1, got \(10, 2\.0\)"),
        ((10, "a"), r"ints of at least 1, got \(10, 'a'\)"),
        ([[10, 5]], r"ints of at least 1, got \[\[10, 5\]\]"),
        (np.array([3.0, 4.0]), r"ints of at least 1, got array"),
    ],
    "activation": [
        ("swish", r"'swish'"),
        (None, "None"),
        (1, "1"),
        (b"relu", r"b'relu'"),
        (["relu"], r"one for each of the 2 hidden layers, got \['relu'\]"),
        (("relu", "swish"), r"got \('relu', 'swish'\)"),
        (["tanh", None], r"got \['tanh', None\]"),
        ([["relu"], ["tanh"]], r"got \[\['relu'\], \['tanh'\]\]"),
        (np.array([["relu", "tanh"]]), r"got array\(\[\['relu', 'tanh'\]\]"),
    ],
    "normalization": [("group", r"'layer'.*Got 'group'"), (True, "True"), (1, "Got 1")],
    "residual": [(None, "None"), (1, "Got 1"), (True, r"no hidden layer .* got True .*\(8, 5\)")],
    "embedding": [("ple", r"'periodic'.*Got 'ple'"), (True, "True"), (16, "Got 16")],
    "input_scale": [("yes", "'yes'"), (None, "None"), (2, "Got 2")],
    "solver": [("newton", r"'newton'"), (None, "None")],
    "learning_rate_init": [(0.0, r"\(0\.0, inf\).*Got 0\.0"), (-1, "-1"), ("fast", "'fast'")],
    "learning_rate": [("step", "'step'"), (0.1, r"0\.1"), (None, "None")],
    "power_t": [(-0.5, r"-0\.5"), ("half", "'half'"), (None, "None")],
    "momentum": [(1.1, r"1\.1"), (-0.1, r"-0\.1"), (None, "None")],
    "nesterovs_momentum": [("yes", "'yes'"), (None, "None"), (2, "2")],
    "beta_1": [(1.0, r"\[0\.0, 1\.0\)|Got 1\.0"), (-0.1, r"-0\.1"), ("x", "'x'")],
    "beta_2": [(1.0, r"Got 1\.0"), (-0.1, r"-0\.1"), (None, "None")],
    "epsilon": [(0.0, r"Got 0\.0"), (-1e-8, "-1e-08"), (None, "None")],
    "batch_size": [
        (0, r"'auto'|'full'.*\[1, inf\).*Got 0"),
        (-5, "Got -5"),
        (1.5, r"1\.5"),
        ("all", "'all'"),
        (None, "None"),
    ],
    "max_iter": [(0, "Got 0"), (2.5, r"2\.5"), (np.inf, "inf"), ("many", "'many'")],
    "max_fun": [(0, "Got 0"), (2.5, r"2\.5")],
    "l1": [(-0.1, r"-0\.1"), ("x", "'x'"), (None, "None")],
    "l2": [(-0.1, r"-0\.1"), ("x", "'x'"), (None, "None")],
    "group_l1": [(-0.1, r"-0\.1"), ("x", "'x'"), (None, "None")],
    "l1_method": [("lasso", "'lasso'"), (None, "None")],
    "dropout": [
        (1.0, r"1\.0"),
        (-0.1, r"-0\.1"),
        ("half", "'half'"),
        (None, "None"),
        ((0.1, 1.0), r"`dropout` must be .*2 hidden layers, got \(0\.1, 1\.0\)"),
        ((0.1,), r"`dropout` must be .*2 hidden layers, got \(0\.1,\)"),
        ((0.1, 0.2, 0.3), r"2 hidden layers"),
        ((0.1, "a"), r"got \(0\.1, 'a'\)"),
        ((0.1, np.nan), r"nan"),
        ([[0.1, 0.2]], r"got \[\[0\.1, 0\.2\]\]"),
    ],
    "input_dropout": [(1.0, r"1\.0"), (-0.1, r"-0\.1"), ((0.1,), r"\(0\.1,\)"), (None, "None")],
    "label_smoothing": [(1.0, r"1\.0"), (-0.1, r"-0\.1"), (None, "None")],
    "max_grad_norm": [(0.0, r"0\.0"), (-1.0, r"-1\.0"), ("short", "'short'")],
    "class_weight": [("even", "'even'"), (2.0, r"2\.0"), ([1.0, 2.0], r"\[1\.0, 2\.0\]")],
    "early_stopping": [("yes", "'yes'"), (None, "None")],
    "validation_fraction": [(0.0, r"0\.0"), (1.0, r"1\.0"), (-0.1, r"-0\.1"), ("x", "'x'")],
    "n_iter_no_change": [(0, "Got 0"), (2.5, r"2\.5"), (None, "None"), (-np.inf, "-inf")],
    "tol": [(-1e-3, r"-0\.001"), ("x", "'x'"), (None, "None")],
    "monitor": [("loss", "'loss'"), (None, "None")],
    "shuffle": [("yes", "'yes'"), (None, "None")],
    "random_state": [("seed", "'seed'"), (-1, "-1"), (1.5, r"1\.5")],
    "warm_start": [("yes", "'yes'"), (None, "None")],
    "verbose": [(-1, "-1"), ("loud", "'loud'"), (None, "None")],
    "record": [("all", "'all'"), (None, "None"), (True, "True")],
    "dtype": [("float16", "'float16'"), (np.float32, "float32"), (None, "None")],
}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [(name, value, message) for name, cases in TABLE.items() for value, message in cases],
    ids=[f"{name}={value}" for name, cases in TABLE.items() for value, _ in cases],
)
def test_wrong_parameters(make, table, name, value, message):
    with pytest.raises(ValueError, match=message) as caught:
        make(**{name: value}).fit(*table)
    assert name in str(caught.value)


def test_every_parameter_is_in_the_table(Classifier):
    of_torch_alone = {"device", "compile", "skorch_callbacks"}  # see test_torch.py
    assert set(TABLE) == set(Classifier().get_params()) - of_torch_alone
    assert not hasattr(Classifier(), "alpha")


def test_parameters_are_looked_at_when_fitting(Classifier, table):
    estimator = Classifier(solver="newton")
    with pytest.raises(InvalidParameterError):
        estimator.fit(*table)
    with pytest.raises(TypeError, match="alpha"):
        Classifier(alpha=1.0)
    with pytest.raises(TypeError, match="positional"):
        Classifier((10,), "relu", "adam")


@pytest.mark.parametrize(
    "params",
    [
        {"hidden_layer_sizes": 4},
        {"hidden_layer_sizes": np.array([4, 3])},
        {"hidden_layer_sizes": [np.int64(4)]},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (), "dropout": 0.5},
        {"activation": ["relu", "gelu"]},
        {"activation": np.array(["mish", "elu"])},
        {"activation": (), "hidden_layer_sizes": ()},
        {"normalization": "batch", "hidden_layer_sizes": ()},
        {"residual": np.True_, "hidden_layer_sizes": (4, 4)},
        {"input_scale": np.True_, "embedding": "periodic"},
        {"dropout": np.array([0.1, 0.2])},
        {"dropout": 0},
        {"learning_rate_init": np.float32(0.01)},
        {"batch_size": np.int32(7)},
        {"batch_size": "auto"},
        {"momentum": 0},
        {"n_iter_no_change": np.float64("inf")},
        {"shuffle": np.True_},
        {"random_state": np.random.RandomState(0)},
        {"max_grad_norm": 1},
        {"tol": 0},
    ],
    ids=lambda params: str(params).partition(" at 0x")[0],
)
def test_right_parameters(make, table, params):
    assert make(**params, solver="sgd").fit(*table).n_iter_ == 10


class TestBatchSize:
    def test_larger_than_the_table_is_clipped_with_a_warning(self, make, table, assert_same_fit):
        with pytest.warns(UserWarning, match=r"`batch_size`=500 .*120.*clipped") as record:
            fitted = make(batch_size=500).fit(*table)
        assert [w.filename for w in record] == [__file__]
        assert_same_fit(fitted, make(batch_size="full").fit(*table))

    def test_counts_the_rows_that_are_trained_on(self, make, table):
        with pytest.warns(UserWarning, match=r"`batch_size`=110 .*108"):
            make(batch_size=110, early_stopping=True).fit(*table)

    @pytest.mark.parametrize(("n_rows", "auto"), [(120, 120), (450, 200)])
    def test_auto(self, make, table, assert_same_fit, n_rows, auto):
        X, y = np.tile(table[0], (4, 1))[:n_rows], np.tile(table[1], 4)[:n_rows]
        assert_same_fit(make(batch_size="auto").fit(X, y), make(batch_size=auto).fit(X, y))

    def test_of_all_rows_is_full(self, make, table, assert_same_fit):
        one, other = make(batch_size=120).fit(*table), make(batch_size="full").fit(*table)
        assert_same_fit(one, other)


class TestValidationData:
    @pytest.mark.parametrize("n_columns", [5, 7])
    def test_other_columns(self, make, table, n_columns):
        with pytest.raises(ValueError, match=rf"`X_val`.*{n_columns} features.*expecting 6"):
            make().fit(*table, X_val=np.ones((9, n_columns)), y_val=[0, 1, 2] * 3)

    @pytest.mark.parametrize("early_stopping", [False, True])
    def test_a_class_that_training_has_not(self, make, table, early_stopping):
        with pytest.raises(ValueError, match=r"`y_val` .*\[7\].*\[0, 1, 2\]"):
            make(early_stopping=early_stopping).fit(*table, X_val=table[0][:3], y_val=[0, 1, 7])

    def test_one_without_the_other(self, make, table):
        with pytest.raises(ValueError, match=r"`X_val`.*`y_val`.*None"):
            make().fit(*table, y_val=table[1])
        with pytest.raises(ValueError, match=r"`X_val`.*`y_val`.*None"):
            make().fit(*table, X_val=table[0])
        with pytest.raises(ValueError, match=r"`sample_weight_val`.*`X_val`"):
            make().fit(*table, sample_weight_val=np.ones(120))

    def test_lengths(self, make, table):
        with pytest.raises(ValueError, match=r"X_val.*inconsistent numbers of samples: \[120, 3\]"):
            make().fit(*table, X_val=table[0], y_val=[0, 1, 2])

    def test_multilabel(self, make, table):
        with pytest.raises(ValueError, match=r"`y_val` must hold one class label per row"):
            make().fit(*table, X_val=table[0], y_val=np.eye(3)[table[1]])

    @pytest.mark.parametrize("y_val", [np.linspace(0, 1, 120), np.array(["a", "b", "c"] * 40)])
    def test_other_types(self, make, table, y_val):
        with pytest.raises((ValueError, TypeError), match=r"y_val"):
            make().fit(*table, X_val=table[0], y_val=y_val)

    def test_is_keyword_only(self, make, table):
        with pytest.raises(TypeError, match="positional"):
            make().fit(*table, None, table[0], table[1])

    def test_empty(self, make, table):
        with pytest.raises(ValueError, match=r"X_val.*0 sample"):
            make().fit(*table, X_val=table[0][:0], y_val=table[1][:0])


class TestTooFewRows:
    def test_one_row(self, make):
        assert make(batch_size="auto").fit([[1.0, 2.0]], [7]).predict([[0.0, 3.0]]) == [7]
        with pytest.raises(ValueError, match=r"`early_stopping=True`.* at least 2 .* 1 sample"):
            make(early_stopping=True).fit([[1.0, 2.0]], [7])

    def test_two_rows_are_enough(self, make):
        fitted = make(batch_size="auto").fit([[1.0], [2.0]], ["a", "b"])
        assert fitted.predict([[1.0]]).shape == (1,)

    def test_no_columns(self, make):
        with pytest.raises(ValueError, match="0 feature"):
            make().fit(np.empty((9, 0)), [0, 1, 2] * 3)


def test_a_failed_fit_does_not_pass_for_a_fitted_one(make, table):
    estimator = make()
    with pytest.raises(ValueError):
        estimator.fit(table[0], np.full(120, np.nan))
    with pytest.raises(ValueError, match="not fitted"):
        estimator.predict(table[0])
