"""The producers study's network, trained by PyTorch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sknn.estimators import TorchMLPClassifier
from sknn.training import Plan


class SummedGradientTorchMLPClassifier(TorchMLPClassifier):
    """The document's network: a batch's step is that of its summed gradient."""

    def _resolve_plan(self, **shape: Any) -> Plan:
        return replace(super()._resolve_plan(**shape), divisor=self.batch_size)
