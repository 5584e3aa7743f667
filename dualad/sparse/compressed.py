"""Sparse Jacobians and Hessians: directions that are sums of unit vectors, and the entries read off their images.

Inputs of one colour move together. What they do to an output, or to an element of the gradient, is the sum of the entries of a
row at these inputs, of which the pattern has one only. One more direction, a random one, goes along and must come out as the
product of the matrix with it: then nothing is missing, however the function went this time. Where it does not, but for
rounding, or where a number that is not finite hides it, f is recorded the way it goes now, which tells.
"""

from __future__ import annotations

import copy
import functools
import threading
from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from scipy import sparse

from ..derivatives import grad
from ..directions import SEED_ELEMENTS
from ..errors import BadArgument, DualadError, NotDifferentiable
from ..foreign import is_chunked
from ..forward import run, seed_like
from ..jit import Jitted, jit
from ..lift import Lifted
from ..selection import Selection, name_of, select
from ..trees import dtype_of, flatten, unflatten
from .colouring import column_colouring, star_colouring
from .patterns import blocks_of, hessian_sets, jacobian_sets
from .ways import key_of

PLANS = 64
"""Plans are kept for so many kinds of arguments; the oldest goes first."""

ROUNDING = 1000.0
"""So many units in the last place two ways to the same product may be apart before f is recorded again; more where that has
shown that nothing was missing."""


class Plan:
    """How the entries of a sparse matrix are found.

    Attributes
    ----------
    pattern
        Boolean, of all outputs by all inputs.
    colours
        Of the inputs.
    source
        For each entry of the pattern where it stands in the compressed matrix, which has a row for each colour and is raveled.
    directions
        A row for each colour, and the random direction below them.
    shapes, structure
        Of the output's leaves.
    program
        The images of the directions as a compiled function of the arguments, if it was asked for.
    slack
        What is taken for rounding, in units in the last place.
    """

    def __init__(self, pattern: Any, colours: Any, source: Any) -> None:
        self.pattern, self.colours, self.source = pattern, colours, source
        columns = pattern.shape[1]
        self.directions = np.zeros((self.count + 1, columns))
        self.directions[colours, np.arange(columns)] = 1.0
        # It looks like no other, is the same one every time, and in single precision too.
        sizes = np.random.default_rng(columns).integers(2**19, 3 * 2**19, columns) / 2**20
        self.directions[-1] = sizes * np.resize([1.0, -1.0], columns)
        self.program: Any = None
        self.slack = ROUNDING
        self.shapes: list[Any] = []
        self.structure: Any = None

    @property
    def count(self) -> int:
        """How many colours there are."""
        return int(self.colours.max(initial=-1)) + 1

    def matrix(self, image: Any) -> Any:
        """The entries read off the images of the directions, as an array that shares nothing with the plan."""
        matrix = copy.copy(self.pattern)  # what SciPy would check anew was checked; it knows that the indices are sorted
        matrix.data = image.reshape(-1).take(self.source)
        matrix.indices, matrix.indptr = self.pattern.indices.copy(), self.pattern.indptr.copy()
        return matrix


def jacobian_plan(pattern: Any) -> Plan:
    """Each column has the colour that shows it."""
    pattern = _canonical(pattern)
    colours = column_colouring(pattern)
    row = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
    return Plan(pattern, colours, colours[pattern.indices] * pattern.shape[0] + row)


def hessian_plan(pattern: Any) -> Plan:
    """Each entry, or its mirror image, stands alone in its row among those of its column's colour; both are read there."""
    pattern = _canonical(pattern)
    colours = star_colouring(pattern)
    count = pattern.shape[0]
    row = np.repeat(np.arange(count), np.diff(pattern.indptr))
    column = pattern.indices
    together = row * (int(colours.max(initial=0)) + 1) + colours[column]
    alone = np.bincount(together)[together] == 1
    # An entry and its mirror image are read in one place, so that they are the same to the last bit.
    mirrored = sparse.csr_array((np.arange(1, len(row) + 1), pattern.indices, pattern.indptr), pattern.shape).T.tocsr()
    mirrored.sort_indices()
    mirror = mirrored.data - 1
    first = np.where(row <= column, np.arange(len(row)), mirror)
    place = np.where(alone[first], first, mirror[first])
    return Plan(pattern, colours, colours[column[place]] * count + row[place])


def _canonical(pattern: Any) -> Any:
    pattern = sparse.csr_array(sparse.csr_array(pattern).astype(bool))
    pattern.eliminate_zeros()
    pattern.sum_duplicates()
    pattern.sort_indices()
    if max(pattern.nnz, *pattern.shape) < 2**31:  # as solvers want them, who would convert each matrix
        pattern.indices, pattern.indptr = pattern.indices.astype(np.int32), pattern.indptr.astype(np.int32)
    return pattern


# -- running ---------------------------------------------------------------------------------------------------------------


def seeds_of(selection: Selection, rows: Any) -> list[Any]:
    """Directions, as rows over all inputs, in the shapes of the leaves."""
    seeds: list[Any] = []
    low = 0
    for primal, size in zip(selection.primals, selection.sizes, strict=True):
        if primal is None:
            seeds.append(None)
            continue
        part = rows[:, low : low + size].astype(dtype_of(primal))  # a copy: f may write into it
        seeds.append(seed_like(primal, part.reshape(len(rows), *np.shape(primal))))
        low += size
    return seeds


def images(selection: Selection, rows: Any) -> tuple[Any, list[Any], Any]:
    """What directions become: the output, the shapes of its leaves, and one row for each direction over all outputs."""
    step = max(1, SEED_ELEMENTS // max(1, rows.shape[1]))
    parts = []
    for low in range(0, len(rows), step):
        chunk = rows[low : low + step]
        out, tangents, _ = run(selection, lambda chunk=chunk: seeds_of(selection, chunk), False)  # type: ignore[misc]
        leaves, _ = flatten(out)
        shapes = [None if leaf is None else np.shape(leaf) for leaf in leaves]
        flat = [_flat(*each, len(chunk)) for each in zip(leaves, tangents, strict=True) if each[0] is not None]
        parts.append(flat[0] if len(flat) == 1 else np.concatenate(flat, 1))
    return out, shapes, parts[0] if len(parts) == 1 else np.concatenate(parts)


def _flat(leaf: Any, tangent: Any, count: int) -> Any:
    if tangent is None:
        dtype = dtype_of(leaf)
        return np.zeros((count, np.size(leaf)), dtype if dtype.kind in "fc" else np.float64)
    return np.reshape(tangent, (count, np.size(leaf)))


class Images:
    """The images of a plan's directions as a function of the arguments, to be compiled."""

    def __init__(self, selection: Selection, directions: Any) -> None:
        self.selection, self.directions = selection, directions
        functools.update_wrapper(self, selection.f, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return images(self.selection.at(args, kwargs), self.directions)[2]


def excess(matrix: Any, direction: Any, image: Any, unit: float, slack: float) -> Any:
    """For each row how far the product of the matrix with a direction is from its image, in units in the last place; infinite
    where either is not finite, so that nobody can tell. None if all rows are within `slack`."""
    with np.errstate(all="ignore"):
        gap, scale = abs(matrix @ direction - image), abs(image)
        if (gap <= slack * unit * scale).all():  # nearly always; the rest of it takes three times as long
            return None
        size = abs(matrix) @ abs(direction) + scale
        finite = np.isfinite(gap) & np.isfinite(size)
        size = size + unit**0.25 * np.max(size, initial=0.0, where=finite)
        units = np.divide(gap, size * unit, out=np.zeros(len(gap)), where=finite & (gap > 0.0))
    units[~finite] = np.inf
    return units if np.any(units > slack) else None


class Compressed:
    """What `sparse_jacfwd` and `sparse_hessian` do, for one function: plans by the kind of the arguments."""

    def __init__(self, name: str, argnums: Any, sparsity: Any) -> None:
        self.name, self.argnums, self.sparsity = name, argnums, sparsity
        self.plans: dict[Any, Plan] = {}
        self.lock = threading.Lock()

    def __getstate__(self) -> Any:
        return self.name, self.argnums, self.sparsity

    def __setstate__(self, state: Any) -> None:
        self.__init__(*state)  # type: ignore[misc]  # as new

    def matrix(
        self, selection: Selection, differentiated: Callable[[Plan], Selection], plan_of: Callable[[Any], Plan], sets_of: Any
    ) -> tuple[Plan, Any]:
        """The plan for these arguments, and the matrix of all elements of the output of `differentiated` by all inputs."""
        if any(isinstance(primal, Lifted) for primal in selection.primals):
            raise NotDifferentiable(
                f"{self.name}: inside another transform its answer would be a sparse matrix of duals, which there is not. Use "
                f"jacfwd or hessian there; to compile it, write {self.name}(jit(f))"
            )
        if any(is_chunked(type(primal)) for primal in selection.primals):
            raise NotDifferentiable(
                f"{self.name}: an argument is an array of chunks, and sparse matrices are NumPy's: compute it"
            )
        sets_of = functools.partial(self.found, sets_of)
        key = key_of(selection)
        plan = known = self.plans.get(key)
        if plan is None:
            plan = plan_of(self.given() if self.sparsity is not None else sets_of(selection))
        while True:
            image = self.image(selection, differentiated, plan)
            if plan.pattern.shape != (image.shape[1], sum(selection.sizes)):
                raise BadArgument(
                    f"{self.name}: the pattern has shape {plan.pattern.shape}, but {name_of(selection.f)} has "
                    f"{image.shape[1]} outputs and {sum(selection.sizes)} inputs"
                )
            matrix = plan.matrix(image)
            dtypes = {image.dtype, *(dtype_of(primal) for primal in selection.primals if primal is not None)}
            unit = max(float(np.finfo(dtype).eps) for dtype in dtypes)  # part of the way may be in single precision
            units = excess(matrix, plan.directions[-1], image[-1], unit, plan.slack)
            if units is None:
                break
            finite, most = np.isfinite(units), unit**-0.5
            if self.sparsity is not None:
                self.refuse_missing(selection, differentiated, plan_of, sets_of, plan, finite & (units > most))
            elif (found := _canonical(plan.pattern + sets_of(selection))).nnz > plan.pattern.nnz:
                plan = plan_of(found)
                continue
            plan.slack = min(max(plan.slack, 8.0 * np.max(units, where=finite, initial=0.0)), most)
            break  # nothing is missing: these are rounding errors
        if plan is not known:
            with self.lock:
                self.plans[key] = plan
                while len(self.plans) > PLANS:
                    del self.plans[next(iter(self.plans))]
        return plan, matrix

    def found(self, sets_of: Callable[[Selection], Any], selection: Selection) -> Any:
        """The pattern of the way that f goes now, with a word of advice where it cannot be found."""
        try:
            return sets_of(selection)
        except DualadError as error:
            error.add_note(f"{self.name} records the function to find its pattern; where it cannot, give that as sparsity=")
            raise

    def refuse_missing(
        self, selection: Selection, differentiated: Any, plan_of: Callable[[Any], Plan], sets_of: Any, plan: Plan, wrong: Any
    ) -> None:
        """Refuse a pattern that was given if entries outside of it are not zero. It may well be smaller than the one found,
        which is that of all values; where none is found, `wrong` are the rows of which rounding cannot be the reason."""
        wider, missing = plan, np.zeros(0, int)
        try:
            wider = plan_of(_canonical(plan.pattern + sets_of(selection)))
        except DualadError:
            missing = np.flatnonzero(wrong)
        if wider.pattern.nnz > plan.pattern.nnz:
            matrix = wider.matrix(self.image(selection, differentiated, wider))
            outside = abs(matrix) - abs(matrix).multiply(plan.pattern)
            missing = outside.tocoo().row[np.nan_to_num(outside.tocoo().data) != 0.0]
        if len(missing):
            raise BadArgument(
                f"{self.name}: the pattern given as sparsity= misses entries, for one in row {int(missing.min())}: the product "
                "with a random direction is not the derivative along it"
            )

    def given(self) -> Any:
        """The pattern that was given, refused if it is no matrix; of a sparse one what is stored counts, whatever it is."""
        pattern = self.sparsity if sparse.issparse(self.sparsity) else np.asarray(self.sparsity)
        if pattern.ndim != 2 or pattern.dtype.kind not in "biufc":
            raise BadArgument(
                f"{self.name}: sparsity={self.sparsity!r} is no matrix, sparse or dense; None has the pattern found"
            )
        if sparse.issparse(pattern):
            stored = sparse.coo_array(pattern)
            return sparse.coo_array((np.ones(stored.nnz, bool), stored.coords), stored.shape)
        return pattern

    def image(self, selection: Selection, differentiated: Callable[[Plan], Selection], plan: Plan) -> Any:
        """What becomes of the plan's directions; compiled if the function is, from the second call on."""
        if plan.program is not None:
            return plan.program(*selection.args, **selection.kwargs)
        out, plan.shapes, image = images(differentiated(plan), plan.directions)
        plan.structure = flatten(out)[1]
        if isinstance(selection.f, Jitted):
            plan.program = jit(Images(differentiated(plan), plan.directions))
        return image


def split(selection: Selection, matrix: Any, low: int, high: int) -> Any:
    """Rows of a matrix, by the differentiated arguments."""
    rows = matrix if high - low == matrix.shape[0] else matrix[low:high]
    return blocks_of(selection, rows)


def sparse_jacobian(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *, work: Compressed) -> Any:
    """The work of `sparse_jacfwd`."""
    selection = select(work.name, f, args, kwargs, work.argnums, None)
    plan, matrix = work.matrix(selection, lambda plan: selection, jacobian_plan, jacobian_sets)
    answers: list[Any] = []
    low = 0
    for shape in plan.shapes:
        high = low + (0 if shape is None else prod(shape))
        answers.append(None if shape is None else split(selection, matrix, low, high))
        low = high
    return unflatten(plan.structure, answers)


def sparse_second(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *, work: Compressed) -> Any:
    """The work of `sparse_hessian`."""
    selection = select(work.name, f, args, kwargs, work.argnums, None)
    gradient = replace(selection, f=grad(f, work.argnums))
    _, matrix = work.matrix(selection, lambda plan: gradient, hessian_plan, hessian_sets)
    answers: list[Any] = []
    low = 0
    for primal, size in zip(selection.primals, selection.sizes, strict=True):
        answers.append(None if primal is None else split(selection, matrix, low, low + size))
        low += size
    return selection.tree(answers)
