"""The stopping rule against scikit-learn's, written down here a second time from its source.

`MLPClassifier` keeps loss and score curves, a count, and a learning rate that `"adaptive"`
divides; `EarlyStopping` has one value that should fall. Both are run on the same sequences.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sknn.training import EarlyStopping


def sklearns_rule(losses, tol, patience, adaptive, rate):
    """Epochs until the stop, the rates in force, and the epochs that were best so far."""
    best, count, rates, records = np.inf, 0, [], []
    for epoch, loss in enumerate(losses, start=1):
        rates.append(rate)
        if loss > best - tol:
            count += 1
        else:
            count = 0
        if loss < best:
            best = loss
            records.append(epoch)
        if count > patience:
            if not adaptive or rate <= 1e-6:
                return epoch, rates, records
            rate /= 5.0
            count = 0
    return None, rates, records


def ours(losses, tol, patience, adaptive, rate):
    rule = EarlyStopping(tol, patience, adaptive)
    rates, records = [], []
    for epoch, loss in enumerate(losses, start=1):
        rates.append(rate * rule.learning_rate_factor)
        if rule.update(loss, epoch, rates[-1]):
            records.append(epoch)
            assert rule.best == loss
            assert rule.best_epoch == epoch
        if rule.stopped:
            return epoch, rates, records
    return None, rates, records


FALLING = [1.0, 0.5, 0.25, 0.125, 0.0625]


@pytest.mark.parametrize(
    ("losses", "tol", "patience", "stops_at"),
    [
        (FALLING, 0.0, 1, None),
        ([1.0] * 9, 0.0, 2, None),  # at tol=0 an equal value is no worse
        ([1.0] * 9, 1e-4, 2, 4),  # the count exceeds 2 at the third epoch without improvement
        ([1.0] * 9, 1e-4, 1, 3),
        ([1.0] * 9, 1e-4, 8, None),
        ([1.0] * 10, 1e-4, 8, 10),
        ([1.0, 2.0, 0.5, 2.0, 2.0, 0.4, 2.0, 2.0, 2.0], 0.0, 2, 9),  # an improvement resets
        ([1.0, 0.75, 0.5, 0.25], 0.5, 2, 4),  # falls that are too small
        ([1.0, 0.5, 0.0], 0.5, 0, None),  # falls of exactly tol are large enough
        ([1.0] * 1000, 1.0, np.inf, None),
        ([3.0, 2.0, 1.0, 4.0], 0.0, 0, 4),
    ],
)
def test_stops_at(losses, tol, patience, stops_at):
    assert ours(losses, tol, patience, False, 0.1)[0] == stops_at


def test_small_improvements_are_remembered_as_best_all_the_same():
    rule = EarlyStopping(tol=1.0, n_iter_no_change=10)
    assert [rule.update(v, i, 0.1) for i, v in enumerate([3.0, 2.9, 2.95, 2.8], 1)] == [
        True,
        True,
        False,
        True,
    ]
    assert (rule.best, rule.best_epoch, rule.count) == (2.8, 4, 3)


def test_adaptive_divides_by_five_until_a_millionth():
    losses = [1.0] * 100
    epoch, rates, _ = ours(losses, 1e-4, 1, True, 0.001)
    # 1e-3 / 5**k falls to 1e-6 or below at k = 5: (1 + 2) epochs, then 2 for each of the rates.
    assert epoch == 3 + 5 * 2
    expected = [1e-3] * 3 + [1e-3 / 5**k for k in range(1, 6) for _ in range(2)]
    assert rates == pytest.approx(expected, rel=1e-14)


SEQUENCES = st.lists(
    st.one_of(st.floats(-2, 2), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])), max_size=40
)


@given(
    SEQUENCES,
    st.sampled_from([0.0, 1e-4, 0.25, 1.0]),
    st.sampled_from([0, 1, 2, 5, np.inf]),
    st.booleans(),
    st.sampled_from([1e-7, 1e-6, 4e-6, 0.1]),
)
def test_equals_scikit_learns_rule(losses, tol, patience, adaptive, rate):
    epoch, rates, records = ours(losses, tol, patience, adaptive, rate)
    expected_epoch, expected_rates, expected_records = sklearns_rule(
        losses, tol, patience, adaptive, rate
    )
    assert (epoch, records) == (expected_epoch, expected_records)
    assert rates == pytest.approx(expected_rates, rel=1e-12)


@given(SEQUENCES, st.sampled_from([0.0, 0.25]), st.sampled_from([0, 1, 3]))
def test_scores_that_should_rise_are_watched_with_their_sign_changed(scores, tol, patience):
    """scikit-learn's other branch: a score that is not above the best by tol is no improvement."""
    best, count, stops_at = -np.inf, 0, None
    for epoch, score in enumerate(scores, start=1):
        count = count + 1 if score < best + tol else 0
        best = max(best, score)
        if count > patience:
            stops_at = epoch
            break
    assert ours([-score for score in scores], tol, patience, False, 0.1)[0] == stops_at


# ---------------------------------------------------------------------------------------
# going on


def fired():
    rule = EarlyStopping(1e-4, 1)
    for epoch in (1, 2, 3):
        rule.update(1.0, epoch, 0.1)
    assert rule.stopped
    return rule


def test_resume_counts_afresh_after_a_stop():
    rule = fired()
    assert not rule.resume(EarlyStopping(1e-4, 1))
    assert not rule.stopped
    assert (rule.best, rule.best_epoch) == (1.0, 1)
    rule.update(1.0, 4, 0.1)
    assert not rule.stopped
    rule.update(1.0, 5, 0.1)
    assert rule.stopped


def test_resume_goes_on_counting_where_nothing_had_stopped():
    rule = EarlyStopping(1e-4, 2)
    for epoch in (1, 2, 3):
        rule.update(1.0, epoch, 0.1)
    assert not rule.resume(EarlyStopping(1e-4, 2))
    rule.update(1.0, 4, 0.1)
    assert rule.stopped


def test_resume_takes_up_changed_settings():
    rule = EarlyStopping(0.0, 100)
    for epoch in (1, 2, 3):
        rule.update(1.0, epoch, 0.1)
    rule.resume(EarlyStopping(0.5, 1))
    rule.update(0.9, 4, 0.1)  # would have been an improvement before
    rule.update(0.8, 5, 0.1)
    assert rule.stopped


def test_resume_keeps_the_adapted_rate_until_it_is_no_longer_adaptive():
    rule = EarlyStopping(1e-4, 0, adaptive=True)
    rule.update(1.0, 1, 0.1)
    rule.update(1.0, 2, 0.1)
    assert rule.learning_rate_factor == pytest.approx(0.2)
    rule.resume(EarlyStopping(1e-4, 0, adaptive=True))
    assert rule.learning_rate_factor == pytest.approx(0.2)
    rule.resume(EarlyStopping(1e-4, 0))
    assert rule.learning_rate_factor == 1
    assert not rule.adaptive


def test_resume_forgets_the_best_of_another_value():
    """An accuracy of 0.9, watched as -0.9, is below any loss."""
    rule = EarlyStopping(1e-4, 2, monitor="valid_accuracy")
    for epoch in (1, 2, 3):
        rule.update(-0.9, epoch, 0.1)
    assert rule.resume(EarlyStopping(1e-4, 2, monitor="valid_loss"))
    assert rule.monitor == "valid_loss"
    assert rule.update(0.5, 4, 0.1)
    assert (rule.best, rule.best_epoch, rule.count) == (0.5, 4, 0)
