"""The producers study's second question: which measurements give a producer away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.inspection import permutation_importance
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from sknn._sklearn_compat import Interval, validate_params
from sknn.estimators import ScratchMLPClassifier, fit_many
from sknn.feature_selection import RankStabilitySelector
from sknn.preprocessing import ColumnNormScaler
from sknn.studies._parallel import run_in_parallel, start_processes
from sknn.studies._producers import producers_split
from sknn.studies._producers_result import ProducersSplit
from sknn.studies._published import KEY_FEATURE_NOTES, KEY_FEATURES
from sknn.studies._results import FitProgress

if TYPE_CHECKING:
    import pandas as pd

FIRST = 3
MOST_NETWORKS, N_SHUFFLES = 10, 10
SCORES = ("accuracy", "neg_log_loss")


@dataclass(frozen=True)
class KeyFeaturesResult:
    """What the producers study found of the features.

    Parameters
    ----------
    split : ProducersSplit
        The training and the test rows.

    network : ScratchMLPClassifier
        What was refitted, with an L1 penalty.

    by_weights : RankStabilitySelector
        Fitted on the training rows: ranks by the size of the weights in the first layer.

    by_gradients : RankStabilitySelector
        The same by the sizes of their gradients, added up over training.

    test_accuracies : ndarray of shape (n_networks,)
        Accuracy on the test rows of some of the networks: the first refits.

    accuracy_drops : ndarray of shape (n_networks, n_features)
        Permutation importance: how much less accurate each of these networks is on the test rows
        if a column is shuffled, on average over shuffles.

    loss_rises : ndarray of shape (n_networks, n_features)
        The same for the log loss: how much it rises.
    """

    split: ProducersSplit
    network: ScratchMLPClassifier
    by_weights: RankStabilitySelector
    by_gradients: RankStabilitySelector
    test_accuracies: NDArray[np.float64]
    accuracy_drops: NDArray[np.float64]
    loss_rises: NDArray[np.float64]

    @property
    def selectors(self) -> dict[str, RankStabilitySelector]:
        """The selectors by what they rank by: ``"weights"``, ``"gradients"``."""
        return {"weights": self.by_weights, "gradients": self.by_gradients}

    @property
    def n_refits(self) -> int:
        """Refits by each importance."""
        return len(self.by_weights.ranks_)

    @property
    def features(self) -> list[str]:
        """Names of the features, in the order of their ranks by weights."""
        return self.by_weights.feature_names_in_[self.by_weights.ranking_.argsort()].tolist()

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know when reading the figures."""
        return KEY_FEATURE_NOTES

    def to_frame(self) -> pd.DataFrame:
        """One row for each feature, in the order of their ranks by weights.

        Returns
        -------
        frame : DataFrame of shape (13, 9)
            ``mean_rank_by_weights`` and ``first_3_by_weights``, the share of the refits in which
            the feature is among the first three; the same ``by_gradients``; ``accuracy_drop`` and
            ``loss_rise`` on the test rows if its column is shuffled, means over networks, with
            their standard deviations ``accuracy_drop_sd`` and ``loss_rise_sd``; and
            ``key_in_document``, whether the document says that it comes first.
        """
        import pandas as pd

        columns: dict[str, Any] = {}
        for name, selector in self.selectors.items():
            columns[f"mean_rank_by_{name}"] = selector.mean_rank_
            columns[f"first_{FIRST}_by_{name}"] = selector.selection_probability_
        for name, values in (
            ("accuracy_drop", self.accuracy_drops),
            ("loss_rise", self.loss_rises),
        ):
            columns[name] = values.mean(axis=0)
            # Of a single network there is no spread.
            columns[f"{name}_sd"] = (
                values.std(axis=0, ddof=1) if len(values) > 1 else np.full(values.shape[1], np.nan)
            )
        index = pd.Index(self.by_weights.feature_names_in_, name="feature")
        frame = pd.DataFrame(columns, index=index)
        frame["key_in_document"] = frame.index.isin(KEY_FEATURES)
        return frame.loc[self.features]

    def rank_counts(self) -> pd.DataFrame:
        """How often each feature had each rank.

        Returns
        -------
        frame : DataFrame of shape (26, 13)
            Indexed by ``importance`` and ``feature``, each in the order of its mean ranks; a
            column for each rank, from 1 on.
        """
        import pandas as pd

        frames = {}
        for name, selector in self.selectors.items():
            order = selector.ranking_.argsort()
            frames[name] = pd.DataFrame(
                selector.rank_counts_[order],
                index=pd.Index(selector.feature_names_in_[order], name="feature"),
                columns=pd.RangeIndex(1, len(order) + 1, name="rank"),
            )
        return pd.concat(frames, names=["importance"])


@validate_params(
    {
        "n_refits": [Interval(Integral, 1, None, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": [Interval(Integral, 0, 2**32 - 1, closed="both")],
        "progress": [callable, None],
    },
    prefer_skip_nested_validation=True,
)
def producers_key_features(
    *,
    n_refits: int = 300,
    epochs: int = 250,
    n_jobs: int | None = None,
    random_state: int = 0,
    progress: Callable[[FitProgress], object] | None = None,
) -> KeyFeaturesResult:
    """Refit the study's L1 network many times, and rank the features each time.

    The network is that of :func:`producers` with the L1 penalty, on the same training rows, scaled
    alike. It is refitted with other seeds, once to rank the features by the size of their weights
    in the first layer, once by the sizes of the gradients of these weights. Beside the ranks stands
    the permutation importance on the test rows, which looks at predictions alone.

    Parameters
    ----------
    n_refits : int, default=300
        Refits by each importance.

    epochs : int, default=250
        Epochs of each refit.

    n_jobs : int, default=None
        Stacks of refits to train at a time, each in a process of its own; None is 1 unless in a
        :class:`joblib.parallel_config` context, -1 is one for each processor.

    random_state : int, default=0
        Source of the refits' seeds; both importances get the same.

    progress : callable, default=None
        Called with a :class:`FitProgress` for each refit that is finished.

    Returns
    -------
    result : KeyFeaturesResult
        The fitted selectors, the permutation importances, and a table of them.

    Raises
    ------
    ValueError
        If a parameter is invalid or a refit diverges.

    Notes
    -----
    The last batch of an epoch has 3 rows. Its step is that of the mean gradient here, as everywhere
    in sknn, and not that of the document's summed gradient, which `producers` takes. The ranks come
    out alike; the accuracy after the last epoch jumps more from seed to seed.

    The permutation importance is that of the first refits, ten at most, with ten shuffles each.

    Examples
    --------
    >>> from sknn.studies import producers_key_features
    >>> result = producers_key_features(n_refits=4, epochs=20)
    >>> result.by_weights.ranks_.shape
    (4, 13)
    >>> result.to_frame().loc["proline", "key_in_document"].item()
    True
    """
    split = producers_split()
    scaler = ColumnNormScaler().set_output(transform="pandas")
    X_train, X_test = scaler.fit_transform(split.X_train), scaler.transform(split.X_test)
    network = _network(epochs)
    start_processes(n_jobs)
    selectors = {}
    for place, importance in enumerate(("weights", "gradients")):
        selector = RankStabilitySelector(
            network,
            n_refits=n_refits,
            importance=importance,
            n_features_to_select=FIRST,
            n_jobs=n_jobs,
            random_state=random_state,
        )
        if progress is not None:
            title = f"refits ranked by {importance}"
            selector.set_callbacks(_Refits(progress, title, place * n_refits, 2 * n_refits))
        # A result should not hold on to what showed the progress.
        selectors[importance] = selector.fit(X_train, split.y_train).set_callbacks()
    seeds = first_seeds(random_state, n_refits)
    networks = [clone(network).set_params(random_state=seed) for seed in seeds]
    # A shuffle of an array costs half of what it costs of a data frame.
    fit_many(networks, X_train.to_numpy(), split.y_train, n_jobs=n_jobs)
    jobs = [(network, X_test.to_numpy(), split.y_test.to_numpy()) for network in networks]
    accuracies, accuracy_drops, loss_rises = zip(
        *run_in_parallel(_shuffle, jobs, n_jobs), strict=True
    )
    return KeyFeaturesResult(
        split=split,
        network=network,
        by_weights=selectors["weights"],
        by_gradients=selectors["gradients"],
        test_accuracies=np.array(accuracies),
        accuracy_drops=np.stack(accuracy_drops),
        loss_rises=np.stack(loss_rises),
    )


def _network(epochs: int) -> ScratchMLPClassifier:
    return ScratchMLPClassifier(
        hidden_layer_sizes=(128, 128),
        solver="sgd",
        learning_rate_init=0.1,
        momentum=0.0,
        nesterovs_momentum=False,
        batch_size=10,
        max_iter=epochs,
        n_iter_no_change=np.inf,
        l1=0.0008,
        l2=0.0,
        l1_method="subgradient",  # as the document's
    )


def first_seeds(random_state: int, n_refits: int) -> list[int]:
    """The seeds of the first refits of a selector with this `random_state`."""
    rng = np.random.RandomState(random_state)
    return rng.randint(np.iinfo(np.int32).max, size=min(n_refits, MOST_NETWORKS)).tolist()


def _shuffle(
    network: ScratchMLPClassifier, X: NDArray[np.float64], y: NDArray[np.int_]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Accuracy of one network; by feature, how much of it and of the log loss a shuffle costs."""
    with threadpool_limits(1):
        costs = permutation_importance(
            network, X, y, scoring=SCORES, n_repeats=N_SHUFFLES, random_state=0
        )
        accuracy = network.score(X, y)
    return float(accuracy), *(costs[score].importances_mean for score in SCORES)


class _Refits:
    """A callback of scikit-learn's that tells `progress` of each refit."""

    def __init__(
        self, progress: Callable[[FitProgress], object], title: str, done: int, total: int
    ) -> None:
        self.progress, self.title, self.done, self.total = progress, title, done, total

    def setup(self, estimator: Any, context: Any) -> None:
        """Nothing to set up."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Nothing to tear down."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """A refit that begins is not told of."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Tell of a refit, and not of the fit as a whole."""
        if context.parent is not None:
            self.done += 1
            self.progress(FitProgress(self.done, self.total, self.title))
