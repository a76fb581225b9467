import math
import statistics

import pytest

from sknn.studies import Spread
from sknn.studies._beside import Figure, beside


def test_spread_against_the_standard_library():
    values = [0.933, 0.956, 0.911, 0.956]
    spread = Spread.of(values)
    assert spread.mean == pytest.approx(statistics.mean(values))
    assert spread.sd == pytest.approx(statistics.stdev(values))
    assert (spread.lowest, spread.highest) == (0.911, 0.956)


def test_one_run_has_no_spread():
    spread = Spread.of([0.5])
    assert (spread.mean, spread.lowest, spread.highest) == (0.5, 0.5, 0.5)
    assert math.isnan(spread.sd)


@pytest.mark.parametrize(
    ("epochs", "reasons", "words"),
    [
        ((100, 100), {}, "one run there, other seeds here: no cause is known"),
        ((100, 100), {("m", "accuracy"): "a bug"}, "a bug"),
        ((1000, 20), {}, "a shorter run here, 20 epochs in place of the document's 1,000"),
        (
            (100, 200),
            {("m", "accuracy"): "a bug"},
            "a longer run here, 200 epochs in place of the document's 100; besides, a bug",
        ),
    ],
)
def test_another_number_of_epochs_is_the_first_reason(epochs, reasons, words):
    outside = Figure("m", "accuracy", 0.5, [0.8, 0.9], 0.005, epochs)
    inside = Figure("m", "macro_f1", 0.85, [0.8, 0.9], 0.005, epochs)
    assert beside([outside, inside], reasons)["explanation"].tolist() == [words, ""]
