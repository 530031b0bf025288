"""Layers that act in training alone, against overfitting."""
