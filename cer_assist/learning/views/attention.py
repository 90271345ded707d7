"""The encoder has read each word in context; attention picks the few that decide."""

from cer_assist.learning.attention import AttentionPooling
from cer_assist.learning.network import Schedule, Weights, drawn
from cer_assist.learning.projection import SIZE
from cer_assist.learning.views.attended import AttendedNetwork
from cer_assist.learning.views.networks import FrozenView

UNITS, HEADS = 16, 4


class AttentionNetwork(AttendedNetwork):
    """Frozen token states -> attention pooling with four heads -> cumulative logits.

    References
    ----------
    Yang et al. 2016, Hierarchical Attention Networks for Document Classification, equations 5-7.
    """

    schedule = Schedule(epochs=15, warm_epochs=4)

    def __init__(self, levels: int, **kwargs):
        super().__init__(levels, **kwargs)
        self.pooling = AttentionPooling(UNITS, HEADS)
        self.pooling.build((None, None, SIZE))
        self.logits.build((None, HEADS * SIZE))

    @classmethod
    def start(cls, levels: int, seed: int) -> Weights:
        """Weights to begin with; see `Network`."""
        return drawn(
            {
                "pooling.kernel": ((SIZE, UNITS), SIZE**-0.5),
                "pooling.bias": ((UNITS,), 0.0),
                "pooling.context": ((UNITS, HEADS), UNITS**-0.5),
                "logits.kernel": ((HEADS * SIZE, levels - 1), 0.01),
                "logits.bias": ((levels - 1,), 0.0),
            },
            seed,
        )


VIEW = FrozenView(AttentionNetwork)
