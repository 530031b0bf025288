"""Compatibility: the modules `keras` and `tensorflow.keras` served from Amalthea, and names that Keras had once."""
