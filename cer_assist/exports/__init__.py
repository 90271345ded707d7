"""An export is one file that says what it holds, proves it by SHA-256, and can come back in.

`writing.write_export` is the way in; nothing is imported here, so that reading an export back does
not pay for the writers.
"""
