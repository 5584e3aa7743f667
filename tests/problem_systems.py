"""Problems of many equations or matrices: mechanics, chemistry, linear algebra, learning; with derivatives by hand."""

import numpy as np

TWIST = (0.5, -0.5, 0.25, 0.5, -0.5, 0.0)  # of each link, in units of pi
LENGTH = (0.1, 0.7, 0.2, 0.0, 0.3, 0.1)
OFFSET = (0.4, 0.0, 0.1, 0.6, 0.0, 0.2)


def link(angle, twist, length, offset):
    """The 4 x 4 matrix of one joint and the link behind it (Denavit and Hartenberg)."""
    turn = np.zeros_like(angle, shape=(4, 4))
    turn[0, 0] = turn[1, 1] = np.cos(angle)
    turn[1, 0] = np.sin(angle)
    turn[0, 1] = -turn[1, 0]
    turn[2, 2] = turn[3, 3] = 1.0
    turn[2, 3] = offset
    c, s = np.cos(np.pi * twist), np.sin(np.pi * twist)
    return turn @ np.array([[1.0, 0.0, 0.0, length], [0.0, c, -s, 0.0], [0.0, s, c, 0.0], [0.0, 0.0, 0.0, 1.0]])


def robot_arm(angles):
    """Where the tool of an arm of rotating joints is."""
    pose = np.eye(4)
    for joint, angle in enumerate(angles):
        pose = pose @ link(angle, TWIST[joint % 6], LENGTH[joint % 6], OFFSET[joint % 6])
    return pose[:3, 3]


def joint(angle, twist, length, offset):
    """The same matrix, written down entry by entry."""
    c, s, ct, st = np.cos(angle), np.sin(angle), np.cos(np.pi * twist), np.sin(np.pi * twist)
    return np.array(
        [
            [c, -s * ct, s * st, length * c],
            [s, c * ct, -c * st, length * s],
            [0.0, st, ct, offset],
            [0.0, 0.0, 0.0, 1.0],
        ]
    )


def robot_arm_of_entries(angles):
    """The same arm, its matrices made by np.array."""
    pose = np.eye(4)
    for index, angle in enumerate(angles):
        pose = pose @ joint(angle, TWIST[index % 6], LENGTH[index % 6], OFFSET[index % 6])
    return pose[:3, 3]


def robot_arguments(size):
    return (np.linspace(-1.0, 1.5, size),)


def robot_axes(angles):
    """For every joint its axis, and its lever: the way from the joint to the tool."""
    pose, axes, places = np.eye(4), [], []
    for joint, angle in enumerate(angles):
        axes.append(pose[:3, 2])
        places.append(pose[:3, 3])
        pose = pose @ link(angle, TWIST[joint % 6], LENGTH[joint % 6], OFFSET[joint % 6])
    return np.array(axes), pose[:3, 3] - np.array(places)


def robot_jacobian(angles):
    """A joint turns the tool about its axis."""
    return np.cross(*robot_axes(angles)).T


def robot_hessian(angles):
    """The joint nearer to the base turns what the other one does."""
    axes, levers = robot_axes(angles)
    first = np.cross(axes, levers)
    count = len(angles)
    second = [[np.cross(axes[min(i, j)], first[max(i, j)]) for j in range(count)] for i in range(count)]
    return np.moveaxis(np.array(second), -1, 0)


def robertson(y):
    """Right-hand side of a stiff chemical reaction of three species."""
    slow, fast, fastest = 0.04 * y[0], 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
    return np.stack([-slow + fast, slow - fast - fastest, fastest])


def robertson_jacobian(y):
    return np.array(
        [
            [-0.04, 1e4 * y[2], 1e4 * y[1]],
            [0.04, -1e4 * y[2] - 6e7 * y[1], -1e4 * y[1]],
            [0.0, 6e7 * y[1], 0.0],
        ]
    )


def robertson_hessian(y):
    second = np.zeros((3, 3, 3), y.dtype)
    second[0, 1, 2] = second[0, 2, 1] = 1e4
    second[1, 1, 2] = second[1, 2, 1] = -1e4
    second[1, 1, 1], second[2, 1, 1] = -6e7, 6e7
    return second


FEED, CONTROL, SPREAD = 1.0, 3.0, 0.02


def curvature(u, edge):
    """Second differences on a line of cells between two edges of given concentration."""
    padded = np.concatenate([edge * np.ones(1), u, edge * np.ones(1)])
    return SPREAD * (len(u) + 1) ** 2 * (padded[2:] - 2.0 * u + padded[:-2])


def brusselator(y):
    """Right-hand side of two species that react and diffuse along a line: all of the first, then all of the second."""
    cells = len(y) // 2
    u, v = y[:cells], y[cells:]
    made = u**2 * v
    first = FEED + made - (CONTROL + 1.0) * u + curvature(u, FEED)
    return np.concatenate([first, CONTROL * u - made + curvature(v, CONTROL)])


def brusselator_arguments(size):
    place = np.arange(1, size + 1) / (size + 1)
    return (np.concatenate([1.0 + np.sin(2.0 * np.pi * place), np.full(size, 3.0)]),)


def brusselator_jacobian(y):
    cells = len(y) // 2
    u, v = y[:cells], y[cells:]
    spread = SPREAD * (cells + 1) ** 2 * (np.eye(cells, k=1) - 2.0 * np.eye(cells) + np.eye(cells, k=-1))
    return np.block(
        [
            [np.diag(2.0 * u * v - CONTROL - 1.0) + spread, np.diag(u**2)],
            [np.diag(CONTROL - 2.0 * u * v), np.diag(-(u**2)) + spread],
        ]
    )


def log_evidence(a, b):
    """The determinant and the quadratic form of a Gaussian density: log det A + b . inv(A) b."""
    return np.linalg.slogdet(a)[1] + b @ np.linalg.solve(a, b)


def log_evidence_arguments(size):
    rng = np.random.default_rng(11)
    return size * np.eye(size) + rng.standard_normal((size, size)), rng.standard_normal(size)


def log_evidence_gradient(a, b):
    inverse = np.linalg.inv(a)
    return inverse.T - np.outer(b @ inverse, inverse @ b)


def log_evidence_hessian(a, b):
    inverse = np.linalg.inv(a)
    left, right = b @ inverse, inverse @ b
    return (
        -np.einsum("jk,li->ijkl", inverse, inverse)
        + np.einsum("k,li,j->ijkl", left, inverse, right)
        + np.einsum("i,jk,l->ijkl", left, inverse, right)
    )


def sum_exponential(a):
    """The sum of the entries of a matrix's exponential."""
    return np.sum(exponential(a))


def exponential(a):
    """The matrix exponential: a Taylor polynomial of the matrix over 2**8, squared eight times."""
    step = a / 256.0
    value = term = np.eye(a.shape[0])
    for order in range(1, 13):
        term = term @ step / order
        value = value + term
    for _ in range(8):
        value = value @ value
    return value


def exponential_arguments(size):
    return (np.random.default_rng(13).standard_normal((size, size)) / np.sqrt(size),)


def sum_exponential_gradient(a):
    """The upper right block of the exponential of [[a.T, ones], [0, a.T]]."""
    size = len(a)
    both = np.block([[a.T, np.ones_like(a)], [np.zeros_like(a), a.T]])
    return exponential(both)[:size, size:]


def sum_gram(x):
    """The sum of all inner products of the rows of x."""
    return np.sum(x @ x.T)


def gram_arguments(size):
    return (np.random.default_rng(17).standard_normal((size, size)),)


def sum_gram_gradient(x):
    return 2.0 * np.sum(x, 0) + np.zeros_like(x)


# -- learning ------------------------------------------------------------------------------------------------------------

OUTPUTS = 10


def network(weights, x, wanted):
    """Mean squared error of two layers with tanh between them; the weights lie one after the other in one vector."""
    hidden = (len(weights) - OUTPUTS) // (len(x[0]) + 1 + OUTPUTS)
    parts, place = [], 0
    for shape in ((len(x[0]), hidden), (hidden,), (hidden, OUTPUTS), (OUTPUTS,)):
        count = shape[0] * shape[-1] if len(shape) == 2 else shape[0]
        parts.append(weights[place : place + count].reshape(shape))
        place += count
    w1, b1, w2, b2 = parts
    return np.mean((np.tanh(x @ w1 + b1) @ w2 + b2 - wanted) ** 2)


def network_arguments(size):
    """`size` hidden units, 49/8 times as many inputs, a batch twice as large: 784-128-10 and 256 for 128."""
    rng = np.random.default_rng(19)
    inputs, batch = 49 * size // 8, 2 * size
    weights = [rng.standard_normal(inputs * size) / np.sqrt(inputs), 0.1 * rng.standard_normal(size)]
    weights += [rng.standard_normal(size * OUTPUTS) / np.sqrt(size), 0.1 * rng.standard_normal(OUTPUTS)]
    return np.concatenate(weights), rng.random((batch, inputs)), rng.standard_normal((batch, OUTPUTS))


def network_gradient(weights, x, wanted):
    inputs = len(x[0])
    hidden = (len(weights) - OUTPUTS) // (inputs + 1 + OUTPUTS)
    ends = np.cumsum([inputs * hidden, hidden, hidden * OUTPUTS])
    w1, b1, w2, b2 = np.split(weights, ends)
    active = np.tanh(x @ w1.reshape(inputs, hidden) + b1)
    error = 2.0 * (active @ w2.reshape(hidden, OUTPUTS) + b2 - wanted) / wanted.size
    back = error @ w2.reshape(hidden, OUTPUTS).T * (1.0 - active**2)
    return np.concatenate([(x.T @ back).ravel(), back.sum(0), (active.T @ error).ravel(), error.sum(0)])
