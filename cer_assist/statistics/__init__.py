"""Labels to figures: how far coders agree, with intervals.

Knows arrays only: who the coders are and which readings count is for its callers to say.
"""
