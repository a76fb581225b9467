from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from sknn import ScratchMLPClassifier
from sknn.preprocessing import choose_columns, make_table_transformer
from sknn.report import Report
from sknn.studies import (
    KeyFeaturesResult,
    ProducersResult,
    YeastResult,
    producers,
    producers_key_features,
    yeast,
)

SITES = ["CYT", "ERL", "EXC", "ME1", "ME2", "ME3", "MIT", "NUC", "POX", "VAC"]
FEATURES = ["mcg", "gvh", "alm", "mit", "erl", "pox", "vac", "nuc"]
# What a page must show as it is, and nowhere take for markup or a formula.
HOSTILE_CLASSES = ["<script>alert(1)</script>", 'a "quoted" & <b>bold</b> class', r"$\frac{1$"]
HOSTILE_COLUMN = "<img src=x onerror=alert(2)>"


@pytest.fixture(scope="session")
def result() -> ProducersResult:
    """A short run of the producers study, long enough for a trend line."""
    return producers(seeds=2, epochs=60)


@pytest.fixture(scope="session")
def with_alternatives() -> dict[str, ProducersResult]:
    """The same with what answers the document's questions, by both engines."""
    return {
        engine: producers(seeds=2, epochs=55, alternatives=True, engine=engine)
        for engine in ("scratch", "torch")
    }


@pytest.fixture(scope="session")
def key_features() -> KeyFeaturesResult:
    """A few short refits."""
    return producers_key_features(n_refits=5, epochs=10)


@pytest.fixture(scope="session")
def yeast_file(tmp_path_factory) -> Path:
    """A small table in the form of the yeast table, that any machine has."""
    rng = np.random.default_rng(0)
    y = np.repeat(SITES, [60, 10, 15, 15, 15, 20, 30, 50, 12, 13])
    centres = rng.uniform(0.2, 0.8, (10, 8))
    X = (centres[np.searchsorted(SITES, y)] + rng.normal(0, 0.12, (len(y), 8))).round(2)
    path = tmp_path_factory.mktemp("yeast") / "yeast.csv"
    frame = pd.DataFrame(X.clip(0, 1), columns=FEATURES).assign(name=y)
    frame.sample(frac=1, random_state=0).to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def yeast_result(yeast_file) -> YeastResult:
    """A short run of the yeast study on it."""
    return yeast(
        yeast_file,
        seeds=2,
        other_splits=2,
        optimizer_epochs=3,
        regularizer_epochs=3,
        architectures=False,
    )


@pytest.fixture(scope="session")
def hostile_parts():
    """A fitted pipeline on a table with hostile names: training and held-out rows."""
    rng = np.random.default_rng(0)
    labels = np.repeat(HOSTILE_CLASSES, 50)
    place = np.repeat([0, 1, 2], 50)
    X = pd.DataFrame(
        {
            HOSTILE_COLUMN: 3 * place + rng.normal(size=150),
            "$x$ {{ 7 * 7 }}": rng.normal(size=150),
            "größe": np.where(rng.random(150) < 0.1, np.nan, rng.normal(size=150)),
            "kind": rng.choice(["</td>", "b|c", "d"], 150),
        }
    )
    rows = rng.permutation(150)
    train, test = rows[:110], rows[110:]
    mlp = ScratchMLPClassifier(
        (8,),
        learning_rate_init=0.01,
        early_stopping=True,
        max_iter=40,
        n_iter_no_change=np.inf,
        random_state=0,
    )
    prepare = make_table_transformer(choose_columns(X))
    model = Pipeline([("prepare", prepare), ("mlp", mlp)]).fit(X.iloc[train], labels[train])
    return model, X.iloc[train], labels[train], X.iloc[test], labels[test]


@pytest.fixture(scope="session")
def hostile(hostile_parts) -> Report:
    """A report on it."""
    model, X_train, y_train, X, y = hostile_parts
    return Report.from_estimator(
        model,
        X,
        y,
        X_train=X_train,
        y_train=y_train,
        target="<i>target</i>",
        notes=["A note with <u>markup</u> and `code`."],
        n_repeats=2,
    )
