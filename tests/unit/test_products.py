"""Inner products: the same bits for a row wherever it stands, and right."""

from __future__ import annotations

import numpy as np
import pytest

from index.vector_view.products import inner_products, largest_difference


def unit(seed: int, rows: int, dimension: int) -> np.ndarray:
    matrix = np.random.default_rng(seed).standard_normal((rows, dimension))
    return (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("dimension", [1, 2, 7, 8, 33, 384, 1024])
def test_a_product_does_not_depend_on_the_rows_around_it(dimension: int) -> None:
    rows, query = unit(1, 70, dimension), unit(2, 1, dimension)[0]
    together = inner_products(rows, query)
    assert (together.dtype, together.shape) == (np.float32, (70,))
    for first, end in ((0, 1), (69, 70), (3, 5), (1, 70), (17, 50)):
        assert np.array_equal(inner_products(rows[first:end], query), together[first:end])
    # Not where memory is aligned, either.
    shifted = np.empty(rows.size + 1, np.float32)[1:].reshape(rows.shape)
    shifted[:] = rows
    assert np.array_equal(inner_products(shifted, query), together)
    assert inner_products(rows[:0], query).shape == (0,)


@pytest.mark.parametrize("dimension", [2, 384, 1024])
def test_other_arithmetics_differ_by_no_more_than_is_said(dimension: int) -> None:
    rows, query = unit(3, 500, dimension), 4 * unit(4, 1, dimension)[0]
    exact = rows.astype(np.float64) @ query.astype(np.float64)
    products = inner_products(rows, query)
    assert np.allclose(products, exact, rtol=0, atol=4e-6)
    assert np.abs(products - rows @ query).max() <= largest_difference(query)
    assert np.abs(products - exact).max() <= largest_difference(query) / 2
