"""Sun & Lu's model: words that mean something get long vectors, and attention follows length."""

from cer_assist.learning.attention import AttentionPooling
from cer_assist.learning.network import Schedule, Weights, drawn
from cer_assist.learning.views.attended import AttendedNetwork
from cer_assist.learning.views.words import SIZE, OwnWords, WordsView


class EmbeddingNetwork(OwnWords, AttendedNetwork):
    """Word states -> dot-product attention divided by lambda -> cumulative logits.

    References
    ----------
    Sun and Lu 2020, Understanding Attention for Text Classification, section 3.
    """

    schedule = Schedule(epochs=15, warm_epochs=3, slows=False)
    scale = 10.0  # lambda, as for their accuracy on SST

    def __init__(self, levels: int, **kwargs):
        super().__init__(levels, **kwargs)
        self.pooling = AttentionPooling(heads=1, score="dot", scale=self.scale)
        self.pooling.build((None, None, SIZE))
        self.logits.build((None, SIZE))

    @classmethod
    def start(cls, levels: int, seed: int) -> Weights:
        """Weights to begin with; see `Network`."""
        return drawn(
            {
                "pooling.context": ((SIZE, 1), SIZE**-0.5),
                "logits.kernel": ((SIZE, levels - 1), SIZE**-0.5),
                "logits.bias": ((levels - 1,), 0.0),
            },
            seed,
        )


VIEW = WordsView(EmbeddingNetwork)
