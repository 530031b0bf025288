"""Train a small convolutional network on handwritten digits, and look at what it learned.

Prints the model, the progress and the accuracy on the test images, and saves two pictures in `examples/output/`: the learning curves, and some
test images with what the network sees in them.

Run it with `python examples/mnist_cnn.py [--epochs N]`.
"""

import argparse
from pathlib import Path

import amalthea
from amalthea import layers

OUTPUT = Path(__file__).parent / "output"


def load():
    """MNIST with pixels from 0 to 1: two pairs of images (count, 28, 28, 1) and labels (count,)."""
    (x_train, y_train), (x_test, y_test) = amalthea.datasets.mnist.load_data()
    scale = lambda images: images[..., None].astype("float32") / 255  # noqa: E731
    return (scale(x_train), y_train), (scale(x_test), y_test)


def network():
    """Two convolutions with pooling, then a classifier; about 0.22 million parameters."""
    return amalthea.Sequential(
        [
            amalthea.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="digits",
    )


def draw_curves(history, path):
    """Loss and accuracy by epoch, on the training and the validation images."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    epochs = [epoch + 1 for epoch in history.epoch]
    for axis, name in zip(axes, ("loss", "accuracy"), strict=True):
        axis.plot(epochs, history.history[name], marker="o", label="training")
        axis.plot(epochs, history.history[f"val_{name}"], marker="o", label="validation")
        axis.set(xlabel="epoch", ylabel=name, xticks=epochs)
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def draw_predictions(images, labels, probabilities, path):
    """The first 32 of the images, with prediction and probability; in red where the label is another."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(4, 8, figsize=(12, 7), layout="constrained")
    for axis, image, label, row in zip(axes.flat, images, labels, probabilities, strict=False):
        guess = row.argmax()
        axis.imshow(image[..., 0], cmap="gray_r")
        axis.set_title(f"{guess} ({row[guess]:.0%})", color="black" if guess == label else "red", fontsize=10)
        axis.axis("off")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main():
    import matplotlib

    matplotlib.use("Agg")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=4, help="how often the network sees every image (default: 4)")
    arguments = parser.parse_args()

    amalthea.utils.set_random_seed(7)
    (x_train, y_train), (x_test, y_test) = load()
    model = network()
    model.summary()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x_train, y_train, batch_size=64, epochs=arguments.epochs, validation_split=0.1)
    _, accuracy = model.evaluate(x_test, y_test, batch_size=500, verbose=0)

    OUTPUT.mkdir(exist_ok=True)
    draw_curves(history, OUTPUT / "learning_curves.png")
    # The test images that it is least sure of come first: they say most about it.
    probabilities = model.predict(x_test, batch_size=500, verbose=0)
    unsure = probabilities.max(axis=1).argsort()[:32]
    draw_predictions(x_test[unsure], y_test[unsure], probabilities[unsure], OUTPUT / "predictions.png")
    print(f"Pictures: {OUTPUT / 'learning_curves.png'}, {OUTPUT / 'predictions.png'}")
    print(f"Test accuracy: {accuracy:.4f}")


if __name__ == "__main__":
    main()
