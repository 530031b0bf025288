"""One model on four engines: an epoch on JAX, one on PyTorch, one on TensorFlow, and an evaluation on NumPy.

The model moves with its weights and the state of its optimizer, so the loss goes on falling where it stood. Before it moves the engines are
compared, layer by layer. Engines that are not installed are left out, and the script says so.

Run it with `python examples/engines.py [--samples N]`.
"""

import argparse

import amalthea
from amalthea import layers


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=20_000, help="how many images an epoch has (default: 20000)")
    arguments = parser.parse_args()

    amalthea.utils.set_random_seed(0)
    (x, y), (x_test, y_test) = amalthea.datasets.mnist.load_data()
    x, x_test = (images[..., None].astype("float32") / 255 for images in (x, x_test))
    x, y = x[: arguments.samples], y[: arguments.samples]

    model = amalthea.Sequential(
        [
            amalthea.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

    installed = [name for name, found in amalthea.engines.available().items() if found]
    if len(installed) > 1:
        model.verify(installed, x[:4])
    for name in ("jax", "torch", "tensorflow"):
        if name not in installed:
            print(f"{name}: not installed, left out")
            continue
        history = model.to_engine(name).fit(x, y, batch_size=64, verbose=0).history
        print(f"{name}: loss {history['loss'][0]:.4f}, accuracy {history['accuracy'][0]:.4f}")
    loss, accuracy = model.to_engine("numpy").evaluate(x_test[:2000], y_test[:2000], verbose=0)
    print(f"numpy, on test images: loss {loss:.4f}, accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
