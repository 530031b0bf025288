"""Broken files without end, for the readers of model files. See docs/design/0005-fuzzing.md.

cd tests && python -m fuzz.run --inputs 10000            # every parser, mutated structures
cd tests && python -m fuzz.guided --parser hdf5          # one parser, guided by what its code reaches (Atheris)
"""
