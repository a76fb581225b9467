"""What docstrings of estimators say alike: of fitted attributes, the objective, and sources."""

from __future__ import annotations

#: By name, kind and text; those of some estimators alone stand in their own docstrings.
ATTRIBUTES = """
n_features_in_ : int
    Number of features seen in `fit`.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of the features, where `X` has names that are all strings.
coefs_ : list of ndarray of shape (n_in, n_out)
    Weights of each layer.
intercepts_ : list of ndarray of shape (n_out,)
    Biases of each layer.
norm_scales_ : list of ndarray of shape (n_units,)
    With `normalization`: what the units of each hidden layer are multiplied by.
norm_shifts_ : list of ndarray of shape (n_units,)
    With `normalization`: what is added to them then.
norm_means_ : list of ndarray of shape (n_units,)
    With ``normalization='batch'``: the running means that predictions use.
norm_variances_ : list of ndarray of shape (n_units,)
    With ``normalization='batch'``: the running variances that predictions use.
input_scale_ : ndarray of shape (n_features_in_,)
    With `input_scale`: what each feature is multiplied by.
embedding_frequencies_ : ndarray of shape (n_features_in_, 16)
    With `embedding`: the frequencies of the cosines of each feature.
embedding_phases_ : ndarray of shape (n_features_in_, 16)
    With `embedding`: their phases.
embedding_coefs_ : ndarray of shape (n_features_in_, 16, 3)
    With `embedding`: weights of the cosines. Each feature has four rows of ``coefs_[0]``: its own
    and those of the three combinations.
embedding_intercepts_ : ndarray of shape (n_features_in_, 3)
    With `embedding`: what is added to the combinations.
n_iter_ : int
    Epochs that made these weights, those of earlier warm starts and partial fits included.
t_ : int
    Rows that training has visited, each as often as it was; 'invscaling' goes by it.
n_layers_ : int
    Number of layers, input and output layer included.
loss_ : float
    Objective of the last epoch.
loss_curve_ : list of float of length n_iter_
    Objective of every epoch: the mean loss over its batches, and the penalties at its end.
best_loss_ : float or None
    Least of `loss_curve_`; None with `early_stopping`.
validation_scores_ : list of float of length n_iter_, or None
    Validation {score} after every epoch; None without validation rows.
best_validation_score_ : float or None
    Validation {score} of the restored epoch; None without `early_stopping`.
sparsity_ : ndarray of shape (n_layers_ - 1,)
    Share of exact zeros among the weights of each layer.
selected_features_ : ndarray of bool of shape (n_features_in_,)
    Whether a feature has any weight other than zero in the first layer. The output does not
    depend on the others at all.
history_ : History
    Loss, {score}, penalty, learning rate and time of every epoch; ``to_frame()`` makes a
    data frame of it.
"""

#: What they make small.
OBJECTIVE_OF_CLASSIFIERS = r"""
The objective, over n rows with weights w of mean 1, is

.. math:: \frac1n \sum_i w_i \left( -\log p_{y_i}(x_i) \right)
          + \mathtt{l1} \sum |W| + \tfrac12\, \mathtt{l2} \sum W^2
          + \mathtt{group\_l1} \sum_j \| W_1[j, :] \| .

Biases are not penalised. Sums of losses over a batch are divided by its number of rows.
"""

#: The same of regressors.
OBJECTIVE_OF_REGRESSORS = r"""
The objective, over n rows with weights w of mean 1, is

.. math:: \frac1n \sum_i w_i \, \ell(z(x_i), y_i)
          + \mathtt{l1} \sum |W| + \tfrac12\, \mathtt{l2} \sum W^2
          + \mathtt{group\_l1} \sum_j \| W_1[j, :] \| .

Losses of several numbers per row are added up. Biases are not penalised. Sums of losses over
a batch are divided by its number of rows.
"""

#: What is called after every epoch, and what Ctrl-C keeps.
CALLBACKS = """
Callbacks of `sklearn.callback` are set by ``set_callbacks``; every epoch is a task of theirs.
On Ctrl-C the weights of the last complete epoch are kept.
"""

#: Where it comes from.
REFERENCES = """
D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning representations by
back-propagating errors", Nature 323, 1986.

J. Yun, A. C. Lozano and E. Yang, "Adaptive Proximal Gradient Methods for Structured Neural
Networks", Advances in Neural Information Processing Systems 34, 2021.
"""

#: What takes the place of words in braces in the docstrings of each kind.
OF_CLASSIFIERS = {
    "attributes": """
classes_ : ndarray of shape (n_classes,)
    The class labels; where rows have several labels, the numbers of the columns of `y`.
n_outputs_ : int
    Number of outputs: one for two classes, else one per class or label.
out_activation_ : str
    'softmax'; 'logistic' for two classes, or several labels per row.
"""
    + ATTRIBUTES.lstrip(),
    "objective": OBJECTIVE_OF_CLASSIFIERS,
    "callbacks": CALLBACKS,
    "references": REFERENCES,
    "score": "accuracy",
    "peer": "MLPClassifier",
}
OF_REGRESSORS = {
    "attributes": """
n_outputs_ : int
    Number of outputs: one per number; with 'gaussian' two, with 'quantile' one per quantile.
out_activation_ : str
    'identity', or 'exp' with 'poisson' and 'gamma'.
"""
    + ATTRIBUTES.lstrip(),
    "objective": OBJECTIVE_OF_REGRESSORS,
    "callbacks": CALLBACKS,
    "references": REFERENCES,
    "score": "R²",
    "peer": "MLPRegressor",
}
