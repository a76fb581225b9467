"""scikit-learn's check of parameters, on every estimator and every function that declares some."""

import importlib
import inspect
import pkgutil

import pytest
from sklearn.base import BaseEstimator
from sklearn.tests.test_public_functions import _check_function_param_validation, _get_func_info
from sklearn.utils.estimator_checks import check_param_validation

import sknn
from sknn import ScratchMLPClassifier

FOLDERS = [m.name for m in pkgutil.iter_modules(sknn.__path__) if m.ispkg and m.name[0] != "_"]
PUBLIC = {
    name: (f"sknn.{folder}.{name}", getattr(importlib.import_module(f"sknn.{folder}"), name))
    for folder in FOLDERS
    for name in importlib.import_module(f"sknn.{folder}").__all__
}
ESTIMATORS = {
    name: found
    for name, (_, found) in PUBLIC.items()
    if inspect.isclass(found) and issubclass(found, BaseEstimator)
}
FUNCTIONS = {
    name: place
    for name, (place, found) in PUBLIC.items()
    if hasattr(found, "_skl_parameter_constraints") and not inspect.isclass(found)
}
# Of a class of ours, which scikit-learn has no way to make a valid value of.
NOT_MADE = ("make_table_transformer",)


def test_there_are_some():
    assert {"RankStabilitySelector", "MLPFeatureSelector", "ColumnNormScaler"} <= set(ESTIMATORS)
    assert {"learning_rate_range", "compare", "load_yeast"} <= set(FUNCTIONS)


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
def test_parameters_of_estimators(name):
    needed = {"estimator": ScratchMLPClassifier(), "param_grid": {}, "param_distributions": {}}
    kind = ESTIMATORS[name]
    required = [p.name for p in inspect.signature(kind).parameters.values() if p.default is p.empty]
    check_param_validation(name, kind(**{parameter: needed[parameter] for parameter in required}))


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - set(NOT_MADE)))
def test_parameters_of_functions(name):
    found = _get_func_info(FUNCTIONS[name])
    _check_function_param_validation(*found, found[0]._skl_parameter_constraints)
