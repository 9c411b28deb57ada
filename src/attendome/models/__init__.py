"""The architectures, as plain ``torch.nn.Module``s that see tensors only."""

from attendome.models.attentive_chrome import AttentiveChrome, AttentiveChromeSettings
from attendome.models.outputs import ChromatinOutput

__all__ = ["AttentiveChrome", "AttentiveChromeSettings", "ChromatinOutput"]
