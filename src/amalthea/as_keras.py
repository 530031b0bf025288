"""Importing this module lets `import keras` and `tf.keras` give Amalthea, in this process, from here on.

It belongs on the first line of a script written for Keras:

    import amalthea.as_keras
    import keras
"""

from amalthea.compat.hook import install

install()
