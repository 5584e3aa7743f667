"""What is to be computed: a derivative of a problem of the tests' list at a size, its inputs and its exact answer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).parent.parent / "tests"))  # the list of problems is the tests' own
from problems import PROBLEMS, Problem

WORDS = {
    "jacobian": "Jacobian",
    "hessian": "Hessian",
    "jvp": "Jacobian times vector",
    "greeks": "first and second partials",
}


@dataclass(frozen=True)
class Task:
    """One derivative of one problem at one size."""

    problem: Problem
    kind: str
    size: int

    @property
    def name(self) -> str:
        """What a table and a saved run call it."""
        word = "gradient" if self.first and self.scalar else WORDS[self.kind]
        return f"{self.problem.name}: {word}, n = {self.size}"

    @property
    def scalar(self) -> bool:
        """Whether the function's value is one number."""
        return "scalar" in self.problem.marks

    @property
    def elementwise(self) -> bool:
        """Whether all arguments are differentiated, element by element."""
        return "elementwise" in self.problem.marks

    @property
    def first(self) -> bool:
        """Whether first derivatives alone are wanted, all of them."""
        return self.kind in ("jacobian", "reverse")

    @cached_property
    def args(self) -> tuple[Any, ...]:
        """The function's arguments."""
        return self.problem.arguments(self.size)

    @cached_property
    def inputs(self) -> tuple[Any, ...]:
        """The derivative's arguments: those of the function, and for a product with a vector the vector."""
        if self.kind != "jvp":
            return self.args
        return (*self.args, np.random.default_rng(23).standard_normal(self.args[0].shape))

    @cached_property
    def exact(self) -> Any:
        """The answer, from the formulas that the tests compare with."""
        problem, x = self.problem, self.args[0]
        match self.kind:
            case "hessian":
                assert problem.hessian, f"{problem.name} is timed and has no exact Hessian"
                return problem.hessian(*self.args)
            case "jvp":
                return np.tensordot(problem.jacobian(*self.args), self.inputs[-1], np.ndim(x))
            case "greeks":
                return problem.jacobian(*self.args), problem.hessian(*self.args)
        return problem.jacobian(*self.args)

    @cached_property
    def directions(self) -> int:
        """Along how many directions, or pairs of them, forward mode differentiates."""
        if self.kind == "jvp":
            return 1
        count = len(self.problem.argnums) if self.elementwise else np.size(self.args[0])
        return count * (count + 1) // 2 if self.kind in ("hessian", "greeks") else count

    def work(self, reverse: bool) -> int:
        """Numbers that forward mode handles: those that go in, along every direction; reverse mode's gradient has one."""
        numbers = sum(np.size(arg) for arg in self.args)
        return numbers if reverse and self.scalar and self.first else numbers * self.directions


def tasks(only: str = "", smallest: bool = False) -> Iterator[Task]:
    """The tasks marked in the list whose names contain a text; the smallest sizes alone."""
    for problem in PROBLEMS:
        for kind, sizes in problem.timed.items():
            for size in sizes[:1] if smallest else sizes:
                task = Task(problem, kind, size)
                if only.lower() in task.name.lower():
                    yield task


def in_namespace(function: Callable[..., Any], namespace: Any) -> Callable[..., Any]:
    """The same code with another library's functions under the name np, the functions of its file that it calls included."""
    own = function.__globals__
    rebound = {**own, "np": namespace}
    for name, value in own.items():
        if isinstance(value, FunctionType) and value.__globals__ is own:
            rebound[name] = FunctionType(value.__code__, rebound, name, value.__defaults__, value.__closure__)
    return rebound[function.__name__]


def difference(got: Any, exact: Any) -> float:
    """The largest deviation relative to the largest entry; infinite where anything is missing, of another shape, or nan."""
    if isinstance(got, (tuple, list)) and len(got) == len(exact):
        return max(difference(mine, right) for mine, right in zip(got, exact, strict=True))
    got = np.asarray(got)
    if got.shape != np.shape(exact) or got.dtype != np.float64:
        return np.inf
    worst = np.max(np.abs(got - exact)) / np.max(np.abs(exact))
    return float(worst) if np.isfinite(worst) else np.inf
