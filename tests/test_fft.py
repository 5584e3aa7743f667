"""Fourier transforms: every function, every keyword, real and complex numbers."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from test_functions import same

from dualad import Dual, errors, hessian, jacfwd, jvp, primal_of, tangent_of
from dualad.levels import Level

RNG = np.random.default_rng(11)
LINES = [np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft, np.fft.hfft, np.fft.ihfft]
BLOCKS = [np.fft.fftn, np.fft.ifftn, np.fft.rfftn, np.fft.irfftn, np.fft.fft2, np.fft.ifft2, np.fft.rfft2, np.fft.irfft2]
OF_REAL = {np.fft.rfft, np.fft.ihfft, np.fft.rfftn, np.fft.rfft2}
NORMS = [None, "backward", "ortho", "forward"]
CALLS = [
    *((f, args, {"norm": norm}) for f in LINES for norm in NORMS for args in [(), (3,), (6, 0), (4, -2)]),
    *((f, (), {"axis": axis}) for f in LINES for axis in (0, 1, -1)),
    *((f, (), {"norm": norm}) for f in BLOCKS for norm in NORMS),
    *((f, args, {}) for f in BLOCKS for args in [((2, 6), (0, 1)), ((-1, 5), (2, 0)), (None, (1,)), (None, (-1, 0), "ortho")]),
    *((f, (), {"s": (5, 2), "axes": (-1, 1), "norm": "forward"}) for f in BLOCKS),
    *((f, args, {}) for f in (np.fft.fftshift, np.fft.ifftshift) for args in [(), (0,), ((0, 2),), (-1,)]),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0].__name__}{call[1]}{call[2]}")
def test_the_tangent_is_the_transform_of_the_tangent(call, dtype):
    """Bit for bit, whatever the keywords, with as many directions as an axis is long."""
    transform, args, kwargs = call
    if transform in OF_REAL and np.dtype(dtype).kind == "c":
        pytest.skip("NumPy takes real numbers only")
    for k in (3, 4):
        x, *tangents = (numbers((3, 3, 4), dtype) for _ in range(k + 1))
        with Level.fresh("test") as level:
            out = transform(Dual(x, np.stack(tangents), level), *args, **kwargs)
        same(out, transform(x, *args, **kwargs))
        assert tangent_of(out).dtype == primal_of(out).dtype
        for got, direction in zip(tangent_of(out), tangents, strict=True):
            np.testing.assert_allclose(got, transform(direction, *args, **kwargs), rtol=1e-6, atol=1e-6)


def numbers(shape, dtype):
    """Random numbers of a dtype."""
    x = RNG.normal(size=shape)
    return (x + 1j * RNG.normal(size=shape) if np.dtype(dtype).kind == "c" else x).astype(dtype)


@pytest.mark.parametrize("transform", LINES + BLOCKS)
def test_out(transform):
    """A dual `out` takes value and tangents; a plain one is refused."""
    x = RNG.normal(size=(3, 4))
    like = transform(x)
    with Level.fresh("test") as level:
        a = Dual(x, RNG.normal(size=(2, 3, 4)), level)
        wanted = transform(a)
        out = Dual(np.zeros_like(like), None, level)
        assert transform(a, out=out) is out
        np.testing.assert_array_equal(primal_of(out), primal_of(wanted))
        np.testing.assert_array_equal(tangent_of(out), tangent_of(wanted))
        with pytest.raises(errors.TangentLossError):
            transform(a, out=np.zeros_like(like))


def test_a_power_spectrum():
    """The gradient of |fft(x)|² by Parseval's theorem, and its Hessian."""
    x = RNG.normal(size=6)
    power = lambda x: np.sum(np.abs(np.fft.fft(x)) ** 2)
    np.testing.assert_allclose(hessian(power)(x), 12.0 * np.eye(6), atol=1e-12)
    np.testing.assert_allclose(jacfwd(power)(x), 12.0 * x, rtol=1e-13)


def test_round_trips():
    """A transform and its inverse: the identity."""
    x = RNG.normal(size=(3, 4))
    for there, back in [
        (np.fft.fft, np.fft.ifft),
        (np.fft.rfft, np.fft.irfft),
        (np.fft.ihfft, np.fft.hfft),
        (np.fft.rfftn, np.fft.irfftn),
        (np.fft.fft2, np.fft.ifft2),
        (np.fft.fftshift, np.fft.ifftshift),
    ]:
        jacobian = jacfwd(lambda x, there=there, back=back: np.real(back(there(x))))(x)
        np.testing.assert_allclose(jacobian.reshape(12, 12), np.eye(12), atol=1e-15)


def test_frequencies_of_a_spacing_that_varies():
    """fftfreq is arithmetic on its spacing, and so differentiates; their number is a constant."""
    for frequencies in (np.fft.fftfreq, np.fft.rfftfreq):
        value, slope = jvp(lambda d, f=frequencies: f(5, d), (0.5,), (1.0,))
        np.testing.assert_allclose(value, frequencies(5, 0.5), rtol=1e-15)
        np.testing.assert_allclose(slope, -2.0 * frequencies(5, 0.5), rtol=1e-15)


def test_shapes_without_axes_warn_once():
    """NumPy warns that `s` wants `axes`; the tangents do not repeat it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _, slope = jvp(lambda x: np.fft.fftn(x, (2, 2)), (np.ones((3, 4, 4)),), (np.ones((3, 4, 4)),))
    assert len(caught) == 1
    np.testing.assert_array_equal(slope, np.fft.fftn(np.ones((3, 4, 4)), (2, 2), (-2, -1)))


def test_arguments_that_numpy_refuses():
    """Errors are NumPy's."""
    for wrong in (lambda x: np.fft.fft(x, 0), lambda x: np.fft.fft(x, norm="none"), lambda x: np.fft.fftn(x, (2, 2), (0,))):
        with pytest.raises(ValueError):  # noqa: PT011 - each has a text of its own
            jvp(wrong, (np.ones(4),), (np.ones(4),))
