"""A report's page, parsed as a browser would, and its Markdown, against the figures behind it."""

import json
import os
import re
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, classification_report, confusion_matrix, f1_score
from sklearn.svm import LinearSVC

from sknn import ScratchMLPClassifier, StackedGridSearchCV
from sknn.report import Facts, Headline, Notes, Picture, Report, Section, Table, Text, _files_of_run

VOID = {"meta", "link", "img", "br", "wbr", "hr", "input", "image", "path", "use"}


class Page(HTMLParser):
    """The elements of a page in order: tag, attributes, text within."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        element = {"tag": tag, "text": "", **dict(attributes)}
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.elements.append({"tag": tag, "text": "", **dict(attributes)})

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, tag, **attributes):
        return [
            e
            for e in self.elements
            if e["tag"] == tag and all(e.get(key) == value for key, value in attributes.items())
        ]


@pytest.fixture(scope="module")
def text(hostile):
    return hostile.to_html()


@pytest.fixture(scope="module")
def page(text):
    page = Page(text)
    assert page.open == []
    return page


def rows_of(markdown, title):
    """The cells of a Markdown table below a title."""
    lines = markdown.partition(title)[2].split("\n\n")[1].splitlines()
    cells = [re.split(r"(?<!\\)\|", line.strip("|")) for line in lines]
    return [[cell.strip() for cell in row] for row in cells if not set("".join(row)) <= set(":- ")]


# ---- the page ----


def test_the_page_needs_nothing_from_anywhere(text, page):
    assert not page.all("script")
    policy = page.all("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    for element in page.elements:
        for name in ("src", "href", "xlink:href", "action", "srcset"):
            value = element.get(name, "")
            assert not value or value.startswith(("data:", "#")), element
    # Namespaces are names, and nobody fetches them.
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_nothing_of_the_table_becomes_markup(text, page, hostile_parts):
    assert "<script" not in text
    assert "<img" not in text
    assert not page.all("b", text="bold")
    assert not page.all("u")
    heads = [e["text"] for e in page.all("th", scope="row")]
    for name in [*hostile_parts[0].classes_, *hostile_parts[1].columns]:
        assert str(name) in heads
    assert [e["text"] for e in page.all("code")] == ["code"]
    assert "A note with <u>markup</u>" in page.all("ul", **{"class": "notes"})[0]["text"]


def test_a_screen_reader_finds_its_way(page):
    assert page.all("html")[0]["lang"] == "en"
    for landmark in ("header", "nav", "main", "footer"):
        assert len(page.all(landmark)) == 1
    assert page.all("a", **{"class": "skip"})[0]["href"] == "#" + page.all("main")[0]["id"]
    assert len(page.all("h1")) == 1
    ids = Counter(e["id"] for e in page.elements if "id" in e)
    assert max(ids.values()) == 1
    for link in page.all("a"):
        assert link["href"][1:] in ids
    for section in page.all("section"):
        assert section["aria-labelledby"] in ids
    pictures = page.all("div", role="img")
    assert len(pictures) >= 8
    assert all(len(picture["aria-label"]) > 40 for picture in pictures)
    assert all(svg["aria-hidden"] == "true" for svg in page.all("svg"))
    for head in page.all("th"):
        assert head["scope"] in ("row", "col")
        assert head["text"]
    assert len(page.all("caption")) == len(page.all("table")) >= 5


def test_every_reference_within_a_figure_is_in_the_page(text, page):
    ids = {e["id"] for e in page.elements if "id" in e}
    used = set(re.findall(r"url\(#([^)]+)\)", text))
    used |= {e["xlink:href"][1:] for e in page.elements if e.get("xlink:href", "")[:1] == "#"}
    assert used
    assert used <= ids


def test_figures_are_there_for_light_and_dark(text, page):
    both, light, dark = (page.all("div", **{"class": f"in-{t}"}) for t in ("both", "light", "dark"))
    assert len(light) == len(dark) >= 1
    assert len(both) >= 5
    assert len(both) + len(light) == len(page.all("div", role="img"))
    for theme in ("#0072b2", "#56b4e9"):
        assert f"--figure-line-0: {theme}" in text
    assert "fill: var(--figure-text)" in text


def test_a_page_is_the_same_whenever_it_is_made(hostile, text):
    import matplotlib

    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
        assert hostile.to_html() == text


def test_the_figures_of_the_page_are_the_classifiers(hostile, hostile_parts, page):
    model, _, _, X, y = hostile_parts
    predicted = model.predict(X)
    accuracy = f"{100 * accuracy_score(y, predicted):.1f} %"
    assert hostile.headlines[0].value == accuracy
    assert page.all("dd")[0]["text"].startswith(accuracy)
    data = hostile.to_dict()
    assert data["accuracy"] == pytest.approx(accuracy_score(y, predicted))
    assert data["macro_f1"] == pytest.approx(f1_score(y, predicted, average="macro"))
    assert data["confusion"] == confusion_matrix(y, predicted).tolist()
    assert data["epochs"] == 40
    json.dumps(data, allow_nan=False)
    markdown = hostile.to_markdown()
    cells = rows_of(markdown, "**Confusion matrix")
    assert [[int(cell) for cell in row[1:]] for row in cells[1:]] == data["confusion"]


def test_importance_puts_the_only_column_that_matters_first(hostile, hostile_parts):
    columns = list(hostile.to_dict()["importance"])
    assert columns[0] == hostile_parts[1].columns[0]
    assert sorted(columns) == sorted(hostile_parts[1].columns)


# ---- Markdown ----


def test_markdown_has_no_markup_of_the_tables(hostile):
    markdown = hostile.to_markdown()
    assert not re.findall(r"(?<!\\)<", markdown)
    assert r"\<script>" in markdown
    assert r"b\|c" in markdown
    assert "are spread" not in markdown  # words that introduce figures
    widths = {}
    for line in markdown.splitlines():
        if line.startswith("|"):
            widths.setdefault(len(line), 0)
    assert widths


def test_some_sections_only(hostile):
    title = hostile.sections[3].title
    markdown = hostile.to_markdown(sections=[title])
    assert [line for line in markdown.splitlines() if line.startswith("## ")] == [f"## {title}"]
    with pytest.raises(ValueError, match=r"`sections` must be titles of .*, got 'no'"):
        hostile.to_markdown(sections=["no"])


# ---- files ----


def test_a_file_is_written_once(tmp_path):
    report = Report("t", [Section("s", [Text("x")])])
    path = report.to_html(tmp_path / "page.html")
    assert path == tmp_path / "page.html"
    first = path.read_text(encoding="utf-8")
    assert first == report.to_html()
    other = Report("other", [])
    with pytest.raises(FileExistsError, match=r"page.html' exists: pass overwrite=True"):
        other.to_html(path)
    assert path.read_text(encoding="utf-8") == first
    other.to_html(path, overwrite=True)
    assert "<title>other</title>" in path.read_text(encoding="utf-8")
    other.to_markdown(tmp_path / "page.md")
    assert sorted(os.listdir(tmp_path)) == ["page.html", "page.md"]
    with pytest.raises(IsADirectoryError, match="must name a file"):
        other.to_html(tmp_path, overwrite=True)


def test_a_file_that_comes_up_meanwhile_is_kept(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    make = _files_of_run.mkdtemp

    def late(**options):
        path.write_text("somebody's")
        return make(**options)

    monkeypatch.setattr(_files_of_run, "mkdtemp", late)
    with pytest.raises(FileExistsError, match=r"the files of this run are in '.*sknn-files-"):
        Report("t", []).to_html(path)
    assert path.read_text() == "somebody's"
    (page,) = tmp_path.glob("sknn-files-*/page.html")
    assert "<title>t</title>" in page.read_text(encoding="utf-8")


def test_a_failure_while_drawing_leaves_what_was_there(tmp_path):
    def draw(theme):
        raise RuntimeError("no")

    report = Report("t", [Section("s", [Picture("p", "a picture", draw)])])
    (tmp_path / "page.html").write_text("former")
    with pytest.raises(RuntimeError):
        report.to_html(tmp_path / "page.html", overwrite=True)
    assert (tmp_path / "page.html").read_text() == "former"


# ---- what a report is made of ----


def test_every_kind_of_block():
    blocks = [
        Text("words"),
        Notes(["one", "two"]),
        Facts([("name", "value")]),
        Table("caption", ["", "a"], [["r", "1"]], shades=[[0.5]]),
    ]
    report = Report("t", [Section("s", blocks)], headlines=[Headline("h", "42", "why")])
    page = Page(report.to_html())
    assert [e["text"] for e in page.all("li")] == ["one", "two"]
    assert [e["text"] for e in page.all("dt")] == ["h", "name"]
    assert page.all("td")[-1] == {"tag": "td", "text": "1", "style": "--shade:25%"}
    assert report.to_dict() == {"h": "42"}
    assert "| name | value |" in report.to_markdown()
    assert report._repr_html_().startswith("<iframe title=")


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        (["x"], "must hold objects of Section, got 'x'"),
        ([Section("s", ["x"])], "must hold Text, Notes, Facts, Table or Picture, got str"),
        ([Section("s", [Table("c", ["a"], [["1", "2"]])])], "table 'c' must have 1 cells each"),
    ],
)
def test_other_parts_are_refused(sections, words):
    with pytest.raises(ValueError, match=words):
        Report("t", sections)


# ---- other classifiers ----


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 3))
    return X, (X[:, 0] + 0.3 * rng.normal(size=120) > 0).astype(int)


@pytest.mark.parametrize("estimator", [LogisticRegression(), LinearSVC()], ids=repr)
def test_classifiers_of_scikit_learn(table, estimator):
    X, y = table
    report = Report.from_estimator(estimator.fit(X[:80], y[:80]), X[80:], y[80:], n_repeats=1)
    titles = [section.title for section in report.sections]
    assert "The training" not in titles
    assert report.to_dict()["accuracy"] == estimator.score(X[80:], y[80:])
    assert (report.to_dict()["log_loss"] is None) == isinstance(estimator, LinearSVC)
    page = Page(report.to_html())
    assert "x2" in [e["text"] for e in page.all("th", scope="row")]


def test_a_search_shows_its_candidates(table):
    X, y = table
    mlp = ScratchMLPClassifier((4,), max_iter=5, n_iter_no_change=np.inf, random_state=0)
    search = StackedGridSearchCV(mlp, {"l2": [0.0, 0.1], "dropout": [0.0, 0.5]}, cv=2).fit(X, y)
    report = Report.from_estimator(search, X, y, n_repeats=0)
    rows = rows_of(report.to_markdown(), "**All candidates")
    assert rows[0] == ["rank", "dropout", "l2", "mean score", "sd over folds"]
    assert len(rows) == 5
    best = {name: float(value) for name, value in zip(rows[0][1:3], rows[1][1:3], strict=True)}
    assert best == search.best_params_
    assert report.to_dict()["search"]["best_score"] == search.best_score_
    assert "importance" not in report.to_dict()


def test_a_search_by_an_error_shows_it_as_it_is(table):
    X, y = table
    mlp = ScratchMLPClassifier((4,), max_iter=5, n_iter_no_change=np.inf, random_state=0)
    search = StackedGridSearchCV(mlp, {"l2": [0.0, 0.1]}, cv=2, scoring="neg_log_loss").fit(X, y)
    text = Report.from_estimator(search, X, y, n_repeats=0).to_markdown()
    rows = rows_of(text, "**All candidates")
    shown = [float(row[rows[0].index("mean score")]) for row in rows[1:]]
    assert shown == [round(loss, 4) for loss in sorted(-search.cv_results_["mean_test_score"])]
    assert "log loss, the lower the better" in text


def test_means_over_classes_are_those_of_scikit_learn(table):
    X, y = table
    # Class 2 is never predicted, so it has no precision.
    y = np.where(X[:, 1] > 1, 2, y)
    model = LogisticRegression().fit(X, y)
    model.intercept_[2] = -99
    report = Report.from_estimator(model, X, y, n_repeats=0)
    rows = rows_of(report.to_markdown(), "**Each class, on 120 rows")
    found = classification_report(y, model.predict(X), output_dict=True, zero_division=0)
    assert rows[3][:2] == ["2", "–"]
    assert rows[4][1:4] == [
        f"{found['macro avg'][name]:.3f}" for name in ("precision", "recall", "f1-score")
    ]


def test_rows_that_stand_in_both_are_counted(table):
    X, y = table
    model = LogisticRegression().fit(X[:80], y[:80])
    report = Report.from_estimator(
        model, X[70:], y[70:], X_train=X[:80], y_train=y[:80], n_repeats=0
    )
    assert "10 of the 50 held-out rows stand word for word" in report.to_markdown()


def test_what_is_refused(table):
    X, y = table
    model = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match="must be a classifier or a regressor, got KMeans"):
        Report.from_estimator(KMeans(2, n_init=1).fit(X), X, y)
    with pytest.raises(NotFittedError):
        Report.from_estimator(LogisticRegression(), X, y)
    with pytest.raises(ValueError, match=r"`y_true` must hold labels .* got 7 in 1 of 120 rows"):
        Report.from_estimator(model, X, [7, *y[1:]])
    with pytest.raises(ValueError, match="must be given together"):
        Report.from_estimator(model, X, y, X_train=X)
    with pytest.raises(ValueError, match="must have the 3 columns of `X`, got 2"):
        Report.from_estimator(model, X, y, X_train=X[:, :2], y_train=y)
    with pytest.raises(ValueError, match="must be a ProducersResult or a YeastResult, got dict"):
        Report.from_study({})


def test_a_target_without_a_name_is_not_named_twice():
    X = np.arange(12.0)[:, None]
    y = np.repeat(["a", "b", "c"], 4)
    model = LogisticRegression().fit(X, y)
    report = Report.from_estimator(model, X, y, n_repeats=0)
    assert " tells 3 classes apart " in report.subtitle
    markdown = report.to_markdown()
    assert "of class" not in markdown
    assert "**Rows of each class**" in markdown
    named = Report.from_estimator(model, X, y, target="fish", n_repeats=0)
    assert " tells 3 classes of fish apart " in named.subtitle


def test_one_class_is_not_for_a_report():
    X = np.random.default_rng(0).normal(size=(20, 2))
    model = ScratchMLPClassifier(max_iter=2, n_iter_no_change=np.inf).fit(X, ["only"] * 20)
    with pytest.raises(ValueError, match=r"`estimator` must tell at least 2 classes .*\['only'\]"):
        Report.from_estimator(model, X, ["only"] * 20)


def test_the_model_section_counts_all_that_a_network_has_learnt():
    """Layers are counted in features, whatever stands before the first one."""
    from sknn.report._model import model_section

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), np.arange(40) % 2
    parts = {"normalization": "batch", "residual": True, "embedding": "periodic"}
    network = ScratchMLPClassifier((4, 4), **parts, input_scale=True, max_iter=1)
    network.set_params(n_iter_no_change=np.inf).fit(X, y)
    section = model_section(network)
    facts = dict(section.blocks[0].pairs)
    assert facts["Layers"] == "3 – 4 – 4 – 1"
    linear = (12 * 4 + 4) + (4 * 4 + 4) + (4 + 1)
    embedding = 3 * (16 + 16 + 16 * 3 + 3)
    assert facts["Trained parameters"] == f"{linear + 4 * 4 + 3 + embedding}, float64"
    changed = {row[0]: row[1] for row in section.blocks[1].rows}
    assert changed["normalization"] == "'batch'"
    assert {"residual", "embedding", "input_scale"} < set(changed)
