"""Every linear function with a transpose, <L x, w> = <x, L' w>: called by itself, and inside every rule."""

import operator
from itertools import count

import algebra_cases  # noqa: F401 - fills the list
import exact
import numpy as np
import pytest
from function_cases import call, flat, points, subsets
from line_cases import CASES

import dualad
from dualad.levels import Level
from dualad.linear import Linear, input_of
from dualad.program import Program
from dualad.rules.composed import COMPOSED
from dualad.rules.table import INTEGER, RULES
from dualad.rules.transposes import MOVES, TRANSPOSES
from dualad.transposing import pushed, transposed

IDS = [f"{number}-{case.function.__name__}" for number, case in enumerate(CASES)]
RNG = np.random.default_rng(5)
MASK = np.array([True, False, True, True])


class L:
    """A linear argument of a shape."""

    def __init__(self, *shape):
        self.shape = shape


def numbers(shape, dtype=float):
    value = RNG.normal(size=shape)
    return (value + 1j * RNG.normal(size=shape)).astype(dtype) if np.dtype(dtype).kind == "c" else value.astype(dtype)


WAYS = ((None, -1, None), (7, 1, "ortho"), (4, 1, "forward"), (5, 1, "backward"))
CALLS = [
    *((f, (L(3, 4), L(4))) for f in (np.add, np.subtract)),
    *((f, (L(3, 1), numbers(4))) for f in (np.multiply, np.divide)),
    *((f, (numbers((3, 1)), L(4))) for f in (np.multiply,)),
    *((f, (L(3),)) for f in (np.negative, np.conjugate, np.real, np.degrees, np.radians, np.rad2deg, np.deg2rad)),
    *(
        (np.where, args)
        for args in ((MASK, L(3, 4), 0.0), (MASK, 0.0, L(4)), (MASK, L(4), L(3, 1)), (MASK[:, None], L(4), 0.0))
    ),
    (np.astype, (L(3), np.float32)),
    (np.broadcast_to, (L(3, 1), (2, 3, 4))),
    *((np.sum, args) for args in ((L(3, 4),), (L(3, 4), 0), (L(3, 4), (0, -1)), (L(2, 3, 4), -2))),
    (np.sum, (L(3, 4), 1), {"keepdims": True, "where": MASK}),
    *((np.cumsum, (L(3, 4), axis)) for axis in (0, -1)),
    (np.reshape, (L(3, 4), (2, 6))),
    (np.reshape, (L(3, 4), (2, 6)), {"order": "F"}),
    (np.squeeze, (L(3, 1),)),
    (np.expand_dims, (L(3, 4), (0, 2))),
    *((np.transpose, args) for args in ((L(3, 4),), (L(2, 3, 4), (1, 2, 0)), (L(3), 0))),
    *((f, (L(2, 3, 4),)) for f in (np.matrix_transpose, np.linalg.matrix_transpose, np.fliplr, np.flipud, np.ravel)),
    (np.swapaxes, (L(2, 3, 4), 0, 1)),
    *((np.moveaxis, args) for args in ((L(2, 3, 4), 0, -1), (L(2, 3, 4), (0, 1), (2, 0)))),
    *((np.flip, args) for args in ((L(3, 4),), (L(3, 4), 0), (L(3, 4), (0, 1)))),
    *((np.roll, args) for args in ((L(5), 2), (L(3, 4), -1, 1), (L(3, 4), (1, 2), (0, 1)), (L(3, 4), 5))),
    *((operator.getitem, (L(4, 3), key)) for key in (1, slice(None, None, -2), (slice(1, 3), 0), MASK, [0, 2, 2], (None, 1))),
    *((operator.getitem, (L(4, 3), key)) for key in (([0, 0, 3], [1, 1, 2]), (slice(None), np.array([[0, 2], [0, 1]])))),
    (np.rollaxis, (L(2, 3, 4), 2, 1)),
    (np.rot90, (L(3, 4),)),
    (np.tile, (L(3, 2), (2, 1))),
    (np.resize, (L(3), (2, 4))),
    *((np.repeat, args) for args in ((L(3, 2), 2, 0), (L(3), [0, 2, 1], 0))),
    *((np.take, args) for args in ((L(3, 4), [0, 2, 2, 0], 1), (L(3, 4), [[0, 11], [0, 5]]))),
    (np.take_along_axis, (L(3, 4), np.array([[0, 0], [1, 3], [2, 2]]), 1)),
    (np.compress, (MASK, L(4, 2), 0)),
    (np.extract, (MASK, L(4))),
    (np.diagonal, (L(3, 4), 1)),
    (np.linalg.diagonal, (L(2, 3, 4),)),
    (np.delete, (L(3, 4), 1, 1)),
    *((f, ([L(2, 3), numbers((2, 3)) * 0.0, L(2, 3)], axis)) for f in (np.concatenate, np.stack) for axis in (0, -1)),
    *((np.matmul, args) for args in ((L(3), numbers(3)), (numbers(3), L(3)), (L(3), numbers((3, 2))), (numbers((2, 3)), L(3)))),
    *((np.matmul, args) for args in ((L(2, 3), numbers(3)), (numbers(3), L(3, 2)), (L(2, 3), numbers((3, 4))))),
    *(
        (np.matmul, args)
        for args in ((numbers((5, 2, 3)), L(3, 4)), (L(2, 3), numbers((5, 3, 4))), (numbers((2, 3)), L(5, 3, 4)))
    ),
    *((np.matmul, args) for args in ((numbers((5, 2, 3)), L(1, 3, 4)), (L(5, 1, 2, 3), numbers((6, 3, 4))))),
    *((np.vecdot, args) for args in ((L(2, 3), numbers(3)), (numbers((2, 3)), L(3)))),
    *((np.matvec, args) for args in ((L(2, 3), numbers((4, 3))), (numbers((5, 2, 3)), L(3)))),
    *((np.vecmat, args) for args in ((L(4, 2), numbers((2, 3))), (numbers((4, 2)), L(2, 3)))),
    *((np.tensordot, args) for args in ((L(2, 3, 4), numbers((4, 3, 5)), ((1, 2), (1, 0))), (numbers((2, 3)), L(3, 4), 1))),
    *((np.tensordot, args) for args in ((numbers((2, 3, 4)), L(4, 5, 2), ((0, 2), (2, 0))), (L(2), numbers(3), 0))),
    *((np.dot, args) for args in ((L(2, 3), numbers((4, 3, 5))), (numbers((2, 3)), L(4, 3, 5)), (L(3), numbers(3)))),
    *((np.dot, args) for args in ((numbers(3), L(2, 3, 4)), (L(3), 2.5), (numbers(()), L(2, 3)))),
    *((np.einsum, ("ij,jk->ik", *args)) for args in ((L(2, 3), numbers((3, 4))), (numbers((2, 3)), L(3, 4)))),
    *((np.einsum, args) for args in (("ii->i", L(3, 3)), ("ij->j", L(2, 3)), ("...i,ij->j...", numbers((2, 3, 4)), L(4, 5)))),
    *((np.einsum, args) for args in (("...ij,jj->...i", L(2, 3, 4), numbers((4, 4))), ("iij,j->", L(3, 3, 2), numbers(2)))),
    *((np.linalg.solve, (numbers(shape) + 4 * np.eye(3), L(3, 2))) for shape in ((3, 3), (2, 3, 3))),
    *((np.convolve, (*args, mode)) for args in ((L(5), numbers(3)), (numbers(2), L(5))) for mode in ("full", "same", "valid")),
    *((np.correlate, (*args, mode)) for args in ((L(5), numbers(3)), (numbers(5), L(2))) for mode in ("full", "same", "valid")),
    *((f, (L(2, 5), n, axis, norm)) for f in (np.fft.fft, np.fft.rfft, np.fft.ifft) for n, axis, norm in WAYS),
    *((f, (L(2, 5), n, axis, norm)) for f in (np.fft.irfft, np.fft.hfft, np.fft.ihfft) for n, axis, norm in WAYS),
    *((f, (L(2, 3, 4),)) for f in (np.fft.fftn, np.fft.ifftn, np.fft.fft2, np.fft.ifft2, np.fft.rfftn, np.fft.rfft2)),
    *((f, (L(2, 3, 4),)) for f in (np.fft.irfftn, np.fft.irfft2, np.fft.fftshift, np.fft.ifftshift)),
    (np.fft.fftn, (L(2, 3, 4), (3, 5), (0, 2), "ortho")),
    (np.fft.irfftn, (L(2, 3, 4), (3, 5), (0, 2), "ortho")),
    *((f, (L(2, 4), 2, 1)) for f in (np.split, np.array_split)),
    *((f, (L(4, 4, 4), 2)) for f in (np.hsplit, np.vsplit, np.dsplit)),
    (np.unstack, (L(2, 3),), {"axis": 1}),
    *((f, (L(2, 3), 1)) for f in (np.tril, np.triu, np.mean, np.trace)),
    *((f, (L(3, 3),)) for f in (np.mean, np.linalg.trace, np.diag)),
    (np.diag, (L(3), -1)),
    (np.broadcast_arrays, (L(3, 1), numbers(4))),
    *((f, (numbers((2, 3)), L(3, 2))) for f in (np.linalg.matmul,)),
    (np.linalg.tensordot, (L(2, 3), numbers((3, 2))), {"axes": 1}),
    (np.linalg.vecdot, (L(3, 2), numbers((3, 2))), {"axis": 0}),
    *((f, (L(2, 3),)) for f in (np.copy, np.positive)),
]
REAL = (np.degrees, np.radians, np.rad2deg, np.deg2rad, np.astype, np.fft.rfft, np.fft.ihfft, np.fft.rfftn, np.fft.rfft2)
"""Functions of real numbers alone, or with another dtype asked for."""


def replaced(value, instead):
    if isinstance(value, L):
        return instead(value)
    return type(value)(replaced(each, instead) for each in value) if type(value) in (list, tuple) else value


def pairing(some, other):
    return sum(np.sum(np.real(a * b)) for a, b in zip(some, other, strict=True) if a is not None and b is not None)


def adjoint(function, args, keywords, dtype):
    """Both sides of the definition, and NumPy's answer compared with that of the program."""
    shapes = []
    replaced(args, lambda each: shapes.append(each.shape))
    x = [numbers(shape, dtype) for shape in shapes]
    with Level.fresh("test") as level:
        program, place = Program(level.below), count()
        out = function(*replaced(args, lambda each: input_of(program, each.shape, np.dtype(dtype), next(place))), **keywords)
        out = [out] if isinstance(out, Linear) else [each for each in out if isinstance(each, Linear)]
        variables = [each.variable for each in out]
    values = pushed(variables, x)
    items = iter(x)
    plain = function(*replaced(args, lambda each: next(items)), **keywords)
    plain = plain if isinstance(plain, list | tuple) else [plain]
    for each, value, expected in zip(variables, values, plain, strict=False):
        assert (each.shape, each.dtype) == (np.shape(expected), np.asarray(expected).dtype)
        np.testing.assert_allclose(value, expected, rtol=1e-6 if each.dtype == np.float32 else 1e-14, atol=1e-14)
    w = [numbers(each.shape, each.dtype) for each in variables]
    back = transposed(variables, w, len(x), consume=False)
    for one, other in zip(x, back, strict=True):
        assert one.shape == other.shape
        assert np.iscomplexobj(one) or not np.iscomplexobj(other)
    return pairing(values, w), pairing(x, back)


@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize("linear", CALLS, ids=[f"{number}-{linear[0].__name__}" for number, linear in enumerate(CALLS)])
def test_transpose(linear, dtype):
    """The definition, shapes, dtypes, and NumPy's own answer where the program is run forwards."""
    function, args, keywords = (*linear, {})[:3]
    if dtype is complex and function in REAL:
        pytest.skip("of real numbers")
    forward, backward = adjoint(function, args, keywords, dtype)
    np.testing.assert_allclose(forward, backward, rtol=1e-6 if function is np.astype else 1e-12, atol=1e-11)


def test_imaginary_part():
    """The imaginary part of complex numbers, which real ones have not."""
    np.testing.assert_allclose(*adjoint(np.imag, (L(3, 2),), {}, complex), rtol=1e-13)


def test_every_transpose_is_called():
    """A linear function enters the table together with a call."""
    called = {function for function, *_ in CALLS} | {np.imag}
    known = {*TRANSPOSES, *MOVES, *COMPOSED}
    assert [function.__name__ for function in known if function not in called] == []


# -- inside the rules ----------------------------------------------------------------------------------------------------


def agree(f, args, seed, tolerance):
    """<J v, w> = <v, J' w> with the Jacobian of forward mode on the left, and the same tangents from the linear program."""
    rng = np.random.default_rng(seed)

    def random(like):
        value = np.asarray(rng.normal(size=np.shape(like)))
        value = value + 1j * rng.normal(size=np.shape(like)) if np.iscomplexobj(like) else value
        return value.astype(np.asarray(like).dtype)[()]

    v = tuple(map(random, args))
    out, tangents = dualad.jvp(f, args, v)
    value, pull = dualad.vjp(f, *args)
    w = list(map(random, value))
    for one, other in zip(out, value, strict=True):
        np.testing.assert_array_equal(one, other, strict=True)
    forward, backward = pairing(tangents, w), pairing(v, pull(w))
    size = sum(float(np.sum(np.abs(t * u))) for t, u in zip(tangents, w, strict=True))
    assert abs(forward - backward) <= tolerance * max(size, 1.0)
    for one, other in zip(tangents, dualad.linearize(f, *args)[1](*v), strict=True):
        np.testing.assert_allclose(
            one, other, rtol=tolerance, atol=tolerance * max(1.0, float(np.max(np.abs(one), initial=0.0)))
        )
        assert one.dtype == other.dtype


def numeric(leaves):
    """The leaves that can be differentiated."""
    return [leaf for leaf in leaves if getattr(getattr(leaf, "dtype", None), "kind", "") in ("f", "c")]


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_every_rule_in_reverse(case, kind):
    """Every call of the table of array functions, by all of its arguments together."""
    values = points(case)
    if kind == "complex":
        if not case.holomorphic:
            pytest.skip("of real numbers")
        values = [x + 0.5j * np.cos(3.0 * x) for x in values]
    places = [place for place, moves in enumerate(subsets(case)[-1]) if moves]

    def f(*some):
        full = list(values)
        for place, x in zip(places, some, strict=True):
            full[place] = x
        return numeric(flat(call(case, full)))

    args = tuple(values[place] for place in places)
    try:
        if not f(*args):
            pytest.skip("nothing varies")
    except TypeError as error:
        pytest.skip(f"NumPy: {error}")
    agree(f, args, len(values), 2e-11)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
@pytest.mark.parametrize("function", [row.function for row in exact.ROWS], ids=lambda f: f.__name__)
def test_every_elementwise_row_in_reverse(function, dtype):
    """Every row of the table of elementwise functions, at the samples of its domain."""
    row = RULES[function]
    complex_loops = [each for each in getattr(function, "types", ()) if set(each[: each.index("-")]) == {"D"}]
    if dtype is np.complex128 and not complex_loops:
        pytest.skip("of real numbers")
    values = [np.asarray(x)[:, None] for x in exact.samples(function, np.float32 if dtype is np.float32 else np.float64)]
    if dtype is np.complex128:
        values = [(0.3 + 0.2j) * np.clip(x, -2.0, 2.0) for x in values]
    places = [place for place, interval in enumerate(row.on) if interval != INTEGER]
    with np.errstate(all="ignore"):
        for element in range(min(6, len(values[0]))):
            full = [each[element] for each in values]
            compare_slopes(function, full, places, 1e-5 if dtype is np.float32 else 1e-13)


def compare_slopes(function, full, places, tolerance):
    """Each partial by itself, infinite ones too; of complex numbers the products with random directions."""

    def f(*some):
        moved = list(full)
        for place, x in zip(places, some, strict=True):
            moved[place] = x
        answer = function(*moved)
        return numeric(answer if isinstance(answer, tuple) else [answer])

    args = tuple(full[place] for place in places)
    if any(map(np.iscomplexobj, args)):
        agree(f, args, 1, tolerance)
        return
    numbers = tuple(range(len(args)))
    for forward, backward in zip(dualad.jacfwd(f, numbers)(*args), dualad.jacrev(f, numbers)(*args), strict=True):
        for expected, got in zip(forward, backward, strict=True):
            np.testing.assert_allclose(got, expected, rtol=tolerance)
            assert got.dtype == expected.dtype
