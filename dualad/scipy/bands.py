"""scipy.linalg's systems and eigenvalues of matrices with a structure: bands, diagonals that repeat, Riccati's equations."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from ..rules.linalg import adjoint
from ..rules.table import Array, align, total
from .decompositions import hermitian_tangents, pinv, singular_tangents, svd
from .dispatch import FUNCTIONS, arrayed, bare, body_of, leader, rule_of
from .linear import linear_in
from .matrix_functions import circulant, toeplitz
from .systems import STRICT, solve_continuous_lyapunov, solve_discrete_lyapunov, unsupported


def banded(ab: Array, upper: int) -> Array:
    """The matrix whose diagonals are the rows of another one, the highest first."""
    rows, n = np.shape(ab)[-2:]
    i, j = np.indices((n, n))
    row = upper + i - j
    inside = (row >= 0) & (row < rows)
    return np.where(inside, ab[..., np.clip(row, 0, rows - 1), j], 0.0)


def symmetric(ab: Array, lower: bool) -> Array:
    """The Hermitian matrix of which one half is kept by diagonals; the imaginary part of the main one does not count."""
    half = banded(ab, 0 if lower else np.shape(ab)[-2] - 1)
    strict = np.tril(half, STRICT) if lower else np.triu(half, -STRICT)
    return strict + adjoint(strict) + np.real(half - strict)


def _toeplitz_solution(c: Any, r: Any, b: Any) -> Any:
    """SciPy's own."""
    return scipy.linalg.solve_toeplitz((c, r), b)


@body_of(_toeplitz_solution)
def toeplitz_solution(c: Array, r: Array, b: Array) -> Array:
    """As `solve`, of the whole matrix."""
    return np.linalg.solve(toeplitz(c, r), b)


def _toeplitz_product(c: Any, r: Any, x: Any) -> Any:
    """SciPy's own."""
    return scipy.linalg.matmul_toeplitz((c, r), x)


@body_of(_toeplitz_product)
def toeplitz_product(c: Array, r: Array, x: Array) -> Array:
    """The product with the whole matrix."""
    return toeplitz(c, r) @ x


def column_and_row(c_or_cr: Any) -> tuple[Array, Array]:
    """The first column and the first row of a Toeplitz matrix."""
    if isinstance(c_or_cr, tuple):
        return arrayed(c_or_cr[0]), arrayed(c_or_cr[1])
    return arrayed(c_or_cr), np.conjugate(arrayed(c_or_cr))


def solve_toeplitz(c_or_cr: Any, b: Any, check_finite: bool = True) -> Array:
    """scipy.linalg.solve_toeplitz."""
    if leader((c_or_cr, b)) is None:
        return scipy.linalg.solve_toeplitz(c_or_cr, b, check_finite)
    return toeplitz_solution(*column_and_row(c_or_cr), arrayed(b))


def matmul_toeplitz(c_or_cr: Any, x: Any, check_finite: bool = False, workers: Any = None) -> Array:
    """scipy.linalg.matmul_toeplitz."""
    if leader((c_or_cr, x)) is None:
        return scipy.linalg.matmul_toeplitz(c_or_cr, x, check_finite, workers)
    return toeplitz_product(*column_and_row(c_or_cr), arrayed(x))


@body_of(scipy.linalg.solve_circulant)
def solve_circulant(c: Array, b: Array) -> Array:
    """As `solve`, of the whole matrix."""
    return np.linalg.solve(circulant(c), b)


convolution_matrix = linear_in(scipy.linalg.convolution_matrix)
diagsvd = linear_in(scipy.linalg.diagsvd)


@body_of(scipy.linalg.fiedler)
def fiedler(a: Array) -> Array:
    """Distances of numbers."""
    return np.abs(a[..., :, None] - a[..., None, :])


@body_of(scipy.linalg.leslie)
def leslie(f: Array, s: Array) -> Array:
    """The first row, and the diagonal below the main one."""
    n = np.shape(f)[-1]
    below = np.eye(n, k=STRICT)[1:] * s[..., :, None]
    return np.concatenate([f[..., None, :], below], axis=-2)


# -- eigenvalues -----------------------------------------------------------------------------------------------------------


def tridiagonal(d: Array | None, e: Array | None) -> Any:
    """The symmetric matrix of a diagonal and one beside it."""
    middle = None if d is None else d[..., None] * np.eye(np.shape(d)[-1])
    if e is None:
        return middle
    n = np.shape(e)[-1] + 1
    beside = np.concatenate([e, np.zeros((*np.shape(e)[:-1], 1))], axis=-1)[..., None] * np.eye(n, k=1)
    return total(middle, beside + np.swapaxes(beside, -1, -2))


@rule_of(scipy.linalg.eigh_tridiagonal)
def eigh_tridiagonal(
    y: Any, d: Array, e: Array, eigvals_only: bool = False, select: str = "a", check_finite: bool = True, *, dd: Any = None,
    de: Any = None,
) -> Any:  # fmt: skip
    """As `eigh`."""
    if select != "a":
        raise unsupported("eigh_tridiagonal", f"with select={select!r}", "take all, and slice")
    w, v = eigh_tridiagonal(d, e) if eigvals_only else y
    dw, dv = hermitian_tangents(w, v, None, tridiagonal(dd, de), None)
    return dw if eigvals_only else (dw, dv)


@rule_of(scipy.linalg.eigvalsh_tridiagonal)
def eigvalsh_tridiagonal(
    y: Any, d: Array, e: Array, select: str = "a", check_finite: bool = True, *, dd: Any = None, de: Any = None
) -> Array:
    """As `eigvalsh`."""
    if select != "a":
        raise unsupported("eigvalsh_tridiagonal", f"with select={select!r}", "take all, and slice")
    w, v = eigh_tridiagonal(d, e)
    return hermitian_tangents(w, v, None, tridiagonal(dd, de), None)[0]


@rule_of(scipy.linalg.eig_banded)
def eig_banded(
    y: Any, a_band: Array, lower: bool = False, eigvals_only: bool = False, select: str = "a", check_finite: bool = True, *,
    da_band: Any
) -> Any:  # fmt: skip
    """As `eigh`."""
    if select != "a":
        raise unsupported("eig_banded", f"with select={select!r}", "take all, and slice")
    w, v = eig_banded(a_band, lower=lower) if eigvals_only else y
    dw, dv = hermitian_tangents(w, v, None, symmetric(da_band, lower), None)
    return dw if eigvals_only else (dw, dv)


@rule_of(scipy.linalg.eigvals_banded)
def eigvals_banded(
    y: Any, a_band: Array, lower: bool = False, select: str = "a", check_finite: bool = True, *, da_band: Any
) -> Array:
    """As `eigvalsh`."""
    if select != "a":
        raise unsupported("eigvals_banded", f"with select={select!r}", "take all, and slice")
    w, v = eig_banded(a_band, lower=lower)
    return hermitian_tangents(w, v, None, symmetric(da_band, lower), None)[0]


# -- factors -----------------------------------------------------------------------------------------------------------------


@rule_of(scipy.linalg.lu)
def lu(y: Any, a: Array, permute_l: bool = False, check_finite: bool = True, p_indices: bool = False, *, da: Array) -> Any:
    """dL = L tril(M, -1) and dU = triu(M) U with M = L^-1 P^T dA U^-1; the permutation does not vary."""
    if a.shape[-1] != a.shape[-2]:
        raise unsupported("lu", "for matrices that are not square", "solve with scipy.linalg.lstsq, or use qr")
    p, lower, upper = lu(a) if permute_l or p_indices else y
    left = np.linalg.solve(lower, np.swapaxes(p, -1, -2) @ da)
    middle = adjoint(np.linalg.solve(adjoint(upper), adjoint(left)))
    dl, du = lower @ np.tril(middle, STRICT), np.triu(middle) @ upper
    return (p @ dl, du) if permute_l else (None, dl, du)


@rule_of(scipy.linalg.polar)
def polar(y: Any, a: Array, side: str = "right", *, da: Array) -> Any:
    """A = U P: P dP + dP P = d(A^H A), and dU = (dA - U dP) P^-1; on the left the same of A^H."""
    u, p = y
    if side == "left":
        u, a, da = adjoint(u), adjoint(a), adjoint(da)
    square = adjoint(da) @ a + adjoint(a) @ da
    dp = np.stack([solve_continuous_lyapunov(p, each) for each in square])
    du = adjoint(np.linalg.solve(p, adjoint(da - u @ dp)))
    return (du if side == "right" else adjoint(du)), dp


@body_of(scipy.linalg.orthogonal_procrustes)
def orthogonal_procrustes(A: Array, B: Array) -> Any:
    """The factor without length of a product's polar form, and the sum of its singular values."""
    u, s, vh = svd(adjoint(adjoint(B) @ A), full_matrices=False)
    return u @ vh, np.sum(s)


@rule_of(scipy.linalg.orth)
def orth(y: Array, A: Array, rcond: float | None = None, *, dA: Array) -> Array:
    """The left singular vectors of what is not 0."""
    u, s, vh = svd(A, full_matrices=False)
    return singular_tangents(u, s, vh, dA)[0][..., : y.shape[-1]]


@rule_of(scipy.linalg.null_space)
def null_space(y: Array, A: Array, rcond: float | None = None, *, dA: Array) -> Array:
    """dv = -A^+ dA v; several vectors are free to turn among themselves, and nothing is known of them."""
    change = -(pinv(A) @ dA @ y)
    return change if y.shape[-1] == 1 else np.nan * change


# -- Riccati's equations -------------------------------------------------------------------------------------------------------


@rule_of(scipy.linalg.solve_continuous_are)
def solve_continuous_are(
    y: Array, a: Array, b: Array, q: Array, r: Array, *, da: Any = None, db: Any = None, dq: Any = None, dr: Any = None
) -> Array:
    """With K = R^-1 B^H X and C = A - B K: C^H dX + dX C = -(dA^H X + X dA + dQ - X dB K - (X dB K)^H + K^H dR K)."""
    k = np.linalg.solve(r, adjoint(b) @ y)
    closed = a - b @ k
    right: Any = total(*riccati_terms(y, y, k, da, db, dq, dr))
    return np.stack([solve_continuous_lyapunov(adjoint(closed), -each) for each in right])


@rule_of(scipy.linalg.solve_discrete_are)
def solve_discrete_are(
    y: Array, a: Array, b: Array, q: Array, r: Array, *, da: Any = None, db: Any = None, dq: Any = None, dr: Any = None
) -> Array:
    """With K = (R + B^H X B)^-1 B^H X A and C = A - B K: dX = C^H dX C + (dA^H X C + ... as above, with X C for X)."""
    k = np.linalg.solve(r + adjoint(b) @ y @ b, adjoint(b) @ y @ a)
    closed = a - b @ k
    right: Any = total(*riccati_terms(y, y @ closed, k, da, db, dq, dr))
    return np.stack([solve_discrete_lyapunov(adjoint(closed), each) for each in right])


def riccati_terms(x: Array, after: Array, k: Array, da: Any, db: Any, dq: Any, dr: Any) -> list[Array | None]:
    """What the parameters' changes add to a Riccati equation."""
    by_a = None if da is None else adjoint(da) @ after
    by_b = None if db is None else adjoint(-(db @ k)) @ after
    both = [None if each is None else each + adjoint(each) for each in (by_a, by_b)]
    return [*both, dq if dq is None else align(dq, x.ndim), None if dr is None else adjoint(k) @ dr @ k]


# -- what does not vary --------------------------------------------------------------------------------------------------------

for _name in ("bandwidth", "issymmetric", "ishermitian", "find_best_blas_type", "get_blas_funcs", "get_lapack_funcs"):
    _original = getattr(scipy.linalg, _name)

    def _constant(*args: Any, original: Any = _original, **kwargs: Any) -> Any:
        return original(*bare(args), **kwargs)

    FUNCTIONS[_original] = _constant
FUNCTIONS |= {scipy.linalg.solve_toeplitz: solve_toeplitz, scipy.linalg.matmul_toeplitz: matmul_toeplitz}
