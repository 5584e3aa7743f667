"""scipy.linalg's solvers and factorisations: what is differentiated is the equation that the answer satisfies.

No factor of the primal is a constant in a formula: each is an argument or an answer, lifted itself in nested transforms.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import scipy.linalg

from ..errors import NoRule, caller
from ..rules import linalg as rules
from ..rules.linalg import adjoint, in_columns, solution_tangent
from ..rules.norms import norm as norm_tangent
from ..rules.table import Array, align, total
from .dispatch import rule_of


def unsupported(name: str, what: str, instead: str) -> NoRule:
    """The error for a keyword's value that a rule of scipy.linalg's, or of another package by its name, does not know."""
    path = name if "." in name else f"scipy.linalg.{name}"
    return NoRule(f"{path}, called at {caller()}, has no derivative rule {what}: {instead}")


STRICT = -1  # the diagonal below the main one


def whole(part: Array, lower: bool, conjugate: bool) -> Array:
    """A symmetric or Hermitian matrix from the triangle of it that SciPy reads."""
    strict = np.tril(part, STRICT) if lower else np.triu(part, -STRICT)
    diagonal = (np.real(part) if conjugate else part) * np.eye(part.shape[-1])
    return strict + diagonal + (adjoint(strict) if conjugate else np.swapaxes(strict, -1, -2))


def read(da: Array | None, assume_a: str | None, lower: bool) -> Array | None:
    """The change of the matrix that a solver sees, which may read one triangle or a few diagonals of it only."""
    if da is None or assume_a in (None, "gen", "general", "banded"):
        return da
    if assume_a in ("sym", "symmetric"):
        return whole(da, lower, False)
    if assume_a in ("her", "hermitian", "pos", "positive definite"):
        return whole(da, lower, True)
    if assume_a in ("upper triangular", "lower triangular"):
        return np.triu(da) if assume_a[0] == "u" else np.tril(da)
    reach = {"diagonal": 0, "tridiagonal": 1}[assume_a]
    return np.tril(np.triu(da, -reach), reach)


@rule_of(scipy.linalg.solve)
def solve(
    y: Array,
    a: Array,
    b: Array,
    lower: bool = False,
    check_finite: bool = True,
    assume_a: str | None = None,
    transposed: bool = False,
    *,
    da: Array | None = None,
    db: Array | None = None,
) -> Array:
    """A y = b, hence A dy = db - dA y, of the part of A that `assume_a` and `lower` let SciPy read.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> from dualad.scipy.linalg import solve
    >>> dualad.derivative(lambda t: solve(t * np.eye(2), np.ones(2)))(2.0)
    array([-0.25, -0.25])
    """
    da = read(da, assume_a, lower)
    if da is not None and transposed:
        da = np.swapaxes(da, -1, -2)
    again = partial(solve, a, lower=lower, check_finite=False, assume_a=assume_a, transposed=transposed)
    return solution_tangent(again, y, da, db, np.ndim(b) == 1)


@rule_of(scipy.linalg.inv)
def inv(y: Array, a: Array, check_finite: bool = True, *, assume_a: str | None = None, lower: bool = False, da: Array) -> Array:
    """d(A^-1) = -A^-1 dA A^-1, of the part of A that `assume_a` and `lower` let SciPy read."""
    return -(y @ read(da, assume_a, lower) @ y)


@rule_of(scipy.linalg.det)
def det(y: Array, a: Array, check_finite: bool = True, *, da: Array) -> Array:
    """d det A = sum of cofactors * dA."""
    return rules.det(y, a, da=da)


def triangle(a: Array, lower: bool, unit_diagonal: bool) -> Array:
    """What a triangular solver reads."""
    return np.tril(a, STRICT * unit_diagonal) if lower else np.triu(a, -STRICT * unit_diagonal)


TURNS = {0: 0, 1: 1, 2: 2, "N": 0, "T": 1, "C": 2}


def turned(a: Array, trans: int | str) -> Array:
    """A matrix, its transpose or its adjoint, as solvers' `trans` says."""
    return (a, np.swapaxes(a, -1, -2), adjoint(a))[TURNS[trans]]


@rule_of(scipy.linalg.solve_triangular)
def solve_triangular(
    y: Array,
    a: Array,
    b: Array,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    check_finite: bool = True,
    *,
    da: Array | None = None,
    db: Array | None = None,
) -> Array:
    """As `solve`, of one triangle, transposed as `trans` says; a unit diagonal does not vary."""
    if da is not None:
        da = turned(triangle(da, lower, unit_diagonal), trans)
    again = partial(solve_triangular, a, trans=trans, lower=lower, unit_diagonal=unit_diagonal, check_finite=False)
    return solution_tangent(again, y, da, db, np.ndim(b) == 1)


# -- Cholesky ------------------------------------------------------------------------------------------------------------


@rule_of(scipy.linalg.cholesky)
def cholesky(y: Array, a: Array, lower: bool = False, check_finite: bool = True, *, da: Array) -> Array:
    """dL = L F(L^-1 dA L^-H), where F keeps the lower triangle and halves the diagonal; one triangle of A counts."""
    return rules.cholesky(y, a, upper=not lower, da=da)


@rule_of(scipy.linalg.cho_factor)
def cho_factor(y: Any, a: Array, lower: bool = False, check_finite: bool = True, *, da: Array) -> tuple[Array, None]:
    """As `cholesky`; in the other triangle SciPy leaves what stood there."""
    factor, rest = triangle(y[0], lower, False), da - triangle(da, lower, False)
    return rules.cholesky(factor, a, upper=not lower, da=da) + rest, None


@rule_of(scipy.linalg.cho_solve, groups=("c_and_lower",))
def cho_solve(
    y: Array, c_and_lower: Any, b: Array, check_finite: bool = True, *, dc_and_lower: Any = None, db: Array | None = None
) -> Array:
    """A = L L^H, hence dA = dL L^H + L dL^H, and A dy = db - dA y.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> from dualad.scipy.linalg import cho_factor, cho_solve
    >>> dualad.derivative(lambda t: cho_solve(cho_factor(t * np.eye(2)), np.ones(2)))(2.0).round(6)
    array([-0.25, -0.25])
    """
    c, lower = c_and_lower
    lower, da = bool(np.all(lower)), None
    if dc_and_lower is not None:
        factor, change = (triangle(each, lower, False) for each in (c, dc_and_lower[0]))
        half = change @ adjoint(factor) if lower else adjoint(change) @ factor
        da = half + adjoint(half)
    again = partial(cho_solve, c_and_lower, check_finite=False)
    return solution_tangent(again, y, da, db, np.ndim(b) == 1)


# -- LU ------------------------------------------------------------------------------------------------------------------


def permutation(piv: Any) -> Any:
    """The matrix P that LAPACK's row exchanges make, such that P A = L U."""
    piv = np.asarray(piv)
    order = np.array(np.broadcast_to(np.arange(piv.shape[-1]), piv.shape))
    for i in range(piv.shape[-1]):
        other = piv[..., i, None]
        first, second = np.copy(order[..., i]), np.take_along_axis(order, other, -1)
        order[..., i] = second[..., 0]
        np.put_along_axis(order, other, first[..., None], -1)
    return np.eye(piv.shape[-1])[order]


def packed(lu: Array) -> tuple[Array, Array]:
    """L with its unit diagonal, and U, of which LAPACK keeps both in one matrix."""
    return np.tril(lu, STRICT) + np.eye(lu.shape[-1]), np.triu(lu)


@rule_of(scipy.linalg.lu_factor)
def lu_factor(y: Any, a: Array, check_finite: bool = True, *, da: Array) -> tuple[Array, None]:
    """dL = L tril(M, -1) and dU = triu(M) U with M = L^-1 P dA U^-1; the exchanges of rows do not vary."""
    lu, piv = y
    if a.shape[-1] != a.shape[-2]:
        raise unsupported("lu_factor", "for matrices that are not square", "solve with scipy.linalg.lstsq, or use qr")
    lower, upper = packed(lu)
    left = in_columns(partial(solve_triangular, lower, lower=True), permutation(piv) @ da)
    middle = adjoint(in_columns(partial(solve_triangular, upper, trans="C"), adjoint(left)))
    return lower @ np.tril(middle, STRICT) + np.triu(middle) @ upper, None


@rule_of(scipy.linalg.lu_solve, groups=("lu_and_piv",))
def lu_solve(
    y: Array,
    lu_and_piv: Any,
    b: Array,
    trans: int = 0,
    check_finite: bool = True,
    *,
    dlu_and_piv: Any = None,
    db: Array | None = None,
) -> Array:
    """A = P^T L U, hence dA = P^T (dL U + L dU), and A dy = db - dA y, transposed as `trans` says."""
    da = None
    if dlu_and_piv is not None:
        lower, upper = packed(lu_and_piv[0])
        change = dlu_and_piv[0]
        product = np.tril(change, STRICT) @ upper + lower @ np.triu(change)
        da = turned(np.swapaxes(permutation(lu_and_piv[1]), -1, -2) @ product, trans)
    again = partial(lu_solve, lu_and_piv, trans=trans, check_finite=False)
    return solution_tangent(again, y, da, db, np.ndim(b) == 1)


# -- equations of matrices ------------------------------------------------------------------------------------------------


def each_direction(solver: Any, *operands: Array) -> Array:
    """A solver without a direction axis, on every direction of its last operand."""
    return np.stack([solver(*operands[:-1], right) for right in operands[-1]])


@rule_of(scipy.linalg.solve_sylvester)
def solve_sylvester(
    y: Array, a: Array, b: Array, q: Array, *, da: Array | None = None, db: Array | None = None, dq: Array | None = None
) -> Array:
    """A Y + Y B = Q, hence A dY + dY B = dQ - dA Y - Y dB."""
    left = None if da is None else -(align(da, y.ndim) @ y)
    right: Any = total(dq, left, None if db is None else -(y @ align(db, y.ndim)))
    return each_direction(solve_sylvester, a, b, right)


@rule_of(scipy.linalg.solve_continuous_lyapunov)
def solve_continuous_lyapunov(y: Array, a: Array, q: Array, *, da: Array | None = None, dq: Array | None = None) -> Array:
    """A Y + Y A^H = Q, hence A dY + dY A^H = dQ - dA Y - Y dA^H."""
    change = None if da is None else -(align(da, y.ndim) @ y + y @ adjoint(align(da, y.ndim)))
    right: Any = total(dq, change)
    return each_direction(solve_continuous_lyapunov, a, right)


@rule_of(scipy.linalg.solve_discrete_lyapunov)
def solve_discrete_lyapunov(
    y: Array, a: Array, q: Array, method: str | None = None, *, da: Array | None = None, dq: Array | None = None
) -> Array:
    """A Y A^H - Y + Q = 0, hence A dY A^H - dY + (dQ + dA Y A^H + A Y dA^H) = 0."""
    change = None
    if da is not None:
        da = align(da, y.ndim)
        change = da @ y @ adjoint(a) + a @ y @ adjoint(da)
    right: Any = total(dq, change)
    return each_direction(partial(solve_discrete_lyapunov, method=method), a, right)


@rule_of(scipy.linalg.norm)
def norm(
    y: Array, a: Array, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True, *, da: Array
) -> Array | None:
    """As numpy.linalg.norm, of the same orders."""
    return norm_tangent(y, a, ord, axis, keepdims, dx=da)
