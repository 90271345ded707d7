"""CER Assist: an active-learning annotation assistant for engagement levels of study protocols."""
