"""Compositions of primitives, one family a file; `engines/derived.py` assembles them to `Engine`."""
