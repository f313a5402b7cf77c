#!/usr/bin/env python3
"""Makes digits.npy, the UCI optical digits as scikit-learn ships them: 1,797 images of 8 x 8 pixels, 0 to 16.

    pip download --no-deps scikit-learn
    python3 make_digits.py scikit_learn-*.whl digits.npy

Needs no package but the standard library. The rows are those of sklearn.datasets.load_digits().data, in order,
as bytes; the class in each line's last column is left out.
"""

import gzip
import sys
import zipfile

IMAGES, PIXELS, BRIGHTEST = 1797, 64, 16


def read_images(wheel):
    with zipfile.ZipFile(wheel) as archive:
        text = gzip.decompress(archive.read("sklearn/datasets/data/digits.csv.gz")).decode("ascii")
    images = [[int(float(pixel)) for pixel in line.split(",")][:PIXELS] for line in text.split()]
    if len(images) != IMAGES or any(len(image) != PIXELS for image in images):
        sys.exit(f"{wheel}: expected {IMAGES} lines of {PIXELS} pixels and a class")
    if any(not 0 <= pixel <= BRIGHTEST for image in images for pixel in image):
        sys.exit(f"{wheel}: expected pixels from 0 to {BRIGHTEST}")
    return images


def write_npy(path, images):
    """Version 1.0 of numpy's format, |u1 [1797, 64]."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({IMAGES}, {PIXELS}), }}"
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode("ascii"))
        for image in images:
            file.write(bytes(image))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: make_digits.py WHEEL digits.npy")
    write_npy(sys.argv[2], read_images(sys.argv[1]))
