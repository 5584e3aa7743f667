"""dualad.scipy.integrate, .signal and .spatial.distance: sums, filters, products and distances."""

import numpy as np
import pytest
from scipy_cases import Case, assert_first, assert_second, assert_value

from dualad import errors, jacfwd

integrate = pytest.importorskip("dualad.scipy.integrate")
signal = pytest.importorskip("dualad.scipy.signal")
distance = pytest.importorskip("dualad.scipy.spatial.distance")
scipy = pytest.importorskip("scipy")

RNG = np.random.default_rng(13)
Y, X = RNG.normal(size=(3, 6)), np.cumsum(0.5 + RNG.random(6))
LONG, SHORT, IMAGE = RNG.normal(size=12), RNG.normal(size=4), RNG.normal(size=(5, 4))
A1, B1 = np.array([2.0, 0.3, -0.1]), np.array([1.0, 0.5])
SOS = np.array([[1.0, 0.2, 0.1, 1.0, 0.3, 0.2], [0.5, 0.1, 0.3, 1.0, -0.4, 0.1]])
P, R = RNG.random((3, 4)) + 0.5, RNG.random((2, 4)) + 1.0
W = RNG.random(4) + 0.5


def case(module, name, *args, twin=None, rtol=1e-9, **kwargs):
    theirs = scipy.spatial.distance if module is distance else getattr(scipy, module.__name__.rpartition(".")[2])
    return Case(getattr(module, name), getattr(theirs, name), args, kwargs, twin, rtol)


CASES = [
    *[case(integrate, name, Y, X) for name in ("trapezoid", "simpson", "cumulative_trapezoid")],
    *[case(integrate, name, Y[:, :n], dx=0.3) for name in ("trapezoid", "simpson") for n in (2, 3, 4, 5, 6)],
    *[case(integrate, "simpson", Y[:, :n], X[:n]) for n in (2, 3, 4, 5)],
    *[case(integrate, "romb", Y[:, :n], dx=0.3) for n in (2, 3, 5)],
    case(integrate, "romb", Y.T[:, :3], axis=-1),
    *[case(integrate, name, Y.T, X, axis=0) for name in ("trapezoid", "simpson", "cumulative_trapezoid")],
    case(integrate, "simpson", Y.T, np.cumsum(RNG.random((6, 3)) + 0.5, axis=0), axis=0),
    case(integrate, "cumulative_trapezoid", Y, X, initial=0),
    *[case(signal, "convolve", LONG, SHORT, mode=mode) for mode in ("full", "same", "valid")],
    case(signal, "convolve", SHORT, LONG, "same", "fft"),
    case(signal, "convolve", SHORT, LONG, mode="valid"),
    *[case(signal, "correlate", LONG, SHORT, mode=mode) for mode in ("full", "same", "valid")],
    case(signal, "correlate", LONG + 1j, SHORT - 2j),
    case(signal, "fftconvolve", IMAGE, Y[:, :3], mode="same"),
    case(signal, "oaconvolve", LONG, SHORT),
    case(signal, "convolve2d", IMAGE, Y[:, :3], mode="same", boundary="symm"),
    case(signal, "correlate2d", IMAGE, Y[:, :2], fillvalue=2.0),
    case(signal, "lfilter", B1, A1, LONG),
    case(signal, "lfilter", A1, B1, IMAGE, axis=0),
    case(signal, "lfilter", B1, 2.0 * np.ones(1), LONG),
    case(signal, "detrend", IMAGE),
    case(signal, "detrend", IMAGE, axis=0, bp=[2]),
    case(signal, "detrend", IMAGE, 0, "constant"),
    case(signal, "hilbert", LONG, axis=0),
    case(signal, "hilbert", IMAGE, N=8),
    *[
        case(distance, "cdist", P, R, metric=metric)
        for metric in (
            "euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine", "correlation", "canberra", "braycurtis", "minkowski"
        )
    ],
    *[
        case(distance, "cdist", P, R, metric=metric, w=W)
        for metric in (
            "euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine", "correlation", "canberra", "braycurtis"
        )
    ],
    case(distance, "cdist", P, R, "minkowski", p=3.0, w=W),
    case(distance, "cdist", P, R, "seuclidean", V=W),
    case(distance, "cdist", P, R, "mahalanobis", VI=np.diag(W) + 0.1),
    case(distance, "pdist", P),
    case(distance, "pdist", P, "cosine"),
    case(distance, "squareform", X),
    case(distance, "euclidean", P[0], P[1]),
    case(distance, "sqeuclidean", P[0], P[1], W),
    case(distance, "minkowski", P[0], P[1], 3),
    case(distance, "mahalanobis", P[0], P[1], np.diag(W) + 0.1),
    case(distance, "seuclidean", P[0], P[1], W),
    case(distance, "cosine", P[0], P[1]),
]  # fmt: skip
LINEAR = [  # in the input alone
    case(signal, "sosfilt", SOS, LONG),
    case(signal, "sosfilt", SOS, IMAGE, 0),
    case(signal, "filtfilt", B1, A1, LONG, padlen=5),
    case(signal, "sosfiltfilt", SOS, LONG, padlen=5),
    case(signal, "savgol_filter", LONG, 5, 2),
    case(signal, "savgol_filter", IMAGE, 3, 1, axis=0, mode="constant", cval=2.0),
]
every = pytest.mark.parametrize("each", CASES, ids=str)


@every
def test_value_is_that_of_scipy(each):
    """With and without duals, bit for bit."""
    assert_value(each)


@every
def test_first_derivative(each):
    """By each argument and by all."""
    assert_first(each)


@every
def test_second_derivative(each):
    """By all arguments, twice."""
    assert_second(each)


@pytest.mark.parametrize("each", LINEAR, ids=str)
def test_linear_in_the_input(each):
    """The other arguments are constants, and refused by name when they are not."""
    place = next(i for i, a in enumerate(each.args) if a is LONG or a is IMAGE)
    f = lambda x: each.ours(*each.args[:place], x, *each.args[place + 1 :], **each.kwargs)
    theirs = lambda x: each.theirs(*each.args[:place], x, *each.args[place + 1 :], **each.kwargs)
    assert_value(Case(f, theirs, (each.args[place],)))
    assert_first(Case(f, theirs, (each.args[place],)))


def test_states_of_filters():
    """Output and last state by input and first state; coefficients are refused together with a state."""
    state = np.array([0.3, -0.2])
    assert_first(
        Case(lambda x, z: signal.lfilter(B1, A1, x, zi=z), lambda x, z: scipy.signal.lfilter(B1, A1, x, zi=z), (LONG, state))
    )
    first = np.ones((2, 2))
    with pytest.raises(errors.NoRule, match="by b or a with zi"):
        jacfwd(lambda b: signal.lfilter(b, A1, LONG, zi=state)[0])(B1)
    f = lambda x, z: signal.sosfilt(SOS, x, zi=z)
    assert_first(Case(f, lambda x, z: scipy.signal.sosfilt(SOS, x, zi=z), (LONG, first)))


def test_sections_of_filters():
    """By all coefficients but the one that SciPy wants to be 1."""

    def with_ones(f):
        return lambda s, x: f(np.concatenate([s[:, :3], np.ones((2, 1)), s[:, 3:]], axis=1), x)

    each = Case(with_ones(signal.sosfilt), with_ones(scipy.signal.sosfilt), (np.delete(SOS, 3, 1), LONG))
    assert_first(each)
    assert_second(each)


def test_distances_at_zero_and_what_is_refused():
    """A length has the derivative 0 at 0; metrics of truth values have none."""
    assert not np.any(jacfwd(lambda x: distance.cdist(x, P[:1]))(P[:1].copy()))
    assert not np.any(jacfwd(lambda x: distance.cdist(x, P[:1], "mahalanobis", VI=np.eye(4)))(P[:1].copy()))
    for metric in ("hamming", lambda u, v: 0.0):
        with pytest.raises((errors.NoRule, errors.TangentLossError)):
            jacfwd(lambda x: distance.cdist(x, P, metric))(P)
    with pytest.raises(errors.NoRule, match="pass VI"):
        jacfwd(lambda x: distance.cdist(np.concatenate([x, x**2]), R, "mahalanobis"))(P)
    with pytest.raises(errors.NoRule, match=r"scipy\.integrate\.cumulative_simpson"):
        jacfwd(lambda y: integrate.cumulative_simpson(y, dx=1.0))(np.ones(3))
