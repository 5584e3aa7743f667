"""Unchanged functions of packages that people install: the list that test_packages walks."""

from __future__ import annotations

import choclo
import control
import filterpy.common
import filterpy.kalman
import filterpy.stats
import fluids
import iapws
import lmfit
import miepython
import modern_robotics
import numpy as np
import numpy_financial
import package_matter as matter
import package_motions as motions
import pymap3d
import pymap3d.vincenty
import sgp4.ext
import sgp4.model
import sgp4.propagation
import skyfield.earthlib
import skyfield.functions
import skyfield.keplerlib
import tmm
import transforms3d
from ambiance import Atmosphere
from astropy.coordinates.matrix_utilities import rotation_matrix
from blackscholes import Black76Put, BlackScholesCall
from colossus.cosmology import cosmology
from colossus.halo import mass_so, profile_nfw
from geographiclib.geodesic import Geodesic
from package_cases import CASES, case
from pybaselines.misc import interp_pts
from pybaselines.utils import whittaker_smooth
from pyquaternion import Quaternion
from sgp4.api import Satrec
from uncertainties import ufloat, umath

__all__ = ["CASES", "REFUSED", "bisected"]

Q = np.array([0.5, 0.4, 0.3, 0.6])
P = np.array([0.1, 0.2, 0.3, 0.4])
V = np.array([1.0, 2.0, 3.0])
GRID = np.linspace(-1.0, 1.0, 5)

# -- rotations and robots ------------------------------------------------------------------------------------------------

case("transforms3d.quat2mat", transforms3d.quaternions.quat2mat, (Q,))
case("transforms3d.qmult", transforms3d.quaternions.qmult, (Q, P))
case("transforms3d.euler2mat", transforms3d.euler.euler2mat, (0.1, 0.2, 0.3), twin=motions.from_euler, told=True)
case("transforms3d.axangle2mat", transforms3d.axangles.axangle2mat, (V, 0.5), twin=motions.from_axis_angle, told=True)
case(
    "transforms3d.compose",
    lambda t, z: transforms3d.affines.compose(t, np.eye(3), z),
    (V, P[1:]),
    twin=motions.composed,
    told=True,
)
case(
    "transforms3d.mat2quat",  # differentiated along rotations: of other matrices it is whatever is nearest
    lambda axis, angle: transforms3d.quaternions.mat2quat(transforms3d.axangles.axangle2mat(axis, angle)),
    (V, 0.5),
    twin=motions.quaternion,
    told=True,
)
case("pyquaternion.rotate", lambda q, v: Quaternion(array=q).rotate(v), (Q, V), twin=motions.rotated, named=True)
case("pyquaternion.rotation_matrix", lambda q: Quaternion(array=q).rotation_matrix, (Q,), twin=motions.rotation, named=True)
case(
    "modern_robotics.FKinSpace",
    lambda t: modern_robotics.FKinSpace(motions.HOME, motions.AXES, t),
    (np.array([0.5, 1.0]),),
    twin=motions.planar_arm,
    twice=True,
)
case(
    "modern_robotics.MassMatrix",
    lambda t: modern_robotics.MassMatrix(t, motions.LINKS, motions.INERTIAS, motions.AXES),
    (np.array([0.5, 1.0]),),
    twin=motions.arm_mass,
    told=True,
)
case(
    "modern_robotics.MatrixLog3",
    lambda v: modern_robotics.MatrixLog3(modern_robotics.MatrixExp3(modern_robotics.VecToso3(v))),
    (P[1:],),
    twin=motions.skew,
)
case("modern_robotics.QuinticTimeScaling", modern_robotics.QuinticTimeScaling, (2.0, 0.6))

# -- the sky -------------------------------------------------------------------------------------------------------------

TWO_LINES = (
    "1 00005U 58002B   00179.78495062  .00000023  00000-0  28098-4 0  4753",
    "2 00005  34.2682 348.7242 1859667 331.7664  19.3264 10.82419157413667",
)
SATELLITE = sgp4.model.Satrec.twoline2rv(*TWO_LINES)
COMPILED = Satrec.twoline2rv(*TWO_LINES)
COSMOS = cosmology.setCosmology("planck18", persistence="", interpolation=False)

case("skyfield.angle_between", skyfield.functions.angle_between, (V, np.array([-0.4, 0.2, 1.1])), twin=motions.angle_between)
case("skyfield.to_spherical", skyfield.functions.to_spherical, (V,), twin=motions.to_spherical)
case("skyfield.rot_x", skyfield.functions.rot_x, (0.3,))
case("skyfield.refraction", skyfield.earthlib.refraction, (20.0, 10.0, 1010.0))
case("sgp4.newtonnu", sgp4.ext.newtonnu, (0.3, 0.5), twin=motions.anomalies, told=True)
case("sgp4.gstime", sgp4.propagation.gstime, (2453101.8,), twin=motions.sidereal, accuracy=1e-12)
case(
    "sgp4.Satrec",
    lambda minutes: SATELLITE.sgp4_tsince(minutes)[1:],
    (120.0,),
    twin=motions.in_mpmath(sgp4.propagation, lambda minutes: SATELLITE.sgp4_tsince(minutes)[1:]),
    accuracy=1e-11,
    told=True,
)
case(
    "colossus.comovingDistance",
    lambda z: COSMOS.comovingDistance(z_max=z),
    (0.7,),
    closed=lambda z: np.array([[299792.458 * COSMOS.h / COSMOS.Hz(z)]]),
    told=True,
)
case("colossus.Hz", COSMOS.Hz, (np.array([0.5, 1.0]),))
case(
    "colossus.enclosedMass",
    lambda rho, rs: profile_nfw.NFWProfile(rhos=rho, rs=rs).enclosedMass(30.0),
    (1e7, 20.0),
    twin=matter.halo_mass,
)
case(
    "colossus.radiusFromPdf",
    lambda c, p: profile_nfw.radiusFromPdf(np.array([1e12]), c, 0.0, "200c", p, interpolate=False) / HALO,
    (np.array([7.0]), np.array([0.4])),
    twin=matter.halo_radius,
    told=True,
)
HALO = mass_so.M_to_R(1e12, 0.0, "200c")

# -- the earth -----------------------------------------------------------------------------------------------------------

PLACES = (40.0, 20.0, 41.0, 22.0)

case(
    "geographiclib.Inverse",
    lambda *p: Geodesic.WGS84.Inverse(*p)["s12"],
    PLACES,
    closed=matter.geodesic,
    told=True,
)
case(
    "pymap3d.vdist",
    lambda *p: pymap3d.vincenty.vdist(*p)[0],
    PLACES,
    closed=matter.geodesic,
    accuracy=1e-10,  # Vincenty's series and its iteration end there
)
case("pymap3d.geodetic2ecef", pymap3d.geodetic2ecef, (40.0, 20.0, 100.0), twin=matter.ecef, twice=True)
case("pymap3d.enu2aer", pymap3d.enu2aer, (100.0, 200.0, 300.0), twin=matter.aer)
case("choclo.point.gravity_u", lambda *p: choclo.point.gravity_u(*p, 1e10), (1.0, 2.0, 3.0, 0.5, 0.2, -10.0))
case(
    "choclo.prism.gravity_u",
    lambda *p: choclo.prism.gravity_u(*p, -5.0, 5.0, -6.0, 6.0, -10.0, -1.0, 1e12),
    (1.0, 2.0, 3.0),
    twin=matter.prism,
)
case("ambiance.pressure", lambda h: Atmosphere(h).pressure, (np.array([1e3, 5e3]),), twin=matter.pressure, named=True)

# -- filters, control and curves -----------------------------------------------------------------------------------------


def track(data, noise):
    """The state after measurements, with an object that keeps it."""
    kalman = filterpy.kalman.KalmanFilter(dim_x=2, dim_z=1)
    kalman.F = np.array([[1.0, 1.0], [0.0, 1.0]])
    kalman.H = np.array([[1.0, 0.0]])
    kalman.R = noise * np.eye(1)
    kalman.Q = filterpy.common.Q_discrete_white_noise(2, 0.1, 0.1)
    for z in data:
        kalman.predict()
        kalman.update(z)
    return kalman.x


case("filterpy.KalmanFilter", track, (np.array([1.0, 2.1, 2.9]), 5.0))
case(
    "filterpy.MerweScaledSigmaPoints",
    lambda x, a, b, c: filterpy.kalman.MerweScaledSigmaPoints(2, 0.1, 2.0, 1.0).sigma_points(x, np.array([[a, b], [b, c]])),
    (P[:2], 1.0, 0.2, 2.0),
    twin=motions.sigma_points,
    told=True,
)
case(
    "filterpy.Q_discrete_white_noise",
    lambda dt, var: filterpy.common.Q_discrete_white_noise(3, dt, var),
    (0.5, 1.2),
    twin=motions.white_noise,
)
case(
    "filterpy.van_loan_discretization",
    lambda w, g, dt: filterpy.common.van_loan_discretization(np.array([[0, w], [-w, 0]]), np.array([[0], [g]]), dt),
    (1.0, 2.0, 0.1),
    twin=motions.oscillator,
    told=True,
    twice=True,
)
case(
    "filterpy.norm_cdf",
    lambda a, b, mean, var: filterpy.stats.norm_cdf((a, b), mean, var),
    (0.1, 1.4, 0.3, 1.2),
    twin=motions.between,
    told=True,
    twice=True,
)
case(
    "filterpy.logpdf",
    lambda x, mean: filterpy.stats.logpdf(x, mean, np.eye(2)),
    (P[:2], Q[:2]),
    twin=motions.gaussian,
    told=True,
)
case(
    "filterpy.mahalanobis",
    lambda x, mean: filterpy.stats.mahalanobis(x, mean, np.array([[1.0, 0.3], [0.3, 2.0]])),
    (P[:2], Q[:2]),
    twin=motions.mahalanobis,
    named=True,
)
case(
    "control.lyap",
    lambda A, q: control.lyap(A, np.diag(q)),
    (np.array([[-1.0, 0.5], [0.2, -2.0]]), np.array([1.0, 2.0])),
    twin=motions.lyapunov,
    told=True,
)
case(
    "control.lqr",
    lambda q, r: control.lqr([[0.0, 1.0], [0.0, 0.0]], [[0.0], [1.0]], np.diag(q), [[r]])[0],
    (np.array([2.0, 3.0]), 0.7),
    twin=motions.regulator,
    told=True,
)
case(
    "control.dcgain",
    lambda a, b: control.dcgain(control.ss([[a, b], [-1.0, -2.0]], [[0.0], [1.0]], [[1.0, 0.0]], [[0.0]])),
    (-1.0, 0.5),
    twin=lambda a, b: b / (b - 2 * a),
    told=True,
    twice=True,
)
case(
    "pybaselines.whittaker_smooth",
    lambda y: whittaker_smooth(y, lam=10.0),
    (np.array([1.0, 1.2, 1.9, 3.0, 2.2, 2.1, 2.3]),),
    closed=motions.smoother,
    told=True,
)
case(
    "pybaselines.interp_pts",
    lambda points: interp_pts(np.array([0.5, 1.25, 2.5]), points)[0],
    (np.array([[0.1, 1.0], [1.0, 3.0], [2.0, 2.0], [3.0, 4.0]]),),
    twin=matter.between_points,
    told=True,
)
case("lmfit.voigt", lambda *p: lmfit.lineshapes.voigt(GRID, *p), (1.0, 0.1, 0.5, 0.3), twin=matter.voigt, twice=True)
case("lmfit.expgaussian", lambda *p: lmfit.lineshapes.expgaussian(GRID, *p), (1.0, 0.1, 0.5, 1.3), twin=matter.exgaussian)
case("lmfit.students_t", lambda *p: lmfit.lineshapes.students_t(GRID, *p), (1.0, 0.1, 0.5), twin=matter.students)
case(
    "lmfit.GaussianModel",
    lambda a, c, s: lmfit.models.GaussianModel().eval(x=GRID, amplitude=a, center=c, sigma=s),
    (1.0, 0.1, 0.5),
    twin=matter.normal,
    told=True,
)

# -- matter and light ----------------------------------------------------------------------------------------------------

case("iapws.IAPWS97", lambda T, P: iapws.IAPWS97(T=T, P=P).rho, (320.0, 3.0), closed=matter.liquid(iapws.IAPWS97, "xkappa"))
case(
    "iapws.IAPWS95",
    lambda T, P: iapws.IAPWS95(T=T, P=P).rho,
    (320.0, 3.0),
    closed=matter.liquid(iapws.IAPWS95, "kappa"),
    named=True,
)
case("fluids.ATMOSPHERE_1976", lambda z: fluids.ATMOSPHERE_1976(z).rho, (5000.0,), twin=matter.density, told=True)
case("fluids.Clamond", fluids.friction.Clamond, (1e5, 1e-3), twin=matter.colebrook, told=True)
case("fluids.Colebrook", fluids.friction.Colebrook, (1e5, 1e-3), twin=matter.colebrook, named=True)
case(
    "tmm.coh_tmm",
    lambda n, d: tmm.coh_tmm("s", [1.0, n, 1.5], [np.inf, d, np.inf], 0.3, 500.0)["R"],
    (2.2, 100.0),
    twin=matter.film,
    told=True,
)
case("tmm.interface_r", lambda *p: tmm.interface_r("p", *p), (1.0, 1.5, 0.3, 0.2))
case(
    "miepython.i_unpolarized",
    lambda mu: miepython.i_unpolarized(1.5 - 0.1j, 2.3, mu, norm="wiscombe"),
    (np.array([0.1, 0.4]),),
    twin=matter.scattered,
    accuracy=1e-10,  # the series ends there
    told=True,
)
case(
    "miepython.efficiencies_mx",
    lambda x: miepython.efficiencies_mx(1.5 - 0.1j, x)[:2],
    (2.3,),
    twin=matter.mie,
    accuracy=1e-10,
    told=True,
)

# -- money ---------------------------------------------------------------------------------------------------------------

case(
    "blackscholes.BlackScholesCall.price",
    lambda S, K, T, r, sigma: BlackScholesCall(S=S, K=K, T=T, r=r, sigma=sigma, q=0.0).price(),
    (55.0, 50.0, 1.0, 0.0025, 0.15),
    twin=matter.call,
    told=True,
    twice=True,
)
case(
    "blackscholes.BlackScholesCall.vanna",
    lambda S, T, sigma: BlackScholesCall(S=S, K=50.0, T=T, r=0.0025, sigma=sigma, q=0.0).vanna(),
    (55.0, 1.0, 0.15),
    twin=matter.vanna,
    told=True,
)
case(
    "blackscholes.Black76Put",
    lambda F, T, sigma: Black76Put(F=F, K=50.0, T=T, r=0.0025, sigma=sigma).price(),
    (55.0, 1.0, 0.15),
    twin=matter.put,
    told=True,
)
case("numpy_financial.fv", lambda *p: numpy_financial.fv(p[0], 10, *p[1:]), (0.05, -100.0, -1000.0), twin=matter.future_value)
case("numpy_financial.pmt", lambda r, v: numpy_financial.pmt(r, 12, v), (0.05, 1000.0), twin=matter.payment)
case(
    "numpy_financial.rate",
    lambda p, v: numpy_financial.rate(10, p, v, 10000.0),
    (-300.0, -3500.0),
    twin=matter.interest,
    accuracy=1e-9,  # Newton's iteration ends there
)

# -- what is refused, under whatever name, and what only check="direction" finds ---------------------------------------------

REFUSED = {  # by package: the function, its argument, and what is said
    "uncertainties": (lambda x: umath.sin(ufloat(x, 0.1)).nominal_value, 0.3, r"float\(x\).* at .*uncertainties.*"),
    "astropy": (lambda angle: rotation_matrix(angle, "z"), 30.0, r"x.view\(astropy.*Angle\) at .*quantity"),
    "sgp4": (lambda day: COMPILED.sgp4(2451723.5, day)[1][0], 0.3, r"float\(x\).* at .*packages"),  # where it is called
}


def bisected(state):
    """A position after 40 days: skyfield finds the anomaly by bisection."""
    return skyfield.keplerlib.propagate(state[:3], state[3:], 0.0, np.array([40.0]), 0.000295912)[0]
