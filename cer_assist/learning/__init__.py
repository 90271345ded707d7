"""The learner: text to words, encoder, features, network, lexical view, calibration, measurement.

TensorFlow lives here and in `explain` only. Its environment is set before anything can import it:
it has to share the machine with the web process, so it gets two threads unless told otherwise.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "2")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "2")
