"""Multilayer-perceptron classifiers with scikit-learn's interface."""

from ._scratch import ScratchMLPClassifier

__all__ = ["ScratchMLPClassifier"]
