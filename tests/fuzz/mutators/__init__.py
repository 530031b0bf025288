"""Mutators: functions of valid (or already broken) bytes and a generator, which give other bytes.

Each parses what it gets, as far as it can, changes the structure, and writes it again with the sizes, places and checksums that belong to it, so that
the change is met behind the first checks; now and then they leave these as they were. What cannot be parsed is changed byte by byte.
"""
