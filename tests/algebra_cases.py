"""The table of function calls ends: decompositions, least squares, Fourier transforms and polynomials. See function_cases.

Where NumPy's algorithm is not analytic, the twin is: Newton's method on the equations that define a decomposition, from
NumPy's answer on, or the algorithm of a textbook.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from calculation_cases import CASES
from function_cases import V, Var, X, case, linear, regular

from dualad.rules.table import RULES, innermost

__all__ = ["CASES"]


def plain(x):
    """The real numbers under every kind of perturbation."""
    return np.real(innermost(x))


def newton(equations, matrix, *start):
    """What solves the equations for a perturbed matrix; `start` solves them for the real one. The slope is that at the start,
    so every step is right to one order of the perturbation more."""
    places = list(pairwise(np.cumsum([0] + [part.size for part in start])))

    def residual(matrix, z):
        parts = [z[a:b].reshape(part.shape) for (a, b), part in zip(places, start, strict=True)]
        return np.concatenate([np.ravel(each) for each in equations(matrix, *parts)])

    z = np.concatenate([np.ravel(part) for part in start])
    slope = np.stack([residual(plain(matrix), z + 1e-30j * unit).imag / 1e-30 for unit in np.eye(len(z))], 1)
    for _ in range(4):
        z = z - np.linalg.solve(slope, residual(matrix, z))
    return tuple(z[a:b].reshape(part.shape) for (a, b), part in zip(places, start, strict=True))


def stacked(twin):
    """A function of one matrix for stacks of them."""

    def each(a, *args, **kwargs):
        if a.ndim == 2:
            return twin(a, *args, **kwargs)
        parts = [each(part, *args, **kwargs) for part in a]
        return tuple(map(np.stack, zip(*parts, strict=True))) if isinstance(parts[0], tuple) else np.stack(parts)

    return each


def symmetric(a, UPLO="L"):
    half = np.tril(a, -1) if UPLO.upper() == "L" else np.swapaxes(np.triu(a, 1), -1, -2)
    return half + np.swapaxes(half, -1, -2) + a * np.eye(a.shape[-1])


# -- linear algebra ------------------------------------------------------------------------------------------------------

for n in (-3, -1, 0, 1, 2, 5):
    case(np.linalg.matrix_power, regular(3, 3), n)
    case(np.linalg.matrix_power, regular(2, 3, 3), n=n)
case(np.linalg.multi_dot, [X(3), X(3, 3)])
case(np.linalg.multi_dot, [X(3), X(3, 2), np.ones((2, 3)), X(3)])
case(np.linalg.multi_dot, [X(2, 3), X(3, 4), X(4, 3)])
case(
    np.linalg.multi_dot,
    [X(2, 3), X(3, 3), X(3, 2)],
    call=lambda arrays: np.linalg.multi_dot(arrays, out=np.zeros_like(arrays[0], shape=(2, 2))),
    twin=np.linalg.multi_dot,
    leader=True,
)
case(np.linalg.tensorsolve, Var(regular(6, 6).value.reshape(2, 3, 3, 2)), X(2, 3))
case(np.linalg.tensorsolve, Var(regular(6, 6).value.reshape(2, 3, 3, 2)), X(3, 2), axes=(0, 2))
case(np.linalg.tensorinv, Var(regular(6, 6).value.reshape(2, 3, 6)))
case(np.linalg.tensorinv, Var(regular(6, 6).value.reshape(6, 3, 2)), ind=1)
for options in [{}, {"tol": 0.1}, {"hermitian": True}, {"rtol": 1e-8}]:
    linear(np.linalg.matrix_rank, Var(np.ones((2, 3, 3))), **options)


@stacked
def eig_twin(a):
    """A V = V diag(w), vectors of length one."""
    return newton(lambda a, w, v: (a @ v - v * w, np.sum(v * v, axis=0) - 1.0), a, *np.linalg.eig(plain(a)))


@stacked
def eigh_twin(a, UPLO="L"):
    """The same of the symmetric matrix."""
    start = np.linalg.eigh(plain(a), UPLO)
    return newton(lambda a, w, v: (a @ v - v * w, np.sum(v * v, axis=0) - 1.0), symmetric(a, UPLO), *start)


@stacked
def svd_twin(a, full_matrices=False, compute_uv=True, hermitian=False):
    """A V = U diag(s) and A^T U = V diag(s), vectors of length one."""

    def equations(a, u, s, v):
        return a @ v - u * s, a.T @ u - v * s, np.sum(u * u, axis=0) + np.sum(v * v, axis=0) - 2.0

    u, s, vh = np.linalg.svd(plain(a), full_matrices=False, hermitian=hermitian)
    u, s, v = newton(equations, symmetric(a) if hermitian else a, u, s, vh.T)
    return (u, s, v.T) if compute_uv else s


@stacked
def qr_twin(a, mode="reduced"):
    """Householder's reflections, each of which makes the rest of a column one number of the other sign."""
    m, n = a.shape
    q, r, k = np.eye(m), a, min(m, n)
    for j in range(min(m - 1, n)):
        x = r[j:, j]
        beta = -np.sign(plain(x[0])) * np.sqrt(np.sum(x * x))
        v = np.concatenate([np.zeros_like(x, shape=j), np.reshape(x[0] - beta, 1), x[1:]])
        mirror = np.eye(m) - 2.0 * v[:, None] * v / np.sum(v * v)
        q, r = q @ mirror, mirror @ r
    r = np.triu(r)
    return r[:k] if mode == "r" else (q, r) if mode == "complete" else (q[:, :k], r[:k])


distinct = Var(X(3, 3).value + np.diag([0.0, 5.0, 10.0]))  # its eigenvalues are real
distincts = Var(0.2 * X(2, 3, 3).value + np.diag([1.0, -2.0, 4.0]))
for a in (distinct, distincts, X(1, 1, low=1)):
    case(np.linalg.eig, a, twin=eig_twin)
    case(np.linalg.eigvals, a, twin=lambda a: eig_twin(a)[0])
    for options in [{}, {"UPLO": "U"}, {"UPLO": "l"}]:
        case(np.linalg.eigh, a, twin=eigh_twin, **options)
        case(np.linalg.eigvalsh, a, twin=lambda a, UPLO="L": eigh_twin(a, UPLO)[0], **options)
    case(np.linalg.svd, a, twin=svd_twin)
    case(np.linalg.svd, a, hermitian=True, twin=svd_twin)
    case(np.linalg.svd, a, True, False, True, twin=svd_twin)
wide = {"tall": X(4, 3), "wide": X(3, 4), "stack": X(2, 3, 2)}
for a in (*wide.values(), regular(3, 3)):
    case(np.linalg.svd, a, full_matrices=False, twin=svd_twin)
    case(np.linalg.svd, a, compute_uv=False, twin=svd_twin)
    case(np.linalg.svdvals, a, twin=lambda a: svd_twin(a, compute_uv=False))
    for mode in ("reduced", "complete", "r"):
        case(np.linalg.qr, a, mode, twin=qr_twin)
    for order in (2, -2, "nuc"):
        pick = {2: np.max, -2: np.min, "nuc": np.sum}[order]
        norms = lambda a, ord, pick=pick, **_: pick(svd_twin(a, compute_uv=False), axis=-1)
        case(np.linalg.matrix_norm, a, ord=order, twin=norms)
        case(np.linalg.norm, a, order, (-2, -1), twin=lambda a, ord, axis, norms=norms: norms(a, ord))
    for p in (None, 2, -2):
        ends = (0, -1) if p != -2 else (-1, 0)
        ratio = lambda s, ends=ends: s[..., ends[0]] / s[..., ends[1]]
        case(np.linalg.cond, a, p, twin=lambda a, p, ratio=ratio: ratio(svd_twin(a, compute_uv=False)))
case(
    np.linalg.norm,
    X(3, 2, 3),
    "nuc",
    (2, 0),
    True,
    twin=lambda a, *_: np.sum(svd_twin(np.transpose(a, (1, 0, 2)), compute_uv=False), axis=-1)[None, :, None],
)


def cond_twin(a, p):
    size = (lambda a: np.sqrt(np.sum(a * a, axis=(-2, -1)))) if p == "fro" else (lambda a: sums_twin(a, p))
    return size(a) * size(np.linalg.inv(a))


def sums_twin(a, p):
    sums = np.sum(a * np.sign(np.real(plain(a))), axis=-2 if abs(p) == 1 else -1)
    return (np.max if p > 0 else np.min)(sums, axis=-1)


for p in (1, -1, np.inf, -np.inf, "fro"):
    case(np.linalg.cond, regular(3, 3), p, twin=cond_twin)
    case(np.linalg.cond, regular(2, 3, 3), p=p, twin=cond_twin)


def pinv_twin(a, *_, hermitian=False, **__):
    a = symmetric(a) if hermitian else a
    t = np.swapaxes(a, -1, -2)
    return np.linalg.inv(t @ a) @ t if a.shape[-2] >= a.shape[-1] else t @ np.linalg.inv(a @ t)


for a in (*wide.values(), regular(3, 3)):
    case(np.linalg.pinv, a, twin=pinv_twin)
    case(np.linalg.pinv, a, 1e-10, twin=pinv_twin)
    case(np.linalg.pinv, a, rtol=None, twin=pinv_twin)
case(np.linalg.pinv, regular(2, 3, 3), hermitian=True, twin=pinv_twin)


def lstsq_twin(a, b, rcond=None):
    x = pinv_twin(a) @ b
    rest = b - a @ x
    squares = np.sum(rest * rest, axis=0, keepdims=b.ndim == 1) if a.shape[0] > a.shape[1] else np.zeros(0)
    return x, squares, min(a.shape), svd_twin(a, compute_uv=False)


for b in (X(4), X(4, 2)):
    case(np.linalg.lstsq, wide["tall"], b, twin=lstsq_twin)
    case(np.linalg.lstsq, wide["tall"], b, 1e-10, twin=lstsq_twin)
case(np.linalg.lstsq, wide["wide"], X(3), rcond=-1, twin=lstsq_twin)
case(np.linalg.lstsq, wide["wide"].value, X(3, 2), twin=lstsq_twin, leader=False)
case(np.linalg.lstsq, regular(3, 3), X(3), twin=lstsq_twin)

# -- Fourier transforms: all their keywords are in test_fft --------------------------------------------------------------


def parts(transform):
    """The real and imaginary parts of a transform, and how they continue to complex arguments."""

    def split(a, *args):
        y = transform(a, *args)
        return np.real(y), np.imag(y)

    def twin(a, *args):
        return tuple(x + 1j * y for x, y in zip(split(a.real, *args), split(a.imag, *args), strict=True))

    return split, twin


for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"):
    split, twin = parts(getattr(np.fft, name))
    linear(getattr(np.fft, name), X(4), call=split, twin=twin)
    linear(getattr(np.fft, name), X(3, 4), 5, 0, "ortho", call=split, twin=twin)
for name in ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"):
    split, twin = parts(getattr(np.fft, name))
    linear(getattr(np.fft, name), X(3, 4), call=split, twin=twin)
    linear(getattr(np.fft, name), X(3, 2, 4), (4, 2), (0, -1), "forward", call=split, twin=twin)
for shift in (np.fft.fftshift, np.fft.ifftshift):
    linear(shift, X(3, 4))
    linear(shift, X(3, 4), 0)
    linear(shift, X(3, 3, 4), axes=(0, -1))

# -- polynomials ---------------------------------------------------------------------------------------------------------

POLYNOMIAL = V(1.0, -2.5, -2.0, 1.5)  # three real roots


def roots_twin(p):
    return newton(lambda p, r: (np.polyval(p, r),), p, np.roots(plain(p)))[0]


def poly_twin(a):
    """The method of Faddeev and Le Verrier."""
    n, c = len(a), [1.0]
    m = np.eye(n)
    for k in range(1, n + 1):
        c.append(-np.trace(a @ m) / k)
        m = a @ m + c[-1] * np.eye(n)
    return np.stack([c[-1] * 0.0 + each for each in c])


case(np.polyval, X(4), X(3))
case(np.polyval, X(4), X())
case(np.polyval, [2.0, 1.0], X(2, 3))
case(np.polyval, X(3, 2), 2.0)
case(np.polyval, X(1), X(1))
for evaluated in (np.polynomial.polynomial.polyval2d, np.polynomial.polynomial.polygrid2d):
    if evaluated not in RULES:  # an older NumPy does not ask its arguments
        continue
    case(evaluated, X(3), X(3), X(2, 4))
    case(evaluated, X(), X(), X(3, 3))
    case(evaluated, X(2, 3), [[1.0, 2.0, 3.0]] * 2, X(2, 3, 2))
if (evaluated := getattr(np.polynomial.polynomial, "polyvalnd", None)) in RULES:  # from NumPy 2.5 on
    case(evaluated, [X(3), X(3), X(3)], X(2, 4, 2))
    case(evaluated, [X()], X(3))
case(np.roots, POLYNOMIAL, twin=roots_twin)
case(np.roots, X(2))
linear(np.roots, X(1))
case(np.poly, X(3))
linear(np.poly, X(0))
case(np.poly, distinct, twin=poly_twin)
for options in [{}, {"N": 2}, {"N": 4, "increasing": True}, {"N": 0}, {"N": 1}]:
    case(np.vander, X(3), **options)
for operation in (np.polyadd, np.polysub):
    linear(operation, X(3), X(3))
    linear(operation, X(2), X(4))
    linear(operation, X(4), X())
    linear(operation, [1.0, 2.0], X(1))
case(np.polymul, X(3), X(3))
case(np.polymul, X(2), X(4))
case(np.polymul, [0.0, 0.0, 2.0], X(3))
case(np.polymul, X(), X(2))
for u, v in [(4, 2), (4, 3), (3, 3), (2, 3), (3, 1), (1, 1)]:
    case(np.polydiv, X(u), X(v))
case(np.polydiv, V(1.0, 3.0, 2.0), V(1.0, 1.0))
case(np.polydiv, X(), X())
for m in (0, 1, 2):
    linear(np.polyder, X(4), m)
    linear(np.polyint, X(3), m=m)
linear(np.polyint, X(3), 1, X(), leader=True)
linear(np.polyint, X(3), 2, k=X(2), leader=True)


def polyfit_twin(x, y, deg, rcond=None, full=False, w=None, cov=False):
    a = np.stack([x ** (deg - j) for j in range(deg + 1)], 1)
    if w is not None:
        a, y = a * w[:, None], np.transpose(np.transpose(y) * w)
    c = pinv_twin(a) @ y
    squares = np.sum((y - a @ c) ** 2, axis=0)
    if full:
        s = svd_twin(a / np.sqrt(np.sum(a * a, axis=0)), compute_uv=False)
        return c, np.reshape(squares, -1), deg + 1, s, len(x) * np.finfo(float).eps
    covariance = np.linalg.inv(a.T @ a)[(..., *(None,) * (y.ndim - 1))]
    return (c, covariance if cov == "unscaled" else covariance * squares / (len(x) - deg - 1)) if cov else c


for y in (X(5), X(5, 2)):
    for options in [{}, {"w": X(5, low=1)}, {"cov": True}, {"cov": "unscaled"}, {"full": True}, {"rcond": 1e-12}]:
        case(np.polyfit, V(-1.0, -0.4, 0.1, 0.6, 1.0), y, 2, twin=polyfit_twin, **options)
case(np.polyfit, [-1.0, 0.0, 0.5, 1.0], X(4), 1, twin=lambda x, y, deg: polyfit_twin(np.array(x), y, deg))
