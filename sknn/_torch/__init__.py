"""The PyTorch engine: the only folder that imports torch and skorch.

Read `_engine` first, then `_train` (epoch after epoch), `_make` (from a plan to a net, and
weights across), `_net` (the skorch net), `_history` (its record), `_module` (the network),
`_losses`, `_gradients`, `_proximal`, `_tally` (the figures of an epoch) and `_rows` (tables as
tensors).
"""

from ._engine import TorchEngine
from ._net import TableNet

__all__ = ["TableNet", "TorchEngine"]
