import re

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB

from sknn.datasets import load_producers
from sknn.report import comparison_tables
from sknn.studies import compare, producers_comparison

MODELS = {
    "sklearn": GaussianNB(),
    "logistic": GridSearchCV(DummyClassifier(), {"strategy": ["prior"], "random_state": [0]}, cv=2),
}


@pytest.fixture(scope="module")
def result():
    return producers_comparison(models=MODELS, n_repeats=1)


def test_scores_are_the_results_beside_those_of_others(result):
    text = comparison_tables(result)
    frame = result.to_frame()
    for name, (accuracy, macro_f1, loss) in {
        "sklearn": ("97.62", "97.62", "0.063"),
        "logistic": ("98.17", "98.13", "0.062"),
    }.items():
        (line,) = re.findall(rf"^{name} .*±.*$", text, flags=re.MULTILINE)
        mean, se = (frame.loc[name, ("accuracy", key)] for key in ("mean", "se"))
        assert re.search(rf"{100 * mean:.2f} ± {100 * se:.2f} +{accuracy}", line)
        assert macro_f1 in line
        assert line.endswith(loss)
    assert "without a twin" not in text
    assert re.search(r"logistic +strategy +prior \(5\)", text)
    assert re.search(r"random_state +0 \(5\)", text)


def test_rows_without_twins_have_a_table_of_their_own():
    X, y = load_producers(return_X_y=True)
    X, y = np.concatenate([X, X[:30]]), np.concatenate([y, y[:30]])
    result = compare(X, y, {"bayes": GaussianNB()}, n_repeats=1)
    text = comparison_tables(result)
    assert "5 folds × 1 repeats, all rows" in text
    assert "rows without a twin in training" in text
    assert "others" not in text.partition("What to know")[0]


def test_lines_fit_a_page(result):
    assert max(map(len, comparison_tables(result).splitlines())) <= 120


def test_it_says_what_the_errors_are(result):
    text = " ".join(comparison_tables(result).split())
    assert "Nadeau and Bengio" in text
    assert "by searches within the training rows" in text
