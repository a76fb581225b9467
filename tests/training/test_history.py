"""The record of a training: columns, what is read off it, and what it refuses."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sknn.training import History

COLUMNS = [
    "train_loss",
    "penalty",
    "train_accuracy",
    "valid_loss",
    "valid_accuracy",
    "learning_rate",
    "seconds",
]


def history(n_epochs=3, *, valid=True, batches=False):
    """Losses 3, 2, 1, …; validation best at epochs 2 and 3; batches 2 an epoch."""
    found = History()
    valid_loss, valid_accuracy = [0.5, 0.25, 0.375], [0.5, 0.75, 0.875]
    for i in range(n_epochs):
        found.append(
            {
                "train_loss": 3.0 - i,
                "penalty": 0.5,
                "train_accuracy": 0.25 * (i + 1),
                "valid_loss": valid_loss[i] if valid else np.nan,
                "valid_accuracy": valid_accuracy[i] if valid else np.nan,
                "learning_rate": 0.1,
                "seconds": 1.0,
            }
        )
        if batches:
            row = {
                "train_loss": np.array([4.0, 2.0 + i, 3.0]),
                "train_accuracy": np.array([0.5, np.nan, 0.25]),
            }
            if valid:
                row |= {
                    "valid_loss": np.array([1.0 + i, 1.0]),
                    "valid_accuracy": np.array([0.5, 1.0]),
                }
            found.append_batches(row)
    return found


def test_columns():
    found = history()
    assert list(found.epochs) == COLUMNS
    assert len(found) == 3
    assert_array_equal(found["train_loss"], [3, 2, 1])
    assert found["train_loss"].dtype == np.float64
    with pytest.raises(KeyError, match=r"must be one of \['train_loss'.*got 'loss'"):
        found["loss"]


def test_empty():
    found = History()
    assert len(found) == 0
    assert found["seconds"].shape == (0,)
    assert repr(found) == "History(0 epochs)"
    assert len(found.to_frame()) == 0
    assert list(found.to_frame().columns) == COLUMNS
    for monitor in ("train_loss", "valid_loss", "valid_accuracy"):
        with pytest.raises(ValueError, match="no values"):
            found.best_epoch(monitor)


def test_repr_shows_the_last_epoch():
    text = repr(history())
    assert text.startswith("History(3 epochs; last: train_loss=1, penalty=0.5")


def test_best_epoch():
    found = history()
    assert found.best_epoch() == 2
    assert found.best_epoch("valid_loss") == 2
    assert found.best_epoch("valid_accuracy") == 3
    assert found.best_epoch("train_loss") == 3
    assert type(found.best_epoch()) is int


def test_best_epoch_is_the_first_of_equals_and_never_a_nan():
    found = history()
    found.epochs["valid_loss"] = [np.nan, 0.5, 0.5]
    assert found.best_epoch() == 2


def test_best_epoch_needs_validation_rows():
    found = history(valid=False)
    with pytest.raises(ValueError, match=r"`monitor`='valid_loss' has no values: fit with `X_val`"):
        found.best_epoch()
    assert found.best_epoch("train_loss") == 3


def test_volatility_is_the_range_within_an_epoch():
    found = history(batches=True)
    assert_array_equal(found.volatility(), [2, 1, 1])
    assert_array_equal(found.volatility("train_loss"), [2, 1, 1])
    # A batch of rows that weigh nothing has no accuracy.
    assert_array_equal(found.volatility("train_accuracy"), [0.25, 0.25, 0.25])
    assert_array_equal(found.volatility("valid_loss"), [0, 1, 2])
    assert_array_equal(found.volatility("valid_accuracy"), [0.5, 0.5, 0.5])


def test_volatility_needs_recorded_batches():
    with pytest.raises(ValueError, match=r"fit with `record='batch'`\.$"):
        history().volatility()
    with pytest.raises(ValueError, match=r"`record='batch'` and with validation data\.$"):
        history(valid=False, batches=True).volatility("valid_loss")
    with pytest.raises(KeyError, match=r"must be one of .*got 'penalty'"):
        history(batches=True).volatility("penalty")


def test_frame_of_epochs():
    frame = history().to_frame()
    assert list(frame.columns) == COLUMNS
    assert frame.index.name == "epoch"
    assert list(frame.index) == [1, 2, 3]
    assert list(frame["valid_loss"]) == [0.5, 0.25, 0.375]


def test_frame_of_epochs_has_volatility_where_batches_were_recorded():
    frame = history(batches=True, valid=False).to_frame("epoch")
    extra = ["train_loss_volatility", "train_accuracy_volatility"]
    assert list(frame.columns) == COLUMNS + extra
    assert list(frame["train_loss_volatility"]) == [2, 1, 1]
    assert len(history(batches=True).to_frame().columns) == len(COLUMNS) + 4


def test_frame_of_batches():
    frame = history(2, batches=True).to_frame("batch")
    index = pd.MultiIndex.from_product([[1, 2], [1, 2, 3]], names=["epoch", "batch"])
    pd.testing.assert_index_equal(frame.index, index)
    assert list(frame.columns) == ["train_loss", "train_accuracy"]
    assert list(frame["train_loss"]) == [4, 2, 3, 4, 3, 3]


def test_frame_of_batches_recorded_from_the_second_fit_on():
    found = history(2)
    later = history(1, batches=True)
    found.append({name: column[0] for name, column in later.epochs.items()})
    found.append_batches({name: column[1] for name, column in later.batches.items()})
    assert [epoch for epoch, _ in found.to_frame("batch").index] == [3, 3, 3]
    assert_array_equal(found.volatility(), [np.nan, np.nan, 2])
    assert_array_equal(found.to_frame()["train_loss_volatility"], [np.nan, np.nan, 2])


def test_batches_recorded_in_the_first_fit_only():
    found = history(1, batches=True)
    found.append(dict.fromkeys(COLUMNS, 0.0))
    assert [epoch for epoch, _ in found.to_frame("batch").index] == [1, 1, 1]
    assert_array_equal(found.volatility(), [2, np.nan])
    found.truncate(1)
    assert len(found.batches["train_loss"]) == 1


def test_frame_refuses_what_it_does_not_have():
    with pytest.raises(ValueError, match=r"`level` must be 'epoch' or 'batch', got 'step'"):
        history().to_frame("step")
    with pytest.raises(ValueError, match="record='batch'"):
        history().to_frame("batch")


@pytest.mark.parametrize("n_epochs", [0, 1, 2, 3, 9])
@pytest.mark.parametrize("valid", [False, True])
def test_truncate(n_epochs, valid):
    found = history(batches=True, valid=valid)
    found.truncate(n_epochs)
    n_left = min(n_epochs, 3)
    assert len(found) == n_left
    assert [len(column) for column in found.epochs.values()] == [n_left] * 7
    assert len(found.batches["train_loss"]) == n_left
    assert len(found.batches["valid_loss"]) == n_left * valid
    assert list(found["train_loss"]) == [3, 2, 1][:n_left]
    assert list(found.batches["train_loss"]) == [1, 2, 3][:n_left]
    values = found.batches["train_loss"].values()
    assert [epoch[1] for epoch in values] == [2, 3, 4][:n_left]


def test_copy_is_left_alone_by_later_epochs():
    found = history(2, batches=True)
    copied = found.copy()
    third = history(3, batches=True)
    found.append({name: column[2] for name, column in third.epochs.items()})
    found.append_batches({name: column[3] for name, column in third.batches.items()})
    assert (len(found), len(copied)) == (3, 2)
    assert len(copied.batches["train_loss"]) == 2
    copied.truncate(0)
    assert len(found) == len(found.batches["train_loss"]) == 3


def test_two_histories_share_nothing():
    one, other = History(), history()
    assert (len(one), len(other)) == (0, 3)
    other["train_loss"][0] = 99
    assert other["train_loss"][0] == 3


def test_a_copy_is_not_written_to_by_another():
    row = dict.fromkeys(COLUMNS, 1.0)
    first = History()
    for epoch in range(3):
        first.append(row | {"penalty": float(epoch)})
        first.append_batches({"train_loss": np.array([epoch, 2.0])})
    second = first.copy()
    second.append(row | {"penalty": 10.0})
    second.append_batches({"train_loss": np.array([10.0])})
    first.append(row | {"penalty": 20.0})
    first.append_batches({"train_loss": np.array([20.0])})
    assert first["penalty"].tolist() == [0, 1, 2, 20]
    assert second["penalty"].tolist() == [0, 1, 2, 10]
    assert first.batches["train_loss"][4].tolist() == [20]
    assert second.batches["train_loss"][4].tolist() == [10]
    second.truncate(1)
    second.append(row | {"penalty": 30.0})
    assert second["penalty"].tolist() == [0, 30]
    assert list(second.batches["train_loss"]) == [1]
    assert first["penalty"].tolist() == [0, 1, 2, 20]


def test_a_pickle_holds_its_own_epochs_alone():
    first = History()
    first.append(dict.fromkeys(COLUMNS, 1.0))
    short = first.copy()
    for _ in range(1000):
        first.append(dict.fromkeys(COLUMNS, 1.0))
    assert len(pickle.dumps(short)) < 2000 < len(pickle.dumps(first))
    assert len(pickle.loads(pickle.dumps(short))) == 1


def test_columns_of_unequal_length():
    with pytest.raises(ValueError, match=r"`epochs` must have columns of equal length"):
        History({"train_loss": [1.0], "penalty": []})


def test_no_such_epoch():
    with pytest.raises(IndexError, match="`epoch` must be from 1 to 0, got 1"):
        History().at(1)
