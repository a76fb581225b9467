"""`OneVsRestRocDisplay`: how well each class is told from the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sknn.inspection._checks import check_share
from sknn.inspection._fitted import named
from sknn.inspection._roc_curves import RocCurve
from sknn.inspection._roc_runs import (
    MACRO,
    MICRO,
    averages_of,
    classes_of,
    curves_of_runs,
    draw_runs,
    folds_of,
    look_of,
    open_corner,
)
from sknn.inspection._style import add_legend, merge, open_axes
from sknn.inspection._style import despine as remove_frame

# More curves than this have their legend beside the axes, and no bands.
MOST_INSIDE = 6
# Lines that a column of the legend beside the axes has room for.
MOST_LINES = 24


class OneVsRestRocDisplay:
    """Receiver operating characteristic of each class against the rest, and their averages.

    Make one with `from_estimator`, `from_predictions` or `from_cv_results`. Several runs, of
    other seeds or folds, become a curve with a band.

    Parameters
    ----------
    curves : dict of str to list of RocCurve
        By name, a curve of each run: the classes, and as far as they are wanted ``"micro average"``
        and ``"macro average"``; or models, to compare them. A `RocCurve` has the arrays
        ``false_positive_rate`` and ``true_positive_rate``, and ``area``.

    Attributes
    ----------
    roc_auc : dict of str to ndarray of shape (n_runs,)
        Areas under the curves.
    ax_ : matplotlib Axes
        What is drawn on.
    figure_ : matplotlib Figure
        The figure that it is part of.
    lines_ : dict of str to matplotlib Line2D
        The curves, by name; of several runs, their mean.
    corner_ : matplotlib Axes or None
        The upper left corner again, if wanted.
    legend_ : matplotlib Legend
        The legend, with the areas.

    See Also
    --------
    sklearn.metrics.RocCurveDisplay : For two classes.
    sklearn.metrics.roc_auc_score : The areas.

    Notes
    -----
    The macro average is the mean of the classes' curves at every false positive rate, so its area
    is the mean of theirs; every class counts alike. The micro average is the curve of all
    decisions together, whether a row is of a class, and every row counts alike.

    Examples
    --------
    >>> from sklearn.model_selection import train_test_split
    >>> from sknn.estimators import ScratchMLPClassifier
    >>> from sknn.datasets import load_producers
    >>> from sknn.inspection import OneVsRestRocDisplay
    >>> X, y = load_producers(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X / X.max(axis=0), y, random_state=0)
    >>> model = ScratchMLPClassifier(max_iter=50, n_iter_no_change=float("inf"), random_state=0)
    >>> display = OneVsRestRocDisplay.from_estimator(model.fit(X_train, y_train), X_test, y_test)
    >>> list(display.lines_)
    ['1', '2', '3', 'micro average', 'macro average']
    """

    def __init__(self, curves: Mapping[str, Sequence[RocCurve]]) -> None:
        self.curves = {name: tuple(runs) for name, runs in curves.items()}
        if not self.curves or not all(self.curves.values()):
            raise ValueError("`curves` must hold at least one curve for each name, got none")
        for name, runs in self.curves.items():
            if not all(isinstance(run, RocCurve) for run in runs):
                raise ValueError(f"`curves` must hold lists of RocCurve, got {runs!r} for {name!r}")

    @property
    def _first(self) -> tuple[RocCurve, ...]:
        return next(iter(self.curves.values()))

    @property
    def roc_auc(self) -> dict[str, NDArray[np.float64]]:
        """Areas under the curves, of every run."""
        return {name: np.array([run.area for run in runs]) for name, runs in self.curves.items()}

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        class_names: Sequence[str] | None = None,
        average: Literal["both", "macro", "micro", "none"] | None = None,
        ax: Any = None,
        **plot_kws: Any,
    ) -> Self:
        """Draw the curves of a fitted classifier.

        Parameters
        ----------
        estimator : classifier, list of classifiers or dict of str to either
            Fitted, with `predict_proba`. A list, of other seeds, becomes a curve with a band.
            Those of a dict are compared by their averages.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows that it has not been trained on.
        y : array-like of shape (n_samples,)
            Their classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Their weights.
        class_names : sequence of str, default=None
            What to call the classes, in the order of `classes_`; None for their labels.
        average : {'both', 'macro', 'micro', 'none'}, default=None
            Averages to draw; None for both, or for the macro average if models are compared.
        ax : matplotlib Axes, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : OneVsRestRocDisplay
            The display, drawn.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If a classifier is not fitted.
        ValueError
            If the classifiers of a list know different classes, or no curve is defined.
        """
        compares = isinstance(estimator, Mapping)
        models = named(estimator, None) if compares else {"": estimator}
        found = {}
        for name, runs in models.items():
            runs = list(runs) if isinstance(runs, list | tuple) else [runs]
            classes = classes_of(runs)
            scores = [np.asarray(run.predict_proba(X)) for run in runs]
            data = [(y, score, sample_weight) for score in scores]
            found[name] = curves_of_runs(data, classes, class_names, averages_of(average, compares))
        return cls._of_models(found, compares).plot(ax, **plot_kws)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_score: Any,
        *,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        class_names: Sequence[str] | None = None,
        average: Literal["both", "macro", "micro", "none"] | None = None,
        ax: Any = None,
        **plot_kws: Any,
    ) -> Self:
        """Draw the curves of predicted probabilities or scores.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            The classes of the rows.
        y_score : array-like of shape (n_samples, n_classes) or (n_runs, n_samples, n_classes)
            Probabilities of the classes, or other scores; those of several runs become a band. A
            dict of such arrays, by name, is compared by averages.
        classes : array-like of shape (n_classes,), default=None
            What the columns are of; None for the sorted labels of `y_true`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        class_names : sequence of str, default=None
            What to call the classes, in the order of the columns; None for their labels.
        average : {'both', 'macro', 'micro', 'none'}, default=None
            Averages to draw; None for both, or for the macro average if models are compared.
        ax : matplotlib Axes, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : OneVsRestRocDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If shapes do not agree, or no curve is defined.
        """
        compares = isinstance(y_score, Mapping)
        labels = np.unique(np.asarray(y_true)) if classes is None else np.asarray(classes)
        found = {}
        for name, scores in (named(y_score) if compares else {"": y_score}).items():
            array = np.asarray(scores, dtype=np.float64)
            runs = list(array) if array.ndim == 3 else [array]
            data = [(y_true, run, sample_weight) for run in runs]
            found[name] = curves_of_runs(data, labels, class_names, averages_of(average, compares))
        return cls._of_models(found, compares).plot(ax, **plot_kws)

    @classmethod
    def from_cv_results(
        cls,
        cv_results: Mapping[str, Any],
        X: Any,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        class_names: Sequence[str] | None = None,
        average: Literal["both", "macro", "micro", "none"] | None = None,
        ax: Any = None,
        **plot_kws: Any,
    ) -> Self:
        """Draw the curves of a cross-validation, each fold on the rows left out.

        Parameters
        ----------
        cv_results : dict
            What :func:`sklearn.model_selection.cross_validate` returned with
            ``return_estimator=True, return_indices=True``.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            All rows.
        y : array-like of shape (n_samples,)
            Their classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Their weights.
        class_names : sequence of str, default=None
            What to call the classes, in the order of `classes_`; None for their labels.
        average : {'both', 'macro', 'micro', 'none'}, default=None
            Averages to draw; None for both.
        ax : matplotlib Axes, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : OneVsRestRocDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If estimators or indices were not kept, or no curve is defined.
        """
        data, classes = folds_of(cv_results, X, y, sample_weight)
        curves = curves_of_runs(data, classes, class_names, averages_of(average, False))
        return cls(curves).plot(ax, **plot_kws)

    @classmethod
    def _of_models(cls, found: dict[str, dict[str, list[RocCurve]]], compares: bool) -> Self:
        if not compares:
            return cls(found[""])
        averages = [which for which in (MICRO, MACRO) if which in next(iter(found.values()))]
        if not averages:
            raise ValueError("`average` must not be 'none' where models are compared")
        return cls(
            {
                name if len(averages) == 1 else f"{name}, {which}": curves[which]
                for name, curves in found.items()
                for which in averages
            }
        )

    def plot(
        self,
        ax: Any = None,
        *,
        corner: bool = False,
        band: float = 0.8,
        plot_chance_level: bool = True,
        line_kws: dict[str, Any] | None = None,
        band_kws: dict[str, Any] | None = None,
        chance_level_kws: dict[str, Any] | None = None,
        legend_kws: dict[str, Any] | None = None,
        despine: bool = True,
        theme: Literal["light", "dark"] | None = None,
    ) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            What to draw on; None for a new figure.
        corner : bool, default=False
            Whether to draw the upper left corner again, larger, inside.
        band : float, default=0.8
            Share of several runs that the band holds, in [0, 1]; the curve is their mean. If there
            are more than six curves, only the averages have bands.
        plot_chance_level : bool, default=True
            Whether to draw the line of a classifier that guesses.
        line_kws, band_kws, chance_level_kws, legend_kws : dict, default=None
            Keywords for matplotlib's `plot` of the curves, `fill_between`, `plot` of the chance
            level, and `legend`.
        despine : bool, default=True
            Whether to remove the frame on top and on the right.
        theme : {'light', 'dark'}, default=None
            Colours; None for those that fit the background.

        Returns
        -------
        display : OneVsRestRocDisplay
            The display itself.

        Raises
        ------
        ValueError
            If a parameter is invalid.
        """
        check_share("band", band)
        beside = len(self.curves) > MOST_INSIDE
        longest = max(map(len, self.curves)) + (8 if len(self._first) > 1 else 0)
        columns = -(-len(self.curves) // MOST_LINES)
        width = 5.4 + columns * (1.0 + 0.1 * longest) if beside else 5.4
        axes, found, is_new = open_axes(ax, theme, size=(width, 5.2))
        self.ax_, self.figure_, self.lines_ = axes[0, 0], axes[0, 0].get_figure(), {}
        self.corner_ = None
        if corner:
            # Above the legend if that is inside too; a line takes a twentieth of the height.
            low = 0.1 if beside else 0.08 + 0.055 * len(self.curves)
            self.corner_ = open_corner(self.ax_, low, found)
        for where in (self.ax_, *([self.corner_] if self.corner_ is not None else [])):
            for k, (name, runs) in enumerate(self.curves.items()):
                share = None if beside and name not in (MICRO, MACRO) else band
                line = draw_runs(
                    where, name, runs, look_of(found, name, k), share, line_kws, band_kws
                )
                if where is self.ax_:
                    self.lines_[name] = line
        if plot_chance_level:
            look = {"color": found.muted, "linewidth": 0.8, "label": "_chance", "zorder": 1}
            self.ax_.plot([0, 1], [0, 1], **merge(look, chance_level_kws))
        self.ax_.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        self.ax_.set(xlabel="false positive rate", ylabel="true positive rate")
        place: dict[str, Any] = {"loc": "lower right"}
        if beside and is_new:
            place = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5), "ncols": columns}
        self.legend_ = add_legend(self.ax_, found, legend_kws, **place)
        if despine:
            remove_frame(self.ax_)
        return self
