"""`Report`: what was found, as a page for people and as text for terminals."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sknn.report._blocks import Facts, Headline, Notes, Picture, Section, Table, Text
from sknn.report._files_of_run import write_alone
from sknn.report._html import to_html
from sknn.report._markdown import to_markdown

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sknn.studies import ComparisonResult, KeyFeaturesResult, ProducersResult, YeastResult


class Report:
    """A report: headlines, and sections of text, tables and figures.

    Make one of a fitted classifier or regressor by :meth:`from_estimator`, of a study by
    :meth:`from_study`, or of anything by handing over its sections.

    Parameters
    ----------
    title : str
        What it is about.
    sections : sequence of Section
        Its parts, in order.
    subtitle : str, default=""
        A line below the title.
    headlines : sequence of Headline, default=()
        The few figures that matter most.
    created : str, default=""
        When it was made, as it is to be read.
    data : dict, default=None
        The same as a tree of values that JSON knows, for :meth:`to_dict`.

    Notes
    -----
    The page is one file: its style and its figures are in it, it has no script, and its content
    security policy forbids it to load anything. Figures are SVG, drawn for light and for dark
    screens; print is light. All text is escaped.

    Examples
    --------
    >>> from sknn.report import Report, Section, Table
    >>> table = Table("Length of fish in cm", ["", "mean"], [["perch", "23.2"], ["roach", "17.9"]])
    >>> report = Report("Fish", [Section("Lengths", [table])])
    >>> path = report.to_html(getfixture("tmp_path") / "fish.html")
    >>> print(report.to_markdown())
    # Fish
    <BLANKLINE>
    ## Lengths
    <BLANKLINE>
    **Length of fish in cm**
    <BLANKLINE>
    |       | mean |
    |:------|-----:|
    | perch | 23.2 |
    | roach | 17.9 |
    <BLANKLINE>
    """

    def __init__(
        self,
        title: str,
        sections: Sequence[Section],
        *,
        subtitle: str = "",
        headlines: Sequence[Headline] = (),
        created: str = "",
        data: dict[str, Any] | None = None,
    ) -> None:
        self.title = title
        self.sections = tuple(sections)
        self.subtitle = subtitle
        self.headlines = tuple(headlines)
        self.created = created
        self.data = data
        for section in self.sections:
            _check(section)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        X_train: Any = None,
        y_train: ArrayLike | None = None,
        search: Any = None,
        title: str | None = None,
        target: str | None = None,
        notes: Sequence[str] = (),
        n_repeats: int | None = None,
        random_state: Any = 0,
    ) -> Self:
        """Evaluate a fitted classifier or regressor on rows that it has not been trained on.

        Parameters
        ----------
        estimator : classifier, regressor, Pipeline or search
            Fitted. Of a network of sknn, alone or at the end of a pipeline, the history of its
            training is shown too; of a search, its best candidates.
        X : array-like of shape (n_rows, n_features)
            Rows that it has not been trained on.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            Their labels, or their numbers.
        X_train : array-like of shape (n_train_rows, n_features), default=None
            The rows that it has been trained on, to be described; None to describe `X`.
        y_train : array-like of shape (n_train_rows,) or (n_train_rows, n_targets), default=None
            Their labels, or their numbers.
        search : search, default=None
            The fitted search that has found the parameters of `estimator`, to be shown too.
        title : str, default=None
            Title of the report; None for one made of `target`.
        target : str, default=None
            What is predicted, in the singular: "producer", "price".
        notes : sequence of str, default=()
            What a reader should know besides.
        n_repeats : int, default=None
            How often each feature is shuffled to see what it is worth; None for 5, less often if
            there are more than 60 features; 0 leaves that out.
        random_state : int, RandomState instance or None, default=0
            For the shuffles.

        Returns
        -------
        report : Report
            With sections on the table, the model, its training, its errors, its probabilities or
            its intervals, and its features.

        Raises
        ------
        ValueError
            If `estimator` is neither a classifier nor a regressor, `X` and `y` do not go together,
            or `y` holds a label that the classifier does not know, or anything but numbers for a
            regressor.
        sklearn.exceptions.NotFittedError
            If it is not fitted.

        Examples
        --------
        >>> from sklearn.model_selection import train_test_split
        >>> from sklearn.pipeline import make_pipeline
        >>> from sklearn.preprocessing import StandardScaler
        >>> from sknn import ScratchMLPClassifier
        >>> from sknn.datasets import load_producers
        >>> from sknn.report import Report
        >>> X, y = load_producers(return_X_y=True, as_frame=True)
        >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
        >>> mlp = ScratchMLPClassifier(max_iter=50, n_iter_no_change=float("inf"), random_state=0)
        >>> model = make_pipeline(StandardScaler(), mlp).fit(X_train, y_train)
        >>> report = Report.from_estimator(
        ...     model, X_test, y_test, X_train=X_train, y_train=y_train, target="producer"
        ... )
        >>> report.title, [headline.value for headline in report.headlines][:1]
        ('Predicting producer', ['97.8 %'])
        """
        from sknn.report._estimator import estimator_report
        from sknn.report._findings import Rows

        parts = estimator_report(
            estimator,
            Rows(X, y, X_train, y_train),
            search=search,
            target=target,
            notes=notes,
            n_repeats=n_repeats,
            random_state=random_state,
        )
        return cls(**parts if title is None else {**parts, "title": title})

    @classmethod
    def from_study(
        cls,
        result: ProducersResult | YeastResult,
        *,
        key_features: KeyFeaturesResult | None = None,
        comparison: ComparisonResult | None = None,
        other: ProducersResult | YeastResult | None = None,
    ) -> Self:
        """Lay out what a study found, the figures of its document beside ours.

        Parameters
        ----------
        result : ProducersResult or YeastResult
            What :func:`sknn.studies.producers` or :func:`sknn.studies.yeast` returned.
        key_features : KeyFeaturesResult, default=None
            What :func:`sknn.studies.producers_key_features` returned, to go with the former.
        comparison : ComparisonResult, default=None
            What :func:`sknn.studies.producers_comparison` or
            :func:`sknn.studies.yeast_comparison` returned.
        other : ProducersResult or YeastResult, default=None
            The same study with the other engine, to be laid beside `result`.

        Returns
        -------
        report : Report
            The whole study.

        Raises
        ------
        ValueError
            If `result` is of another kind, or `other` has other seeds.
        TypeError
            If `other` is of another study than `result`.

        Examples
        --------
        >>> from sknn.report import Report
        >>> from sknn.studies import producers
        >>> report = Report.from_study(producers(seeds=1, epochs=5))
        >>> report.title
        'Which of three companies made this product?'
        """
        from sknn.report._study_producers import producers_report
        from sknn.report._study_yeast import yeast_report
        from sknn.studies import ProducersResult, YeastResult

        if isinstance(result, ProducersResult):
            return cls(**producers_report(result, key_features, comparison, other))
        if not isinstance(result, YeastResult):
            raise ValueError(
                f"`result` must be a ProducersResult or a YeastResult, got {type(result).__name__}"
            )
        if key_features is not None:
            raise ValueError("`key_features` goes with a ProducersResult, got a YeastResult")
        return cls(**yeast_report(result, comparison, other))

    def to_dict(self) -> dict[str, Any]:
        """The figures of the report in values that JSON knows.

        Returns
        -------
        data : dict
            What it was made with as `data`; else its headlines.
        """
        if self.data is not None:
            return dict(self.data)
        return {headline.name: headline.value for headline in self.headlines}

    def to_html(
        self, path: str | os.PathLike[str] | None = None, *, overwrite: bool = False
    ) -> Any:
        """Make one HTML page of the report, with everything in it.

        Parameters
        ----------
        path : str or path-like, default=None
            Where to. The page is complete before it is there. None to get its text.
        overwrite : bool, default=False
            Whether an existing file may be replaced.

        Returns
        -------
        path : Path or str
            Where the page is; its text if `path` was None.

        Raises
        ------
        FileExistsError
            If there is a file and `overwrite` is False.
        """
        return self._deliver(to_html(self), path, overwrite)

    def to_markdown(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        overwrite: bool = False,
        sections: Sequence[str] | None = None,
    ) -> Any:
        """Make Markdown of the report, without its figures.

        Parameters
        ----------
        path : str or path-like, default=None
            Where to; None to get the text.
        overwrite : bool, default=False
            Whether an existing file may be replaced.
        sections : sequence of str, default=None
            Titles of the sections to take; None for all.

        Returns
        -------
        path : Path or str
            Where it is; the text itself if `path` was None.

        Raises
        ------
        FileExistsError
            If there is a file and `overwrite` is False.
        ValueError
            If there is no section of such a title.
        """
        titles = [section.title for section in self.sections]
        absent = [title for title in sections or () if title not in titles]
        if absent:
            raise ValueError(f"`sections` must be titles of {titles}, got {absent[0]!r}")
        chosen = [s for s in self.sections if sections is None or s.title in sections]
        return self._deliver(to_markdown(self, chosen), path, overwrite)

    def _deliver(self, text: str, path: str | os.PathLike[str] | None, overwrite: bool) -> Any:
        if path is None:
            return text

        def write(place: Path) -> None:
            place.write_text(text, encoding="utf-8", newline="\n")

        return write_alone(path, write, overwrite=overwrite)

    def _repr_html_(self) -> str:
        # A page within a page keeps its style to itself.
        from html import escape

        page = escape(self.to_html(), quote=True)
        return (
            f'<iframe title="{escape(self.title, quote=True)}" srcdoc="{page}" '
            'style="width:100%;height:40rem;border:0"></iframe>'
        )


def _check(section: Any) -> None:
    if not isinstance(section, Section):
        raise ValueError(f"`sections` must hold objects of Section, got {section!r}")
    for block in section.blocks:
        if not isinstance(block, Text | Notes | Facts | Table | Picture):
            raise ValueError(
                "a Section must hold Text, Notes, Facts, Table or Picture, got "
                f"{type(block).__name__}"
            )
        if isinstance(block, Table) and any(len(row) != len(block.header) for row in block.rows):
            raise ValueError(
                f"the rows of the table {block.caption!r} must have {len(block.header)} cells each"
            )
