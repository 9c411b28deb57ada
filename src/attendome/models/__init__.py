"""The architectures, as plain ``torch.nn.Module``s that see tensors only."""

from attendome.models.attentive_chrome import AttentiveChrome, AttentiveChromeSettings
from attendome.models.attentive_set import AttentiveSet, AttentiveSetSettings
from attendome.models.cnn_alpha_beta import CnnAlphaBeta, CnnAlphaBetaSettings
from attendome.models.cnn_attention import CnnAttention, CnnAttentionSettings
from attendome.models.deep_chrome import DeepChrome, DeepChromeSettings
from attendome.models.lstm import Lstm, LstmSettings
from attendome.models.lstm_alpha import LstmAlpha, LstmAlphaSettings
from attendome.models.lstm_attention import LstmAttention, LstmAttentionSettings
from attendome.models.mlp import Mlp, MlpSettings
from attendome.models.outputs import ChromatinOutput

__all__ = [
    "AttentiveChrome",
    "AttentiveChromeSettings",
    "AttentiveSet",
    "AttentiveSetSettings",
    "ChromatinOutput",
    "CnnAlphaBeta",
    "CnnAlphaBetaSettings",
    "CnnAttention",
    "CnnAttentionSettings",
    "DeepChrome",
    "DeepChromeSettings",
    "Lstm",
    "LstmAlpha",
    "LstmAlphaSettings",
    "LstmAttention",
    "LstmAttentionSettings",
    "LstmSettings",
    "Mlp",
    "MlpSettings",
]
