"""`ClassBalanceDisplay`: how many rows each class has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import column_or_1d

from sknn.inspection._checks import how_many
from sknn.inspection._style import add_legend, merge, open_axes, write_title
from sknn.inspection._style import despine as remove_frame
from sknn.inspection._tables import check_class_names, unique_labels


class ClassBalanceDisplay:
    """The classes and how many rows each has, the largest on top.

    Make one with `from_labels`. Several sets of labels, training and test rows perhaps, are laid
    side by side as shares of their rows.

    Parameters
    ----------
    counts : dict of str to array-like of int of shape (n_classes,)
        Rows of each class, by the name of the set.
    class_names : sequence of str
        What to call the classes.

    Attributes
    ----------
    order : ndarray of int of shape (n_classes,)
        The classes, by number, from the largest in the first set on.
    ax_ : matplotlib Axes
        What is drawn on.
    figure_ : matplotlib Figure
        The figure that it is part of.
    bars_ : dict of str to matplotlib BarContainer
        The bars of each set.
    legend_ : matplotlib Legend or None
        The names of the sets, if there are several.

    Examples
    --------
    >>> from sknn.datasets import load_producers
    >>> from sknn.inspection import ClassBalanceDisplay
    >>> _, y = load_producers(return_X_y=True)
    >>> display = ClassBalanceDisplay.from_labels(y, class_names=["first", "second", "third"])
    >>> [text.get_text() for text in display.ax_.get_yticklabels()]
    ['second', 'first', 'third']
    """

    def __init__(self, counts: Mapping[str, ArrayLike], class_names: Sequence[str]) -> None:
        self.counts: dict[str, NDArray[Any]] = {
            name: np.asarray(values) for name, values in counts.items()
        }
        self.class_names = [str(name) for name in class_names]
        if not self.counts:
            raise ValueError("`counts` must hold the counts of at least one set, got none")
        for name, values in self.counts.items():
            if values.shape != (len(self.class_names),) or not values.sum() > 0:
                raise ValueError(
                    f"`counts` must have {len(self.class_names)} numbers that are not all 0, one "
                    f"for each class, got {values.tolist()} for {name!r}"
                )
        self.order = np.argsort(-next(iter(self.counts.values())), kind="stable")

    @classmethod
    def from_labels(
        cls,
        y: Any,
        *,
        class_names: Sequence[str] | None = None,
        ax: Any = None,
        **plot_kws: Any,
    ) -> Self:
        """Count and draw the classes of labels.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or dict of str to array-like
            The labels; several sets of them by name.
        class_names : sequence of str, default=None
            What to call the classes, in the order of their sorted labels; None for their labels.
        ax : matplotlib Axes, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : ClassBalanceDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there are no labels, or the names do not fit them.
        """
        sets = y if isinstance(y, Mapping) else {"rows": y}
        labels = {str(name): column_or_1d(values) for name, values in sets.items()}
        if not labels or not all(map(len, labels.values())):
            raise ValueError("`y` must hold at least one label, got none")
        classes = unique_labels(np.concatenate(list(labels.values())))
        names = check_class_names(class_names, classes)
        counts = {
            name: np.array([np.sum(values == label) for label in classes])
            for name, values in labels.items()
        }
        return cls(counts, names).plot(ax, **plot_kws)

    def plot(
        self,
        ax: Any = None,
        *,
        sort: bool = True,
        max_classes: int | None = 40,
        bar_kws: dict[str, Any] | None = None,
        text_kws: dict[str, Any] | None = None,
        legend_kws: dict[str, Any] | None = None,
        despine: bool = True,
        theme: Literal["light", "dark"] | None = None,
    ) -> Self:
        """Draw a bar for each class and set.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            What to draw on; None for a new figure.
        sort : bool, default=True
            Whether the largest class comes first, or the classes keep their order.
        max_classes : int, default=40
            Classes to draw, at most; the rest become one bar. None for all.
        bar_kws, text_kws, legend_kws : dict, default=None
            Keywords for matplotlib's `barh`, `bar_label` and `legend`.
        despine : bool, default=True
            Whether to remove the frame on top and on the right.
        theme : {'light', 'dark'}, default=None
            Colours; None for those that fit the background.

        Returns
        -------
        display : ClassBalanceDisplay
            The display itself.

        Raises
        ------
        ValueError
            If a parameter is invalid.
        """
        names, counts = self._shown(sort, max_classes)
        n_sets = len(counts)
        axes, found, _ = open_axes(
            ax,
            theme,
            size=(
                6.2 + 0.085 * max(map(len, names)),
                1.2 + (0.18 + 0.16 * n_sets) * max(3, len(names)),
            ),
        )
        self.ax_, self.figure_, self.bars_ = axes[0, 0], axes[0, 0].get_figure(), {}
        height = 0.8 / n_sets
        where = np.arange(len(names))
        for k, (name, values) in enumerate(counts.items()):
            total = int(values.sum())
            shares = 100 * values / total
            widths = values if n_sets == 1 else shares
            look = {"height": 0.92 * height, "color": found.line(k)[0], "label": f"{name}: {total}"}
            middle = where + (k - (n_sets - 1) / 2) * height
            self.bars_[name] = self.ax_.barh(middle, widths, **merge(look, bar_kws))
            texts = [f"{n:d} ({_percent(share)})" for n, share in zip(values, shares, strict=True)]
            # Of the user's axes nothing is known but that text must be readable on them.
            words = {"padding": 3, "fontsize": "small", "color": found.text}
            self.ax_.bar_label(self.bars_[name], texts, **merge(words, text_kws))
        self.ax_.set_yticks(where, names, parse_math=False)
        self.ax_.set_ylim(len(names) - 0.5, -0.5)
        self.ax_.set_xlabel("rows" if n_sets == 1 else "share of the rows, %")
        # Room for the numbers beside the longest bar.
        self.ax_.set_xlim(0, 1.22 * max(float(bar.datavalues.max()) for bar in self.bars_.values()))
        self.ax_.grid(visible=False, axis="y")
        self.ax_.tick_params(axis="y", length=0)
        write_title(self.ax_, f"{len(self.class_names)} classes", found)
        self.legend_ = None
        if n_sets > 1:
            # Above the axes: bars may fill them.
            place = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0.2}
            self.legend_ = add_legend(self.ax_, found, legend_kws, ncols=n_sets, **place)
        if despine:
            remove_frame(self.ax_)
        return self

    def _shown(
        self, sort: bool, max_classes: int | None
    ) -> tuple[list[str], dict[str, NDArray[Any]]]:
        """The bars' names and counts: those of the largest classes, and of the rest together."""
        n = how_many("max_classes", max_classes, len(self.order))
        kept = self.order[:n] if sort else np.sort(self.order[:n])
        rest = self.order[n:]
        names = [self.class_names[k] for k in kept]
        counts = {name: values[kept] for name, values in self.counts.items()}
        if len(rest):
            names.append(f"{len(rest)} others")
            counts = {
                name: np.append(values, self.counts[name][rest].sum())
                for name, values in counts.items()
            }
        return names, counts


def _percent(share: float) -> str:
    """A percentage that is not 0 where there are rows."""
    return f"{share:.1f} %" if share == 0 or share >= 0.05 else "< 0.1 %"
