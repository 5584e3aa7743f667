"""Formulas behind functions of packages, written again in mpmath: rotations, orbits, robots, filters and control."""

from __future__ import annotations

import numpy as np
from mpmath import mp


def array(rows):
    """Nested lists of mpmath's numbers as an array."""
    return np.array(rows, dtype=object)


def degrees(x):
    return x * mp.pi / 180


# -- rotations ---------------------------------------------------------------------------------------------------------


def about(axis, angle):
    """The rotation about a coordinate axis."""
    c, s = mp.cos(angle), mp.sin(angle)
    turned = {
        0: [[1, 0, 0], [0, c, -s], [0, s, c]],
        1: [[c, 0, s], [0, 1, 0], [-s, 0, c]],
        2: [[c, -s, 0], [s, c, 0], [0, 0, 1]],
    }
    return array(turned[axis])


def from_euler(a, b, c):
    """About the fixed axes x, y and z, in that order."""
    return about(2, c) @ about(1, b) @ about(0, a)


def length(v):
    return mp.sqrt(sum(x * x for x in v))


def skew(v):
    return array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])


def from_axis_angle(axis, angle):
    """Rodrigues' formula."""
    K = skew(axis / length(axis))
    return np.eye(3, dtype=int) + mp.sin(angle) * K + (1 - mp.cos(angle)) * (K @ K)


def composed(shift, zoom):
    """Zooms and a translation, as one matrix."""
    result = array([[0] * 4] * 4)
    result[:3, :3], result[:3, 3], result[3, 3] = np.diag(zoom), shift, 1
    return result


def quaternion(axis, angle):
    return [mp.cos(angle / 2), *(axis / length(axis) * mp.sin(angle / 2))]


def rotation(q):
    """The rotation of a quaternion of any length."""
    w, v = q[0], q[1:]
    n = sum(x * x for x in q)
    return np.eye(3, dtype=int) + (2 * w * skew(v) + 2 * skew(v) @ skew(v)) / n


def rotated(q, v):
    return rotation(q) @ v


# -- the sky -----------------------------------------------------------------------------------------------------------


def angle_between(u, v):
    return mp.acos(sum(u * v) / length(u) / length(v))


def to_spherical(v):
    return length(v), mp.asin(v[2] / length(v)), mp.atan2(v[1], v[0])


def anomalies(e, nu):
    """The eccentric and the mean anomaly of a true one."""
    E = 2 * mp.atan(mp.sqrt((1 - e) / (1 + e)) * mp.tan(nu / 2))
    return E, E - e * mp.sin(E)


def sidereal(jd):
    """Greenwich's mean sidereal time of 1982, in radians."""
    t = (jd - 2451545) / mp.mpf(36525)
    seconds = ((mp.mpf(-6.2e-6) * t + mp.mpf(0.093104)) * t + 876600 * 3600 + mp.mpf(8640184.812866)) * t + mp.mpf(67310.54841)
    return degrees(seconds / 240) % (2 * mp.pi)


def in_mpmath(module, function):
    """A function of a module that has its functions from math: the same one, with mpmath's."""
    names = {"sin": mp.sin, "cos": mp.cos, "sqrt": mp.sqrt, "atan2": mp.atan2, "fabs": abs}

    def twin(*args):
        before = {name: vars(module)[name] for name in names}
        vars(module).update(names)
        try:
            return function(*args)
        finally:
            vars(module).update(before)

    return twin


# -- filters -----------------------------------------------------------------------------------------------------------


def white_noise(dt, var):
    """Of position, velocity and acceleration."""
    g = array([dt**2 / 2, dt, mp.mpf(1)])
    return var * np.outer(g, g)


def oscillator(w, g, dt):
    """The transition of a harmonic oscillator, and the covariance of noise that drives its velocity."""
    c, s = mp.cos(w * dt), mp.sin(w * dt)
    mixed = s * s / (2 * w)
    return array([[c, s], [-s, c]]), g**2 * array([[dt / 2 - s * c / (2 * w), mixed], [mixed, dt / 2 + s * c / (2 * w)]])


def between(a, b, mu, var):
    return mp.ncdf(b, mu, mp.sqrt(var)) - mp.ncdf(a, mu, mp.sqrt(var))


def gaussian(x, mean):
    return -sum((x - mean) ** 2) / 2 - mp.log(2 * mp.pi)


def sigma_points(x, a, b, c):
    """Merwe's: around x, along the rows of Cholesky's upper factor."""
    scale = mp.sqrt(mp.mpf(0.1) ** 2 * (2 + 1))
    rows = scale * array([[mp.sqrt(a), b / mp.sqrt(a)], [0, mp.sqrt(c - b * b / a)]])
    return [x, x + rows[0], x + rows[1], x - rows[0], x - rows[1]]


def mahalanobis(x, mean):
    d = x - mean
    inverse = array([[2, mp.mpf(-0.3)], [mp.mpf(-0.3), 1]]) / (2 - mp.mpf(0.3) ** 2)
    return mp.sqrt(d @ inverse @ d)


# -- robots: a planar arm of two links, each with its mass at the end ---------------------------------------------------

L1, L2, M1, M2 = 1.0, 0.8, 2.0, 3.0
HOME = np.array([[1.0, 0.0, 0.0, L1 + L2], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
AXES = np.array([[0.0, 0.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0, -L1, 0.0]]).T
INERTIAS = np.array([np.diag([0.0, 0.0, 0.0, m, m, m]) for m in (M1, M2)])
LINKS = np.array([np.eye(4) + d * np.eye(4)[:, [3]].T * np.eye(4)[:, [0]] for d in (L1, L2, 0.0)])


def planar_arm(t):
    """Where the hand is."""
    c, s = mp.cos(t[0] + t[1]), mp.sin(t[0] + t[1])
    x, y = L1 * mp.cos(t[0]) + mp.mpf(L2) * c, L1 * mp.sin(t[0]) + mp.mpf(L2) * s
    return array([[c, -s, 0, x], [s, c, 0, y], [0, 0, 1, 0], [0, 0, 0, 1]])


def arm_mass(t):
    mixed = M2 * (L1 * mp.mpf(L2) * mp.cos(t[1]) + mp.mpf(L2) ** 2)
    first = M1 * L1**2 + M2 * (L1**2 + 2 * L1 * mp.mpf(L2) * mp.cos(t[1]) + mp.mpf(L2) ** 2)
    return array([[first, mixed], [mixed, M2 * mp.mpf(L2) ** 2]])


def lyapunov(a, q):
    eye = np.eye(2, dtype=int)
    system = np.kron(a, eye) + np.kron(eye, a)
    return list(mp.lu_solve(mp.matrix(system.tolist()), mp.matrix([-q[0], 0, 0, -q[1]])))


def regulator(q, r):
    """The optimal gain of a double integrator."""
    return mp.sqrt(q[0] / r), mp.sqrt((q[1] + 2 * mp.sqrt(q[0] * r)) / r)


def smoother(y):
    """The smoothed curve is linear in the data."""
    bend = np.diff(np.eye(len(y)), 2, axis=0)
    return np.linalg.inv(np.eye(len(y)) + 10.0 * bend.T @ bend)
