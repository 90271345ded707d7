"""How exact a figure from a random sample is: intervals of shares, and the sample that is wanted.

Plain Python, for the page on which a lead chooses the sample's size. What is planned is what is
shown later: both allow for a sample that is a large part of all there is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

NORMAL_95 = 1.959964
# Where nothing was measured yet, as counts of (truth, model): two normal variables with correlation
# .8, cut into levels of 10, 30, 30, 20 and 10 %; its QWK is .74.
USUAL = (
    (56, 40, 4, 0, 0),
    (40, 166, 81, 13, 1),
    (4, 81, 139, 66, 9),
    (0, 13, 66, 87, 34),
    (0, 1, 9, 34, 56),
)
Confusion = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a model is expected to reach, and how much that varies between samples."""

    accuracy: float
    qwk: float
    deviation: float  # of QWK, times the root of the number of protocols


@dataclass(frozen=True, slots=True)
class Precision:
    """Half the width of the 95 % intervals that a sample gives."""

    size: int
    accuracy: float
    qwk: float


def wilson(share: float, n: float) -> tuple[float, float]:
    """95 % score interval of a share of n (Wilson 1927, JASA 22:209-212)."""
    square = NORMAL_95**2
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = math.sqrt(share * (1 - share) / n + square / (4 * n * n)) * NORMAL_95 / (1 + square / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def narrowing(size: int, population: int) -> float:
    """What a half-width is multiplied with because a sample is part of a finite population.

    Cochran 1977, Sampling Techniques, section 2.6: the root of (N - n) / (N - 1).
    """
    if size >= population:
        return 0.0
    return math.sqrt((population - size) / (population - 1))


def expected(confusion: Confusion) -> Expected:
    """What counts of (truth, model) lead one to expect of another sample.

    The variance of weighted kappa is that of Fleiss, Cohen and Everitt 1969, Psychol. Bull.
    72:323-327, eq. 8, with the weights 1 - (i - j)² / (K - 1)².
    """
    total = sum(map(sum, confusion))
    levels = range(len(confusion))
    p = [[cell / total for cell in row] for row in confusion]
    w = [[1 - ((i - j) / (len(confusion) - 1)) ** 2 for j in levels] for i in levels]
    rows = [sum(row) for row in p]
    columns = [sum(row[j] for row in p) for j in levels]
    cells = [(i, j) for i in levels for j in levels]
    agreed = sum(p[i][j] * w[i][j] for i, j in cells)
    chance = sum(rows[i] * columns[j] * w[i][j] for i, j in cells)
    kappa = (agreed - chance) / (1 - chance)
    of_row = [sum(columns[j] * w[i][j] for j in levels) for i in levels]
    of_column = [sum(rows[i] * w[i][j] for i in levels) for j in levels]
    squares = sum(
        p[i][j] * (w[i][j] - (of_row[i] + of_column[j]) * (1 - kappa)) ** 2 for i, j in cells
    )
    variance = (squares - (kappa - chance * (1 - kappa)) ** 2) / (1 - chance) ** 2
    return Expected(sum(p[i][i] for i in levels), kappa, math.sqrt(max(0.0, variance)))


def precision(size: int, population: int, hoped: Expected) -> Precision:
    """What a sample of a population gives, if the model is as good as expected.

    Normal intervals of a share (Cochran 1977, eq. 3.19) and of QWK.
    """
    one = NORMAL_95 / math.sqrt(size) * narrowing(size, population)
    share = hoped.accuracy
    return Precision(size, one * math.sqrt(share * (1 - share)), one * hoped.deviation)


def sample_size(population: int, hoped: Expected, *, accuracy: float, qwk: float) -> int:
    """The least size that gives both of the wanted half-widths.

    n / (1 + (n - 1) / N) of the n that an endless population would want (Cochran 1977, eq. 4.2).
    """
    share = hoped.accuracy
    for_accuracy = share * (1 - share) * (NORMAL_95 / accuracy) ** 2
    for_qwk = (hoped.deviation * NORMAL_95 / qwk) ** 2
    endless = max(for_accuracy, for_qwk)
    return min(population, math.ceil(endless / (1 + (endless - 1) / population)))
