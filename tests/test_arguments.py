"""What the transforms take: which arguments, in which containers, of which kinds of function, in how many chunks."""

import functools
import pickle
import sys
from collections import OrderedDict, namedtuple
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest

import dualad
from dualad import derivative, grad, hessian, jacfwd, jvp, value_and_grad, value_and_jacfwd, value_grad_and_hessian

X = np.array([0.5, 1.5, -2.0])


def product(a, b, c=2.0):
    """A function of three numbers with partial derivatives b c, a c and a b."""
    return a * b * c


def module_level(x):
    """A function that other processes can find."""
    return np.sin(x) * np.sum(x)


# -- which arguments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [
        (0, 15.0),
        (1, 10.0),
        (-1, 6.0),
        (-3, 15.0),
        ((0,), (15.0,)),
        ((2, 0), (6.0, 15.0)),
        ((0, -1), (15.0, 6.0)),
        ([1], (10.0,)),
    ],
)
def test_argnums(argnums, expected):
    """An integer gives one derivative, a tuple a tuple in its order; negative ones count from the end."""
    assert grad(product, argnums)(2.0, 3.0, 5.0) == expected


@pytest.mark.parametrize(("argnames", "expected"), [("b", 10.0), (("b",), (10.0,)), (("c", "a"), (6.0, 15.0))])
def test_argnames(argnames, expected):
    """Arguments by name, passed by position or by keyword."""
    by_name = grad(product, argnames=argnames)
    assert by_name(2.0, 3.0, 5.0) == expected
    assert by_name(2.0, 3.0, c=5.0) == expected
    assert by_name(a=2.0, b=3.0, c=5.0) == expected


def test_argnums_beside_argnames():
    """Both together select both, positions first."""
    assert grad(product, (0,), argnames=("c",))(2.0, 3.0, c=5.0) == (15.0, 6.0)


def test_names_of_arguments_that_were_not_passed():
    """A keyword-only argument is never taken for a position, however many of those there are."""
    f = lambda a, *rest, scale=1.0: a * rest[0] * rest[1] * scale
    assert grad(f, argnames="scale")(2.0, 3.0, 5.0, scale=1.0) == 30.0
    for name in ("scale", "rest"):
        with pytest.raises(dualad.errors.BadArgument, match="not called with"):
            grad(f, argnames=name)(2.0, 3.0, 5.0)


def test_numpy_integers_count_too():
    """An argnums that NumPy computed is as good as Python's."""
    assert grad(product, np.int64(1))(2.0, 3.0) == 4.0


def test_other_arguments_are_untouched():
    """Arguments that are not differentiated reach f as the very objects that were passed."""
    marker, options = object(), {"x": X}

    def f(x, first, *, second, third):
        assert first is marker
        assert second is options
        assert third is X
        return x**2

    assert derivative(f)(3.0, marker, second=options, third=X) == 6.0
    assert hessian(f)(3.0, marker, second=options, third=X) == 2.0


def test_same_array_twice():
    """f(x, x) with argnums=0 differentiates the first only."""
    np.testing.assert_array_equal(grad(lambda a, b: np.sum(a * b))(X, X), X)
    first, second = grad(lambda a, b: np.sum(a * b**2), (0, 1))(X, X)
    np.testing.assert_array_equal(first, X**2)
    np.testing.assert_array_equal(second, 2.0 * X**2)


# -- aux -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("aux", ["text", None, 3, {"deep": [{"er": (1, "x")}]}, object(), [], True, np.arange(3)])
def test_aux_of_any_type(aux):
    """What f returns beside its output comes back as it is."""
    gradient, back = grad(lambda x: (np.sum(x), aux), has_aux=True)(X)
    np.testing.assert_array_equal(gradient, np.ones(3))
    np.testing.assert_equal(back, aux)


def test_duals_in_aux_are_stripped():
    """Intermediate results may be returned as aux: they come back as plain numbers."""

    def f(x):
        y = np.sin(x)
        return np.sum(y), {"y": y, "first": y[0], "list": [y[1:], "text"], "count": len(y)}

    for transform in (grad, jacfwd, hessian):
        _, aux = transform(f, has_aux=True)(X)
        np.testing.assert_array_equal(aux["y"], np.sin(X))
        assert type(aux["y"]) is np.ndarray
        assert type(aux["first"]) is np.float64
        assert type(aux["list"][0]) is np.ndarray
        assert aux["list"][1:] == ["text"]
        assert aux["count"] == 3


def test_where_aux_stands():
    """aux comes last, or beside the value where a transform gives that."""
    f = lambda x: (x**3, "aux")
    assert grad(f, has_aux=True)(2.0) == (12.0, "aux")
    assert hessian(f, has_aux=True)(2.0) == (12.0, "aux")
    assert value_and_grad(f, has_aux=True)(2.0) == ((8.0, "aux"), 12.0)
    assert value_and_jacfwd(f, has_aux=True)(2.0) == ((8.0, "aux"), 12.0)
    assert value_grad_and_hessian(f, has_aux=True)(2.0) == ((8.0, "aux"), 12.0, 12.0)
    assert jvp(f, (2.0,), (1.0,), has_aux=True) == (8.0, 12.0, "aux")


def test_aux_is_that_of_the_first_chunk():
    """f runs once per chunk, and aux is what the first run returned."""
    runs = []
    _, aux = jacfwd(lambda x: (x, runs.append(1) or len(runs)), has_aux=True, chunk_size=1)(X)
    assert (aux, len(runs)) == (1, 3)


# -- containers ----------------------------------------------------------------------------------------------------------

Pair = namedtuple("Pair", ["left", "right"])


@dataclass
class Parameters:
    scale: float
    shift: np.ndarray
    label: str = "model"
    parts: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Frozen:
    a: float
    b: float

    def __post_init__(self):
        assert self.a > 0.0, "a derivative need not pass the checks of what it is a derivative of"


@pytest.mark.parametrize("pack", [dict, OrderedDict])
def test_dictionaries(pack):
    """A dict of arguments gives a dict of derivatives."""
    gradient = grad(lambda p: np.sum(p["x"]) * p["s"])(pack(x=X, s=2.0))
    assert type(gradient) is pack
    np.testing.assert_array_equal(gradient["x"], np.full(3, 2.0))
    assert gradient["s"] == 0.0


def test_lists_tuples_and_namedtuples():
    """Every container comes back in its own type, leaves that cannot vary as None."""
    gradient = grad(lambda p: p[0] * p[1][0] * p[2].right)([2.0, (3.0, None, "text"), Pair(True, 5.0)])
    assert gradient == [15.0, (10.0, None, None), Pair(None, 6.0)]
    assert type(gradient[2]) is Pair


def test_dataclasses():
    """A dataclass is a container of its fields; text in it passes through f and has None as derivative."""

    def f(p):
        assert p.label == "model"
        return p.scale * np.sum(p.shift) + p.parts[0]

    gradient = grad(f)(Parameters(2.0, X, parts=[1.0]))
    assert isinstance(gradient, Parameters)
    assert (gradient.scale, gradient.label, gradient.parts) == (0.0, None, [1.0])
    np.testing.assert_array_equal(gradient.shift, np.full(3, 2.0))


def test_frozen_dataclasses():
    """A frozen dataclass works, and its __init__ is not asked about derivatives."""
    assert grad(lambda p: -p.a * p.b)(Frozen(2.0, 3.0)).a == -3.0
    second = hessian(lambda p: p.a * p.b)(Frozen(2.0, 3.0))
    assert (second.a.a, second.a.b, second.b.a, second.b.b) == (0.0, 1.0, 1.0, 0.0)


def test_outputs_in_containers():
    """The output's structure is outside, the argument's inside; None in an output stays None."""
    jacobian = jacfwd(lambda p: {"sum": p["a"] + p["b"], "none": None, "pair": Pair(p["a"] * p["b"], 1)})({"a": 2.0, "b": 3.0})
    assert jacobian == {"sum": {"a": 1, "b": 1}, "none": None, "pair": Pair({"a": 3.0, "b": 2.0}, {"a": 0.0, "b": 0.0})}
    assert type(jacobian["pair"]) is Pair


def test_output_as_a_dataclass():
    """A dataclass that f builds of duals comes back with values, and with derivatives."""
    value, slope = jvp(lambda x: Parameters(x**2, x * np.ones(2), label=None), (3.0,), (1.0,))
    assert (value.scale, slope.scale) == (9.0, 6.0)
    np.testing.assert_array_equal(slope.shift, np.ones(2))


def test_tangents_have_the_structure_of_primals():
    """jvp takes pytrees, with None where nothing can vary."""
    _, slope = jvp(lambda p: p["a"] * p["b"][0], ({"a": 2.0, "b": [3.0, "text"]},), ({"a": 1.0, "b": [10.0, None]},))
    assert slope == 23.0


def test_jacobian_of_nested_containers_by_two_arguments():
    """Shapes of all blocks: out.shape + in.shape."""
    f = lambda a, b: (np.outer(a["x"], b), [np.sum(b)])
    jacobian = jacfwd(f, (0, 1))({"x": X}, np.ones(2))
    assert jacobian[0][0]["x"].shape == (3, 2, 3)
    assert jacobian[0][1].shape == (3, 2, 2)
    assert jacobian[1][0][0]["x"].shape == (3,)
    np.testing.assert_array_equal(jacobian[1][0][1], np.ones(2))


# -- kinds of function ---------------------------------------------------------------------------------------------------


class Model:
    """A class whose methods are differentiated in three ways."""

    scale = 3.0

    def energy(self, x):
        return self.scale * np.sum(x**2)

    @grad
    def nothing_to_differentiate(self, x):
        return np.sum(x)

    @functools.partial(grad, argnums=1)
    def force(self, x):
        """The slope of the energy."""
        return self.energy(x)

    @staticmethod
    @jacfwd
    def static(x):
        return x**2

    def __call__(self, x):
        return self.energy(x)


def test_methods_and_callable_objects():
    """Bound methods, callable objects and partials are functions like any other."""
    model = Model()
    for f in (model.energy, model, functools.partial(Model.energy, model), Model().energy):
        np.testing.assert_array_equal(grad(f)(X), 6.0 * X)
    assert grad(model.energy).__name__ == "energy"
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(grad(model.energy)))(X), 6.0 * X)


def test_decorated_methods():
    """A transform as a decorator of a method gives a method; self is argument 0."""
    model = Model()
    np.testing.assert_array_equal(model.force(X), 6.0 * X)
    np.testing.assert_array_equal(Model.force(model, X), 6.0 * X)
    np.testing.assert_array_equal(Model.static(X), np.diag(2.0 * X))
    assert Model.force.__doc__ == "The slope of the energy."
    with pytest.raises(dualad.errors.NotDifferentiable, match="Model"):
        model.nothing_to_differentiate(X)


def test_partials_with_arguments():
    """A partial's own arguments are constants; argnums counts what is left."""
    assert grad(functools.partial(product, 2.0))(3.0) == 4.0
    assert grad(functools.partial(product, c=5.0), argnames="b")(2.0, 3.0) == 10.0


def test_ufuncs_and_numpy_functions():
    """NumPy's functions can be differentiated as they are."""
    np.testing.assert_array_equal(derivative(np.exp)(X), np.exp(X))
    np.testing.assert_array_equal(grad(np.sum)(X), np.ones(3))
    np.testing.assert_array_equal(grad(np.linalg.norm)(np.array([3.0, 4.0])), [0.6, 0.8])


# -- chunks, executors, progress -----------------------------------------------------------------------------------------

EXACT = jacfwd(module_level, chunk_size=None)(X)


@pytest.mark.parametrize("chunk_size", [1, 2, 3, 100, np.int64(2), None, "auto"])
def test_chunk_sizes(chunk_size):
    """However the directions are cut, the answers agree."""
    np.testing.assert_allclose(jacfwd(module_level, chunk_size=chunk_size)(X), EXACT, rtol=1e-15)
    f = lambda x: np.sum(module_level(x))
    np.testing.assert_allclose(hessian(f, chunk_size=chunk_size)(X), hessian(f)(X), rtol=1e-14)


def test_chunks_cross_the_borders_of_arguments():
    """Directions of several arguments, and their batches, share chunks."""
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    f = lambda a, b: np.sin(np.sum(a, 1) * np.sum(b, 1))
    whole = jacfwd(f, (0, 1), batch_ndim=1)(a, b)
    cut = jacfwd(f, (0, 1), batch_ndim=1, chunk_size=2)(a, b)
    for one, other in zip(whole, cut, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-15)


@pytest.mark.parametrize("transform", [jacfwd, value_and_jacfwd, hessian], ids=lambda transform: transform.__name__)
def test_threads(transform):
    """A thread pool runs the chunks side by side."""
    with ThreadPoolExecutor(2) as pool:
        result = transform(module_level, chunk_size=1, executor=pool)(X)
    np.testing.assert_equal(result, transform(module_level, chunk_size=1)(X))


def test_processes():
    """A process pool runs the chunks of a module-level function."""
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        np.testing.assert_allclose(jacfwd(module_level, chunk_size=2, executor=pool)(X), EXACT, rtol=1e-15)
        second = hessian(np.prod, chunk_size=2, executor=pool)(X)
    np.testing.assert_allclose(second, hessian(np.prod)(X))


def test_an_error_in_a_chunk_arrives():
    """What f raises in a worker is raised to the caller."""
    with ThreadPoolExecutor(2) as pool, pytest.raises(ZeroDivisionError):
        jacfwd(lambda x: x * (1 // 0), chunk_size=1, executor=pool)(X)


def test_progress(capsys):
    """A progress bar is shown where tqdm is installed, and changes no answer."""
    pytest.importorskip("tqdm")
    np.testing.assert_allclose(jacfwd(module_level, chunk_size=1, progress=True)(X), EXACT, rtol=1e-15)
    assert "3/3" in capsys.readouterr().err


def test_progress_without_tqdm(monkeypatch, capsys):
    """Without tqdm nothing is shown, and nothing fails."""
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    np.testing.assert_allclose(jacfwd(module_level, chunk_size=1, progress=True)(X), EXACT, rtol=1e-15)
    assert capsys.readouterr().err == ""
