"""`NetworkDisplay`: the weights of a network, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import is_classifier

from sknn.inspection._checks import check_names, check_positive
from sknn.inspection._fitted import names_of, networks_of
from sknn.inspection._style import Theme, as_image, dress_colorbar, merge, open_axes, write_title

# More names than this would lie on each other.
MOST_NAMES = 45


class NetworkDisplay:
    """The weights of each layer as an image: inputs are rows, units are columns.

    Make one with `from_estimator`. Weights are blue where they are negative and orange where they
    are positive; a weight that is exactly zero is grey, so one sees what a penalty has removed: a
    grey row is a feature that the network does not look at.

    Parameters
    ----------
    coefs : list of array-like of shape (n_in, n_out)
        The weights of each layer.
    feature_names : sequence of str, default=None
        Names of the rows of the first layer; None for x0, x1 and so on.
    class_names : sequence of str, default=None
        Names of the columns of the last layer, if they are classes.
    output_names : sequence of str, default=None
        Names of the columns of the last layer, whatever they are; None for their numbers.

    Attributes
    ----------
    zeros : list of float
        Share of each layer's weights that are exactly zero.
    axes_ : ndarray of matplotlib Axes of shape (n_layers,)
        The panels, one for each layer of weights.
    ax_ : matplotlib Axes
        The first of them.
    figure_ : matplotlib Figure
        The figure that they are part of.
    im_ : list of matplotlib AxesImage
        The images, in which zeros are masked.
    colorbars_ : list of matplotlib Colorbar
        What their colours mean; empty if not wanted.

    Examples
    --------
    >>> from sknn.estimators import ScratchMLPClassifier
    >>> from sknn.datasets import load_producers
    >>> from sknn.inspection import NetworkDisplay
    >>> X, y = load_producers(return_X_y=True, as_frame=True)
    >>> model = ScratchMLPClassifier((16,), max_iter=20, n_iter_no_change=float("inf"))
    >>> display = NetworkDisplay.from_estimator(model.fit(X / X.max(), y))
    >>> [ax.get_title(loc="left") for ax in display.axes_]
    ['13 × 16, no zeros', '16 × 3, no zeros']
    """

    def __init__(
        self,
        coefs: Sequence[ArrayLike],
        *,
        feature_names: Sequence[str] | None = None,
        class_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
    ) -> None:
        self.coefs = [np.asarray(one, dtype=np.float64) for one in coefs]
        if not self.coefs or any(one.ndim != 2 or not one.size for one in self.coefs):
            raise ValueError("`coefs` must be matrices of weights, one for each layer")
        if any(one.shape[1] != len(after) for one, after in pairwise(self.coefs)):
            shapes = [one.shape for one in self.coefs]
            raise ValueError(f"`coefs` must be of shapes that fit each other, got {shapes}")
        n_in, n_out = len(self.coefs[0]), self.coefs[-1].shape[1]
        inputs = names_of(None, n_in) if feature_names is None else feature_names
        self.feature_names = check_names("feature_names", inputs, n_in)
        if class_names is not None and output_names is not None:
            raise ValueError("`class_names` and `output_names` must not both be given")
        self.outputs_are = "outputs" if class_names is None else "classes"
        if class_names is not None:
            self.output_names = check_names("class_names", class_names, n_out)
        else:
            outputs = range(n_out) if output_names is None else output_names
            self.output_names = check_names("output_names", outputs, n_out)

    @property
    def zeros(self) -> list[float]:
        """Share of each layer's weights that are exactly zero."""
        return [float(np.mean(one == 0)) for one in self.coefs]

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        feature_names: Sequence[str] | None = None,
        class_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
        ax: Any = None,
        **plot_kws: Any,
    ) -> Self:
        """Draw the weights of a fitted network.

        Parameters
        ----------
        estimator : estimator
            Fitted: a classifier or regressor of `sknn.estimators`, or a Pipeline or a search that
            ends in one.
        feature_names : sequence of str, default=None
            Names of the features; None for those that it was fitted with. Where an embedding stands
            before the first layer, its units are numbered behind the name of their feature.
        class_names : sequence of str, default=None
            What to call the classes, in the order of `classes_`; None for their labels. Of two
            classes, the second one has the only output. For classifiers only.
        output_names : sequence of str, default=None
            What to call the outputs of a regressor; None for what each of them predicts.
        ax : array-like of matplotlib Axes, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : NetworkDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If there is no network in it.
        sklearn.exceptions.NotFittedError
            If it is not fitted.
        ValueError
            If there are several networks in it, or names do not fit.
        """
        networks = networks_of(estimator)
        if len(networks) > 1:
            raise ValueError(
                f"`estimator` must be one network, got an ensemble of {len(networks)}: pass one of "
                "its estimators_"
            )
        (network,) = networks
        n_features, n_units = network.n_features_in_, network._plan.spec.n_units_per_feature
        if feature_names is None:
            feature_names = names_of(estimator, n_features)
        names = check_names("feature_names", feature_names, n_features)
        units = ["", *(f", unit {k}" for k in range(1, n_units))]  # of an embedding
        if is_classifier(network):
            if class_names is None:
                class_names = [str(label) for label in network.classes_]
            if network.n_outputs_ == 1 and len(class_names) == 2:
                class_names = class_names[1:]  # whose logit the one output is
        elif class_names is not None:
            raise ValueError(
                f"`class_names` must be None for a regressor, which has `output_names`, got "
                f"{class_names!r}"
            )
        elif output_names is None:
            output_names = _outputs_of(network)
        display = cls(
            network.coefs_,
            feature_names=[f"{name}{unit}" for name in names for unit in units],
            class_names=class_names,
            output_names=output_names,
        )
        return display.plot(ax, **plot_kws)

    def plot(
        self,
        ax: Any = None,
        *,
        limit: float | None = None,
        colorbar: bool = True,
        im_kws: dict[str, Any] | None = None,
        theme: Literal["light", "dark"] | None = None,
    ) -> Self:
        """Draw a panel for each layer.

        Parameters
        ----------
        ax : array-like of matplotlib Axes, default=None
            What to draw on, one for each layer of weights; None for a new figure.
        limit : float, default=None
            Weights of this size and above have the strongest colour, in all layers; None for the
            size that 98 of 100 weights of a layer, zeros left out, lie below.
        colorbar : bool, default=True
            Whether to draw what the colours mean.
        im_kws : dict, default=None
            Keywords for matplotlib's `imshow`.
        theme : {'light', 'dark'}, default=None
            Colours; None for those that fit the background.

        Returns
        -------
        display : NetworkDisplay
            The display itself.

        Raises
        ------
        ValueError
            If a parameter is invalid.
        """
        if limit is not None:
            check_positive("limit", limit, " or None")
        n = len(self.coefs)
        widths = [_share(one.shape[1]) for one in self.coefs]
        n_rows = len(self.coefs[0]) if len(self.coefs[0]) <= MOST_NAMES else 0
        height = max(3.6, 0.24 * n_rows) + 0.085 * max(map(len, self.output_names))
        size = (2.0 + sum(widths), 1.4 + height)
        axes, found, _ = open_axes(
            ax, theme, columns=n, size=size, gridspec_kw={"width_ratios": widths}
        )
        self.axes_, self.im_, self.colorbars_ = axes[0], [], []
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].get_figure()
        for layer, one in enumerate(self.axes_):
            most = _most(self.coefs[layer]) if limit is None else float(limit)
            self.im_.append(_draw_layer(one, self.coefs[layer], most, found, im_kws))
            self._label(one, layer)
            write_title(one, self._title(layer), found, fontsize="medium")
            if colorbar:
                bar = self.figure_.colorbar(
                    self.im_[-1], ax=one, orientation="horizontal", aspect=14, pad=0.02,
                    shrink=0.8, extend="both", ticks=[-most, 0, most], format="%.2g",
                )  # fmt: skip
                dress_colorbar(bar, "", found)
                self.colorbars_.append(bar)
        return self

    def _title(self, layer: int) -> str:
        n_in, n_out = self.coefs[layer].shape
        share = self.zeros[layer]
        said = "no zeros" if share == 0 else f"{100 * share:.0f} % zero"
        if 0 < share < 0.005 or 0.995 < share < 1:
            said = f"{100 * share:.1f} % zero"
        return f"{n_in} × {n_out}, {said}"

    def _label(self, axes: Any, layer: int) -> None:
        """Names of features and outputs; of units, what they are."""
        last = len(self.coefs) - 1
        rows, columns = self.coefs[layer].shape
        if layer == 0 and rows <= MOST_NAMES:
            axes.set_yticks(range(rows), self.feature_names, parse_math=False)
        elif layer == 0:
            axes.set_ylabel("features")
        else:
            axes.set_yticks([])
        axes.set_xticks([])
        if layer < last:
            axes.set_xlabel(f"units of hidden layer {layer + 1}")
            return
        axes.set_xlabel(self.outputs_are)
        if columns <= MOST_NAMES:
            leaning = max(map(len, self.output_names)) > 2
            turned = {"rotation": 90 if leaning else 0, "parse_math": False}
            axes.set_xticks(range(columns), self.output_names, **turned)


def _outputs_of(network: Any) -> list[str]:
    """What each output of a regressor says."""
    target = network._target
    names = ["y"] if target.n_targets == 1 else [f"y{k}" for k in range(target.n_targets)]
    if target.loss == "gaussian":
        means = ["mean" if name == "y" else f"mean of {name}" for name in names]
        return [*means, *(mean.replace("mean", "log sd", 1) for mean in means)]
    if target.loss == "quantile":
        low, *others = (f"quantile {level:g}" for level in target.quantiles)
        return [low, *(f"step to {name.removeprefix('quantile ')}" for name in others)]
    return names


def _share(n_columns: int) -> float:
    """Width of a panel, in inches: wide layers are wider, though not in proportion."""
    return min(5.0, 1.2 + 0.28 * float(np.sqrt(n_columns)) + 0.02 * n_columns)


def _most(weights: NDArray[np.float64]) -> float:
    """The size that nearly all weights lie below; a few large ones would leave the rest pale."""
    sizes = np.abs(weights[weights != 0])
    return float(np.quantile(sizes, 0.98)) if len(sizes) else 1.0


def _draw_layer(
    axes: Any,
    weights: NDArray[np.float64],
    most: float,
    theme: Theme,
    im_kws: dict[str, Any] | None,
) -> Any:
    shown = np.ma.masked_equal(weights, 0.0)
    look = {"cmap": theme.diverging, "vmin": -most, "vmax": most}
    # Pixels of an image that is scaled down must not mix a zero with its neighbours.
    look |= {"aspect": "auto", "interpolation": "nearest"}
    image = axes.imshow(shown, **merge(look, im_kws))
    as_image(axes)
    return image
