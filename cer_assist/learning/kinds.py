"""A kind of model is the views it reads with and the shares that blending may give them.

Shares are fitted on held-out documents, from a short list: with a few hundred labels a finer choice
would only fit their noise. What the kinds are called where people choose one stands in
`domain.model_kinds`.
"""

from collections.abc import Collection
from dataclasses import dataclass

from cer_assist.domain.rubric import Rubric
from cer_assist.learning.views import VIEWS

# The rubric alone counts as much as what so many labels teach. On the reference protocols it is
# worth that: with it QWK at 10 and 20 labels is .74 and .75 instead of .58 and .68.
LABELS_WORTH = 24
# A smaller share is none: with 323 labels it changed no figure beyond chance (QWK .824 with it and
# .825 without), and with a view less the words of a pool of protocols come a third faster.
LEAST_SHARE = 0.1


@dataclass(frozen=True)
class Kind:
    """What a model is made of.

    Attributes
    ----------
    views : tuple of str
        Names in `views.VIEWS`. The first one's attention is what the model is said to look at.
    shares : tuple of tuple of float
        What blending chooses from: for each view its share, 1 in all.
    starts_from_rubric : bool
        Whether the rubric alone has a share beside them, which fades as labels come in.
    without_rubric : Kind, optional
        What takes its place where documents have no rubric.
    """

    views: tuple[str, ...]
    shares: tuple[tuple[float, ...], ...] = ((1.0,),)
    starts_from_rubric: bool = False
    without_rubric: "Kind | None" = None


COLD_START = "cold_start"  # of the rubric alone: no label taught it, so nobody chooses it
# What to look for is not said, so everything is read. Shares that did best on development parts:
# long reviews, ordered short ones, newsgroups, few short reviews.
_GENERAL = Kind(
    ("sentences", "rubric", "meaning", "attention"),
    (
        (0.2, 0.3, 0.3, 0.2),
        (0.0, 0.3, 0.5, 0.2),
        (0.0, 0.3, 0.7, 0.0),
        (0.7, 0.0, 0.3, 0.0),
    ),
)
KINDS: dict[str, Kind] = {
    "blend": Kind(
        ("sentences", "rubric"),
        ((0.5, 0.5), (0.35, 0.65), (0.65, 0.35), (0.0, 1.0), (1.0, 0.0)),
        starts_from_rubric=True,
        without_rubric=_GENERAL,
    ),
    **{name: Kind((name,)) for name in VIEWS if name != COLD_START},
}


def kind_for(name: str, rubric: Rubric | None) -> Kind:
    """What a kind that people may choose, or the one before there are labels, is made of."""
    if name == COLD_START:
        return Kind((COLD_START,))
    kind = KINDS[name]
    return kind.without_rubric if rubric is None and kind.without_rubric else kind


def views_of(kind: Kind, *, rubric_lends: bool) -> tuple[str, ...]:
    """The views of a kind, with the rubric alone where the kind starts from it and it can."""
    return (*kind.views, COLD_START) if kind.starts_from_rubric and rubric_lends else kind.views


def shares_of(kind: Kind, views: Collection[str], labels: int) -> tuple[tuple[float, ...], ...]:
    """What blending chooses from: shares of those views of a kind that `views_of` gave.

    Parameters
    ----------
    kind : Kind
    views : collection of str
    labels : int
        How many there are: the more, the less the rubric alone still counts.
    """
    if COLD_START not in views or not kind.starts_from_rubric:
        return kind.shares
    fading = LABELS_WORTH / (LABELS_WORTH + labels)
    if fading < LEAST_SHARE:
        fading = 0.0
    return tuple((*(share * (1 - fading) for share in row), fading) for row in kind.shares)
