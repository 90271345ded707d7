"""Does the model's suggestion help coders, or does it steer them?

Two comparisons answer that. *Switching* compares each reader with themselves: what they said before
they saw the suggestion, and after. It cannot tell what a second look alone would have changed.
*Lots* compare readings that had a suggestion with others that by lot had none: chance alone decided
which, so whatever differs is the suggestion's doing. What is compared without lots, or under
policies that stood at different times, may differ for any other reason.

Right is what is true by somebody else: a final level that another person settled on, or the level
that at least two other coders gave who had seen nothing and who all agree. A coder's own answer
never takes part in what it is held against. Two weaknesses stay. Who settled a protocol had read
the answers to it, this coder's among them, and may have seen the suggestion. And mostly what coders
disagree about is settled, while suggestions can make them agree: what has a final level is then not
alike in the arms. So arms are also held against other readings that were made without a suggestion
(`agreement`): single ones err, but alike for all arms.
"""

from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from cer_assist.domain.exposures import Reading, Sight
from cer_assist.statistics.resampling import RESAMPLES, Sample, difference

NOTHING = -1


@threadpool_limits.wrap(limits=1)  # other jobs have the second core
def exposure_figures(
    readings: Sequence[Reading],
    scale: Sequence[int],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict:
    """Switching, and how readings did by when the suggestion was seen.

    Parameters
    ----------
    readings : sequence of Reading
        One of each coder and protocol.
    scale : sequence of int
        The levels, in order.
    seed, resamples : int

    Returns
    -------
    dict
        `readings`, `protocols`, `coders` counted; `draws_coders`; `switching` (`_switching`); what
        each arm did (`_arm`), all of it in `seen`, by lot in `lots`; `differences`: `after` and
        `shown` less `none`, by lot (`_versus`). Figures are dicts of "value", "low", "high", 95 %,
        and "n" readings.
    """
    table = _Table(readings, scale, seed, resamples)
    lots = {sight: table.is_by_lot & table.saw(sight) for sight in Sight}
    # What is withheld has no reading that was shown the suggestion, so none to be compared with.
    fair = {Sight.after: lots[Sight.none], Sight.shown: lots[Sight.none] & ~table.is_withheld}
    return {
        "readings": len(readings),
        "protocols": len({one.protocol for one in readings}),
        "coders": len({one.coder for one in readings}),
        "draws_coders": table.sample.draws_coders,
        "switching": _switching(table),
        "seen": {str(sight): _arm(table, table.saw(sight)) for sight in Sight},
        "lots": {str(sight): _arm(table, among) for sight, among in lots.items()},
        "differences": {
            str(sight): _versus(table, lots[sight], without) for sight, without in fair.items()
        },
    }


class _Table:
    """Readings as arrays, (n,) each; levels as their place in the scale, NOTHING for none."""

    def __init__(
        self, readings: Sequence[Reading], scale: Sequence[int], seed: int, resamples: int
    ):
        place = {level: at for at, level in enumerate(scale)}
        self.levels = len(place)

        def levels(of: Sequence[int | None]) -> np.ndarray:
            return np.array([NOTHING if one is None else place[one] for one in of], int)

        self.first = levels([one.first for one in readings])
        self.suggested = levels([one.suggested for one in readings])
        self.last = levels([one.last for one in readings])
        self.truth = levels([one.truth for one in readings])
        self.sight = np.array([str(one.sight) for one in readings], "U10")
        self.is_by_lot = np.array([one.by_lot for one in readings], bool)
        self.is_withheld = np.array([one.withheld for one in readings], bool)
        self.seconds = np.array(
            [np.nan if one.seconds is None else one.seconds for one in readings], float
        )
        self.peers = [levels(one.peers) for one in readings]
        self.sample = Sample(
            np.array([one.protocol for one in readings], int),
            np.array([one.coder for one in readings], int),
            seed=seed,
            resamples=resamples,
        )

    def saw(self, sight: Sight) -> np.ndarray:
        """Which readings saw the suggestion then, (n,) bool."""
        return self.sight == sight

    def agreement(self, said: np.ndarray) -> np.ndarray:
        """Share of the other readings that say the same, (n,); NaN without any."""
        pairs = zip(said, self.peers, strict=True)
        return np.array([np.mean(o == s) if len(o) else np.nan for s, o in pairs], float)


def _switching(table: _Table) -> dict:
    """What coders did who saw the suggestion after their own answer.

    Returns
    -------
    dict
        `changed` of all; `adopted`: of those whose answer differed from it, who took it over; of
        readings with a truth `right` (wrong before, right after), `wrong` (right before, wrong
        after) and `net`, the first less the second; `closer`: how much the share of other readings
        that say the same has grown.
    """
    sample = table.sample
    seen = table.saw(Sight.after) & (table.first != NOTHING)
    differed = seen & (table.suggested != NOTHING) & (table.first != table.suggested)
    known = seen & (table.truth != NOTHING)
    before, after = table.first == table.truth, table.last == table.truth
    right, wrong = (sample.share(hits, known) for hits in (~before & after, before & ~after))
    gain = table.agreement(table.last) - table.agreement(table.first)
    read = seen & ~np.isnan(gain)
    up, down = (sample.share(np.clip(np.nan_to_num(d), 0, 1), read) for d in (gain, -gain))
    return {
        "changed": sample.share(table.first != table.last, seen),
        "adopted": sample.share(table.last == table.suggested, differed),
        "right": right,
        "wrong": wrong,
        "net": difference(right, wrong, exclusive=True),
        "closer": difference(up, down, exclusive=True),
    }


def _arm(table: _Table, among: np.ndarray) -> dict:
    """How readings of an arm did.

    Returns
    -------
    dict
        `readings` counted; against the truth `accuracy`, mean `distance` in levels and `qwk`;
        `agreement` with other readings that were made without a suggestion; median `seconds`.
    """
    sample, drawn = table.sample, _drawn(table, among)
    return {
        "readings": int(among.sum()),
        **_shares(table, among),
        **{name: sample.figure(values, int(who.sum()), who) for name, (values, who) in drawn},
    }


def _versus(table: _Table, one: np.ndarray, other: np.ndarray) -> dict:
    """One arm less another, and `seconds` of one over those of the other."""
    sample = table.sample
    shares = _shares(table, one), _shares(table, other)
    found = {name: difference(shares[0][name], shares[1][name]) for name in shares[0]}
    for (name, (mine, who)), (_, (theirs, others)) in zip(
        _drawn(table, one), _drawn(table, other), strict=True
    ):
        with np.errstate(invalid="ignore", divide="ignore"):
            values = mine / theirs if name == "seconds" else mine - theirs
        both = int(who.sum() + others.sum()) if who.any() and others.any() else 0
        found[name] = sample.figure(values, both, who, others)
    return found


def _shares(table: _Table, among: np.ndarray) -> dict:
    known = among & (table.truth != NOTHING)
    agreement = table.agreement(table.last)
    read = among & ~np.isnan(agreement)
    return {
        "accuracy": table.sample.share(table.last == table.truth, known),
        "agreement": table.sample.share(np.nan_to_num(agreement), read),
    }


def _drawn(table: _Table, among: np.ndarray) -> list[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    """What resamples tell of an arm: name, values and the readings that they are of."""
    sample = table.sample
    known = among & (table.truth != NOTHING)
    timed = among & ~np.isnan(table.seconds)
    distance = np.abs(table.last - table.truth)
    return [
        ("distance", (sample.mean(distance, known), known)),
        ("qwk", (sample.kappa(table.truth, table.last, known, table.levels), known)),
        ("seconds", (sample.median(table.seconds, timed), timed)),
    ]
