"""A kind of model is the views it reads with and the shares that blending may give them.

Shares are fitted on held-out documents, from a short list: with a few hundred labels a finer choice
would only fit their noise. What the kinds are called where people choose one stands in
`domain.model_kinds`.
"""

from dataclasses import dataclass

from cer_assist.learning.views import VIEWS


@dataclass(frozen=True)
class Kind:
    """What a model is made of.

    Attributes
    ----------
    views : tuple of str
        Names in `views.VIEWS`. The first one's attention is what the model is said to look at.
    shares : tuple of tuple of float
        What blending chooses from: for each view its share, 1 in all.
    """

    views: tuple[str, ...]
    shares: tuple[tuple[float, ...], ...] = ((1.0,),)


COLD_START = "cold_start"  # of the rubric alone: no label taught it, so nobody chooses it
KINDS: dict[str, Kind] = {
    "blend": Kind(
        ("sentences", "rubric"),
        ((0.5, 0.5), (0.35, 0.65), (0.65, 0.35), (0.0, 1.0), (1.0, 0.0)),
    ),
    **{name: Kind((name,)) for name in VIEWS},
}


def kind_named(name: str) -> Kind:
    """A kind that people may choose, or the one that stands in before there are labels."""
    return Kind((COLD_START,)) if name == COLD_START else KINDS[name]
