"""The workloads, one a file.

Each defines `TITLE`, `BATCH`, `STEPS` (training steps of one timed epoch), `data(samples)` with NumPy arrays,
`build(keras)` with the model written against the Keras API and compiled, and `handwritten_<engine>()` with the same model written by hand,
one for each module of the package `handwritten`.
"""

NAMES = ("mnist_cnn", "mlp", "cifar_cnn", "lstm", "gpt", "recommender")
