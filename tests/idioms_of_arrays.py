"""Functions as they stand in packages: arrays made first and filled later, and conversions at the door.

Nothing here knows of dualad. What each is expected to do stands in idioms.py.
"""

import numpy as np

REFERENCE = np.array([1.0, 2.0, 3.0])

# -- made empty, filled later --------------------------------------------------------------------------------------------


def zeros_by_index(x):
    z = np.zeros(3)
    z[0] = x[0] * x[1]
    z[1] = np.sin(x[2])
    return z


def zeros_in_loop(x):
    y = np.zeros(len(x))
    for i in range(1, len(x)):
        y[i] = 0.5 * y[i - 1] + x[i] ** 2
    return y


def empty_by_slice(x):
    out = np.empty(4)
    out[:3] = x**2
    out[3] = 1.0
    return out


def ones_by_mask(x):
    y = np.ones(x.shape)
    large = x > 0.5
    y[large] = np.exp(x[large])
    y[~large] *= x[~large]
    return y


def row_variable(x):
    z = np.zeros((2, 3))
    row = z[0]
    for j in range(3):
        row[j] = x[j] ** 2
    z[1] = 2.0 * row
    return z


def chained_brackets(x):
    a = np.zeros((2, 2))
    a[0][0] = x[0]
    a[0][1] = x[1] * x[2]
    a[1][0] = a[0][1]
    a[1][1] = 1.0
    return np.linalg.det(a)


def through_transpose(x):
    z = np.zeros((3, 2))
    z.T[0] = x
    z.T[1] = x * x
    return z


def through_flat(x):
    z = np.zeros((3, 3))
    z.flat[::4] = np.sqrt(x)
    return z


def through_reshape(x):
    z = np.zeros(6)
    z.reshape(2, 3)[1] = x**3
    return z


def by_index_arrays(x):
    k = np.zeros((4, 4))
    for element in range(3):
        nodes = [element, element + 1]
        k[np.ix_(nodes, nodes)] += x[element] * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return k


def arange_buffer(x):
    z = np.arange(3.0)
    z[1:] *= x[1:]
    return z


def linspace_buffer(x):
    t = np.linspace(0.0, 1.0, 5)
    t[-1] = x[0] * x[1]
    return np.diff(t)


def eye_buffer(x):
    rotation = np.eye(3)
    rotation[0, 0] = rotation[1, 1] = np.cos(x[0])
    rotation[0, 1] = -np.sin(x[0])
    rotation[1, 0] = np.sin(x[0])
    return rotation.dot(REFERENCE)


def identity_buffer(x):
    a = np.identity(2)
    a[0, 1] = x[0]
    a[1, 0] = x[2]
    return np.linalg.inv(a)


def full_buffer(x):
    best = np.full(2, -np.inf)
    for value in x * x:
        if value > best[0]:
            best[1] = best[0]
            best[0] = value
    return best[0] * 3.0


def zeros_like_plain(x):
    z = np.zeros_like(REFERENCE)
    z[1] = x[1] ** 2
    return z


def copy_of_reference(x):
    z = np.copy(REFERENCE)
    z[0] = x[0] * z[1]
    return z


def array_of_constants(x):
    weights = np.array([1.0, 0.0, 2.0])
    weights[1] = np.exp(x[1])
    return weights / weights.sum()


def arithmetic_buffer(x, t):
    z = 0.0 * t
    z[1] = x[1] ** 2
    z[2:] = x[0] * t[2:]
    return z


def method_copy_buffer(x, t):
    z = t.copy()
    z[0] = x[0]
    z[z > 2.5] = x[2]
    return z


def into_argument(x, t):
    t[0] = x[0] ** 2
    return t * x[1]


def into_global(x):
    REFERENCE[0] = x[0]
    return REFERENCE * 1.0


def complex_buffer(x):
    spectrum = np.zeros(4, dtype=complex)
    spectrum[1] = x[0] + 1j * x[1]
    spectrum[3] = np.conj(spectrum[1])
    return np.fft.ifft(spectrum).real


def integer_buffer(x):
    counts = np.zeros(3, dtype=int)
    counts[0] = 10.0 * x[0]
    return counts * x


def list_of_lists_buffer(x):
    table = [[0.0] * 3 for _ in range(2)]
    for j in range(3):
        table[1][j] = x[j] ** 2
    return np.array(table)


def filled(x):
    z = np.empty((2, 2))
    z.fill(x[0] * x[1])
    return z


def hashed_before(x):
    z = np.zeros(2)
    seen = {z.tobytes()}
    z.view()[0] = x[0] ** 2
    return z if len(seen) == 1 else x


def diagonal_filled(x):
    a = np.ones((3, 3))
    np.fill_diagonal(a, x)
    return np.linalg.det(a)


def copied_to(x):
    z = np.zeros(3)
    np.copyto(z, x**2, where=x > 0.5)
    return z


def placed(x):
    z = np.zeros(3)
    np.put(z, [2, 0], [x[0], x[1]])
    return z


def added_at(x):
    histogram = np.zeros(2)
    np.add.at(histogram, [0, 1, 0], x**2)
    return histogram


# -- operators in place, out= and where= ---------------------------------------------------------------------------------


def accumulated(x):
    total = np.zeros(3)
    for power in range(1, 4):
        total += x**power
    return total


def accumulated_rows(x):
    force = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            if i != j:
                force[i] += (x[j] - x[i]) * REFERENCE
    return force


def aliased_in_place(x):
    a = np.zeros(3)
    b = a
    a += x
    return b * 2.0


def out_keyword(x):
    scratch = np.empty(3)
    np.multiply(x, x, out=scratch)
    np.add(scratch, 1.0, out=scratch)
    return scratch


def where_keyword(x):
    return np.divide(1.0, x, out=np.zeros(3), where=x > 0.5)


def dot_out(x):
    product = np.empty(3)
    np.dot(np.diag(REFERENCE), x, out=product)
    return product


# -- conversions at the door ---------------------------------------------------------------------------------------------


def array_of_computed(x):
    return np.array([x[0] * x[1], np.sin(x[2]), 3.0])


def nested_lists(x):
    c, s = np.cos(x[0]), np.sin(x[0])
    return np.array([[c, -s], [s, c]]) @ np.array([x[1], x[2]])


def array_with_dtype(x):
    return np.array([x[0] ** 2, 1.0, x[1]], dtype=float)


def asarray(x):
    x = np.asarray(x)
    return np.exp(-x) * x


def asarray_with_dtype(x):
    x = np.asarray(x, dtype=float)
    return np.exp(-x)


def asarray_and_isnan(x):
    x = np.asarray(x)
    if np.isnan(x).any() or not np.isfinite(x).all():
        raise ValueError("x must be finite")
    return x**2


def array_copy_then_written(x):
    y = np.array(x, copy=True)
    y[0] *= 2.0
    return y**2


def ascontiguous(x):
    return np.ascontiguousarray(x) * REFERENCE


def atleast_1d(x):
    x = np.atleast_1d(x)
    y = np.zeros(x.shape)
    y[x > 0.0] = np.log(x[x > 0.0])
    return y[0]


def astype_float(x):
    return np.asarray(x).astype(np.float64) * 2.0


def float64_cast(x):
    return np.float64(x) ** 2


def plain_dot(x):
    return np.vander(REFERENCE).dot(x)


# -- kinds of arrays that have no place for a derivative -----------------------------------------------------------------


def structured(x):
    body = np.zeros(2, dtype=[("mass", float), ("charge", float)])
    body["mass"][0] = x[0]
    return body["mass"] * 2.0


def record_array(x):
    body = np.rec.fromarrays([x, x**2], names="a,b")
    return body.a


def masked(x):
    return np.ma.masked_less(x, 0.5).sum()


def masked_operand(x):
    return (x * np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0])).sum()


def matrix(x):
    return np.matrix([[x[0], 1.0], [0.0, x[1]]]).I


class Labelled(np.ndarray):
    """A subclass as packages write them."""

    def __new__(cls, values):
        return np.asarray(values).view(cls)


def subclass(x):
    return Labelled(x) * 2.0


def single_precision(x):
    return np.asarray(x, dtype=np.float32) * 2.0
