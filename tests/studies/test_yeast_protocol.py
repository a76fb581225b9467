"""The yeast study against the independent re-run, and against plain loops in PyTorch."""

import numpy as np
import pytest
import torch
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder, StandardScaler

from sknn.datasets import load_yeast
from sknn.studies import YeastResult, yeast


@pytest.fixture(scope="module")
def result(yeast_path) -> YeastResult:
    """The study's own fits, of four seeds."""
    return yeast(yeast_path, seeds=4, other_splits=0, questions=False)


@pytest.mark.slow
def test_the_study_comes_out_like_the_independent_rerun(result):
    for model in result:
        rerun, published = model.rerun, model.published
        # Four seeds; a test row is 0.3 or 0.4 points.
        bound = 4 * rerun.accuracy_sd / np.sqrt(4) + 0.005
        assert model.accuracy.mean == pytest.approx(rerun.accuracy, abs=bound)
        if rerun.macro_f1 is not None:
            bound = 4 * rerun.macro_f1_sd / np.sqrt(4) + 0.01
            assert model.macro_f1.mean == pytest.approx(rerun.macro_f1, abs=bound)
        if published is not None:
            assert model.last("train_loss").mean == pytest.approx(published.train_loss, abs=0.06)
            if published.valid_loss is not None:
                loss = model.last("valid_loss").mean
                assert loss == pytest.approx(published.valid_loss, abs=0.04)
            else:
                accuracy = model.last("train_accuracy").mean
                assert accuracy == pytest.approx(published.train_accuracy, abs=0.025)
    # The network that the document tested was not the one that it had trained.
    full_batch = result["full_batch"]
    assert full_batch.accuracy.lowest > 0.55 > 0.1 > full_batch.published.accuracy
    # Dropout loses the one test row of the rarest site, which is worth a tenth of macro F1.
    gap = result["none"].macro_f1.mean - result["dropout"].macro_f1.mean
    assert gap > 0.05


@pytest.mark.slow
@pytest.mark.parametrize(
    ("batch_size", "rate", "document"), [(1187, 0.1, 1.2106), (32, 0.01, 1.0243)]
)
def test_pytorchs_initial_weights_explain_the_documents_losses(
    result, yeast_path, batch_size, rate, document
):
    losses = {
        init: [descend(yeast_path, seed, init, batch_size, rate) for seed in range(6)]
        for init in ("torch", "glorot")
    }
    assert abs(np.mean(losses["torch"]) - document) < 0.03
    assert np.mean(losses["glorot"]) < np.mean(losses["torch"]) - 0.008
    ours = result["full_batch" if batch_size > 32 else "mini_batch"].last("train_loss")
    assert ours.mean == pytest.approx(np.mean(losses["glorot"]), abs=0.03)


def descend(path, seed, init, batch_size, rate):
    """Training loss of the last of 100 epochs of the document's gradient descent."""
    generator = torch.manual_seed(seed)
    X, y = load_yeast(path, return_X_y=True)
    X, _, y, _ = train_test_split(X, y, test_size=0.2, random_state=42, stratify=y)
    X = torch.tensor(StandardScaler().fit_transform(X), dtype=torch.float32)
    y = torch.tensor(LabelEncoder().fit_transform(y))
    net = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
    if init == "glorot":
        for layer in (net[0], net[2]):
            bound = (6 / (layer.in_features + layer.out_features)) ** 0.5
            torch.nn.init.uniform_(layer.weight, -bound, bound)
            torch.nn.init.uniform_(layer.bias, -bound, bound)
    optimizer = torch.optim.SGD(net.parameters(), lr=rate)
    cross_entropy = torch.nn.CrossEntropyLoss()
    for _ in range(100):
        total = 0.0
        for batch in torch.randperm(len(X), generator=generator).split(batch_size):
            loss = cross_entropy(net(X[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
    return total / len(X)
