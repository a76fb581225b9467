"""What others found for the yeast study: figures to lay beside ours, and what they lack."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedYeast:
    """What the document reports of one model: a single training run.

    Figures that it does not have are None.

    Parameters
    ----------
    accuracy : float
        Accuracy on the test rows.

    macro_f1 : float or None, default=None
        Mean F1 score over the classes, on the test rows.

    train_loss : float or None, default=None
        Cross-entropy over the training rows in the last epoch.

    train_accuracy : float or None, default=None
        Accuracy over them in the last epoch.

    valid_loss : float or None, default=None
        Cross-entropy on the validation rows after the last epoch.
    """

    accuracy: float
    macro_f1: float | None = None
    train_loss: float | None = None
    train_accuracy: float | None = None
    valid_loss: float | None = None


@dataclass(frozen=True)
class RerunYeast:
    """What an independent re-run of the document's protocol found, over 20 seeds.

    Parameters
    ----------
    accuracy : float
        Mean accuracy on the test rows.

    accuracy_sd : float
        Its standard deviation.

    macro_f1 : float or None, default=None
        Mean macro F1 score; None where it was not looked at.

    macro_f1_sd : float or None, default=None
        Its standard deviation.
    """

    accuracy: float
    accuracy_sd: float
    macro_f1: float | None = None
    macro_f1_sd: float | None = None


PUBLISHED_YEAST = {
    "adam": PublishedYeast(0.5825, train_loss=0.949, train_accuracy=0.6420),
    # Its test accuracy is that of another network, which was never trained.
    "full_batch": PublishedYeast(0.0875, train_loss=1.2106, train_accuracy=0.5670),
    "per_sample": PublishedYeast(0.5960, train_loss=0.8850, train_accuracy=0.6504),
    "mini_batch": PublishedYeast(0.5926, train_loss=1.0243, train_accuracy=0.6150),
    "dropout": PublishedYeast(0.573991, 0.451516, train_loss=1.1368, valid_loss=1.1241),
    "l2": PublishedYeast(0.605381, 0.605480, train_loss=0.9166, valid_loss=1.1179),
    "dropout_l2": PublishedYeast(0.587444, 0.433184, train_loss=1.1153, valid_loss=1.1389),
}

RERUN_YEAST = {
    "adam": RerunYeast(0.5850, 0.0108),
    "full_batch": RerunYeast(0.5827, 0.0146),
    "per_sample": RerunYeast(0.5843, 0.0187),
    "mini_batch": RerunYeast(0.5944, 0.0109),
    "none": RerunYeast(0.6177, 0.0110, 0.6135, 0.0319),
    "dropout": RerunYeast(0.5917, 0.0134, 0.4630, 0.0344),
    "l2": RerunYeast(0.6168, 0.0103, 0.6059, 0.0346),
    "dropout_l2": RerunYeast(0.5926, 0.0116, 0.4584, 0.0230),
}

YEAST_NOTES = ()

YEAST_NOTES = ()
