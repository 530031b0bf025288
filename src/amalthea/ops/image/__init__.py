"""Operations on images, as `keras.ops.image` has them."""

from amalthea.ops.image.borders import crop_images, extract_patches, extract_patches_3d, pad_images
from amalthea.ops.image.colors import hsv_to_rgb, rgb_to_grayscale, rgb_to_hsv
from amalthea.ops.image.filters import gaussian_blur, sobel_edges, ssim
from amalthea.ops.image.resizing import resize, scale_and_translate
from amalthea.ops.image.warping import affine_transform, elastic_transform, map_coordinates, perspective_transform

__all__ = [
    "affine_transform",
    "crop_images",
    "elastic_transform",
    "extract_patches",
    "extract_patches_3d",
    "gaussian_blur",
    "hsv_to_rgb",
    "map_coordinates",
    "pad_images",
    "perspective_transform",
    "resize",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "scale_and_translate",
    "sobel_edges",
    "ssim",
]
