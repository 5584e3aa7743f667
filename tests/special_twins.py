"""mpmath's twins of scipy.special's functions: the reference for their derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import mpmath
from mpmath import mp, mpf


@dataclass(frozen=True)
class Slope:
    """The derivative of a function of one variable, where the function itself is an integral."""

    by: object


@dataclass(frozen=True)
class Inverse:
    """A function that finds the input at `place` of another, from the value, which it takes as its input `given`."""

    direct: object
    place: int
    given: int


def gamma_ratio(a, x):
    return mp.gammainc(a, 0, x, regularized=True)


def gamma_rest(a, x):
    return mp.gammainc(a, x, mp.inf, regularized=True)


@cache
def beta_ratio(a, b, x):
    return mp.betainc(a, b, 0, x, regularized=True)


def f_ratio(m, n, x):
    return beta_ratio(m / 2, n / 2, m * x / (n + m * x))


def student(v, t):
    half = beta_ratio(v / 2, mpf(1) / 2, v / (v + t * t)) / 2
    return half if t < 0 else 1 - half


def poisson(mean):
    return [mp.exp(-mean) * mean**j / mp.factorial(j) for j in range(45)]


def noncentral_chi(x, v, c):
    return mp.fsum(weight * gamma_ratio(v / 2 + j, x / 2) for j, weight in enumerate(poisson(c / 2)))


def noncentral_f(m, n, c, x):
    return mp.fsum(weight * beta_ratio(m / 2 + j, n / 2, m * x / (n + m * x)) for j, weight in enumerate(poisson(c / 2)))


def noncentral_t(v, c, t):
    if t < 0:
        return 1 - noncentral_t(v, -c, -t)
    y, half = t * t / (v + t * t), c * c / 2
    odd = [c / mp.sqrt(2) / mp.gamma(j + mpf(3) / 2) * mp.exp(-half) * half**j for j in range(45)]
    pairs = enumerate(zip(poisson(half), odd, strict=True))
    sums = (p * beta_ratio(j + mpf(1) / 2, v / 2, y) + q * beta_ratio(j + 1, v / 2, y) for j, (p, q) in pairs)
    return mp.ncdf(-c) + mp.fsum(sums) / 2


def normal(z):
    return mp.erfc(-z / mp.sqrt(2)) / 2


def normal_quantile(p):
    return mp.sqrt(2) * mp.erfinv(2 * p - 1)


def faddeeva(z):
    return mp.exp(-z * z) * mp.erfc(-1j * z)


def voigt(x, s, g):
    return mp.re(faddeeva((x + 1j * g) / (s * mp.sqrt(2)))) / (s * mp.sqrt(2 * mp.pi))


def kolmogorov(x):
    return 2 * mp.fsum((-1) ** (k - 1) * mp.exp(-2 * k * k * x * x) for k in range(1, 400))


def smirnov(n, d):
    n = int(n)
    terms = range(int(mp.floor(n * (1 - d))) + 1)
    return mp.fsum(mp.binomial(n, v) * d * (d + mpf(v) / n) ** (v - 1) * (1 - d - mpf(v) / n) ** (n - v) for v in terms)


def power(x, p):
    return mp.log(x) if p == 0 else (x**p - 1) / p


def wright(a, b, x):
    return mp.fsum(x**k * mp.rgamma(a * k + b) / mp.factorial(k) for k in range(150))


def fresnel_tail(x, i):
    return mp.sqrt(mp.pi) / 2 * mp.exp(i * mp.pi / 4) * mp.erfc(mp.exp(-i * mp.pi / 4) * x)


def fresnel_scaled(x, i):
    return mp.exp(-i * (x * x + mp.pi / 4)) / mp.sqrt(mp.pi) * fresnel_tail(x, i)


def root(x):
    return mp.sqrt(mp.pi / (2 * x))


def owens(h, a):
    return mp.quad(lambda t: mp.exp(-h * h * (1 + t * t) / 2) / (1 + t * t), [0, a]) / (2 * mp.pi)


def bessel_integral(a, p, v):
    terms = ((-1) ** k * a ** (2 * k + v) * mp.rgamma(k + v + 1) / mp.factorial(k) / (p + v + 2 * k + 1) for k in range(60))
    return mp.fsum(terms)


def scaled_airy(z):
    return mp.exp(mpf(2) / 3 * z * mp.sqrt(z))


def jacobi(which):
    return lambda u, m: mp.ellipfun(which, u, m=m)


def kelvin(first, second, order=0):
    def f(x):
        return getattr(mp, first)(0, x) + 1j * getattr(mp, second)(0, x)

    return (lambda x: mp.diff(f, x, order)) if order else f


def prime(f):
    return lambda x: mp.diff(f, x)


def huber(d, r):
    return r * r / 2 if abs(r) <= d else d * (abs(r) - d / 2)


def turned(x):
    return mp.radians(x)


def second(f):
    """f' of a function of an order and an argument."""
    return lambda v, x: mp.diff(lambda t: f(v, t), x)


def parabolic_v(v, x):
    return mp.pcfv(-v - mpf(1) / 2, x)


def spherical(f):
    return lambda n, x: root(x) * f(n + mpf(1) / 2, x)


def spherical_k(n, x):
    return root(x) * mp.besselk(n + mpf(1) / 2, x)


HYPERBOLIC = {"in": mp.besseli, "jn": mp.besselj, "yn": mp.bessely, "kn": mp.besselk}
TWINS = {
    "airy": (mp.airyai, prime(mp.airyai), mp.airybi, prime(mp.airybi)),
    "airye": (
        lambda z: mp.airyai(z) * scaled_airy(z),
        lambda z: mp.airyai(z, derivative=1) * scaled_airy(z),
        lambda z: mp.airybi(z) / abs(scaled_airy(z)) ** mp.sign(mp.re(z * mp.sqrt(z))),
        lambda z: mp.airybi(z, derivative=1) / abs(scaled_airy(z)) ** mp.sign(mp.re(z * mp.sqrt(z))),
    ),
    "bdtr": lambda k, n, p: beta_ratio(n - k, k + 1, 1 - p),
    "bdtrc": lambda k, n, p: beta_ratio(k + 1, n - k, p),
    "bdtri": Inverse(lambda k, n, p: beta_ratio(n - k, k + 1, 1 - p), 2, 2),
    "bdtrik": Inverse(lambda k, n, p: beta_ratio(n - k, k + 1, 1 - p), 0, 0),
    "bdtrin": Inverse(lambda k, n, p: beta_ratio(n - k, k + 1, 1 - p), 1, 1),
    "bei": lambda x: mp.bei(0, x),
    "beip": prime(lambda x: mp.bei(0, x)),
    "ber": lambda x: mp.ber(0, x),
    "berp": prime(lambda x: mp.ber(0, x)),
    "besselpoly": bessel_integral,
    "betainc": beta_ratio,
    "betaincc": lambda a, b, x: beta_ratio(b, a, 1 - x),
    "betainccinv": Inverse(lambda a, b, x: beta_ratio(b, a, 1 - x), 2, 2),
    "betaincinv": Inverse(beta_ratio, 2, 2),
    "betaln": lambda a, b: mp.log(mp.beta(a, b)),
    "binom": mp.binomial,
    "boxcox": power,
    "boxcox1p": lambda x, p: power(1 + x, p),
    "btdtria": Inverse(beta_ratio, 0, 0),
    "btdtrib": Inverse(beta_ratio, 1, 1),
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "chdtr": lambda v, x: gamma_ratio(v / 2, x / 2),
    "chdtrc": lambda v, x: gamma_rest(v / 2, x / 2),
    "chdtri": Inverse(lambda v, x: gamma_rest(v / 2, x / 2), 1, 1),
    "chdtriv": Inverse(lambda v, x: gamma_ratio(v / 2, x / 2), 0, 0),
    "chndtr": noncentral_chi,
    "chndtridf": Inverse(noncentral_chi, 1, 1),
    "chndtrinc": Inverse(noncentral_chi, 2, 2),
    "chndtrix": Inverse(noncentral_chi, 0, 0),
    "cosdg": lambda x: mp.cos(turned(x)),
    "cosm1": lambda x: mp.cos(x) - 1,
    "cotdg": lambda x: mp.cot(turned(x)),
    "dawsn": lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
    "ellipeinc": mp.ellipe,
    "ellipj": (
        jacobi("sn"),
        jacobi("cn"),
        jacobi("dn"),
        lambda u, m: mp.atan2(jacobi("sn")(u, m), jacobi("cn")(u, m)),
    ),
    "ellipkinc": mp.ellipf,
    "ellipkm1": lambda p: mp.ellipk(1 - p),
    "entr": lambda x: -x * mp.log(x),
    "erfcinv": lambda p: mp.erfinv(1 - p),
    "erfcx": lambda x: mp.exp(x * x) * mp.erfc(x),
    "eval_chebyc": lambda n, x: 2 * mp.chebyt(n, x / 2),
    "eval_chebys": lambda n, x: mp.chebyu(n, x / 2),
    "eval_genlaguerre": mp.laguerre,
    "eval_hermitenorm": lambda n, x: mpf(2) ** (-mpf(n) / 2) * mp.hermite(n, x / mp.sqrt(2)),
    "eval_laguerre": lambda n, x: mp.laguerre(n, 0, x),
    "eval_sh_chebyt": lambda n, x: mp.chebyt(n, 2 * x - 1),
    "eval_sh_chebyu": lambda n, x: mp.chebyu(n, 2 * x - 1),
    "eval_sh_jacobi": lambda n, p, q, x: mp.jacobi(n, p - q, q - 1, 2 * x - 1) / mp.binomial(2 * n + p - 1, n),
    "eval_sh_legendre": lambda n, x: mp.legendre(n, 2 * x - 1),
    "exp1": mp.e1,
    "exp10": lambda x: mpf(10) ** x,
    "exp2": lambda x: mpf(2) ** x,
    "expi": mp.ei,
    "expit": lambda x: 1 / (1 + mp.exp(-x)),
    "expn": mp.expint,
    "exprel": lambda x: mp.expm1(x) / x,
    "fdtr": f_ratio,
    "fdtrc": lambda m, n, x: beta_ratio(n / 2, m / 2, n / (n + m * x)),
    "fdtri": Inverse(f_ratio, 2, 2),
    "fdtridfd": Inverse(f_ratio, 1, 1),
    "fresnel": (mp.fresnels, mp.fresnelc),
    "gammainc": gamma_ratio,
    "gammaincc": gamma_rest,
    "gammainccinv": Inverse(gamma_rest, 1, 1),
    "gammaincinv": Inverse(gamma_ratio, 1, 1),
    "gammaln": mp.loggamma,
    "gdtr": lambda a, b, x: gamma_ratio(b, a * x),
    "gdtrc": lambda a, b, x: gamma_rest(b, a * x),
    "gdtria": Inverse(lambda a, b, x: gamma_ratio(b, a * x), 0, 0),
    "gdtrib": Inverse(lambda a, b, x: gamma_ratio(b, a * x), 1, 1),
    "gdtrix": Inverse(lambda a, b, x: gamma_ratio(b, a * x), 2, 2),
    "hankel1": mp.hankel1,
    "hankel1e": lambda v, z: mp.hankel1(v, z) * mp.exp(-1j * z),
    "hankel2": mp.hankel2,
    "hankel2e": lambda v, z: mp.hankel2(v, z) * mp.exp(1j * z),
    "huber": huber,
    "i0": lambda x: mp.besseli(0, x),
    "i0e": lambda x: mp.besseli(0, x) * mp.exp(-x),
    "i1": lambda x: mp.besseli(1, x),
    "i1e": lambda x: mp.besseli(1, x) * mp.exp(-x),
    "inv_boxcox": lambda y, p: mp.exp(y) if p == 0 else (1 + p * y) ** (1 / p),
    "inv_boxcox1p": lambda y, p: mp.exp(y) - 1 if p == 0 else (1 + p * y) ** (1 / p) - 1,
    "it2i0k0": (Slope(lambda x: (mp.besseli(0, x) - 1) / x), Slope(lambda x: -mp.besselk(0, x) / x)),
    "it2j0y0": (Slope(lambda x: (1 - mp.j0(x)) / x), Slope(lambda x: -mp.bessely(0, x) / x)),
    "it2struve0": Slope(lambda x: -mp.struveh(0, x) / x),
    "itairy": (
        Slope(mp.airyai),
        Slope(mp.airybi),
        Slope(lambda x: mp.airyai(-x)),
        Slope(lambda x: mp.airybi(-x)),
    ),
    "iti0k0": (Slope(lambda x: mp.besseli(0, x)), Slope(lambda x: mp.besselk(0, x))),
    "itj0y0": (Slope(mp.j0), Slope(lambda x: mp.bessely(0, x))),
    "itmodstruve0": Slope(lambda x: mp.struvel(0, x)),
    "itstruve0": Slope(lambda x: mp.struveh(0, x)),
    "iv": mp.besseli,
    "ive": lambda v, z: mp.besseli(v, z) * mp.exp(-abs(mp.re(z))),
    "jv": mp.besselj,
    "jve": lambda v, z: mp.besselj(v, z) * mp.exp(-abs(mp.im(z))),
    "k0": lambda x: mp.besselk(0, x),
    "k0e": lambda x: mp.besselk(0, x) * mp.exp(x),
    "k1": lambda x: mp.besselk(1, x),
    "k1e": lambda x: mp.besselk(1, x) * mp.exp(x),
    "kei": lambda x: mp.kei(0, x),
    "keip": prime(lambda x: mp.kei(0, x)),
    "kelvin": (kelvin("ber", "bei"), kelvin("ker", "kei"), kelvin("ber", "bei", 1), kelvin("ker", "kei", 1)),
    "ker": lambda x: mp.ker(0, x),
    "kerp": prime(lambda x: mp.ker(0, x)),
    "kl_div": lambda x, y: x * mp.log(x / y) - x + y,
    "kn": mp.besselk,
    "kolmogi": Inverse(kolmogorov, 0, 0),
    "kolmogorov": kolmogorov,
    "kv": mp.besselk,
    "kve": lambda v, z: mp.besselk(v, z) * mp.exp(z),
    "_lambertw": lambda z, k, tol: mp.lambertw(z, int(k)),
    "log_expit": lambda x: -mp.log1p(mp.exp(-x)),
    "log_ndtr": lambda x: mp.log(normal(x)),
    "log_wright_bessel": lambda a, b, x: mp.log(wright(a, b, x)),
    "logit": lambda p: mp.log(p / (1 - p)),
    "lpmv": lambda m, v, x: mp.legenp(v, int(m), x),
    "modfresnelm": (lambda x: fresnel_tail(x, -1j), lambda x: fresnel_scaled(x, -1j)),
    "modfresnelp": (lambda x: fresnel_tail(x, 1j), lambda x: fresnel_scaled(x, 1j)),
    "modstruve": mp.struvel,
    "nbdtr": lambda k, n, p: beta_ratio(n, k + 1, p),
    "nbdtrc": lambda k, n, p: beta_ratio(k + 1, n, 1 - p),
    "nbdtri": Inverse(lambda k, n, p: beta_ratio(n, k + 1, p), 2, 2),
    "nbdtrik": Inverse(lambda k, n, p: beta_ratio(n, k + 1, p), 0, 0),
    "nbdtrin": Inverse(lambda k, n, p: beta_ratio(n, k + 1, p), 1, 1),
    "ncfdtr": noncentral_f,
    "ncfdtri": Inverse(noncentral_f, 3, 3),
    "ncfdtridfd": Inverse(noncentral_f, 1, 1),
    "ncfdtridfn": Inverse(noncentral_f, 0, 0),
    "ncfdtrinc": Inverse(noncentral_f, 2, 2),
    "nctdtr": noncentral_t,
    "nctdtridf": Inverse(noncentral_t, 0, 0),
    "nctdtrinc": Inverse(noncentral_t, 1, 1),
    "nctdtrit": Inverse(noncentral_t, 2, 2),
    "ndtr": normal,
    "ndtri": normal_quantile,
    "ndtri_exp": Inverse(lambda y: mp.log(mp.ncdf(y)), 0, 0),
    "nrdtrimn": lambda p, sd, x: x - sd * normal_quantile(p),
    "nrdtrisd": lambda mn, p, x: (x - mn) / normal_quantile(p),
    "owens_t": owens,
    "pbdv": (mp.pcfd, second(mp.pcfd)),
    "pbvv": (parabolic_v, second(parabolic_v)),
    "pdtr": lambda k, m: gamma_rest(k + 1, m),
    "pdtrc": lambda k, m: gamma_ratio(k + 1, m),
    "pdtri": Inverse(lambda k, m: gamma_rest(k + 1, m), 1, 1),
    "pdtrik": Inverse(lambda k, m: gamma_rest(k + 1, m), 0, 0),
    "poch": mp.rf,
    "powm1": lambda x, p: x**p - 1,
    "pseudo_huber": lambda d, r: d * d * (mp.sqrt(1 + (r / d) ** 2) - 1),
    "radian": lambda d, m, s: turned(d + m / 60 + s / 3600),
    "rel_entr": lambda x, y: x * mp.log(x / y),
    "round": lambda x: mpf(0),
    "gammasgn": lambda x: mpf(0),
    "shichi": (mp.shi, mp.chi),
    "sici": (mp.si, mp.ci),
    "sindg": lambda x: mp.sin(turned(x)),
    "smirnov": smirnov,
    "smirnovi": Inverse(smirnov, 1, 1),
    "spence": lambda z: mp.polylog(2, 1 - z),
    "stdtr": student,
    "stdtridf": Inverse(student, 0, 0),
    "stdtrit": Inverse(student, 1, 1),
    "struve": mp.struveh,
    "tandg": lambda x: mp.tan(turned(x)),
    "tklmbda": Inverse(lambda p, m: power(p, m) - power(1 - p, m), 0, 0),
    "voigt_profile": voigt,
    "wofz": faddeeva,
    "wright_bessel": wright,
    "wrightomega": lambda z: mp.lambertw(mp.exp(z)),
    "xlog1py": lambda x, y: x * mp.log1p(y),
    "xlogy": lambda x, y: x * mp.log(y),
    "y0": lambda x: mp.bessely(0, x),
    "y1": lambda x: mp.bessely(1, x),
    "yn": mp.bessely,
    "yv": mp.bessely,
    "yve": lambda v, z: mp.bessely(v, z) * mp.exp(-abs(mp.im(z))),
    "zetac": lambda s: mp.zeta(s) - 1,
    "_riemann_zeta": mp.zeta,
    "_zeta": mp.zeta,
    "psi": mp.digamma,
}
"""By SciPy's name: a function of mpmath's numbers, a tuple for several outputs, or one of the two kinds above. Others agree by
name; those that mpmath has not (Mathieu's and spheroidal functions) are compared with differences of SciPy's own values."""

for _name, _f in HYPERBOLIC.items():
    TWINS[f"_spherical_{_name}"] = spherical(_f)
    TWINS[f"_spherical_{_name}_d"] = second(spherical(_f))


def twin(name):
    """The twin, by one of the two tables of names; None if mpmath has none."""
    if name in TWINS:
        return TWINS[name]
    same = name.removeprefix("eval_")
    return getattr(mpmath.mp, same, None)
