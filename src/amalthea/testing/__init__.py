"""The public test kit: what engines and layers of third parties can be checked with.

- `engine_checks`: whether an engine keeps the promises of `amalthea.engines.protocol`
- `choice`: which engines tests run on
- `strategies`: random cases for those checks, for tests that use Hypothesis
"""
