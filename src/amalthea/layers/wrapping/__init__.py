"""Layers around modules and functions of other frameworks."""
