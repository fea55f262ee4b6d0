"""Inner products in one arithmetic: a score doesn't tell where its vector is kept."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]

MOST_TIED = 300
"""Rows that a search takes beyond its limit at most, to see which of equal ones come first."""


def inner_products(rows: Vectors, query: Vectors) -> Vectors:
    """Inner products of vectors with a query.

    Each is summed in the same order, however many rows there are: `rows @ query` isn't, nor is
    what FAISS computes, and equal vectors must have equal scores.

    Args:
        rows: Shape (n, dimension).
        query: Shape (dimension,).

    Returns:
        Shape (n,).
    """
    products: Vectors = np.einsum("ij,j->i", rows, query)
    return products


def largest_difference(query: Vectors) -> float:
    """How far two arithmetics can differ in the product of a query with a unit vector.

    Either errs by `dimension` times 2**-24 of the norms at most (Higham, Accuracy and Stability of
    Numerical Algorithms, section 3.1); a vector rounded to half precision is hardly longer than 1.
    """
    return 1.01 * len(query) * 2.0**-23 * float(np.linalg.norm(query))
