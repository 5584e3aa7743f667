"""Who takes part, in the order of the table's lines."""

from __future__ import annotations

from functools import partial

from . import by_hand, differences, libraries
from .base import Peer

PEERS = [
    Peer("plain f", libraries.plain, checked=False),
    Peer("plain f jit", libraries.plain_jitted, checked=False),
    Peer("dualad", libraries.eager, traced=True, steady=6.0),
    Peer("dualad unrecorded", libraries.unrecorded, traced=True, steady=1.5),
    Peer("dualad jit", libraries.jitted, traced=True),
    Peer("dualad jit into", libraries.into),
    Peer("numpy by hand", by_hand.numpy),
    Peer("numba by hand", by_hand.numba, "numba"),
    Peer("scipy 2-point", partial(differences.scipy, method="2-point"), "scipy", 1e-2, work=10**9, traced=True),
    Peer("scipy 3-point", partial(differences.scipy, method="3-point"), "scipy", 1e-3, work=10**9, traced=True),
    Peer("numdifftools", differences.numdifftools, "numdifftools", 1e-6, work=10**5),
    Peer("jax jit", libraries.jax, "jax", reverse=True),
    Peer("jax", partial(libraries.jax, compiled=False), "jax", work=3 * 10**7, reverse=True),
    Peer("torch.func", libraries.torch, "torch", work=3 * 10**7, reverse=True),
    Peer("autograd", libraries.autograd, "autograd", work=3 * 10**7, reverse=True, traced=True),
    Peer("casadi", libraries.casadi, "casadi", work=5 * 10**6, reverse=True),
    Peer("casadi buffer", partial(libraries.casadi, buffer=True), "casadi", work=5 * 10**6, reverse=True),
    Peer("num-dual", libraries.num_dual, "num_dual", work=4 * 10**5),
    Peer("hyperjet", libraries.hyperjet, "hyperjet", work=4 * 10**5),
    Peer("dualpy", libraries.dualpy, "dualpy", work=3 * 10**7, traced=True),
]


def chosen(names: str = "") -> list[Peer]:
    """The installed peers whose names begin with one of those given, separated by commas; dualad and f always take part."""
    wanted = [name.strip().lower() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if not any(peer.name.lower().startswith(name) for peer in PEERS)]
    if unknown:
        raise SystemExit(f"no peer is called {', '.join(unknown)}; there are {', '.join(peer.name for peer in PEERS)}")
    always = ("plain", "dualad", *wanted)
    return [peer for peer in PEERS if peer.available() and (not wanted or peer.name.lower().startswith(always))]
