"""Functions whose derivative the user gives: what `custom_jvp` and `custom_vjp` do alike, whichever way their rules go."""

from __future__ import annotations

from typing import Any

from .dual import Dual
from .errors import BadArgument
from .levels import Level
from .lift import Lifted, highest
from .objects import lift_objects
from .trees import flatten, tree_map, unflatten
from .watching import WATCH
from .wrapping import Wrapper


def is_at(leaf: Any, level: Level) -> bool:
    """Whether something is a dual of this level."""
    return isinstance(leaf, Dual) and leaf.level is level


class Ruled(Wrapper):
    """A function with rules for its derivative, in the place of which they stand where an argument varies."""

    def _missing(self) -> str | None:
        """What to do about it where rules are missing."""
        raise NotImplementedError

    def _moved(self, top: Any, leaves: list[Any], structure: Any, primals: Any, kwargs: dict[str, Any]) -> Any:
        """The output with its tangents, at the level of `top`, from the arguments' leaves, and their values at that level."""
        raise NotImplementedError

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves, structure = flatten(args)
        leaves = list(map(lift_objects, leaves))
        top = highest(leaves)
        if not isinstance(top, Dual):
            return self._f(*args, **kwargs)
        missing = self._missing()
        if missing is not None:
            raise BadArgument(f"{self.__name__} is a {type(self).__name__} without {missing}")
        level = top.level
        primals = unflatten(structure, [leaf.primal if is_at(leaf, level) else leaf for leaf in leaves])
        if all(leaf.tangent is None for leaf in leaves if is_at(leaf, level)):
            return tree_map(lambda leaf: top._wrap(leaf, None), self(*primals, **kwargs))
        result = self._moved(top, leaves, structure, primals, kwargs)
        watch = WATCH.get()
        if callable(watch):
            watch(self, args, kwargs, result)
        return result

    def _require_own(self, level: Level, values: list[Any]) -> None:
        """Refuse what a rule gave if there are duals in it that it was not given: of the function's closure, as a rule."""
        if any(isinstance(leaf, Lifted) and leaf.level >= level for leaf in values):
            raise BadArgument(
                f"{self.__name__} uses a dual number that is none of its positional arguments, so its rule cannot know the "
                "tangent: pass it by position, or pass dualad.primal_of it"
            )
