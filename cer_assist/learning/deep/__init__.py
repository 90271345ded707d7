"""Deep refresh: the top of the encoder learns from the labels, and is used where that helps."""
