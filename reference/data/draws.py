"""Many small draws without replacement at once, equal to NumPy's legacy generator (``data.md`` 3.2, 3.4).

``RandomState.choice(k, c, replace=False)`` is the head of a Fisher-Yates shuffle, whose random numbers
``Generator.permuted`` takes from the same 32-bit words by the same rejection, row after row in C. NumPy
promises that only of the legacy generator, so the first rows are compared with it on every call.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_ENTRIES = 1 << 19  # shuffled at once: bounds the memory
_COMPARED = 32  # rows: another algorithm would differ in one of them


def subsets(generator: np.random.RandomState, count: int, population: int, size: int) -> NDArray[np.int32]:
    """What ``count`` calls ``generator.choice(population, size, replace=False)`` give, one row each.

    Args:
        generator: a legacy generator; left in the state in which those calls leave it.
        count: draws wanted.
        population: k, drawn from ``0 .. k - 1``.
        size: c, entries of a draw.

    Returns:
        ``(count, size)`` int32.

    Raises:
        ValueError: ``size`` is not within ``0 .. population``.
    """
    if not 0 <= size <= population:
        raise ValueError(f"size={size} entries cannot be drawn without repetition from {population}")
    start = generator.get_state(legacy=False)
    compared = _one_by_one(generator, min(count, _COMPARED), population, size)
    resumed = generator.get_state(legacy=False)
    generator.set_state(start)
    drawn = _at_once(generator, count, population, size)
    if np.array_equal(drawn[:_COMPARED], compared):
        return drawn
    generator.set_state(resumed)
    rest = _one_by_one(generator, count - len(compared), population, size)
    return np.concatenate((compared, rest))


def _at_once(generator: np.random.RandomState, count: int, population: int, size: int) -> NDArray[np.int32]:
    """The draws as rows of one array, each row shuffled by a generator over the same stream."""
    state: Any = generator.get_state(legacy=False)
    stream = np.random.MT19937(0)
    stream.state = state
    rows = np.random.Generator(stream)
    drawn = np.empty((count, size), np.int32)
    portion = max(1, _ENTRIES // max(1, population))
    for first in range(0, count, portion):
        part = drawn[first : first + portion]
        shuffled = np.tile(np.arange(population, dtype=np.int32), (len(part), 1))
        part[:] = rows.permuted(shuffled, axis=1, out=shuffled)[:, :size]
    generator.set_state({**state, "state": stream.state["state"]})
    return drawn


def _one_by_one(
    generator: np.random.RandomState, count: int, population: int, size: int
) -> NDArray[np.int32]:
    """The draws by their definition."""
    drawn = np.empty((count, size), np.int32)
    for row in drawn:
        row[:] = generator.choice(population, size, replace=False)
    return drawn
