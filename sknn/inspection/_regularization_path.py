"""`RegularizationPathDisplay`: what a growing penalty leaves of a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sknn.inspection._checks import check_names, how_many
from sknn.inspection._fitted import LOSS_NAMES, last_step, names_of
from sknn.inspection._style import Theme, add_legend, merge, open_axes, write_title
from sknn.inspection._style import despine as remove_frame


class RegularizationPathDisplay:
    """Features, losses and their number over the strength of a penalty.

    Make one with `from_path`, or from arrays. The upper panel has a line for each feature, how
    large its weights in the first layer are: the longer it stays above zero, the more it matters.

    Parameters
    ----------
    lambdas : array-like of shape (n_lambdas,)
        Strengths of the penalty, at least 0, in any order.
    norms : array-like of shape (n_lambdas, n_features)
        Size of the weights that leave each feature.
    n_alive : array-like of int of shape (n_lambdas,), default=None
        Features that the network still looks at; None for those whose norm is not zero.
    train_loss, valid_loss : array-like of shape (n_lambdas,), default=None
        Losses on the training rows and on others.
    valid_loss_error : array-like of shape (n_lambdas,), default=None
        Standard errors of `valid_loss`.
    best_lambda : float, default=None
        The strength that was chosen.
    feature_names : sequence of str, default=None
        Names of the features; None for x0, x1 and so on.
    loss_name : str, default=""
        What to call the losses: cross-entropy, for instance.

    Attributes
    ----------
    order : ndarray of int of shape (n_features,)
        The features, by number, from that which stays longest on.
    axes_ : ndarray of matplotlib Axes of shape (n_panels,)
        Norms; losses, if there are any; number of features.
    ax_ : matplotlib Axes
        The first of them.
    figure_ : matplotlib Figure
        The figure that they are part of.
    lines_ : list of matplotlib Line2D
        The norms, in the order of the features.
    legend_ : matplotlib Legend
        The names of the features.

    Examples
    --------
    >>> from sknn.inspection import RegularizationPathDisplay
    >>> display = RegularizationPathDisplay(
    ...     [0.01, 0.1, 1.0],
    ...     [[2.0, 1.0], [1.5, 0.0], [0.0, 0.0]],
    ...     valid_loss=[0.3, 0.2, 1.1],
    ...     best_lambda=0.1,
    ...     feature_names=["proline", "ash"],
    ... )
    >>> display.plot().n_alive
    array([2, 1, 0])
    """

    def __init__(
        self,
        lambdas: ArrayLike,
        norms: ArrayLike,
        n_alive: ArrayLike | None = None,
        *,
        train_loss: ArrayLike | None = None,
        valid_loss: ArrayLike | None = None,
        valid_loss_error: ArrayLike | None = None,
        best_lambda: float | None = None,
        feature_names: Sequence[str] | None = None,
        loss_name: str = "",
    ) -> None:
        self.loss_name = loss_name
        given = np.asarray(lambdas, dtype=np.float64)
        if given.ndim != 1 or not len(given) or not (given >= 0).all():
            raise ValueError(f"`lambdas` must be a list of numbers of at least 0, got {lambdas!r}")
        places = np.argsort(given, kind="stable")
        n = len(given)
        self.lambdas = given[places]
        sizes = np.asarray(norms, dtype=np.float64)
        if sizes.ndim != 2 or len(sizes) != n:
            raise ValueError(
                f"`norms` must have a row for each of the {n} lambdas, got an array of shape "
                f"{sizes.shape}"
            )
        if not (sizes >= 0).all():
            raise ValueError("`norms` must be numbers of at least 0, got others or NaN")
        self.norms = sizes[places]
        alive = (sizes > 0).sum(axis=1) if n_alive is None else n_alive
        self.n_alive = _one_each("n_alive", alive, n)[places]
        self.losses = {
            name: _one_each(f"{name}_loss", values, n).astype(np.float64)[places]
            for name, values in (("train", train_loss), ("valid", valid_loss))
            if values is not None
        }
        self.valid_loss_error = None
        if valid_loss_error is not None:
            if valid_loss is None:
                raise ValueError("`valid_loss_error` must come with `valid_loss`, got it alone")
            errors = _one_each("valid_loss_error", valid_loss_error, n)
            self.valid_loss_error = errors.astype(np.float64)[places]
        self.best_lambda = best_lambda
        n_features = sizes.shape[1]
        names = names_of(None, n_features) if feature_names is None else feature_names
        self.feature_names = check_names("feature_names", names, n_features)
        survives = np.where(self.norms > 0, self.lambdas[:, None], -1.0).max(axis=0)
        # Of those that go at the same time, the larger first.
        self.order = np.lexsort([-self.norms.mean(axis=0), -survives])

    @classmethod
    def from_path(
        cls,
        path: Any,
        *,
        feature_names: Sequence[str] | None = None,
        ax: Any = None,
        **plot_kws: Any,
    ) -> Self:
        """Draw a fitted path.

        Parameters
        ----------
        path : RegularizationPath or MLPFeatureSelector, or Pipeline that ends in one
            A fitted `RegularizationPath`, or an `MLPFeatureSelector`, whose ``path_`` it is then.
            With ``relax`` its validation losses are of networks without the penalty, and may
            be below the training losses.
        feature_names : sequence of str, default=None
            Names of the features; None for those that it was fitted with.
        ax : array-like of matplotlib Axes, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : RegularizationPathDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If it is no path.
        sklearn.exceptions.NotFittedError
            If it is not fitted.
        """
        estimator = path
        if hasattr(path, "fit"):
            path = last_step(path)
        path = getattr(path, "path_", path)
        if not hasattr(path, "lambdas_") or not hasattr(path, "norms_"):
            raise TypeError(
                "`path` must be a RegularizationPath or an MLPFeatureSelector, got "
                f"{type(path).__name__}"
            )
        if feature_names is None:
            feature_names = names_of(estimator, np.shape(path.norms_)[1])
        return cls(
            path.lambdas_,
            path.norms_,
            getattr(path, "n_alive_", None),
            train_loss=getattr(path, "train_losses_", None),
            valid_loss=getattr(path, "valid_loss_means_", None),
            valid_loss_error=getattr(path, "valid_loss_errors_", None),
            best_lambda=getattr(path, "best_lambda_", None),
            feature_names=feature_names,
            loss_name=_loss_of(path),
        ).plot(ax, **plot_kws)

    def plot(
        self,
        ax: Any = None,
        *,
        max_features: int | None = 10,
        line_kws: dict[str, Any] | None = None,
        best_kws: dict[str, Any] | None = None,
        legend_kws: dict[str, Any] | None = None,
        despine: bool = True,
        theme: Literal["light", "dark"] | None = None,
    ) -> Self:
        """Draw the panels.

        Parameters
        ----------
        ax : array-like of matplotlib Axes, default=None
            What to draw on: an Axes for the norms, one for the losses if there are any, and one
            for the number of features. None for a new figure.
        max_features : int, default=10
            Features with a colour and a name, from that which stays longest on; the others are
            grey. None for all.
        line_kws, best_kws, legend_kws : dict, default=None
            Keywords for matplotlib's `plot` of the norms, `axvline` of the best strength, and
            `legend`.
        despine : bool, default=True
            Whether to remove the frame on top and on the right.
        theme : {'light', 'dark'}, default=None
            Colours; None for those that fit the background.

        Returns
        -------
        display : RegularizationPathDisplay
            The display itself.

        Raises
        ------
        ValueError
            If a parameter is invalid.
        """
        n_named = how_many("max_features", max_features, len(self.order))
        n_panels = 3 if self.losses else 2
        heights = [2.2, 1.3, 1.0] if self.losses else [2.2, 1.0]
        axes, found, is_new = open_axes(
            ax,
            theme,
            rows=n_panels,
            size=(8.2, 1.9 * sum(heights)),
            sharex=True,
            gridspec_kw={"height_ratios": heights},
        )
        self.axes_ = axes[:, 0]
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].get_figure()
        self._draw_norms(found, n_named, line_kws)
        if self.losses:
            self._draw_losses(found)
        self.axes_[-1].step(self.lambdas, self.n_alive, where="mid", color=found.text)
        self.axes_[-1].set_ylim(0, 1.1 * max(1, self.n_alive.max()))
        write_title(self.axes_[-1], "Features in use", found)
        for one in self.axes_:
            self._scale(one, found, best_kws)
            if despine:
                remove_frame(one)
            if not is_new or one is self.axes_[-1]:
                one.set_xlabel("λ")
        place: dict[str, Any] = {"loc": "upper right"}
        if is_new:
            place = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
        self.legend_ = add_legend(self.ax_, found, legend_kws, **place)
        return self

    def _draw_norms(self, theme: Theme, n_named: int, line_kws: dict[str, Any] | None) -> None:
        lines = {}
        for place, feature in enumerate(self.order):
            color, dashes = theme.line(place)
            look = {"color": color, "linestyle": dashes, "linewidth": 1.6, "zorder": 3}
            look["label"] = self.feature_names[feature]
            if place >= n_named:
                look |= {"color": theme.muted, "linestyle": "-", "linewidth": 0.8, "zorder": 2}
                others = f"{len(self.order) - n_named} others" if place == n_named else "_others"
                look |= {"alpha": 0.6, "label": others}
            norms = self.norms[:, feature]
            (lines[feature],) = self.ax_.plot(self.lambdas, norms, **merge(look, line_kws))
        self.lines_ = [lines[feature] for feature in range(len(lines))]
        self.ax_.set_ylim(bottom=0)
        write_title(self.ax_, "Size of each feature's weights", theme)

    def _draw_losses(self, theme: Theme) -> None:
        one = self.axes_[1]
        for k, name in enumerate(("train", "valid")):
            if name in self.losses:
                color, dashes = theme.line(k)
                label = "training" if name == "train" else "validation"
                look = {"color": color, "linestyle": dashes, "linewidth": 1.6, "label": label}
                one.plot(self.lambdas, self.losses[name], **look)
                if name == "valid" and self.valid_loss_error is not None:
                    low, high = (self.losses[name] + s * self.valid_loss_error for s in (-1, 1))
                    look = {"color": color, "alpha": 0.2, "linewidth": 0, "label": "± one error"}
                    one.fill_between(self.lambdas, low, high, **look)
        write_title(one, f"Loss ({self.loss_name})" if self.loss_name else "Loss", theme)
        add_legend(one, theme, None)

    def _scale(self, axes: Any, theme: Theme, best_kws: dict[str, Any] | None) -> None:
        positive = self.lambdas[self.lambdas > 0]
        if len(positive) == len(self.lambdas):
            axes.set_xscale("log")
        elif len(positive):
            # A zero has no logarithm: it stands to the left of the least strength.
            axes.set_xscale("symlog", linthresh=float(positive.min()), linscale=0.5)
            axes.set_xlim(left=0)
        axes.margins(x=0.01)
        if self.best_lambda is not None:
            look = {"color": theme.text, "linewidth": 1.0, "linestyle": ":", "zorder": 1}
            look["label"] = f"chosen: λ = {self.best_lambda:.3g}"
            axes.axvline(self.best_lambda, **merge(look, best_kws))


def _loss_of(path: Any) -> str:
    """What to call the losses of a path: its estimator says what it makes small."""
    loss = getattr(getattr(path, "estimator", None), "loss", "softmax_cross_entropy")
    return LOSS_NAMES.get(loss, loss)


def _one_each(name: str, values: ArrayLike, n: int) -> NDArray[Any]:
    array = np.asarray(values)
    if array.shape != (n,):
        raise ValueError(
            f"`{name}` must be {n} numbers, one for each lambda, got an array of shape "
            f"{array.shape}"
        )
    return array
