"""An LSTM over rows of different lengths."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

State = tuple[Tensor, Tensor]


@final
class Recurrent(nn.Module):
    """An LSTM that ends each row where it ends: its last state has seen no padding.

    Args:
        inputs: width of a step.
        units: of the state.
    """

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, units, batch_first=True)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, State]:
        """Outputs ``[batch, length, units]``, 0 behind the end, and the last state.

        Args:
            x: ``[batch, length, inputs]``.
            lengths: int64 ``[batch]``; a row without anything is read as one step.
        """
        packed = pack_padded_sequence(x, lengths.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False)
        out, state = self.lstm(packed)
        return pad_packed_sequence(out, batch_first=True, total_length=x.shape[1])[0], state
