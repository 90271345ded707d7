"""The learner: text to words, encoder, features, network, lexical view, calibration, measurement.

TensorFlow lives here and in `explain` only. Its environment is set before anything can import it:
it has to share the machine with the web process, so it gets two threads unless told otherwise.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "2")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "2")

# What TensorFlow's native code says of every start, before its own log level counts.
_CHATTER = re.compile(rb"I\d{4} |WARNING: All log messages before absl")


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Keep native informational lines off the terminal; everything else comes out afterwards."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
            aside.seek(0)
            for line in aside:
                if not _CHATTER.match(line):
                    os.write(2, line)


with _without_chatter():
    import tensorflow  # noqa: F401
