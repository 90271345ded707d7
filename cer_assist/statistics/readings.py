"""Readings in a row each: who read what and gave which level, whatever the three are called.

Levels that nobody gave have no part in a likelihood; they are left out here and come back with the
thresholds.
"""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.csgraph import connected_components

from cer_assist.domain.errors import InvalidInput


class Patterns(NamedTuple):
    """Readings, grouped by protocols that were read alike.

    Attributes
    ----------
    said : (patterns, readers * K) sparse
        1 where the reader gave the level.
    counts : (patterns,)
        Protocols with the pattern.
    readers, levels : int
        Number of readers, and K of levels that were given at all.
    most : int
        Readings of one protocol.
    """

    said: sparse.csr_array
    counts: np.ndarray
    readers: int
    levels: int
    most: int

    @classmethod
    def of(cls, units: np.ndarray, readers: np.ndarray, levels: np.ndarray) -> "Patterns":
        """Group readings; units, readers and levels count from 0 and leave no number out, (n,)."""
        width = levels.max() + 1
        codes = readers * width + levels
        order = np.lexsort((codes, units))
        sizes = np.bincount(units)
        starts = np.cumsum(sizes) - sizes
        padded = np.full((len(sizes), sizes.max()), -1)
        padded[units[order], np.arange(len(units)) - starts[units[order]]] = codes[order]
        alike, counts = np.unique(padded, axis=0, return_counts=True)
        rows, places = np.nonzero(alike >= 0)
        columns = alike[rows, places]
        shape = (len(alike), (readers.max() + 1) * width)
        said = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
        return cls(said, counts.astype(float), int(readers.max()) + 1, int(width), sizes.max())


class Readings(NamedTuple):
    """All three count from 0 and leave no number out, (n,) int each.

    Attributes
    ----------
    units, readers, given : (n,) int
    names : (readers,)
        What the readers are called.
    values : (K,) int
        The levels that were given at all.
    levels : int
        Of the scale.
    """

    units: np.ndarray
    readers: np.ndarray
    given: np.ndarray
    names: np.ndarray
    values: np.ndarray
    levels: int

    @classmethod
    def of(
        cls, units: np.ndarray, readers: np.ndarray, given: np.ndarray, levels: int
    ) -> "Readings":
        """Count and check; errors are those of `severity`."""
        if not len(units) == len(readers) == len(given):
            raise ValueError(
                "expected a protocol, a coder and a level for each reading, "
                f"received {len(units)}, {len(readers)} and {len(given)}"
            )
        names, reader_numbers = np.unique(readers, return_inverse=True)
        values, given_numbers = np.unique(given, return_inverse=True)
        _, unit_numbers = np.unique(units, return_inverse=True)
        if len(values) and not 0 <= values[0] <= values[-1] < levels:
            raise ValueError(f"expected levels from 0 to {levels - 1}, received {values.tolist()}")
        if len(np.unique(unit_numbers * len(names) + reader_numbers)) < len(given):
            raise ValueError("expected one reading of a protocol by a coder, received two")
        if len(names) < 2 or len(values) < 2:
            raise InvalidInput(
                "Coders are compared when there are two, and two levels; "
                f"readings are of {len(names)} and {len(values)}."
            )
        return cls(unit_numbers, reader_numbers, given_numbers, names, values, levels)

    def patterns(self) -> Patterns:
        """Grouped for the model."""
        return Patterns.of(self.units, self.readers, self.given)

    def counts(self) -> np.ndarray:
        """Readings of each reader, (readers,) int."""
        return np.bincount(self.readers)

    def shared(self) -> np.ndarray:
        """Readings of protocols that others read, too, (readers,) int."""
        return np.bincount(self.readers, np.bincount(self.units)[self.units] > 1).astype(int)

    def components(self) -> np.ndarray:
        """A number for each group of readers that is linked by shared protocols, (readers,) int."""
        links = sparse.csr_array((np.ones(len(self.units)), (self.readers, self.units)))
        both_ways = sparse.block_array([[None, links], [links.T, None]])
        return connected_components(both_ways)[1][: len(self.names)]

    def on_scale(self, thresholds: np.ndarray) -> np.ndarray:
        """Thresholds between all levels, (levels - 1,), from those between levels that were given.

        This is where they go when the likelihood pushes them: around a level that nobody gave no
        room is left.
        """
        padded = np.concatenate([[-np.inf], thresholds, [np.inf]])
        return padded[np.searchsorted(self.values, np.arange(self.levels - 1), side="right")]
