"""Basic layers."""
