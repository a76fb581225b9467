"""What must be so of a fitted transformer that a file describes, before anything uses it.

NumPy checks the indices that it is given, and a wrong shape ends in an error of its own. Compiled
code that builds sparse matrices does not look. So whatever becomes an index there is checked here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from scipy.interpolate import BSpline

from ._table import is_known_function

Check = Callable[[Any], None]

# Fitted attributes that are arrays, or None, with a column for every feature.
BY_FEATURE = (
    "center_ components_ data_max_ data_min_ data_range_ idf_ max_abs_ mean_ min_ n_bins_ "
    "norms_ pvalues_ ranking_ scale_ scores_ statistics_ support_ var_ variances_"
).split()
# Those that are whole numbers.
COUNTS = (
    "_max_degree _min_degree _n_components _n_features _n_features_out _n_out_full "
    "n_components_ n_features_out_ n_output_features_ n_quantiles_"
).split()
# And those of a type of their own.
KINDS_OF_ATTRIBUTES: dict[str, tuple[type, ...]] = {
    "_columns": (list,),
    "_infrequent_enabled": (bool,),
    "_missing_indices": (dict,),
    "_remainder": (tuple,),
    "_sklearn_output_config": (dict,),
    "_transformer_to_input_indices": (dict,),
    "bin_edges_": (np.ndarray,),
    "bsplines_": (list,),
    "encodings_": (list,),
    "output_indices_": (dict,),
    "quantiles_": (np.ndarray,),
    "references_": (np.ndarray,),
    "transformers_": (list,),
}
# Parameters of which a function may be the value.
FUNCTIONS = frozenset({"func", "inverse_func", "score_func"})
# What may be passed to one. Other settings would write elsewhere, or leave the output unwritten.
SETTINGS_OF_FUNCTIONS = {"a_max", "a_min", "decimals", "max", "min", "nan", "neginf", "posinf"}
# What is there as soon as one of them is fitted.
REQUIRED = {
    "ColumnTransformer": "transformers_ _columns _transformer_to_input_indices",
    "KBinsDiscretizer": "bin_edges_ n_bins_",
    "MaxAbsScaler": "scale_",
    "MinMaxScaler": "min_ scale_",
    "MissingIndicator": "features_ _n_features",
    "OneHotEncoder": "categories_ _n_features_outs",
    "OrdinalEncoder": "categories_",
    "PCA": "components_ mean_",
    "PiecewiseLinearEncoder": "bin_edges_ n_bins_",
    "PolynomialFeatures": "_max_degree _min_degree _n_out_full n_output_features_",
    "PowerTransformer": "lambdas_",
    "QuantileTransformer": "quantiles_ references_",
    "RobustScaler": "center_ scale_",
    "RobustSmoothScaler": "center_ scale_",
    "SimpleImputer": "indicator_ statistics_",
    "SplineTransformer": "bsplines_ n_features_out_",
    "StandardScaler": "mean_ scale_",
    "TruncatedSVD": "components_",
}
CLASSES_OF_PARTS = {
    "_centerer": "KernelCenterer",
    "_encoder": "OneHotEncoder",
    "_scaler": "StandardScaler",
    "_tfidf": "TfidfTransformer",
    "indicator_": "MissingIndicator",
}


def check_state(made: Any) -> None:
    """Raise ValueError if an object could not be one that was fitted."""
    n_features = getattr(made, "n_features_in_", 0)
    if type(n_features) is not int or n_features < 0:
        raise ValueError(f"`n_features_in_` must be a whole number, got {n_features!r:.100}")
    names = getattr(made, "feature_names_in_", None)
    _expect(names is None or _is_array(names, "O", (n_features,)), "feature_names_in_")
    _attributes(made, n_features if hasattr(made, "n_features_in_") else None)
    for cls in reversed(type(made).__mro__):
        if cls.__name__ in CHECKS:
            CHECKS[cls.__name__](made)


def _attributes(made: Any, n_features: int | None) -> None:
    """The attributes that many classes share are of their type, and as long as the rows."""
    found = vars(made)
    for name in found.keys() & BY_FEATURE:
        value = found[name]
        if value is None or (name in ("ranking_", "scale_") and isinstance(value, float)):
            continue
        is_array = sparse.issparse(value) or (_is_array(value, "biufO") and value.ndim > 0)
        _expect(is_array and n_features in (None, value.shape[-1]), name)
    for name in found.keys() & COUNTS:
        _expect(_is_index(found[name], 2**63), name)
    for name, kinds in KINDS_OF_ATTRIBUTES.items():
        _expect(name not in found or isinstance(found[name], kinds), name)
    for name, kind in CLASSES_OF_PARTS.items():
        part = found.get(name)
        _expect(part is None or type(part).__name__ == kind, name)
    if n_features is not None:
        for name in REQUIRED.get(type(made).__name__, "").split():
            _expect(name in found, name)
    _expect(isinstance(found.get("dtype"), type | np.dtype | str | None), "dtype")
    for name in found.keys() - FUNCTIONS:
        _expect(not is_known_function(found[name]), name)
    config = found.get("_sklearn_output_config", {})
    _expect(all(isinstance(text, str) for pair in config.items() for text in pair), "set_output")


def _expect(is_so: bool, name: str) -> None:
    if not is_so:
        raise ValueError(f"`{name}` is not what a fit would have left")


def _is_array(value: Any, kinds: str, shape: tuple[int, ...] | None = None) -> bool:
    return (
        type(value) is np.ndarray
        and value.dtype.kind in kinds
        and (shape is None or value.shape == shape)
    )


def _is_index(value: Any, size: int) -> bool:
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return is_whole and 0 <= value < size


def _vocabulary(made: Any) -> None:
    """Each term has a column of its own."""
    found = getattr(made, "vocabulary_", None)
    if found is None:
        return
    _expect(type(found) is dict, "vocabulary_")
    size = len(found)
    _expect(all(isinstance(term, str) for term in found), "vocabulary_")
    _expect(all(_is_index(column, size) for column in found.values()), "vocabulary_")
    _expect(len(set(found.values())) == size, "vocabulary_")


def _reads_no_files(made: Any) -> None:
    # With "filename" rows would be opened as paths: the file decides, a service obeys.
    _expect(made.input == "content", "input")


def _dict_vectorizer(made: Any) -> None:
    names = getattr(made, "feature_names_", [])
    found = getattr(made, "vocabulary_", {})
    _vocabulary(made)
    _expect(isinstance(names, list) and len(names) == len(found), "feature_names_")


def _categories(made: Any) -> None:
    """Categories are sorted, and where they are grouped, into groups that there are."""
    categories = getattr(made, "categories_", None)
    if categories is None:
        return
    n_features = made.n_features_in_
    _expect(isinstance(categories, list) and len(categories) == n_features, "categories_")
    for known in categories:
        _expect(_is_array(known, "biufOU") and known.ndim == 1, "categories_")
        if known.dtype.kind in "biuf":
            numbers = known[~np.isnan(known)] if known.dtype.kind == "f" else known
            # Numbers are found by halving, which may lead beyond the end of what is not sorted.
            is_sorted = bool((numbers[1:] > numbers[:-1]).all())
            _expect(is_sorted and not np.isnan(known[:-1].astype(float)).any(), "categories_")
    if not getattr(made, "_infrequent_enabled", False):
        _expect(made.__dict__.get("_infrequent_enabled") in (False, None), "_infrequent_enabled")
        return
    groups, rare = made._default_to_infrequent_mappings, made._infrequent_indices
    for name, found in (("_default_to_infrequent_mappings", groups), ("_infrequent_indices", rare)):
        _expect(isinstance(found, list) and len(found) == n_features, name)
    for known, group, some in zip(categories, groups, rare, strict=True):
        _expect((group is None) == (some is None), "_infrequent_indices")
        if group is None:
            continue
        _expect(
            _is_array(group, "iu", known.shape) and _is_array(some, "iu"), "_infrequent_indices"
        )
        _expect(some.ndim == 1 and 0 < len(some) <= len(known), "_infrequent_indices")
        _expect(all(_is_index(i, len(known)) for i in some), "_infrequent_indices")
        _expect(all(_is_index(i, len(known)) for i in group), "_default_to_infrequent_mappings")


def _one_hot(made: Any) -> None:
    """Every category has a column inside the output."""
    if not hasattr(made, "categories_"):
        return
    outs, drop = made._n_features_outs, made._drop_idx_after_grouping
    n_features = made.n_features_in_
    _expect(isinstance(outs, list) and len(outs) == n_features, "_n_features_outs")
    _expect(drop is None or _is_array(drop, "Oiu", (n_features,)), "_drop_idx_after_grouping")
    groups = made._default_to_infrequent_mappings if made._infrequent_enabled else None
    for i, known in enumerate(made.categories_):
        group = None if groups is None else groups[i]
        n_columns = len(known) if group is None else int(group.max()) + 1
        if drop is not None and drop[i] is not None:
            _expect(_is_index(drop[i], n_columns), "_drop_idx_after_grouping")
            n_columns -= 1
        _expect(_is_index(outs[i], n_columns + 1) and outs[i] == n_columns, "_n_features_outs")


def _bins(made: Any) -> None:
    """Each feature has edges of its bins."""
    edges, n_bins = (getattr(made, name, None) for name in ("bin_edges_", "n_bins_"))
    if edges is not None:
        _expect(_is_array(edges, "O", (made.n_features_in_,)), "bin_edges_")
        _expect(all(_is_array(some, "f") and some.ndim == 1 for some in edges), "bin_edges_")
        _expect([len(some) - 1 for some in edges] == np.asarray(n_bins).tolist(), "n_bins_")


def _function(made: Any) -> None:
    """Beside the rows a function gets numbers only, and only as limits and the like."""
    for name, function in (("kw_args", made.func), ("inv_kw_args", made.inverse_func)):
        given = getattr(made, name)
        if given is None or not is_known_function(function):
            continue  # a function that the user trusts, or none
        _expect(type(given) is dict and given.keys() <= SETTINGS_OF_FUNCTIONS, name)
        _expect(all(isinstance(v, int | float | None) for v in given.values()), name)


def _is_part(value: Any) -> bool:
    """Whether `value` can be a step: an object with methods, or the word for none."""
    return value in (None, "passthrough", "drop") or hasattr(value, "fit")


def _parts(name: str, *lengths: int) -> Check:
    """A check that an attribute lists names, each with an estimator."""

    def check(made: Any) -> None:
        listed = vars(made).get(name, [])
        _expect(isinstance(listed, list), name)
        for part in listed:
            # ColumnTransformer's own parameter may be given as lists too.
            _expect(isinstance(part, tuple | list) and len(part) in lengths, name)
            _expect(isinstance(part[0], str) and _is_part(part[1]), name)

    return check


def _columns(made: Any) -> None:
    """Transformers have names, and columns that there are."""
    for name in ("transformers", "transformers_"):
        _parts(name, 3)(made)
    indices = getattr(made, "_transformer_to_input_indices", {})
    names = {part[0] for part in getattr(made, "transformers_", [])}
    _expect(names <= indices.keys() | {"remainder"}, "_transformer_to_input_indices")
    for some in indices.values():
        is_inside = isinstance(some, list) and all(_is_index(i, made.n_features_in_) for i in some)
        _expect(is_inside, "_transformer_to_input_indices")


def _splines(made: Any) -> None:
    """Each feature has splines of one kind."""
    splines = getattr(made, "bsplines_", None)
    if splines is None:
        return
    _expect(len(splines) == made.n_features_in_, "bsplines_")
    _expect(all(type(spline) is BSpline and spline.c.ndim == 2 for spline in splines), "bsplines_")
    _expect(len({spline.c.shape for spline in splines}) == 1, "bsplines_")


def _missing(made: Any) -> None:
    """The columns with missing values are columns."""
    found = getattr(made, "features_", None)
    if found is not None:
        _expect(_is_array(found, "iu") and found.ndim == 1, "features_")
        _expect(all(_is_index(i, made._n_features) for i in found), "features_")


def _ensemble(made: Any) -> None:
    """Members are fitted networks of one kind, whose parameters can be stacked."""
    members = getattr(made, "estimators_", None)
    if members is None:
        return
    kind = type(made).__name__.replace("Ensemble", "")
    _expect(isinstance(members, list) and len(members) > 0, "estimators_")
    _expect(all(type(member).__name__ == kind for member in members), "estimators_")
    _expect(all(hasattr(member, "_plan") for member in members), "estimators_")
    plans = [member._plan for member in members]
    for name in ("spec", "loss", "quantiles", "dtype"):
        _expect(all(getattr(p, name) == getattr(plans[0], name) for p in plans), "estimators_")
    _expect(getattr(made, "n_features_in_", None) == plans[0].spec.n_features, "n_features_in_")
    if hasattr(members[0], "classes_"):
        shape = members[0].classes_.shape
        _expect(_is_array(getattr(made, "classes_", None), "biufOU", shape), "classes_")


def _powers(made: Any) -> None:
    """Each feature has a power."""
    powers = getattr(made, "lambdas_", None)
    _expect(powers is None or _is_array(powers, "f", (made.n_features_in_,)), "lambdas_")


def _selector(made: Any) -> None:
    """Each feature is kept or not."""
    support = getattr(made, "support_", None)
    _expect(support is None or _is_array(support, "b", (made.n_features_in_,)), "support_")


CHECKS: dict[str, Check] = {
    "_BaseEncoder": _categories,
    "ColumnTransformer": _columns,
    "CountVectorizer": _vocabulary,
    "DictVectorizer": _dict_vectorizer,
    "FeatureUnion": _parts("transformer_list", 2),
    "FunctionTransformer": _function,
    "KBinsDiscretizer": _bins,
    "OneHotEncoder": _one_hot,
    "PiecewiseLinearEncoder": _bins,
    "Pipeline": _parts("steps", 2),
    "PowerTransformer": _powers,
    "ScratchMLPEnsembleClassifier": _ensemble,
    "ScratchMLPEnsembleRegressor": _ensemble,
    "MLPFeatureSelector": _selector,
    "MissingIndicator": _missing,
    "RankStabilitySelector": _selector,
    "RegularizationPath": _selector,
    "SplineTransformer": _splines,
    "_VectorizerMixin": _reads_no_files,
}
