import csv
import json
import os

import numpy as np
import pytest
import sklearn
from matplotlib.figure import Figure
from sklearn.metrics import roc_auc_score

import sknn
from sknn.report import _write, output_directory, write_producers
from sknn.report._metrics import plain
from sknn.studies import producers

FILES = sorted(
    [
        "metrics.json",
        *(f"history_{name}.csv" for name in ("none", "l2", "l1")),
        *(f"{kind}_{n}.png" for kind in ("training", "batches") for n in ("none", "l2", "l1")),
        *(f"{name}.png" for name in ("roc", "seeds", "validation")),
    ]
)


@pytest.fixture(scope="module")
def written(result, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "made" / "here"
    return out, write_producers(result, out)


def test_every_file_is_written_and_nothing_else(written):
    out, paths = written
    assert sorted(path.name for path in paths) == FILES == sorted(os.listdir(out))
    assert all(path.parent == out for path in paths)
    for path in paths:
        if path.suffix == ".png":
            assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_metrics_hold_the_result(result, written):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    metrics = json.loads(
        (written[0] / "metrics.json").read_text(encoding="utf-8"), parse_constant=refuse
    )
    assert metrics["versions"]["sknn"] == sknn.__version__
    assert metrics["versions"]["scikit-learn"] == sklearn.__version__
    assert (metrics["epochs"], metrics["seeds"]) == (60, [0, 1])
    assert list(metrics["split"]["test_support"].values()) == [16, 21, 8]
    assert metrics["notes"] == list(result.notes)
    for model in result.models:
        ours = metrics["models"][model.name]
        assert ours["parameters"]["l2"] == model.parameters["l2"]
        assert ours["parameters"]["n_iter_no_change"] == "inf"
        assert ours["accuracy"]["by_seed"] == model.accuracies.tolist()
        assert ours["accuracy"]["mean"] == pytest.approx(model.accuracies.mean())
        assert ours["document"]["accuracy"] == model.published.accuracy
        assert ours["independent_rerun"]["mean"] == model.rerun.mean
        first = ours["first_seed"]
        assert first["classification_report"]["accuracy"] == pytest.approx(model.accuracies[0])
        np.testing.assert_array_equal(first["probabilities"], model.probabilities)
        macro = roc_auc_score(result.split.y_test, model.probabilities, multi_class="ovr")
        assert first["roc_auc"]["macro average"] == pytest.approx(macro)


def test_histories_read_back_as_they_were(result, written):
    for model in result.models:
        with open(written[0] / f"history_{model.name}.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [row["epoch"] for row in rows] == [str(epoch) for epoch in range(1, 61)]
        frame = model.history.to_frame()
        for column in frame:
            assert [float(row[column]) for row in rows] == frame[column].tolist()
        assert [float(row["valid_loss"]) for row in rows] == model.curves["valid_loss"][0].tolist()


def test_a_single_seed_writes_valid_json(tmp_path, monkeypatch):
    monkeypatch.setattr(_write, "DPI", 20)
    write_producers(producers(seeds=1, epochs=1), tmp_path)
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["models"]["none"]["accuracy"]["sd"] is None


def test_a_second_run_replaces_its_files_and_no_others(result, tmp_path, monkeypatch):
    blank = {name.removesuffix(".png"): Figure() for name in FILES if name.endswith(".png")}
    monkeypatch.setattr(_write, "producers_figures", lambda result: blank)
    (tmp_path / "mine.txt").write_text("keep")
    (tmp_path / "metrics.json").write_text("former")
    write_producers(result, tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "keep"
    assert (tmp_path / "metrics.json").read_text(encoding="utf-8").startswith("{")
    assert sorted(os.listdir(tmp_path)) == sorted([*FILES, "mine.txt"])


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failure_leaves_the_former_files(result, tmp_path, monkeypatch, error):
    (tmp_path / "metrics.json").write_text("former")

    def fail(result):
        raise error

    monkeypatch.setattr(_write, "producers_figures", fail)
    with pytest.raises(type(error)):
        write_producers(result, tmp_path)
    assert os.listdir(tmp_path) == ["metrics.json"]
    assert (tmp_path / "metrics.json").read_text() == "former"


def test_a_file_in_the_way(tmp_path):
    file = tmp_path / "file"
    file.write_text("keep")
    for out in (file, file / "below"):
        with pytest.raises(NotADirectoryError, match=r"`out` must be a directory.*got .*is a file"):
            output_directory(out)
    assert file.read_text() == "keep"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_directory_that_may_not_be_written_to(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="`out` must be a directory that may be written"):
        output_directory(tmp_path)


def test_output_directory_is_made_once(tmp_path):
    assert output_directory(str(tmp_path / "a" / "b")).is_dir()
    assert output_directory(tmp_path / "a" / "b") == tmp_path / "a" / "b"


def test_plain_values():
    tree = {1: (np.float64(0.5), np.int64(3), np.nan, np.inf, None, "x", np.array([True]))}
    assert plain(tree) == {"1": [0.5, 3, None, "inf", None, "x", [True]]}
