"""One function gives the executor that heavy maps run on: processes of this machine.

Whoever maps over it knows `concurrent.futures` and nothing else. Each process computes with one
thread, because threads of several processes would fight for the same cores, and starts afresh
(spawn): TensorFlow does not survive a fork.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager

# Read by the libraries when they are first imported, which in these processes has yet to come.
ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


@contextmanager
def executor(workers: int | None = None) -> Iterator[Executor]:
    """Processes to map over, as many as there are cores unless told; gone at the end."""
    pool = ProcessPoolExecutor(
        workers or os.cpu_count(),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_alone,
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _alone() -> None:
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"), TF_CPP_MIN_LOG_LEVEL="2")
