"""`ScratchMLPEnsembleClassifier`: its members by themselves, and what it makes of them."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn import ScratchMLPClassifier, ScratchMLPEnsembleClassifier


@pytest.fixture
def make(make_scratch):
    """An ensemble of four small networks."""

    def build(estimator=None, n_estimators=4, **params):
        estimator = make_scratch() if estimator is None else estimator
        return ScratchMLPEnsembleClassifier(estimator, n_estimators, random_state=0, **params)

    return build


def as_its_own_fit(member, *data):
    return clone(member).fit(*data)


# ---------------------------------------------------------------------------------------
# members


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"early_stopping": True, "n_iter_no_change": 1, "max_iter": 30},
        {"dropout": 0.3, "l1": 0.01, "class_weight": "balanced"},
        {"solver": "lbfgs", "hidden_layer_sizes": ()},
        {"dtype": "float32"},
    ],
    ids=["plain", "early stopping", "penalties", "lbfgs", "float32"],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_members_are_what_their_own_fit_makes_them(
    params, weighted, make, make_scratch, table, assert_same_fit
):
    X, y = table
    weight = np.linspace(0.1, 2.0, len(y)) if weighted else None
    model = make(make_scratch(**params)).fit(X, y, weight)
    seeds = [member.random_state for member in model.estimators_]
    assert len(set(seeds)) == 4
    for member in model.estimators_:
        assert_same_fit(member, as_its_own_fit(member, X, y, weight))
        assert member.n_iter_ <= member.max_iter
    if params.get("early_stopping"):
        assert len({member.n_iter_ for member in model.estimators_}) > 1


def test_the_estimator_is_cloned(make, make_scratch, table):
    estimator = make_scratch(random_state=77)
    model = make(estimator).fit(*table)
    assert estimator.random_state == 77
    assert not hasattr(estimator, "coefs_")
    assert len({id(member) for member in model.estimators_}) == 4


def test_none_is_the_classifier_with_its_defaults(table):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = ScratchMLPEnsembleClassifier(n_estimators=2, random_state=0).fit(*table)
    params = ScratchMLPClassifier().get_params()
    for member in model.estimators_:
        assert member.get_params() | {"random_state": None} == params


def test_a_bootstrap_sample_keeps_the_classes_and_repeats_rows(make, make_scratch, table):
    # A derived class is fitted by its own `fit`, which can tell what it was given.
    X, y = table
    y = np.where(y == 2, 1, y)
    seen = []

    class Spy(ScratchMLPClassifier):
        def fit(self, X, y, sample_weight=None):
            seen.append((X, y, sample_weight))
            return super().fit(X, y, sample_weight)

    estimator = Spy(**make_scratch(max_iter=2).get_params())
    numbers = np.arange(len(y), dtype=float)
    X = np.column_stack([X, numbers / 100])
    make(estimator, n_estimators=6, bootstrap=True).fit(X, y, numbers)
    samples = [np.rint(rows[:, -1] * 100).astype(int) for rows, _, _ in seen]
    assert len({tuple(sample) for sample in samples}) == 6
    for sample, (rows, labels, weight) in zip(samples, seen, strict=True):
        assert_array_equal(rows, X[sample])
        assert_array_equal(labels, y[sample])
        assert_array_equal(weight, numbers[sample])
        assert_array_equal(np.bincount(labels), np.bincount(y))
        # 1 − 1/e of the rows, on average; with 120 rows within a tenth of it.
        assert 0.53 < len(set(sample)) / len(y) < 0.74


def test_a_bootstrap_is_of_other_rows_and_of_the_same_seeds(make, table):
    whole, part = (make(bootstrap=bootstrap).fit(*table) for bootstrap in (False, True))
    for one, other in zip(whole.estimators_, part.estimators_, strict=True):
        assert one.random_state == other.random_state
        assert (one.coefs_[0] != other.coefs_[0]).any()


# ---------------------------------------------------------------------------------------
# what the ensemble makes of them


def test_mean_spread_and_winner(make, table, held_out):
    model = make().fit(*table)
    X, _ = held_out
    each = np.stack([member.predict_proba(X) for member in model.estimators_])
    mean = sum(each) / 4
    assert_allclose(model.predict_proba(X), mean, rtol=1e-12)
    assert_allclose(model.predict_log_proba(X), np.log(mean), rtol=1e-12)
    spread = np.sqrt(sum((one - mean) ** 2 for one in each) / 4)
    assert_allclose(model.predict_std(X), spread, rtol=1e-9)
    assert_array_equal(model.predict(X), model.classes_[mean.argmax(axis=1)])
    assert_allclose(model.predict_proba(X).sum(axis=1), 1)


def test_the_mean_is_no_worse_than_the_members_are_on_average(make, table, held_out):
    """Jensen: the log loss of a mean is at most the mean of the log losses."""
    model = make().fit(*table)
    X, y = held_out
    losses = [log_loss(y, member.predict_proba(X)) for member in model.estimators_]
    assert log_loss(y, model.predict_proba(X)) < np.mean(losses)


def test_one_network_agrees_with_itself(make, table):
    model = make(n_estimators=1).fit(*table)
    (member,) = model.estimators_
    assert not model.predict_std(table[0]).any()
    assert_array_equal(model.predict_proba(table[0]), member.predict_proba(table[0]))


def test_a_probability_of_zero_has_a_logarithm(make, make_scratch, table):
    model = make(make_scratch(solver="sgd", max_iter=2)).fit(*table)
    logs = model.predict_log_proba(table[0] * 1e6)
    assert np.isneginf(logs).any()
    assert not np.isnan(logs).any()


@pytest.mark.parametrize(
    "labels", [["b", "a", "c"], [10, -1, 3], [0.0, 2.0, 1.0], [None, None, None]]
)
def test_labels_keep_their_type(labels, make, table):
    X, y = table
    if labels[0] is None:
        y, labels = (y > 0), [True, False]
    else:
        y = np.array(labels)[y]
    model = make().fit(X, y)
    assert_array_equal(model.classes_, np.unique(y))
    assert model.predict(X).dtype == y.dtype
    assert set(model.predict(X).tolist()) <= set(labels)
    assert model.score(X, y) == np.mean(model.predict(X) == y)


def test_float32_stays_float32(make, make_scratch, table):
    X, y = table
    assert make().fit(X.astype(np.float32), y).predict_proba(X).dtype == np.float32
    assert make(make_scratch(dtype="float32")).fit(X, y).predict_proba(X).dtype == np.float32
    assert make().fit((X * 10).astype(int), y).predict_proba(X).dtype == np.float64


# ---------------------------------------------------------------------------------------
# kinds of rows, reproducibility, company


@pytest.mark.parametrize("bootstrap", [False, True])
@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_matrix])
def test_sparse_rows(container, bootstrap, make, table):
    X, y = table
    X = np.where(np.abs(X) < 0.5, 0, X)
    dense, other = (make(bootstrap=bootstrap).fit(rows, y) for rows in (X, container(X)))
    assert_allclose(other.predict_proba(container(X)), dense.predict_proba(X), rtol=1e-7)


def test_names_of_features(make, table):
    X, y = table
    frame = pd.DataFrame(X, columns=list("uvwxyz"))
    model = make().fit(frame, y)
    assert model.feature_names_in_.tolist() == list("uvwxyz")
    assert_array_equal(model.predict_proba(frame), make().fit(X, y).predict_proba(X))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[list("zyxwvu")])


@pytest.mark.parametrize("bootstrap", [False, True])
def test_reproducible_and_whatever_n_jobs(bootstrap, make, table, assert_same_fit):
    one, two = (make(bootstrap=bootstrap, n_jobs=n_jobs).fit(*table) for n_jobs in (None, 2))
    again = make(bootstrap=bootstrap).fit(*table)
    other = make(bootstrap=bootstrap).set_params(random_state=1).fit(*table)
    for member, at_once, repeated in zip(
        one.estimators_, two.estimators_, again.estimators_, strict=True
    ):
        assert_same_fit(member, at_once)
        assert_same_fit(member, repeated)
    X, _ = table
    assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    assert (one.predict_proba(X) != other.predict_proba(X)).any()


def test_pickle(make, table):
    model = make().fit(*table)
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.predict_proba(table[0]), model.predict_proba(table[0]))
    assert_array_equal(copy.predict_std(table[0]), model.predict_std(table[0]))


def test_in_a_pipeline_and_a_search(make, table):
    pipeline = Pipeline([("scale", StandardScaler()), ("mlps", make(n_estimators=2))])
    grid = {"mlps__n_estimators": [1, 3], "mlps__estimator__l2": [0.0, 0.1]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(*table)
    best = search.best_estimator_["mlps"]
    assert len(best.estimators_) == search.best_params_["mlps__n_estimators"]
    assert {m.l2 for m in best.estimators_} == {search.best_params_["mlps__estimator__l2"]}


# ---------------------------------------------------------------------------------------
# what goes wrong


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_estimators": 0}, "'n_estimators' parameter .* Got 0"),
        ({"n_estimators": 2.5}, "'n_estimators' parameter .* Got 2.5"),
        ({"estimator": LogisticRegression()}, "'estimator' parameter .* Got LogisticRegression"),
        ({"bootstrap": "yes"}, "'bootstrap' parameter"),
        ({"estimator": ScratchMLPClassifier(l2=-1)}, "'l2' parameter of ScratchMLPClassifier"),
    ],
)
def test_bad_parameters(params, message, table):
    with pytest.raises(ValueError, match=message):
        ScratchMLPEnsembleClassifier(**params).fit(*table)


def test_bad_data(make, table):
    X, y = table
    with pytest.raises(ValueError, match=r"for several classes per row see sklearn\.multioutput"):
        make().fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="`y` must hold class labels"):
        make().fit(X, X[:, 0])
    with pytest.raises(NotFittedError):
        make().predict_std(X)


def test_a_member_that_diverges_is_an_error(make, make_scratch, table):
    estimator = make_scratch(solver="sgd", learning_rate_init=1e200)
    with pytest.raises(ValueError, match="Training diverged"):
        make(estimator).fit(*table)


def test_one_warning_for_all_members(make, make_scratch, table):
    with pytest.warns(ConvergenceWarning) as caught:
        make(make_scratch(max_iter=2, n_iter_no_change=5)).fit(*table)
    assert [str(warning.message).partition(" have")[0] for warning in caught] == ["4 of 4 fits"]


# ---------------------------------------------------------------------------------------
# scikit-learn's checks

ROWS_ARE_NOT_WEIGHTS = {
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
}


def small(**params):
    mlp = ScratchMLPClassifier((12,), max_iter=60, learning_rate_init=0.02)
    return ScratchMLPEnsembleClassifier(mlp, 3, **params)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks([small(), small(bootstrap=True)])
def test_scikit_learn_checks(estimator, check):
    if estimator.bootstrap and check.func.__name__ in ROWS_ARE_NOT_WEIGHTS:
        pytest.skip("rows are drawn whatever they weigh, and a row twice is drawn twice as often")
    check(estimator)
