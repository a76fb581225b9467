"""The classifier inside the tools of scikit-learn."""

import inspect
import io
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import RFE
from sklearn.inspection import permutation_importance
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sknn.preprocessing import ColumnNormScaler


class TestParameters:
    def test_clone(self, make, table):
        estimator = make(dropout=(0.1, 0.2), class_weight={0: 2.0}).fit(*table)
        twin = clone(estimator)
        assert twin.get_params() == estimator.get_params()
        assert not hasattr(twin, "coefs_")

    def test_set_params(self, Classifier):
        estimator = Classifier().set_params(l2=0.5, solver="sgd")
        assert estimator.l2 == 0.5 and estimator.solver == "sgd"
        with pytest.raises(ValueError, match="Invalid parameter 'alpha'"):
            estimator.set_params(alpha=1.0)

    def test_order_and_defaults(self, Classifier):
        """Two may be given by position, as in MLPClassifier."""
        parameters = inspect.signature(Classifier).parameters
        positional = [p.name for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
        assert positional == ["hidden_layer_sizes", "activation"]
        values = {name: p.default for name, p in parameters.items()}
        assert values == Classifier().get_params()
        assert (values["l1"], values["l2"], values["record"]) == (0.0, 1e-4, "epoch")

    def test_repr(self, Classifier):
        assert repr(Classifier(l2=0.5)) == f"{Classifier.__name__}(l2=0.5)"

    @pytest.mark.parametrize("fitted", [False, True])
    def test_html(self, make, Classifier, table, fitted):
        estimator = make(l2=0.125)
        html = (estimator.fit(*table) if fitted else estimator)._repr_html_()
        assert Classifier.__name__ in html and "0.125" in html
        assert ("fitted" in html.lower()) or not fitted


class TestPersistence:
    @pytest.mark.parametrize("warm_start", [False, True])
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_pickle_and_joblib(self, make, table, assert_same_fit, warm_start, dtype):
        fitted = make(warm_start=warm_start, dtype=dtype, record="batch").fit(*table)
        file = io.BytesIO()
        joblib.dump(fitted, file)
        file.seek(0)
        for twin in (pickle.loads(pickle.dumps(fitted)), joblib.load(file)):
            assert_same_fit(twin, fitted)
            assert_array_equal(twin.predict_proba(table[0]), fitted.predict_proba(table[0]))
            assert_array_equal(twin.history_["seconds"], fitted.history_["seconds"])

    def test_a_fit_leaves_no_more_than_it_must(self, make, table):
        """Weights and the optimizer's memory: no buffers or data for a pickle to carry along."""
        for solver, memory in (("adam", 2), ("sgd", 1), ("lbfgs", 0)):
            fitted = make(hidden_layer_sizes=(200, 200), max_iter=2, solver=solver).fit(*table)
            weights = sum(array.nbytes for array in fitted.coefs_ + fitted.intercepts_)
            assert len(pickle.dumps(fitted)) < (1.1 + memory) * weights + 10_000

    def test_weights_are_owned(self, make, table):
        fitted = make(warm_start=True).fit(*table)
        for array in fitted.coefs_ + fitted.intercepts_:
            assert array.flags.owndata and array.flags.writeable
        fitted.coefs_[0][:] = 0
        proba = fitted.predict_proba(table[0])
        assert_allclose(proba, np.tile(proba[0], (120, 1)), rtol=1e-12)


class TestPipeline:
    @pytest.mark.parametrize("scaler", [ColumnNormScaler, StandardScaler])
    def test_fit_and_score(self, make, table, held_out, scaler):
        mlp = make(max_iter=100, learning_rate_init=0.05)
        pipeline = Pipeline([("scale", scaler()), ("mlp", mlp)]).fit(*table)
        assert pipeline.score(*table) > 0.75
        by_hand = clone(mlp).fit(scaler().fit_transform(table[0]), table[1])
        assert_array_equal(
            pipeline.predict_proba(held_out[0]),
            by_hand.predict_proba(scaler().fit(table[0]).transform(held_out[0])),
        )

    def test_names_pass_through(self, make, table):
        X = pd.DataFrame(table[0], columns=list("abcdef"))
        pipeline = make_pipeline(ColumnNormScaler(), make()).set_output(transform="pandas")
        assert pipeline.fit(X, table[1])[-1].feature_names_in_.tolist() == list("abcdef")

    def test_sample_weight_by_step_name(self, make, table):
        weight = np.random.default_rng(0).uniform(0, 2, 120)
        pipeline = Pipeline([("scale", StandardScaler()), ("mlp", make())])
        pipeline.fit(*table, mlp__sample_weight=weight)
        direct = make().fit(pipeline[0].transform(table[0]), table[1], sample_weight=weight)
        assert_array_equal(pipeline[-1].coefs_[0], direct.coefs_[0])


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("routing")
class TestRouting:
    def test_validation_rows_are_transformed_on_the_way(self, make, table, held_out):
        X_val, y_val = held_out
        mlp = make(early_stopping=True).set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline(
            [("scale", StandardScaler()), ("mlp", mlp)], transform_input=["X_val"]
        ).fit(*table, X_val=X_val, y_val=y_val)
        losses = pipeline[-1].history_["valid_loss"]
        assert_allclose(log_loss(y_val, pipeline.predict_proba(X_val)), losses.min(), rtol=1e-9)

    def test_validation_weights(self, make, table, held_out):
        X_val, y_val = held_out
        weight = np.linspace(0, 1, len(y_val))
        mlp = make().set_fit_request(X_val=True, y_val=True, sample_weight_val=True)
        pipeline = Pipeline([("scale", StandardScaler()), ("mlp", mlp)], transform_input=["X_val"])
        pipeline.fit(*table, X_val=X_val, y_val=y_val, sample_weight_val=weight)
        expected = log_loss(y_val, pipeline.predict_proba(X_val), sample_weight=weight)
        assert_allclose(pipeline[-1].history_["valid_loss"][-1], expected, rtol=1e-9)

    def test_sample_weight_in_a_search(self, make, table):
        weight = np.random.default_rng(0).uniform(0, 2, 120)
        mlp = make().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(mlp, {"l2": [0.0, 0.1]}, cv=2).fit(*table, sample_weight=weight)
        direct = search.best_estimator_
        again = clone(direct).fit(*table, sample_weight=weight)
        assert_array_equal(direct.coefs_[0], again.coefs_[0])

    def test_what_is_not_asked_for_is_refused(self, make, table, held_out):
        pipeline = make_pipeline(StandardScaler(), make())
        with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError, match="X_val"):
            pipeline.fit(*table, X_val=held_out[0], y_val=held_out[1])

    def test_partial_fit_classes(self, Classifier):
        estimator = Classifier().set_partial_fit_request(classes=True, sample_weight=True)
        assert estimator.get_metadata_routing().partial_fit.requests["classes"] is True


class TestSearch:
    def test_grid(self, make, table):
        grid = {
            "mlp__learning_rate_init": [1e-4, 0.02],
            "mlp__l2": [0.0, 0.01],
            "mlp__dropout": [0.0, 0.2],
        }
        pipeline = Pipeline([("scale", StandardScaler()), ("mlp", make(max_iter=30))])
        search = GridSearchCV(pipeline, grid, cv=3).fit(*table)
        assert search.best_params_["mlp__learning_rate_init"] == 0.02
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        assert search.score(*table) > 0.7

    def test_solvers_and_shapes(self, make, table):
        grid = {"solver": ["sgd", "lbfgs"], "hidden_layer_sizes": [(), (4,), (3, 3)]}
        search = GridSearchCV(make(max_iter=2000, tol=1e-2, l2=0.1, n_iter_no_change=3), grid, cv=2)
        assert np.isfinite(search.fit(*table).cv_results_["mean_test_score"]).all()

    def test_jobs_do_not_change_results(self, make, table):
        one, two = (
            cross_val_predict(
                make(dropout=0.1), *table, cv=3, n_jobs=n_jobs, method="predict_proba"
            )
            for n_jobs in (1, 2)
        )
        assert_array_equal(one, two)

    def test_random_search_over_dropout_per_layer(self, make, table):
        search = RandomizedSearchCV(
            make(), {"dropout": [(0.0, 0.1), (0.2, 0.0), 0.3]}, n_iter=2, cv=2, random_state=0
        ).fit(*table)
        assert search.best_params_["dropout"] in [(0.0, 0.1), (0.2, 0.0), 0.3]

    def test_curves(self, make, table):
        _, train, test = learning_curve(make(batch_size=10), *table, cv=2, train_sizes=[0.3, 1.0])
        assert np.isfinite(train).all() and np.isfinite(test).all()
        train, _ = validation_curve(
            make(max_iter=60), *table, param_name="l2", param_range=[0.0, 10.0], cv=2
        )
        assert train[0].mean() > train[1].mean()

    def test_incremental_learning_curve(self, make, table):
        curve = learning_curve(
            make(batch_size=10),
            *table,
            cv=2,
            train_sizes=[0.4, 1.0],
            exploit_incremental_learning=True,
        )
        assert np.isfinite(curve[2]).all()

    def test_cross_validate_scores(self, make, table):
        scoring = ["accuracy", "neg_log_loss", "roc_auc_ovr", "f1_macro"]
        found = cross_validate(make(max_iter=30), *table, scoring=scoring, cv=3)
        for name in scoring:
            assert np.isfinite(found[f"test_{name}"]).all()
        logs = cross_val_predict(make(), *table, cv=3, method="predict_log_proba")
        assert logs.shape == (120, 3)


class TestMetaEstimators:
    @pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
    def test_calibration(self, make, table, method):
        fitted = CalibratedClassifierCV(make(max_iter=50), method=method, cv=3).fit(*table)
        assert_allclose(fitted.predict_proba(table[0]).sum(axis=1), 1)
        assert fitted.score(*table) > 0.6

    def test_bagging(self, make, table):
        bag = BaggingClassifier(make(max_iter=50), n_estimators=5, random_state=0).fit(*table)
        assert bag.score(*table) > 0.6
        first, second = bag.estimators_[0].coefs_[0], bag.estimators_[1].coefs_[0]
        assert not np.allclose(first, second)

    @pytest.mark.parametrize("voting", ["hard", "soft"])
    def test_voting(self, make, table, voting):
        members = [("mlp", make(max_iter=50)), ("tree", DecisionTreeClassifier(random_state=0))]
        vote = VotingClassifier(members, voting=voting).fit(
            table[0], np.array(list("abc"))[table[1]]
        )
        assert vote.score(table[0], np.array(list("abc"))[table[1]]) > 0.6

    def test_boosting(self, make, table):
        boosted = AdaBoostClassifier(make(max_iter=20, learning_rate_init=0.05), n_estimators=4)
        assert boosted.set_params(random_state=0).fit(*table).score(*table) > 0.7

    def test_stacking(self, make, table):
        members = [("a", make()), ("b", make(random_state=1))]
        stacked = StackingClassifier(members, make(hidden_layer_sizes=()), cv=2).fit(*table)
        assert stacked.predict_proba(table[0]).shape == (120, 3)

    def test_one_versus_rest_is_the_way_to_multilabel(self, make, table):
        Y = np.column_stack([table[1] == 0, table[1] > 0]).astype(int)
        assert OneVsRestClassifier(make()).fit(table[0], Y).predict(table[0]).shape == (120, 2)

    def test_permutation_importance(self, make, table):
        X = np.column_stack([table[0], np.random.default_rng(0).normal(size=(120, 2))])
        fitted = make(max_iter=80, learning_rate_init=0.02, l2=0.01).fit(X, table[1])
        found = permutation_importance(fitted, X, table[1], n_repeats=5, random_state=0)
        assert found.importances_mean[:6].max() > 2 * found.importances_mean[6:].max()

    def test_feature_elimination_by_weights(self, make, table):
        def importance(fitted):
            return np.abs(fitted.coefs_[0]).sum(axis=1)

        chosen = RFE(make(max_iter=20), n_features_to_select=3, importance_getter=importance)
        assert chosen.fit(*table).support_.sum() == 3


def test_columns_of_a_frame_reach_the_net_by_name(make, table):
    X = pd.DataFrame(table[0], columns=list("abcdef"))
    search = GridSearchCV(make(), {"l2": [0.0, 0.1]}, cv=2).fit(X, table[1])
    assert search.best_estimator_.feature_names_in_.tolist() == list("abcdef")
