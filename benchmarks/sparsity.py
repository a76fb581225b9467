"""What a proximal step costs: `fit` with a penalty that makes zeros beside one without."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from sknn import ScratchMLPClassifier

from ._cases import DTYPES, _producers
from ._harness import Ratio, Report, Settings, interleave

SOLVERS: dict[str, dict[str, Any]] = {
    "SGD": {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.1},
    "Nesterov": {"solver": "sgd", "learning_rate_init": 0.01},
    "Adam": {"solver": "adam"},
    "AdamW": {"solver": "adamw"},
    "RMSprop": {"solver": "rmsprop"},
}
PENALTIES: dict[str, dict[str, Any]] = {
    "l1": {"l1": 8e-4},
    "l1, sub-gradient": {"l1": 8e-4, "l1_method": "subgradient"},
    "group_l1": {"group_l1": 0.01},
}
MOST = {"SGD": 1.3, "Nesterov": 1.3, "Adam": 1.5}


def run(settings: Settings) -> list[Report]:
    """Time fits of producers 13-128-128-3 in batches of 10."""
    X, y = _producers()
    epochs = 2 if settings.smoke else 60
    report = Report(
        "fit of producers 13-128-128-3, batch 10: times as long as without a penalty",
        ("solver", "dtype", *PENALTIES, "l1 at most"),
    )
    for solver, params in SOLVERS.items():
        for dtype in DTYPES:
            rows = X.astype(dtype)
            models = {
                name: ScratchMLPClassifier(
                    (128, 128), batch_size=10, max_iter=epochs, n_iter_no_change=np.inf, l2=0.0,
                    random_state=0, **params, **penalty,
                )
                for name, penalty in ({"none": {}} | PENALTIES).items()
            }  # fmt: skip
            tasks = {name: partial(model.fit, rows, y) for name, model in models.items()}
            seconds = interleave(tasks, settings, one_call=True)
            ratios = {name: Ratio.of(seconds[name], seconds["none"]) for name in PENALTIES}
            most = None if settings.smoke else MOST.get(solver)
            report.add(
                (solver, dtype, *map(str, ratios.values()), "" if most is None else f"{most:.1f}"),
                solver=solver,
                dtype=dtype,
                most=most,
                **{name: vars(ratio) for name, ratio in ratios.items()},
            )
    return [report]
