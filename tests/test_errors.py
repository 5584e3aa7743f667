"""Every mistake raises an error of dualad's own family, and the message says what to write instead."""

import numpy as np
import pytest

import dualad
from dualad import derivative, errors, grad, hessian, hvp, jacfwd, jvp
from dualad.errors import BadArgument, DualadError, NoRule, NotDifferentiable, TangentLossError

X = np.array([0.5, 1.5, -2.0])


def product(a, b):
    """A function of two numbers."""
    return a * b


def apply(use):
    """A use of a dual array inside a function that is differentiated."""
    return lambda: grad(lambda x: use(x) or np.sum(x))(X)


# What is done wrong: the call, the error, and words that its message must hold.
MISTAKES = {
    # what is differentiated
    "text": (lambda: grad(product)("text", 1.0), NotDifferentiable, "Differentiable are floats, integers"),
    "nothing in a container": (lambda: jacfwd(len)({"a": None}), NotDifferentiable, "holds nothing to differentiate"),
    "a structured array": (lambda: grad(np.sum)(np.zeros(2, "f8,i4")), NotDifferentiable, "separate arrays, or as a dict"),
    "a masked array": (lambda: grad(np.sum)(np.ma.ones(2)), NotDifferentiable, r"np\.asarray\(x\)"),
    "a complex array": (lambda: jacfwd(np.exp)(1j * X), NotDifferentiable, "holomorphic=True.*or use jvp"),
    # which argument
    "argnums too large": (lambda: grad(product, 2)(1.0, 2.0), BadArgument, r"argnums=2, but product.* 2 positional"),
    "argnums too small": (lambda: grad(product, -3)(1.0, 2.0), BadArgument, "argnums=-3"),
    "one of several": (lambda: grad(product, (0, 5))(1.0, 2.0), BadArgument, r"argnums=\(0, 5\)"),
    "argnums as text": (lambda: grad(product, "a")(1.0, 2.0), BadArgument, "argnames"),
    "argnums as a float": (lambda: grad(product, 0.0)(1.0, 2.0), BadArgument, r"argnums=0\.0"),
    "argnums of a keyword": (lambda: grad(product)(a=1.0, b=2.0), BadArgument, "use argnames for keyword arguments"),
    "argnames unknown": (lambda: grad(product, argnames="z")(1.0, 2.0), BadArgument, "'z', which product was not called with"),
    "argnames not passed": (lambda: grad(lambda a, b=2.0: a, argnames="b")(1.0), BadArgument, "not called with"),
    "the same twice": (lambda: grad(product, (0, -2))(1.0, 2.0), BadArgument, "twice"),
    "the same by number and name": (lambda: grad(product, (0,), argnames="a")(1.0, 2.0), BadArgument, "twice"),
    # what f returns
    "a vector for grad": (lambda: grad(np.sin)(X), NotDifferentiable, r"shape \(3,\); use jacfwd"),
    "two numbers for grad": (lambda: grad(lambda x: (x, x))(1.0), NotDifferentiable, "use jacfwd"),
    "a complex number for grad": (lambda: grad(lambda x: x * 1j)(1.0), NotDifferentiable, "real or imaginary part"),
    "a vector for hvp": (lambda: hvp(np.sin, (X,), (X,)), NotDifferentiable, "use jacfwd"),
    "None": (lambda: grad(lambda x: None)(1.0), BadArgument, "returned nothing to differentiate"),
    "an empty tuple": (lambda: jacfwd(lambda x: ())(1.0), BadArgument, "returned nothing to differentiate"),
    "a str": (lambda: jacfwd(lambda x: "text")(1.0), NotDifferentiable, "return it as aux with has_aux=True"),
    "an object": (lambda: jacfwd(lambda x: object())(1.0), NotDifferentiable, "has_aux=True"),
    "a str beside a number": (lambda: jacfwd(lambda x: (x, "text"))(1.0), NotDifferentiable, "has_aux=True"),
    "no pair with has_aux": (lambda: grad(np.sum, has_aux=True)(X), BadArgument, r"must return a pair \(output, aux\)"),
    "a sum for derivative": (lambda: derivative(np.sum)(X), BadArgument, "use jacfwd"),
    # options
    "a value for a function": (lambda: jacfwd(np.sin(1.0)), BadArgument, r"write jacfwd\(f\)\(x\), not jacfwd\(f\(x\)\)"),
    "an array for a function": (lambda: grad(X), BadArgument, "not ndarray"),
    "a value for jvp's function": (lambda: jvp(1.0, (1.0,), (1.0,)), BadArgument, "takes a function"),
    "a value for hvp's function": (lambda: hvp(1.0, (1.0,), (1.0,)), BadArgument, "takes a function"),
    "chunk_size 0": (lambda: jacfwd(np.sin, chunk_size=0)(X), BadArgument, '"auto", None, or a positive number'),
    "chunk_size negative": (lambda: jacfwd(np.sin, chunk_size=-1)(X), BadArgument, "chunk_size=-1"),
    "chunk_size as text": (lambda: hessian(np.sum, chunk_size="all")(X), BadArgument, "chunk_size='all'"),
    "chunk_size as a float": (lambda: jacfwd(np.sin, chunk_size=2.0)(X), BadArgument, r"chunk_size=2\.0"),
    "chunk_size as a bool": (lambda: jacfwd(np.sin, chunk_size=True)(X), BadArgument, "chunk_size=True"),
    "batch_ndim too large": (lambda: jacfwd(np.sin, batch_ndim=2)(X), BadArgument, "only 1 axes"),
    "batch_ndim too negative": (lambda: jacfwd(np.sin, batch_ndim=-2)(X), BadArgument, "only 1 axes"),
    "batch_ndim as a float": (lambda: jacfwd(np.sin, batch_ndim=1.0)(X), BadArgument, r"batch_ndim=1\.0"),
    "points that are summed": (lambda: jacfwd(np.sum, batch_ndim=1)(X), BadArgument, "leading axes .* same points"),
    "batches that differ": (
        lambda: jacfwd(lambda a, b: a[:2] * b, (0, 1), batch_ndim=1)(X, X[:2]),
        BadArgument,
        "same points",
    ),
    "a negative order": (lambda: derivative(np.sin, order=-1), BadArgument, "order=-1"),
    "half an order": (lambda: derivative(np.sin, order=0.5), BadArgument, r"order=0\.5"),
    "two arguments for derivative": (lambda: derivative(product, argnums=(0, 1))(1.0, 2.0), BadArgument, "one integer"),
    "two arguments for a diagonal": (lambda: dualad.hessian_diagonal(product, (0, 1))(1.0, 2.0), BadArgument, "one integer"),
    # tangents
    "primals without a tuple": (lambda: jvp(np.sin, 1.0, 1.0), BadArgument, r"jvp\(f, \(x,\), \(v,\)\)"),
    "too few tangents": (lambda: jvp(product, (1.0, 2.0), (1.0,)), BadArgument, "structure"),
    "a tangent of wrong structure": (lambda: jvp(lambda p: p["a"], ({"a": 1.0},), ([1.0],)), BadArgument, "structure"),
    "a tangent of wrong shape": (
        lambda: jvp(np.sin, (X,), (X[:2],)),
        BadArgument,
        r"shape \(2,\) for a primal of shape \(3,\)",
    ),
    "a tangent of wrong size": (lambda: jvp(np.sin, (1.0,), (X,)), BadArgument, r"shape \(3,\) for a primal of shape \(\)"),
    "a complex tangent": (lambda: jvp(np.sin, (X,), (1j * X,)), BadArgument, "dtype complex128 for a primal of dtype float64"),
    "a Boolean tangent": (lambda: jvp(np.sin, (X,), (X > 0,)), BadArgument, "dtype bool"),
    "a tangent as text": (lambda: jvp(np.sin, (1.0,), ("text",)), BadArgument, "dtype"),
    "hvp's tangent of wrong shape": (lambda: hvp(np.sum, (X,), (X[:2],)), BadArgument, "shape"),
    # what has no rule
    "a NumPy function": (apply(np.packbits), NoRule, r"np\.packbits, called at \S*test_errors\.py:\d+: .*primal_of"),
    "a parameter": (apply(lambda x: np.var(x, ddof=x[1])), NoRule, r"np\.var\b.* has no derivative by ddof\b.*stop_gradient"),
    "an unknown keyword": (apply(lambda x: np.matmul(x, x, axes=[0, 0, ()])), NoRule, r"np\.matmul\b.* argument axes\b"),
    "a ufunc": (apply(np.frompyfunc(lambda x: x, 1, 1)), NoRule, r"dualad\.rule"),
}


@pytest.mark.parametrize(("call", "error", "words"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(call, error, words):
    """The error is of dualad's family, of the expected kind, and its message helps."""
    with pytest.raises(error, match=words) as caught:
        call()
    assert isinstance(caught.value, DualadError)


def test_kinds_of_errors():
    """An error is also what NumPy or Python would have raised in its place."""
    assert issubclass(NotDifferentiable, TypeError)
    assert issubclass(TangentLossError, TypeError)
    assert issubclass(NoRule, TypeError)
    assert issubclass(BadArgument, ValueError)
    assert issubclass(errors.EscapedDualError, ValueError)
    assert issubclass(errors.CheckFailed, AssertionError)
    assert not issubclass(NoRule, TangentLossError)
    assert all(issubclass(getattr(errors, name), DualadError | UserWarning) for name in errors.__all__)
    assert all(getattr(errors, name).__doc__ for name in errors.__all__)


def test_the_functions_name_is_in_the_message():
    """Lambdas, partials and callable objects have one too."""
    with pytest.raises(BadArgument, match="<lambda>"):
        grad(lambda x: x, argnums=3)(1.0)
    with pytest.raises(BadArgument, match="product"):
        grad(product, argnums=3)(1.0)


def test_errors_of_numpy_pass_through():
    """Where plain NumPy raises, so does the same code on duals: same type, same text."""
    for f in (
        lambda x: x[7],
        lambda x: x + np.ones(5),
        lambda x: x.reshape(2, 2),
        lambda x: np.linalg.inv(np.outer(x, x) * 0.0),
        lambda x: np.stack([x, x[:2]]),
        lambda x: np.sum(x, axis=4),
    ):
        with pytest.raises(Exception) as plain:  # noqa: PT011 - whichever it is
            f(X)
        with pytest.raises(type(plain.value)) as caught:
            jacfwd(f)(X)
        assert str(caught.value) == str(plain.value)
