"""Readers of the containers that model files are."""
