"""Formulas behind functions of packages, written again in mpmath: light, the earth, fluids, prices and galaxies."""

from __future__ import annotations

import numpy as np
from geographiclib.geodesic import Geodesic
from mpmath import mp
from package_motions import degrees, length

# -- light -------------------------------------------------------------------------------------------------------------


def film(n, d):
    """The reflectance of a film on glass, s-polarised."""
    m, sine = [mp.mpf(1), n, mp.mpf(1.5)], mp.sin(mp.mpf(0.3))
    c = [each * mp.sqrt(1 - (sine / each) ** 2) for each in m]
    first, second = (c[0] - c[1]) / (c[0] + c[1]), (c[1] - c[2]) / (c[1] + c[2])
    phase = mp.expj(4 * mp.pi * c[1] * d / 500)
    return abs((first + second * phase) / (1 + first * second * phase)) ** 2


M = mp.mpc(1.5, 0.1)


def riccati(n, z, *, outgoing=False):
    """Riccati's Bessel function, and its derivative."""

    def psi(n):
        j = mp.besselj(n + mp.mpf(0.5), z)
        return mp.sqrt(mp.pi * z / 2) * (j + mp.j * mp.bessely(n + mp.mpf(0.5), z) if outgoing else j)

    return psi(n), psi(n - 1) - n / z * psi(n)


def coefficients(x, n):
    """Mie's a and b of an absorbing sphere."""
    (p, dp), (q, dq), (h, dh) = riccati(n, x), riccati(n, M * x), riccati(n, x, outgoing=True)
    return (M * q * dp - p * dq) / (M * q * dh - h * dq), (q * dp - M * p * dq) / (q * dh - M * h * dq)


def mie(x):
    """The efficiencies of extinction and of scattering."""
    terms = [(2 * n + 1, *coefficients(x, n)) for n in range(1, 25)]
    extinction = sum(k * mp.re(a + b) for k, a, b in terms)
    return 2 / x**2 * extinction, 2 / x**2 * sum(k * (abs(a) ** 2 + abs(b) ** 2) for k, a, b in terms)


SPHERE = [coefficients(mp.mpf(2.3), n) for n in range(1, 25)]


def scattered(mu):
    """The intensity of unpolarised light, over the cosine of the angle, not normalised."""
    result = []
    for c in mu:
        before, pi, first, second = mp.mpf(0), mp.mpf(1), mp.mpf(0), mp.mpf(0)
        for n, (a, b) in enumerate(SPHERE, 1):
            tau, k = n * c * pi - (n + 1) * before, mp.mpf(2 * n + 1) / (n * (n + 1))
            first, second = first + k * (a * pi + b * tau), second + k * (a * tau + b * pi)
            before, pi = pi, ((2 * n + 1) * c * pi - (n + 1) * before) / n
        result.append((abs(first) ** 2 + abs(second) ** 2) / 2)
    return result


GRID = [mp.mpf(x) / 2 for x in range(-2, 3)]


def voigt(amplitude, center, sigma, gamma):
    zs = [(x - center + mp.j * gamma) / (sigma * mp.sqrt(2)) for x in GRID]
    return [amplitude * mp.re(mp.exp(-z * z) * mp.erfc(-mp.j * z)) / (sigma * mp.sqrt(2 * mp.pi)) for z in zs]


def exgaussian(amplitude, center, sigma, gamma):
    s = gamma * sigma**2
    return [
        amplitude * gamma / 2 * mp.exp(gamma * (center + s / 2 - x)) * mp.erfc((center + s - x) / (mp.sqrt(2) * sigma))
        for x in GRID
    ]


def students(amplitude, center, nu):
    scale = mp.gamma((nu + 1) / 2) / (mp.sqrt(nu * mp.pi) * mp.gamma(nu / 2))
    return [amplitude * scale * (1 + (x - center) ** 2 / nu) ** (-(nu + 1) / 2) for x in GRID]


def normal(amplitude, center, sigma):
    return [amplitude * mp.npdf(x, center, sigma) for x in GRID]


def between_points(points):
    """Lines between points."""
    result = []
    for i, x in enumerate((mp.mpf(0.5), mp.mpf(1.25), mp.mpf(2.5))):
        (x0, y0), (x1, y1) = points[i], points[i + 1]
        result.append(y0 + (y1 - y0) * (x - x0) / (x1 - x0))
    return result


# -- the earth ---------------------------------------------------------------------------------------------------------

A, B = mp.mpf(6378137), mp.mpf(6378137) * (1 - 1 / mp.mpf("298.257223563"))


def geodesic(lat1, lon1, lat2, lon2):
    """The gradient of a distance: the direction of the line at its ends, times the length of a degree there."""
    line = Geodesic.WGS84.Inverse(lat1, lon1, lat2, lon2)
    result = []
    for sign, lat, azimuth in ((-1, lat1, line["azi1"]), (1, lat2, line["azi2"])):
        phi, alpha, e2 = np.radians(lat), np.radians(azimuth), float(1 - (B / A) ** 2)
        w = np.sqrt(1 - e2 * np.sin(phi) ** 2)
        result += [sign * np.cos(alpha) * float(A) * (1 - e2) / w**3, sign * np.sin(alpha) * float(A) / w * np.cos(phi)]
    return np.radians([result])


def ecef(lat, lon, height):
    lat, lon = degrees(lat), degrees(lon)
    n = A**2 / mp.sqrt((A * mp.cos(lat)) ** 2 + (B * mp.sin(lat)) ** 2)
    across = (n + height) * mp.cos(lat)
    return across * mp.cos(lon), across * mp.sin(lon), (n * (B / A) ** 2 + height) * mp.sin(lat)


def aer(east, north, up):
    turn = 180 / mp.pi
    return turn * mp.atan2(east, north), turn * mp.atan2(up, mp.hypot(east, north)), length([east, north, up])


def prism(east, north, up):
    """The vertical pull of a prism: a sum over its corners."""
    total = 0
    for i, x in enumerate((-5 - east, 5 - east)):
        for j, y in enumerate((-6 - north, 6 - north)):
            for k, z in enumerate((-10 - up, -1 - up)):
                r = length([x, y, z])
                corner = x * mp.log(y + r) + y * mp.log(x + r) - z * mp.atan(x * y / (z * r))
                total += (-1) ** (i + j + k) * corner
    return mp.mpf(6.6743e-11) * 1e12 * total


def column(height, gas):
    """The standard atmosphere's temperature and pressure below 11 km; gas is the constant of air over its weight."""
    radius, warmth, lapse, gravity = 6356766, mp.mpf(288.15), mp.mpf(-0.0065), mp.mpf(9.80665)
    t = warmth + lapse * radius * height / (radius + height)
    return t, 101325 * (t / warmth) ** (-gravity / (lapse * gas))


def density(height):
    gas = mp.mpf(8314.32) / mp.mpf(28.9644)
    t, p = column(height, gas)
    return p / (gas * t)


def pressure(heights):
    return [column(h, mp.mpf(287.05287))[1] for h in heights]


# -- fluids, prices, galaxies -----------------------------------------------------------------------------------


def liquid(state, kappa):
    """The gradient of a density, by the compressibilities that the package finds without differences."""

    def slopes(T, P):
        water = state(T=T, P=P)
        return np.array([[-water.rho * water.alfav, water.rho * getattr(water, kappa)]])

    return slopes


def colebrook(reynolds, roughness):
    def residual(u):
        return u + 2 * mp.log10(roughness / mp.mpf(3.7) + mp.mpf(2.51) / reynolds * u)

    return 1 / mp.findroot(residual, 6) ** 2


def moneyness(S, K, T, r, sigma):
    spread = sigma * mp.sqrt(T)
    upper = (mp.log(S / K) + r * T) / spread + spread / 2
    return upper, upper - spread


def call(S, K, T, r, sigma):
    upper, lower = moneyness(S, K, T, r, sigma)
    return S * mp.ncdf(upper) - K * mp.exp(-r * T) * mp.ncdf(lower)


def vanna(S, T, sigma):
    upper, lower = moneyness(S, 50, T, mp.mpf(0.0025), sigma)
    return -mp.npdf(upper) * lower / sigma


def put(F, T, sigma):
    upper, lower = moneyness(F, 50, T, 0, sigma)
    return mp.exp(-mp.mpf(0.0025) * T) * (50 * mp.ncdf(-lower) - F * mp.ncdf(-upper))


def future_value(rate, payment, present):
    growth = (1 + rate) ** 10
    return -(present * growth + payment * (growth - 1) / rate)


def payment(rate, present):
    return -present * rate / (1 - (1 + rate) ** -12)


def interest(payment, present):
    """The rate at which payments and what is there become 10000 in ten periods."""
    return mp.findroot(lambda r: present * (1 + r) ** 10 + payment * ((1 + r) ** 10 - 1) / r + 10000, 0.05)


def mu(x):
    return mp.log(1 + x) - x / (1 + x)


def halo_mass(rho, rs):
    """What an NFW halo holds within 30."""
    return 4 * mp.pi * rho * rs**3 * mu(30 / rs)


def halo_radius(c, share):
    """Within which an NFW halo holds a share of its mass, in units of its radius."""
    return [mp.findroot(lambda x: mu(x) - share[0] * mu(c[0]), 2) / c[0]]
