"""Readings with published coefficients, and random ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

_ = 0
# Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, example C, which Gwet's packages
# print their coefficients of, too. Coders by row, units by column, 0 missing.
KRIPPENDORFF_C = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3),
    (_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _),
)
# Fleiss 1971, table 1: of six psychiatrists, how many gave each of five diagnoses to 30 patients.
FLEISS = (
    "00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031"
    " 00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"
)
# Cohen 1968, Psychol. Bull. 70:213-220: 200 patients, three diagnoses.
COHEN = ((88, 10, 2), (14, 40, 6), (18, 10, 12))
# Gwet's 100 women and two abstractors, with what his R package irrCAC 1.0 prints of them.
ABSTRACTORS = ((13, 0, 0), (0, 20, 7), (0, 4, 56))


def krippendorff_c() -> np.ndarray:
    return np.array(KRIPPENDORFF_C).T - 1


def fleiss_diagnoses() -> np.ndarray:
    rows = [[int(digit) for digit in row] for row in FLEISS.split()]
    return np.array([np.repeat(np.arange(5), row) for row in rows])


def of_table(table: Sequence[Sequence[int]]) -> np.ndarray:
    """Readings of two coders from how often they gave each pair of levels."""
    pairs = np.argwhere(np.ones_like(table))
    return np.repeat(pairs, np.ravel(table), axis=0)


def latent(
    generator: np.random.Generator, units: int, coders: int, *, noise: float = 0.5
) -> np.ndarray:
    """Readings on five levels of a normal trait, each coder with an error of their own."""
    seen = generator.normal(size=(units, 1)) + noise * generator.normal(size=(units, coders))
    return np.searchsorted([-1.43, -0.28, 0.59, 1.43], seen)


@st.composite
def tables(draw: st.DrawFn, *, most_coders: int = 6, missing: bool = True):
    """(readings, levels): two to six levels, even or skewed, coders who mostly agree or do not."""
    levels = draw(st.integers(2, 6))
    units, coders = draw(st.integers(4, 30)), draw(st.integers(2, most_coders))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    skew = generator.dirichlet(np.full(levels, draw(st.sampled_from([0.2, 1.0, 20.0]))))
    truth = generator.choice(levels, (units, 1), p=skew)
    guesses = generator.choice(levels, (units, coders), p=skew)
    doubt = draw(st.sampled_from([0.1, 0.5, 1.0]))
    readings = np.where(generator.random((units, coders)) < doubt, guesses, truth)
    lost = draw(st.sampled_from([0.0, 0.2, 0.6])) if missing else 0.0
    readings[generator.random((units, coders)) < lost] = -1
    return readings, levels
