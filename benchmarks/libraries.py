"""The libraries that take part, each in the way in which its own manual would have the derivative taken.

Each function is handed a task and returns a function from NumPy arrays to NumPy arrays. Gradients are taken in reverse mode
where a library has it, Jacobians in forward mode; what a library cannot do raises, and the table says so.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import optree

import dualad

from .base import Derivative, Unable, mirrored
from .tasks import Task, in_namespace


def jax_style(api: Any, f: Callable[..., Any], task: Task) -> Derivative:
    """The derivative by transforms that have JAX's names and arguments."""
    match task.kind:
        case "jvp" if len(task.args) == 1:
            return lambda x, v: api.jvp(f, (x,), (v,))[1]
        case "jvp":
            return lambda x, *rest: api.jvp(lambda z: f(z, *rest[:-1]), (x,), rest[-1:])[1]
        case "hessian":
            return api.hessian(f)
        case "greeks":
            first = api.vmap(api.grad(f, task.problem.argnums))
            second = api.vmap(api.hessian(f, task.problem.argnums))
            return lambda *args: (first(*args), second(*args))
    if task.elementwise:
        return api.vmap(api.grad(f, task.problem.argnums))
    return api.grad(f) if task.scalar else api.jacfwd(f)


# -- NumPy code as it is -------------------------------------------------------------------------------------------------


def plain(task: Task) -> Derivative:
    """The function itself: what one evaluation costs."""
    count = len(task.args)
    return lambda *inputs: task.problem.function(*inputs[:count])


def plain_jitted(task: Task) -> Derivative:
    """The function itself, compiled by dualad: what a compiled derivative's cost is measured by."""
    count, compiled = len(task.args), dualad.jit(task.problem.function)
    return lambda *inputs: compiled(*inputs[:count])


def unrecorded(task: Task) -> Derivative:
    """Dualad as it differentiates functions that it may not compile without being asked."""
    names = ("jvp", "grad", "jacfwd", "hessian")
    as_they_are = {name: functools.partial(getattr(dualad, name), drop_in=False) for name in names}
    return eager(task, SimpleNamespace(**as_they_are))


def eager(task: Task, api: Any = dualad) -> Derivative:
    """Dualad without `jit`."""
    f = task.problem.function
    if not task.elementwise:
        return jax_style(api, f, task)
    options: dict[str, Any] = {"argnums": task.problem.argnums, "batch_ndim": 1}
    first = api.jacfwd(f, **options)
    if task.first:
        return first

    def twice(*args: Any) -> Any:
        partials = first(*args)
        return partials, partials

    both = api.jacfwd(twice, has_aux=True, **options)
    return lambda *args: both(*args)[::-1]


def jitted(task: Task) -> Derivative:
    """Dualad's compiled function of the same."""
    if task.kind != "greeks":
        return dualad.jit(eager(task))
    f, argnums = task.problem.function, task.problem.argnums
    slopes = dualad.grad(lambda *args: np.sum(f(*args)), argnums, mode="reverse")  # each element's own: no other varies with it

    def twice(*args: Any) -> Any:
        partials = slopes(*args)
        return partials, partials

    both = dualad.jacfwd(twice, argnums, has_aux=True, batch_ndim=1)
    return dualad.jit(lambda *args: both(*args)[::-1])


def into(task: Task) -> Derivative:
    """The same, written into arrays that are there."""
    compiled = jitted(task)
    out = optree.tree_map(np.empty_like, compiled(*task.inputs))
    return lambda *inputs: compiled.into(out, *inputs)


def dualpy(task: Task) -> Derivative:
    """Dualpy: forward mode, one direction at a time."""
    import dualpy as library

    f = task.problem.function
    match task.kind:
        case "jvp":
            return lambda x, *rest: library.jvp(lambda z: f(z, *rest[:-1]), x, rest[-1])[1]
        case "hessian":
            return library.hessian(f)
    if not task.elementwise:
        return library.jacobian(f) if task.problem.name == "scalar function" or not task.scalar else library.gradient(f)

    def along(function: Derivative, place: int) -> Derivative:
        def partial(*args: Any) -> Any:
            seeds = tuple(np.ones(arg.shape) if i == place else np.zeros(arg.shape) for i, arg in enumerate(args))
            return library.jvp(function, args, seeds)[1]

        return partial

    first = [along(f, i) for i in task.problem.argnums]
    if task.first:
        return lambda *args: [partial(*args) for partial in first]
    second = [[along(first[i], j) for j in task.problem.argnums[i:]] for i in task.problem.argnums]

    def greeks(*args: Any) -> Any:
        return [partial(*args) for partial in first], mirrored([[partial(*args) for partial in row] for row in second])

    return greeks


# -- arrays of their own -------------------------------------------------------------------------------------------------


def jax(task: Task, compiled: bool = True) -> Derivative:
    """JAX in double precision: NumPy arrays in, and out when the answer is ready."""
    import jax as library

    library.config.update("jax_enable_x64", True)
    derivative = jax_style(library, in_namespace(task.problem.function, library.numpy), task)
    if compiled:
        derivative = library.jit(derivative)
    return lambda *inputs: library.tree.map(np.asarray, derivative(*map(library.numpy.asarray, inputs)))


def torch_namespace() -> Any:
    """What the problems call of NumPy, under PyTorch's names, floats taken where it wants tensors."""
    import torch

    def array(rows: Any) -> Any:
        if isinstance(rows, list):
            return torch.stack([array(row) for row in rows])
        return torch.as_tensor(rows)

    def lifted(function: Derivative) -> Derivative:
        return lambda x, *rest: function(torch.as_tensor(x) if isinstance(x, float) else x, *rest)

    curves = {name: lifted(getattr(torch, name)) for name in ("cos", "sin", "exp", "logaddexp")}
    same = {name: getattr(torch, name) for name in ("concatenate", "cosh", "eye", "log", "mean", "ones", "sqrt", "stack")}
    more = {name: getattr(torch, name) for name in ("sum", "tanh", "where", "linalg", "pi")}
    return SimpleNamespace(array=array, **curves, **same, **more)


def torch(task: Task) -> Derivative:
    """torch.func, in double precision."""
    import torch as library

    library.set_default_dtype(library.float64)
    # Below such sizes threads gain nothing, and on a busy machine they wait for each other a thousand times longer.
    library.set_num_threads(1 if task.work(reverse=True) < 10**6 else os.cpu_count() or 1)
    api = SimpleNamespace(
        vmap=library.vmap, **{name: getattr(library.func, name) for name in ("grad", "jvp", "jacfwd", "hessian")}
    )
    derivative = jax_style(api, in_namespace(task.problem.function, torch_namespace()), task)

    def to_numpy(answer: Any) -> Any:
        return [to_numpy(part) for part in answer] if isinstance(answer, tuple) else answer.numpy()

    return lambda *inputs: to_numpy(derivative(*map(library.as_tensor, inputs)))


def autograd(task: Task) -> Derivative:
    """HIPS autograd: reverse mode; forward mode where there are many outputs."""
    import autograd as library
    import autograd.numpy as anp

    f = in_namespace(task.problem.function, anp)
    forward = library.make_jvp
    match task.kind:
        case "jvp":
            return lambda x, *rest: forward(f)(x, *rest[:-1])(rest[-1])[1]
        case "hessian":
            return library.hessian(f)
    if task.elementwise:
        first = library.grad(lambda *args: anp.sum(f(*args)), task.problem.argnums)
        if task.first:
            return first
        sums = [lambda *args, i=i: anp.sum(first(*args)[i]) for i in range(len(task.problem.argnums))]
        rows = [library.grad(total, task.problem.argnums) for total in sums]
        return lambda *args: (first(*args), [row(*args) for row in rows])
    if task.scalar:
        return library.grad(f)

    def columns(x: Any, *rest: Any) -> Any:
        push = forward(f)(x, *rest)
        return np.stack([push(seed.reshape(x.shape))[1] for seed in np.eye(x.size)], -1)

    return columns


def casadi(task: Task, buffer: bool = False) -> Derivative:
    """CasADi: scalar expressions, a derivative graph of them, and calls to its virtual machine, or through its buffers."""
    import casadi as library

    if buffer and (task.elementwise or task.kind == "jvp" or np.ndim(task.args[0]) > 1):
        raise Unable
    if np.size(task.args[0]) > 10**4 and np.ndim(task.args[0]) == 1 and not task.elementwise:
        raise Unable("a symbol for each of so many inputs")
    library.GlobalOptions.setNumpyMode(-1)  # NumPy's functions of its symbols as they have always been
    f = task.problem.function
    if task.elementwise:
        namespace = SimpleNamespace(where=library.if_else, exp=library.exp, log=library.log, sqrt=library.sqrt)
        variables = library.SX.sym("x", len(task.args))
        value = in_namespace(f, namespace)(*library.vertsplit(variables))
        hessian, gradient = library.hessian(value, variables)
        wanted = [gradient] if task.first else [gradient, hessian]
        function = library.Function("greeks", [variables], wanted).map(task.size)
        count = len(task.args)

        def greeks(*args: Any) -> Any:
            answer = function(np.stack(args))
            if task.first:
                return answer.full()
            return answer[0].full(), answer[1].full().reshape(count, task.size, count).swapaxes(1, 2)

        return greeks
    x = task.args[0]
    if np.ndim(x) == 2:
        if len(task.args) > 1:
            raise Unable("vectors beside matrices are columns")
        namespace = SimpleNamespace(sum=lambda value: library.sum1(library.sum2(value)), eye=library.DM.eye)
        variables = library.MX.sym("x", *x.shape)
        value = in_namespace(f, namespace)(variables)
        value, shape = library.reshape(value, -1, 1), ()
    else:
        variables = library.SX.sym("x", np.size(x))
        symbols = np.empty(np.size(x), object)
        symbols[:] = library.vertsplit(variables)
        value = f(symbols if np.ndim(x) else variables, *task.args[1:])
        shape = np.shape(value) if isinstance(value, np.ndarray) else () if value.is_scalar() else (value.numel(),)
        value = library.vertcat(*value) if isinstance(value, np.ndarray) else value
    if task.kind == "jvp":
        vector = library.MX.sym("v", *x.shape) if np.ndim(x) == 2 else library.SX.sym("v", np.size(x))
        function = library.Function("jvp", [variables, vector], [library.jtimes(value, variables, vector)])
        return lambda *inputs: function(inputs[0], inputs[-1]).full().reshape(shape)
    if task.kind == "hessian":
        answer = library.hessian(value, variables)[0]
    else:
        answer = library.gradient(value, variables) if task.scalar else library.jacobian(value, variables)
    function = library.Function("derivative", [variables], [library.densify(answer) if buffer else answer])
    shape += np.shape(x) * (2 if task.kind == "hessian" else 1)
    return buffered(function, shape) if buffer else lambda x, *rest: function(x).full().reshape(shape)


def buffered(function: Any, shape: tuple[int, ...]) -> Derivative:
    """A function of CasADi's that reads and writes memory set aside once."""
    given, out = np.empty(function.size1_in(0)), np.empty(function.size_out(0)[::-1])  # columns lie one after the other
    memory, trigger = function.buffer()
    memory.set_arg(0, memoryview(given))
    memory.set_res(0, memoryview(out))
    answer = out.T.reshape(shape)

    def call(x: Any, *rest: Any, kept: Any = memory) -> Any:
        given[:] = x
        trigger()
        return answer

    return call


# -- scalars of their own ------------------------------------------------------------------------------------------------


def num_dual(task: Task) -> Derivative:
    """num-dual: dual numbers in Rust, one point at a time."""
    import num_dual as library

    f = task.problem.function
    if task.kind == "jvp":
        raise Unable("no directional derivative of arrays")
    if task.elementwise:
        scalars = SimpleNamespace(where=lambda condition, a, b: a if condition else b, exp=np.exp, log=np.log, sqrt=np.sqrt)
        f = in_namespace(f, scalars)

        def at(point: list[float]) -> Any:
            return (library.gradient if task.first else library.hessian)(lambda x: f(*x), point)

        def greeks(*args: Any) -> Any:
            answers = [at(point) for point in np.stack(args, -1).tolist()]
            first = np.array([answer[1] for answer in answers]).T
            if task.first:
                return first
            return first, np.moveaxis(np.array([answer[2] for answer in answers]), 0, -1)

        return greeks
    if not np.ndim(task.args[0]):
        return lambda x: np.float64(library.first_derivative(f, float(x))[1])

    def derivative(x: Any, *rest: Any) -> Any:
        def listed(symbols: list[Any]) -> Any:
            value = f(np.array(symbols, object).reshape(x.shape), *rest)
            return value if task.scalar else list(value)

        transform = library.hessian if task.kind == "hessian" else library.gradient if task.scalar else library.jacobian
        answer = np.array(transform(listed, x.ravel().tolist())[-1])
        return answer.reshape(answer.shape[: answer.ndim - 1] + x.shape) if task.first else answer

    return derivative


def hyperjet(task: Task) -> Derivative:
    """HyperJet: hyper-dual scalars in C++, in arrays of objects."""
    import hyperjet as library

    f = task.problem.function
    if task.kind == "jvp":
        raise Unable("no directional derivative")
    kind = library.DScalar if task.first else library.DDScalar
    if task.elementwise:

        def greeks(*args: Any) -> Any:
            points = np.array([kind.variables(point) for point in np.stack(args, -1).tolist()], object)
            answers = f(*points.T).tolist()
            first = np.array([answer.g for answer in answers]).T
            if task.first:
                return first
            return first, np.moveaxis(np.array([answer.hm() for answer in answers]), 0, -1)

        return greeks
    if not np.ndim(task.args[0]):
        return lambda x: f(kind.variable(0, float(x), 1)).g[0]

    def derivative(x: Any, *rest: Any) -> Any:
        value = f(np.array(kind.variables(x.ravel().tolist()), object).reshape(x.shape), *rest)
        if task.kind == "hessian":
            return value.hm()
        return value.g.reshape(x.shape) if task.scalar else np.array([each.g for each in value])

    return derivative
