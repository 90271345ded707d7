"""A mixture deals the places of a batch to several strategies by shares, to the last place.

Shares are kept in every batch, not only on average over many: batches are small, and a strategy
with a tenth of the places would often have none of them by chance.
"""

import math
import re
from collections.abc import Collection, Mapping

from cer_assist.domain.errors import InvalidInput

MIXTURE = "mix:"


def parse(name: str, known: Collection[str]) -> dict[str, float]:
    """Shares of a batch by strategy; a single strategy has all of it.

    Parameters
    ----------
    name : str
        A strategy's, or such as "mix:level_spread=.5,coreset=.25,random=.25".
    known : collection of str
        Names of strategies.

    Raises
    ------
    InvalidInput
        A strategy is not known or named twice, a share is no positive number, or they do not add
        up to 1.
    """
    if not name.startswith(MIXTURE):
        return {_known(name, known): 1.0}
    shares: dict[str, float] = {}
    for part in name.removeprefix(MIXTURE).split(","):
        one, _, share = part.partition("=")
        one = _known(one.strip(), known)
        if one in shares:
            raise InvalidInput(f"{name} names {one} twice: give it one share.")
        shares[one] = _share(part, share)
    if not math.isclose(sum(shares.values()), 1, abs_tol=1e-6):
        raise InvalidInput(f"The shares of {name} add up to {sum(shares.values()):g}, not to 1.")
    return shares


def split_names(names: str) -> list[str]:
    """Names with commas between them, each once; the commas inside a mixture part nothing."""
    found = (name.strip() for name in re.split(r",(?!\s*\w+\s*=)", names))
    return list(dict.fromkeys(name for name in found if name))


def quotas(shares: Mapping[str, float], batch: int) -> dict[str, int]:
    """Places of a batch by largest remainder; of equal remainders the first named has it.

    Parameters
    ----------
    shares : mapping of str to float
        Add up to 1.
    batch : int
    """
    exact = {name: share * batch for name, share in shares.items()}
    whole = {name: math.floor(share + 1e-9) for name, share in exact.items()}
    left = batch - sum(whole.values())
    # Rounded: .3 of 10 and .1 of 10 must tie whatever binary fractions make of them.
    by_remainder = sorted(exact, key=lambda name: round(whole[name] - exact[name], 9))
    return {name: whole[name] + (name in by_remainder[:left]) for name in shares}


def _known(name: str, known: Collection[str]) -> str:
    if name not in known:
        raise InvalidInput(
            f"There is no strategy {name}: use {', '.join(known)}, or a mixture such as "
            "mix:level_spread=.5,random=.5."
        )
    return name


def _share(part: str, text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 < share <= 1:
        raise InvalidInput(
            f"{part!r} is no share of a mixture: write name=share, such as random=.2."
        )
    return share
