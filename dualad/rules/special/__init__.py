"""The rules of scipy.special's functions; read at the first call of one of them with a dual, never by `import dualad`.

Formulas are those of the Digital Library of Mathematical Functions (dlmf.nist.gov), by section number, where a comment says
nothing else. Parameters without a closed derivative take differences over 20 points (`base.slope`).
"""

from . import (  # noqa: F401 - each fills the table
    airy,
    bessel,
    distributions,
    elementary,
    elliptic,
    entropy,
    erf,
    exponential,
    functions,
    gamma,
    hypergeometric,
    incomplete,
    noncentral,
    polynomials,
    spheroidal,
)
