"""Compatibility: the module `keras` served from Amalthea, and names that Keras had once."""
