"""Hostile and broken model files, as data, and what runs them through everything that reads model files.

case.py       what a case is
model.py good.py   the model, and whole files of it, of which broken ones are made
zips.py texts.py hdf5.py raw_hdf5.py npz.py safetensors.py   ways to break a container
configs.py weights.py shards.py states.py paths.py changes.py   what is wrong inside of whole containers, or around them
entries.py    what reads model files
worker.py watching.py   a process of its own, in which every case meets every entry, and whatever else happens is seen
gathering.py  all cases, written to a folder, with what must come of them
"""
