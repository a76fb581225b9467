"""`TorchMLPClassifier`: the same classifier, trained by PyTorch through skorch."""

from __future__ import annotations

from typing import ClassVar

from .._classifier import BaseMLPClassifier
from ._engine import ENGINE_CONSTRAINTS, TorchEngine


class TorchMLPClassifier(TorchEngine, BaseMLPClassifier):
    r"""Multilayer perceptron trained by PyTorch through skorch, on a CPU or a GPU.

    The same estimator as `ScratchMLPClassifier`, with another engine: from equal `random_state`
    both start from equal weights, see the rows in equal order and stop by the same rule, so that
    in float64 and without dropout their weights agree to rounding.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int of shape (n_layers - 2,), default=(100,)
        Widths of the hidden layers; ``()`` for a linear model.
    activation : {'identity', 'logistic', 'tanh', 'relu'}, default='relu'
        Nonlinearity of the hidden layers.
    solver : {'sgd', 'adam', 'adamw', 'rmsprop', 'lbfgs'}, default='adam'
        Optimizer. The first four work on batches, in the forms of `torch.optim`; 'rmsprop'
        smooths with 0.99. 'lbfgs' works on all rows at once, in float64, and often wins on
        small tables; it refuses `l1`, `group_l1` and dropout, and has no use for `batch_size`,
        `learning_rate`, `learning_rate_init`, `max_grad_norm` and `shuffle`.
    learning_rate_init : float, default=0.001
        Step size, above 0.
    learning_rate : {'constant', 'invscaling', 'adaptive', 'cosine', 'onecycle'}, default='constant'
        How the step size changes:

        - 'constant': not at all.
        - 'invscaling': divided by ``(1 + rows seen) ** power_t`` after each epoch.
        - 'adaptive': divided by 5 where training would stop for want of improvement, which it
          does once the rate is 1e-6 or less.
        - 'cosine': from `learning_rate_init` to 0 over `max_iter` epochs in half a wave.
        - 'onecycle': up from 1/25 of it over the first 30 % of the updates of `max_iter`
          epochs, then down to 1/250,000.

        The last two need to know the end: `warm_start` and `partial_fit` refuse them.
    power_t : float, default=0.5
        Exponent of 'invscaling'.
    momentum : float, default=0.9
        Share of the last step that 'sgd' carries over, in [0, 1].
    nesterovs_momentum : bool, default=True
        Whether 'sgd' uses Nesterov's momentum.
    beta_1 : float, default=0.9
        Decay of Adam's first moment, in [0, 1).
    beta_2 : float, default=0.999
        Decay of Adam's second moment, in [0, 1).
    epsilon : float, default=1e-08
        Added to the root in the denominator of 'adam', 'adamw' and 'rmsprop'.
    batch_size : int, 'auto' or 'full', default='auto'
        Rows in a batch. 'auto' is min(200, n_samples); 'full' is all rows, which makes each
        epoch one step of gradient descent; 1 is per-sample descent.
    max_iter : int, default=200
        Most epochs, or iterations of 'lbfgs'.
    max_fun : int, default=15000
        Most function calls of 'lbfgs'.
    l1 : float, default=0.0
        Strength of the penalty Σ|W|.
    l2 : float, default=0.0001
        Strength of the penalty ½ΣW². It is not divided by the number of rows: where
        `MLPClassifier` has `alpha`, use ``l2 = alpha / batch_size``. 'adamw' applies it as
        decoupled decay.
    group_l1 : float, default=0.0
        Strength of the penalty Σ‖W₁[j, :]‖, over the features j, of the lengths of their rows of
        weights in the first layer. It sets whole rows to zero, and their features have no part in
        the output any more: see `selected_features_`. Keep `l2` well above 0 with it, or later
        layers grow to make up for the shrunken rows; and batches large, for the noise of small
        ones brings features back.
    l1_method : {'prox', 'subgradient'}, default='prox'
        How `l1` enters an update:

        - 'prox': every weight moves towards zero after the solver's step, in the solver's own
          metric, and stays at exactly zero where the loss does not pull it away.
        - 'subgradient': as λ sign(W), added to the gradient. Weights get small, but hardly ever
          zero; those that pass zero and back make the loss jitter.

        `group_l1` always is of the first kind. Such a step is not shortened by `max_grad_norm`,
        so penalties weigh more against shortened gradients. It ends the jitter of the penalty
        only: for that of a large step size, lower the step size.
    dropout : float or array-like of float of shape (n_layers - 2,), default=0.0
        Probability of dropping a hidden unit during training, in [0, 1): one for all hidden
        layers, or one for each.
    input_dropout : float, default=0.0
        Probability of dropping an input during training, in [0, 1).
    label_smoothing : float, default=0.0
        Share of every target that is spread evenly over the classes, in [0, 1).
    max_grad_norm : float, default=None
        Length to which longer gradients are shortened. None leaves them as they are.
    class_weight : dict, 'balanced' or None, default=None
        Weights of the classes, multiplied into the weights of the rows. 'balanced' makes all
        classes weigh the same. It must be None where rows have several labels.
    early_stopping : bool, default=False
        Whether to stop when the monitored validation figure no longer improves, and to restore
        the weights of its best epoch. Holds out `validation_fraction` of the rows, unless `fit`
        is given `X_val` and `y_val`: stratified, where there are enough rows of each class. Has
        no effect on 'lbfgs', which trains on all rows until it converges, as in scikit-learn.
    validation_fraction : float, default=0.1
        Share of the rows that is held out, in (0, 1).
    n_iter_no_change : int or np.inf, default=10
        Training stops when the number of epochs in a row without improvement exceeds this;
        np.inf trains for `max_iter` epochs without asking.
    tol : float, default=0.0001
        Least improvement that counts, of `loss_curve_` or of the monitored figure. For 'lbfgs',
        the gradient's largest component at which it stops.
    monitor : {'valid_loss', 'valid_accuracy'}, default='valid_loss'
        What `early_stopping` watches.
    shuffle : bool, default=True
        Whether to visit the rows in a new random order in each epoch.
    random_state : int, RandomState instance or None, default=None
        Source of the initial weights, the held-out rows, the order of rows and the dropout
        masks, each with a stream of its own. An int makes fits repeatable bit for bit.
    warm_start : bool, default=False
        Whether `fit` goes on from the last one as if it had not stopped: 100 and then 100
        epochs on equal data are 200, bit for bit. Changed rates and penalties take effect.
        'lbfgs' goes on from the weights alone and estimates the curvature anew, and so does a
        solver other than that of the last fit. `coefs_` and `intercepts_` that were changed in
        between are what training goes on from. If a callback raises, the last complete epoch is
        kept.
    verbose : bool or int, default=False
        Whether to print a line per epoch.
    record : {'epoch', 'batch'}, default='epoch'
        Whether `history_` also has every batch's loss and accuracy.
    dtype : {'auto', 'float32', 'float64'}, default='auto'
        Precision of training. 'auto' trains float32 data in float32 and all else in float64;
        'float32' is up to twice as fast.
    device : str or int, default='auto'
        Where to train and predict: 'cpu', 'cuda', 'mps' or another of PyTorch's devices, an int
        for the CUDA device of that number. 'auto' takes a CUDA device where there is one, then
        Apple's 'mps' in float32, then the CPU. Where the device of a fitted estimator is
        missing, the CPU predicts.
    compile : bool, default=False
        Whether to have `torch.compile` translate the network. It takes seconds at the start and
        pays for large networks only; it has no part in 'lbfgs', in prediction and in fits of
        sparse rows on a CPU.
    skorch_callbacks : list of skorch.callbacks.Callback, default=None
        Callbacks for the net, each an instance, a class or a pair (name, callback). Instances are
        copied, with `copy.copy`: the net has the ones that were called. Where the class of one has
        hooks for batches or gradients, as `LRScheduler` has, skorch's own slower loop runs.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels; where rows have several labels, the numbers of the columns of `y`.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where `X` has names that are all strings.
    coefs_ : list of ndarray of shape (n_in, n_out)
        Weights of each layer.
    intercepts_ : list of ndarray of shape (n_out,)
        Biases of each layer.
    n_iter_ : int
        Epochs that made these weights, those of earlier warm starts and partial fits included.
    t_ : int
        Rows that training has visited, each as often as it was; 'invscaling' goes by it.
    n_layers_ : int
        Number of layers, input and output layer included.
    n_outputs_ : int
        Number of outputs: one for two classes, else one per class or label.
    out_activation_ : str
        'softmax'; 'logistic' for two classes, or several labels per row.
    loss_ : float
        Objective of the last epoch.
    loss_curve_ : list of float of length n_iter_
        Objective of every epoch: the mean loss over its batches, and the penalties at its end.
    best_loss_ : float or None
        Least of `loss_curve_`; None with `early_stopping`.
    validation_scores_ : list of float of length n_iter_, or None
        Validation accuracy after every epoch; None without validation rows.
    best_validation_score_ : float or None
        Validation accuracy of the restored epoch; None without `early_stopping`.
    sparsity_ : ndarray of shape (n_layers_ - 1,)
        Share of exact zeros among the weights of each layer.
    selected_features_ : ndarray of bool of shape (n_features_in_,)
        Whether a feature has any weight other than zero in the first layer. The output does not
        depend on the others at all.
    history_ : History
        Loss, accuracy, penalty, learning rate and time of every epoch; ``to_frame()`` makes a
        data frame of it.
    net_ : skorch.NeuralNetClassifier
        The trained net, for what skorch can do: `net_.module_`, `net_.history`,
        `net_.save_params`. It works with class numbers, indices into `classes_`, and what is
        done to it does not change the estimator's predictions, which come from `coefs_`; nor
        does it follow a change of these. An unpickled estimator makes it anew, on the device
        that there is, and with the history that callbacks have written in; one that
        `sknn.io.load` returns has the columns of `history_` alone.

    See Also
    --------
    ScratchMLPClassifier : The same estimator in NumPy; often faster for small networks.
    sknn.preprocessing.ColumnNormScaler : Divides columns by their norms.
    skorch.NeuralNetClassifier : For a module of your own.

    Notes
    -----
    The objective, over n rows with weights w of mean 1, is

    .. math:: \frac1n \sum_i w_i \left( -\log p_{y_i}(x_i) \right)
              + \mathtt{l1} \sum |W| + \tfrac12\, \mathtt{l2} \sum W^2
              + \mathtt{group\_l1} \sum_j \| W_1[j, :] \| .

    Biases are not penalised. Sums of losses over a batch are divided by its number of rows.

    Callbacks of `sklearn.callback` are set by ``set_callbacks``; every epoch is a task of theirs.
    On Ctrl-C the weights of the last complete epoch are kept. Skorch's callbacks stop a training
    by raising `KeyboardInterrupt` at the end of an epoch; that is a stop and no interruption.

    Dropout masks are PyTorch's and differ from those of the other engine. They come from a
    generator of the fit's own: PyTorch's and NumPy's global generators are left alone.

    Sparse rows stay sparse on a CPU, where SciPy makes the products of the first layer; skorch's
    callbacks for batches are given CSR matrices there. On other devices the rows become dense
    batch by batch; with ``batch_size="full"`` that is all of them at once.

    Fits and predictions neither depend on PyTorch's modes nor change them: inference mode,
    `torch.no_grad`, `torch.autocast`, default dtype and default device. With
    `torch.autograd.set_detect_anomaly` a training that diverges may end with PyTorch's own error.
    Methods of `net_` are skorch's, and follow the modes.

    References
    ----------
    D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning representations by
    back-propagating errors", Nature 323, 1986.

    J. Yun, A. C. Lozano and E. Yang, "Adaptive Proximal Gradient Methods for Structured Neural
    Networks", Advances in Neural Information Processing Systems 34, 2021.

    M. Tietz et al., "skorch: A scikit-learn compatible neural network library that wraps
    PyTorch", 2017, https://skorch.readthedocs.io.

    Examples
    --------
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn.classifiers import TorchMLPClassifier
    >>> from sknn.datasets import load_producers
    >>> X, y = load_producers(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> model = make_pipeline(
    ...     StandardScaler(),
    ...     TorchMLPClassifier(early_stopping=True, learning_rate_init=0.01, random_state=0),
    ... )
    >>> model.fit(X_train, y_train).score(X_test, y_test) > 0.9
    True
    >>> model.predict(X_test[:3])
    array([1, 3, 2])
    """

    _parameter_constraints: ClassVar[dict] = {
        **BaseMLPClassifier._parameter_constraints,
        **ENGINE_CONSTRAINTS,
    }

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        learning_rate_init=0.001,
        learning_rate="constant",
        power_t=0.5,
        momentum=0.9,
        nesterovs_momentum=True,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        batch_size="auto",
        max_iter=200,
        max_fun=15000,
        l1=0.0,
        l2=1e-4,
        group_l1=0.0,
        l1_method="prox",
        dropout=0.0,
        input_dropout=0.0,
        label_smoothing=0.0,
        max_grad_norm=None,
        class_weight=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        monitor="valid_loss",
        shuffle=True,
        random_state=None,
        warm_start=False,
        verbose=False,
        record="epoch",
        dtype="auto",
        device="auto",
        compile=False,
        skorch_callbacks=None,
    ):
        self._set_parameters(locals())
