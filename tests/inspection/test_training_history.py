"""Histories as figures: what the artists hold, against the histories themselves."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn.estimators import ScratchMLPClassifier, ScratchMLPEnsembleClassifier
from sknn.inspection import TrainingHistoryDisplay, VolatilityDisplay
from sknn.training import History

NAME = "ScratchMLPClassifier"
COLUMNS = [("loss", "train"), ("loss", "valid"), ("accuracy", "train"), ("accuracy", "valid")]


def legend_of(display):
    return [text.get_text() for text in display.legend_.get_texts()]


def test_lines_are_the_history(network):
    display = TrainingHistoryDisplay.from_estimator(network)
    assert set(display.lines_) == {(NAME, *column) for column in COLUMNS}
    for measure, side in COLUMNS:
        line = display.lines_[NAME, measure, side]
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 13))
        np.testing.assert_array_equal(line.get_ydata(), network.history_[f"{side}_{measure}"])
    loss, accuracy = display.axes_[0]
    assert (loss.get_yscale(), accuracy.get_yscale()) == ("log", "linear")
    assert display.ax_ is loss
    best = int(np.argmin(network.history_["valid_loss"])) + 1
    assert display.best_epochs_ == {NAME: best}
    assert legend_of(display) == ["training", "validation", f"best epoch: {best}"]
    rings = [line for line in loss.get_lines() if line.get_label() == f"_best epoch: {best}"]
    value = network.history_["valid_loss"][best - 1]
    assert [(ring.get_xdata()[0], ring.get_ydata()[0]) for ring in rings] == [(best, value)]


def test_best_epoch_is_that_of_early_stopping(fit):
    stopped = fit(X_val=False, early_stopping=True, monitor="valid_accuracy", max_iter=30)
    display = TrainingHistoryDisplay.from_estimator(stopped)
    best = stopped.history_["valid_accuracy"][display.best_epochs_[NAME] - 1]
    assert best == stopped.best_validation_score_


def test_a_long_history_has_a_trend(fit):
    network = fit(max_iter=60)
    display = TrainingHistoryDisplay.from_estimator(network, measure="accuracy", smooth=None)
    values = network.history_["train_accuracy"]
    drawn = display.lines_[NAME, "accuracy", "train"].get_ydata()
    np.testing.assert_allclose(drawn[1:-1], (values[:-2] + values[1:-1] + values[2:]) / 3)
    plain = display.plot(measure="accuracy", smooth=1).lines_[NAME, "accuracy", "train"]
    np.testing.assert_array_equal(plain.get_ydata(), values)


def test_every_batch_is_drawn(network):
    display = TrainingHistoryDisplay.from_estimator(network, level="batch", subset="train")
    dots = display.ax_.get_lines()[0]
    batches = network.history_.batches["train_loss"]
    np.testing.assert_array_equal(dots.get_ydata(), np.concatenate([*batches.values()]))
    per_epoch = len(batches[1])
    np.testing.assert_allclose(dots.get_xdata()[per_epoch - 1 :: per_epoch], range(1, 13))
    assert legend_of(display) == ["a batch, training", "trend of the epochs"]
    assert display.ax_.get_title(loc="left") == "Loss (cross-entropy), training"


def test_several_on_one_figure(networks):
    display = TrainingHistoryDisplay.from_estimator(networks)
    assert display.axes_.shape == (1, 2)
    colors = {}
    for name, network in networks.items():
        train, valid = (display.lines_[name, "loss", side] for side in ("train", "valid"))
        np.testing.assert_array_equal(train.get_ydata(), network.history_["train_loss"])
        assert train.get_color() == valid.get_color()
        assert (train.get_linestyle(), valid.get_linestyle()) == ("-", "--")
        colors[train.get_color()] = name
    assert list(colors.values()) == list(networks)
    assert legend_of(display) == [*networks, "training", "validation", "best epoch"]
    drawn = [handle.get_color() for handle in display.legend_.legend_handles[:3]]
    assert drawn == list(colors)


def test_several_side_by_side_have_one_scale(networks):
    display = TrainingHistoryDisplay.from_estimator(networks, side_by_side=True)
    assert display.axes_.shape == (2, 3)
    for row in display.axes_:
        assert len({axes.get_ylim() for axes in row}) == 1
    titles = [axes.get_title(loc="left") for axes in display.axes_[0]]
    assert titles == [f"{n}, best at {display.best_epochs_[n]}" for n in networks]
    for column, name in enumerate(networks):
        line = display.lines_[name, "accuracy", "valid"]
        assert line.axes is display.axes_[1, column]


def test_the_caption_tells_what_is_shared_from_what_is_not(networks):
    display = TrainingHistoryDisplay.from_estimator(networks)
    shared, *own = display.caption.split("\n")
    for words in ("hidden layers 8, relu", "learning rate 0.01", "batches of 20", "12 epochs"):
        assert words in shared
    assert "l1 = 0, l2 = 0.0001" in shared and "seed 0" in shared
    assert own == []  # the names say what sets them apart
    renamed = {f"our {name}": network for name, network in networks.items()}
    _, *own = TrainingHistoryDisplay.from_estimator(renamed).caption.split("\n")
    assert own == ["our adam: adam", "our sgd: sgd", "our rmsprop: rmsprop"]
    assert display.figure_.get_supxlabel().split() == display.caption.split()
    quiet = TrainingHistoryDisplay.from_estimator(networks, caption=False)
    assert quiet.figure_.get_supxlabel() == ""


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"dropout": 0.25, "hidden_layer_sizes": (5, 5)}, "dropout 0.25"),
        ({"batch_size": "full"}, "full batch"),
        ({"learning_rate": "cosine"}, "learning rate 0.01 (cosine)"),
        ({"label_smoothing": 0.1}, "label_smoothing = 0.1"),
        ({"activation": ["gelu", "tanh"], "hidden_layer_sizes": (5, 4)}, "5-4, gelu-tanh"),
        ({"normalization": "batch"}, "batch normalization"),
        ({"residual": True, "hidden_layer_sizes": (5, 5)}, "residual connections"),
        ({"embedding": "periodic"}, "periodic embedding"),
        ({"input_scale": True}, "input scale"),
        ({"solver": "lbfgs", "max_iter": 2, "max_fun": 3}, "lbfgs"),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_caption_has_the_parameters(split, parameters, words):
    parameters = {"max_iter": 1, "learning_rate_init": 0.01, **parameters}
    network = ScratchMLPClassifier(**parameters).fit(split.X, split.y)
    display = TrainingHistoryDisplay.from_estimator(network, ax=Figure().subplots(1, 2))
    assert words in display.caption


def test_pipelines_searches_and_ensembles(split, fit):
    params = {"max_iter": 4, "n_iter_no_change": np.inf, "random_state": 0}
    pipeline = make_pipeline(StandardScaler(), ScratchMLPClassifier((4,), **params))
    search = GridSearchCV(pipeline, {"scratchmlpclassifier__l2": [0.0, 0.1]}, cv=2)
    search.fit(split.X, split.y)
    display = TrainingHistoryDisplay.from_estimator({"search": search}, measure="loss")
    line = display.lines_["search", "loss", "train"]
    best = search.best_estimator_[-1].history_["train_loss"]
    np.testing.assert_array_equal(line.get_ydata(), best)
    ensemble = ScratchMLPEnsembleClassifier(pipeline[-1], n_estimators=3, random_state=0)
    ensemble.fit(split.X, split.y)
    display = TrainingHistoryDisplay.from_estimator(ensemble, measure="loss", band=1.0)
    runs = [member.history_["train_loss"] for member in ensemble.estimators_]
    line = display.lines_["ScratchMLPEnsembleClassifier", "loss", "train"]
    np.testing.assert_allclose(line.get_ydata(), np.median(runs, axis=0))
    assert "3 trainings" in display.caption


def test_seeds_become_a_band(fit):
    seeds = [fit(max_iter=4, random_state=seed) for seed in range(3)]
    display = TrainingHistoryDisplay.from_estimator(seeds, subset="valid", measure="loss")
    runs = [network.history_["valid_loss"] for network in seeds]
    line = display.lines_[NAME, "loss", "valid"]
    np.testing.assert_allclose(line.get_ydata(), np.median(runs, axis=0))
    both = TrainingHistoryDisplay.from_estimator({"some": seeds, "one": seeds[0]})
    assert list(both.best_epochs_) == ["one"]


def test_the_folds_of_a_cross_validation(split):
    params = {"max_iter": 5, "n_iter_no_change": np.inf, "random_state": 0}
    network = ScratchMLPClassifier((4,), **params)
    found = cross_validate(network, split.X, split.y, cv=3, return_estimator=True)
    display = TrainingHistoryDisplay.from_cv_results(found, measure="accuracy", name="folds")
    runs = [fold.history_["train_accuracy"] for fold in found["estimator"]]
    line = display.lines_["folds", "accuracy", "train"]
    np.testing.assert_allclose(line.get_ydata(), np.median(runs, axis=0))
    both = TrainingHistoryDisplay.from_cv_results({"a": found, "b": found}, measure="loss")
    assert {name for name, *_ in both.lines_} == {"a", "b"}
    with pytest.raises(ValueError, match="return_estimator=True"):
        TrainingHistoryDisplay.from_cv_results({"fit_time": np.ones(3)})


def test_histories_may_be_given_by_themselves(network):
    display = TrainingHistoryDisplay(network.history_).plot()
    assert display.caption == "" and display.figure_.get_supxlabel() == ""
    assert len(display.lines_) == 4


def test_keywords_reach_matplotlib(network):
    display = TrainingHistoryDisplay.from_estimator(
        network,
        line_kws={"c": "red", "lw": 5},
        best_kws={"marker": "s"},
        legend_kws={"loc": "upper left", "title": "lines"},
        subset_names={"valid": "test rows"},
        loss_scale="linear",
    )
    line = display.lines_[NAME, "loss", "train"]
    assert (line.get_color(), line.get_linewidth()) == ("red", 5)
    assert display.legend_.get_title().get_text() == "lines"
    assert "test rows" in legend_of(display)
    assert display.ax_.get_yscale() == "linear"
    assert any(line.get_marker() == "s" for line in display.ax_.get_lines())


def test_volatility_is_highest_minus_lowest(network):
    display = VolatilityDisplay.from_estimator(network)
    for measure, side in COLUMNS:
        batches = network.history_.batches[f"{side}_{measure}"].values()
        drawn = display.lines_[NAME, measure, side].get_ydata()
        np.testing.assert_array_equal(drawn, [max(b) - min(b) for b in batches])
    # One batch an epoch has no spread, and its logarithm is not asked for.
    full = History({**network.history_.epochs}, {
        name: {epoch: values[:1] for epoch, values in batches.items()}
        for name, batches in network.history_.batches.items()
    })  # fmt: skip
    assert VolatilityDisplay(full).plot(measure="loss").ax_.get_yscale() == "linear"


@pytest.mark.parametrize("display", [TrainingHistoryDisplay, VolatilityDisplay])
@pytest.mark.parametrize(
    ("plot_kws", "message"),
    [
        ({"measure": "auc"}, r"`measure` must be of \['loss', 'accuracy'\], got 'auc'"),
        ({"measure": []}, "`measure` must be of"),
        ({"subset": "test"}, r"`subset` must be one of \['train', 'valid'\] or None, got 'test'"),
        ({"loss_scale": "symlog"}, "`loss_scale` must be one of .* got 'symlog'"),
        ({"band": 1.5}, r"`band` must be a number in \[0, 1\], got 1.5"),
        ({"smooth": 0}, "`smooth` must be an int of at least 1 or None, got 0"),
        ({"theme": "sepia"}, "`theme` must be one of"),
        ({"ax": Figure().subplots()}, "`ax` must be 2 matplotlib Axes"),
        ({"subset_names": {"test": "x"}}, "`subset_names` must have keys of"),
        ({"name": "x", "estimator": {}}, "`name` must be None where `estimator` is a dict"),
        ({"estimator": {}}, "`estimator` must hold at least one estimator, got an empty dict"),
    ],
)
def test_what_must_not_be_asked_for(network, display, plot_kws, message):
    with pytest.raises(ValueError, match=message):
        display.from_estimator(**{"estimator": network, **plot_kws})


def test_what_was_not_recorded(network, networks, fit):
    plain = fit(X_val=False)
    with pytest.raises(ValueError, match="fit with `record='batch'`"):
        TrainingHistoryDisplay.from_estimator(plain, level="batch")
    with pytest.raises(ValueError, match="fit with `record='batch'`"):
        VolatilityDisplay.from_estimator(plain)
    with pytest.raises(ValueError, match=r"`subset`='valid' needs validation rows.*X_val"):
        TrainingHistoryDisplay.from_estimator(plain, subset="valid")
    assert TrainingHistoryDisplay.from_estimator(plain).best_epochs_ == {}
    with pytest.raises(ValueError, match="pass side_by_side=True"):
        TrainingHistoryDisplay.from_estimator({"a": network, "b": network}, level="batch")
    with pytest.raises(ValueError, match="shows one training, and 2 are called 'a'"):
        TrainingHistoryDisplay({"a": [network.history_] * 2}).plot(level="batch")
    with pytest.raises(ValueError, match="`level` must be one of"):
        TrainingHistoryDisplay.from_estimator(network, level="step")
    with pytest.raises(ValueError, match="`monitor` must be one of"):
        TrainingHistoryDisplay(network.history_, monitor="loss")
    for histories in ({}, {"a": []}, {"a": [None]}, {"a": History()}):
        with pytest.raises(ValueError, match="`histories` must hold"):
            TrainingHistoryDisplay(histories)


def test_what_is_no_fitted_network(split):
    with pytest.raises(NotFittedError):
        TrainingHistoryDisplay.from_estimator(ScratchMLPClassifier())
    with pytest.raises(NotFittedError):
        TrainingHistoryDisplay.from_estimator(ScratchMLPEnsembleClassifier())
    with pytest.raises(NotFittedError):
        TrainingHistoryDisplay.from_estimator(GridSearchCV(ScratchMLPClassifier(), {}))
    other = MLPClassifier((2,), max_iter=1, solver="lbfgs")
    for wrong in (other, make_pipeline(StandardScaler(), other), None, "adam"):
        with pytest.raises(TypeError, match="`estimator` must be a ScratchMLP or TorchMLP"):
            TrainingHistoryDisplay.from_estimator(wrong)
