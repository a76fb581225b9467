"""The producers study's network, trained by PyTorch."""

from __future__ import annotations

from dataclasses import replace

from sknn.estimators import TorchMLPClassifier
from sknn.training import Plan


class SummedGradientTorchMLPClassifier(TorchMLPClassifier):
    """The document's network: a batch's step is that of its summed gradient."""

    def _adjusted(self, plan: Plan) -> Plan:
        return replace(plan, divisor=plan.batch_size)
