"""Operations on images, as `keras.ops.image` has them."""

from amalthea.ops.image.resizing import resize, scale_and_translate

__all__ = ["resize", "scale_and_translate"]
