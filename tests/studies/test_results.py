import math
import statistics

import pytest

from sknn.studies import Spread


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
