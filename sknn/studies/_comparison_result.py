"""What a comparison returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from sknn.studies._scores import score

if TYPE_CHECKING:
    import pandas as pd

METRICS = ("accuracy", "macro_f1", "log_loss")

COMPARISON_NOTES = (
    "Standard errors are Nadeau and Bengio's corrected resampled ones, s √(1/J + n₂/n₁) over J "
    "scores with n₂ test rows for n₁ training rows. The naive s/√J, which takes folds that share "
    "training rows for independent, is smaller by a factor of 2.4 with 5 folds and 4 repeats.",
    "All classifiers are tested on the same folds, so that their difference is known better than "
    "either of the two: `differences` has its standard error and a test.",
    "Settings are chosen by searches within the training rows of each fold: networks, logistic "
    "regression, forest and boosting by log loss, the SVC by accuracy. What the networks are tuned "
    "over was narrowed down beforehand by other folds of the same tables. Others' settings "
    "were picked by the very folds that they are tested on.",
    "Figures of others come from an independent comparison by the same folds; its best log loss of "
    "a network was 1.038 on yeast, by another network than its most accurate one.",
    "A row's twin has the same features, and nearly always the same label. Without them the "
    "forest's lead shrinks: it knows its training rows by heart.",
)


@dataclass(frozen=True)
class Attainable:
    """What an independent comparison by the same folds found for a kind of model.

    Parameters
    ----------
    accuracy : float or None, default=None
        Mean accuracy; None where it was not looked at.

    macro_f1 : float or None, default=None
        Mean F1 score over the classes; None where it was not looked at.

    log_loss : float or None, default=None
        Mean log loss; None where it was not looked at.
    """

    accuracy: float | None = None
    macro_f1: float | None = None
    log_loss: float | None = None


@dataclass(frozen=True)
class ComparisonResult:
    """Classifiers compared on the same folds.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The class labels.

    y : ndarray of shape (n_rows,)
        The label of each row.

    folds : ndarray of int of shape (n_repeats, n_rows)
        In which fold each row was tested, in each repeat.

    twins : ndarray of bool of shape (n_repeats, n_rows)
        Whether the features of the row were among the training rows too, when it was tested.

    titles : dict of str to str
        Names for people, by the short names of the classifiers.

    probabilities : dict of str to ndarray of shape (n_repeats, n_rows, n_classes)
        What each classifier predicted for each row when it was tested.

    chosen : dict of str to list of dict
        The settings that inner searches chose, one for each fold of each repeat.

    seconds : dict of str to ndarray of shape (n_repeats, n_folds)
        What a fit took, its search included; classifiers that are blends have none.

    attainable : dict of str to Attainable
        What others found, by name of the classifier.
    """

    classes: NDArray[Any]
    y: NDArray[Any]
    folds: NDArray[np.int_]
    twins: NDArray[np.bool_]
    titles: Mapping[str, str]
    probabilities: Mapping[str, NDArray[np.float64]]
    chosen: Mapping[str, list[dict[str, Any]]]
    seconds: Mapping[str, NDArray[np.float64]]
    attainable: Mapping[str, Attainable]

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know when reading the figures."""
        return COMPARISON_NOTES

    @property
    def n_repeats(self) -> int:
        """How often the rows were split into folds."""
        return len(self.folds)

    @property
    def n_folds(self) -> int:
        """Number of folds of each repeat."""
        return int(self.folds.max()) + 1

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Accuracy, macro F1 and log loss of each classifier on each fold.

        Indexed by ``model``, ``rows`` ("all", or "without twins" where there are any), ``repeat``
        and ``fold``.
        """
        import pandas as pd

        subsets = {"all": np.ones_like(self.twins)}
        if self.twins.any():
            subsets["without twins"] = ~self.twins
        rows = {
            (name, subset, repeat, fold): score(
                self.y[tested], probabilities[repeat, tested], self.classes
            )
            for name, probabilities in self.probabilities.items()
            for subset, counted in subsets.items()
            for repeat in range(self.n_repeats)
            for fold in range(self.n_folds)
            for tested in [(self.folds[repeat] == fold) & counted[repeat]]
        }
        frame = pd.DataFrame.from_dict(rows, orient="index")
        frame.index = pd.MultiIndex.from_tuples(
            frame.index, names=["model", "rows", "repeat", "fold"]
        )
        return frame

    def to_frame(self, rows: str = "all") -> pd.DataFrame:
        r"""One row for each classifier: its scores with their standard errors.

        Parameters
        ----------
        rows : {"all", "without twins"}, default="all"
            Which of the tested rows to count.

        Returns
        -------
        frame : DataFrame of shape (n_models, 9 or more)
            Indexed by the classifiers' names. For each of ``accuracy``, ``macro_f1`` and
            ``log_loss`` the ``mean`` over folds, its naive and its corrected standard error
            (``se_naive``, ``se``), and what is ``attainable``.

        Notes
        -----
        With J = repeats × folds scores of standard deviation s the naive standard error is
        :math:`s / \sqrt J`. It takes the folds for independent, which they are not, since they
        share training rows. The corrected one is :math:`s \sqrt{1/J + n_2/n_1}`, with the numbers
        of test and training rows :math:`n_2, n_1`.

        References
        ----------
        C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine Learning 52,
        2003.
        """
        import pandas as pd

        scores = self._scores_on(rows)
        means = scores.groupby("model", sort=False).mean()
        sds = scores.groupby("model", sort=False).std()
        columns = {}
        for metric in METRICS:
            columns[metric, "mean"] = means[metric]
            columns[metric, "se_naive"] = sds[metric] / np.sqrt(self._n_scores)
            columns[metric, "se"] = sds[metric] * self._corrected
            attainable = {
                name: getattr(self.attainable.get(name), metric, None) for name in means.index
            }
            columns[metric, "attainable"] = pd.Series(attainable, dtype=np.float64)
        frame = pd.DataFrame(columns)
        frame.columns.names = ["metric", "statistic"]
        return frame

    def differences(self, reference: str, rows: str = "all") -> pd.DataFrame:
        """The scores of each classifier minus those of one of them, fold by fold.

        Above zero, a difference of ``accuracy`` or ``macro_f1`` says that the classifier is better
        than the reference; one of ``log_loss``, which is the lower the better, that it is worse.

        Parameters
        ----------
        reference : str
            Name of the one that the others are compared with.

        rows : {"all", "without twins"}, default="all"
            Which of the tested rows to count.

        Returns
        -------
        frame : DataFrame of shape (n_models - 1, 9)
            For each of ``accuracy``, ``macro_f1`` and ``log_loss`` the ``mean`` difference,
            classifier minus reference; its corrected standard error ``se``; and ``p``, the
            two-sided p-value of a corrected resampled t-test that the difference is 0; see
            :meth:`to_frame`.

        Raises
        ------
        KeyError
            If there is no classifier of the name `reference`.
        ValueError
            If `rows` are none of those that there are.

        Examples
        --------
        >>> from sklearn.dummy import DummyClassifier
        >>> from sknn.studies import producers_comparison
        >>> models = {"prior": DummyClassifier(), "coin": DummyClassifier(strategy="uniform")}
        >>> result = producers_comparison(models=models, n_repeats=1)
        >>> result.differences("prior")["log_loss", "mean"].round(3).to_dict()  # above 0: worse
        {'coin': 0.012}
        """
        import pandas as pd

        if reference not in self.titles:
            raise KeyError(f"`reference` must be one of {list(self.titles)}, got {reference!r}")
        scores = self._scores_on(rows)
        against = scores.loc[reference]
        columns: dict[tuple[str, str], dict[str, float]] = {}
        for name in self.titles:
            if name == reference:
                continue
            difference = scores.loc[name] - against
            for metric in METRICS:
                mean = float(difference[metric].mean())  # type: ignore[union-attr]
                se = float(difference[metric].std() * self._corrected)  # type: ignore[union-attr]
                columns.setdefault((metric, "mean"), {})[name] = mean
                columns.setdefault((metric, "se"), {})[name] = se
                # Classifiers that never differ do not differ by chance either.
                p = 2 * student.sf(abs(mean) / se, self._n_scores - 1) if se else 1.0
                columns.setdefault((metric, "p"), {})[name] = float(p)
        frame = pd.DataFrame(columns)
        frame.columns.names = ["metric", "statistic"]
        return frame.rename_axis("model")

    def _scores_on(self, rows: str) -> pd.DataFrame:
        known = self.scores.index.unique("rows").tolist()
        if rows not in known:
            raise ValueError(f"`rows` must be one of {known}, got {rows!r}")
        return self.scores.xs(rows, level="rows")  # type: ignore[return-value]

    @property
    def _n_scores(self) -> int:
        return self.n_repeats * self.n_folds

    @property
    def _corrected(self) -> float:
        """What the standard deviation of the scores is multiplied by."""
        return float(np.sqrt(1 / self._n_scores + 1 / (self.n_folds - 1)))
