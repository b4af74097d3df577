# SPDX-License-Identifier: BSD-3-Clause
"""Formulas of physics, chemistry, engineering and geodesy."""

import math
from math import asin, atan2, cos, exp, pi, radians, sin, sqrt

G = 6.67430e-11
C = 299_792_458.0
H = 6.62607015e-34
K_B = 1.380649e-23
EARTH_RADIUS = 6371.0


def haversine(lat1, lon1, lat2, lon2):
    """Distance on the sphere in kilometres."""
    lat1, lon1, lat2, lon2 = map(radians, (lat1, lon1, lat2, lon2))
    a = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS * asin(sqrt(a))


def bearing(lat1, lon1, lat2, lon2):
    p1, p2, dl = radians(lat1), radians(lat2), radians(lon2 - lon1)
    y = sin(dl) * cos(p2)
    x = cos(p1) * sin(p2) - sin(p1) * cos(p2) * cos(dl)
    return (math.degrees(atan2(y, x)) + 360) % 360


def free_fall(t, g=9.81):
    return 0.5 * g * t**2


def projectile_range(v, angle):
    theta = math.radians(angle)
    return v**2 * math.sin(2 * theta) / 9.81


def projectile_height(x, angle=45.0, v=20.0):
    a = math.radians(angle)
    y = x * math.tan(a) - 9.81 * x * x / (2 * v * v * math.cos(a) ** 2)
    return y if y > 0 else 0.0


def drag_fall(m):
    v, dt = 0.0, 0.05
    for i in range(60):
        a = 9.81 - 0.24 / m * v * v
        v += a * dt
    return v


def planck(wavelength, temperature):
    x = H * C / (wavelength * K_B * temperature)
    return 2 * H * C**2 / wavelength**5 / (math.exp(x) - 1)


def wien(temperature):
    b = 2.897771955e-3
    return b / temperature


def lorentz(v):
    beta = v / C
    return 1 / math.sqrt(1 - beta**2)


def velocity_addition(u, v):
    return (u + v) / (1 + u * v / C**2)


def doppler(f, v):
    return f * math.sqrt((1 + v / C) / (1 - v / C))


def gravity(m1, m2, r):
    return G * m1 * m2 / r**2


def kepler(mean_anomaly, eccentricity):
    """Kepler's equation by Newton's method."""
    e_anomaly = mean_anomaly if eccentricity < 0.8 else math.pi
    while True:
        delta = (e_anomaly - eccentricity * math.sin(e_anomaly) - mean_anomaly) / (
            1 - eccentricity * math.cos(e_anomaly)
        )
        e_anomaly -= delta
        if abs(delta) < 1e-10:
            break
    return e_anomaly


def orbital_period(a):
    mu = 3.986004418e14
    return 2 * pi * sqrt(a**3 / mu)


def damped_oscillator(t, gamma=0.3, omega0=2.0):
    if gamma < omega0:
        omega = math.sqrt(omega0**2 - gamma**2)
        return math.exp(-gamma * t) * math.cos(omega * t)
    elif gamma == omega0:
        return math.exp(-gamma * t) * (1 + gamma * t)
    else:
        k = math.sqrt(gamma**2 - omega0**2)
        return math.exp(-gamma * t) * math.cosh(k * t)


def resonance(omega):
    return 1 / math.sqrt((4 - omega**2) ** 2 + (0.5 * omega) ** 2)


def rc_charge(t, r=1000.0, c=1e-6):
    tau = r * c
    return 5.0 * (1 - math.exp(-t / tau))


def impedance(f):
    r, l, c = 10.0, 1e-3, 1e-6
    w = 2 * math.pi * f
    return math.hypot(r, w * l - 1 / (w * c))


def maxwell_boltzmann(v):
    m, t = 4.65e-26, 300.0
    a = m / (2 * math.pi * K_B * t)
    return 4 * math.pi * a**1.5 * v**2 * math.exp(-m * v**2 / (2 * K_B * t))


def fermi_dirac(energy, mu=0.5, kt=0.025):
    return 1 / (math.exp((energy - mu) / kt) + 1)


def bose_einstein(x):
    return 1 / math.expm1(x)


def debye(x):
    n = 40
    h = x / n
    total = 0.0
    for i in range(n):
        t = (i + 0.5) * h
        total += t**4 * math.exp(t) / (math.exp(t) - 1) ** 2
    return 9 / x**3 * total * h


def ideal_gas(n, t, v):
    r = 8.314462618
    return n * r * t / v


def van_der_waals(v, t):
    a, b, r = 0.364, 4.27e-5, 8.314
    return r * t / (v - b) - a / v**2


def arrhenius(t):
    return 1e13 * math.exp(-80000 / (8.314 * t))


def ph(h_plus):
    return -math.log10(h_plus)


def half_life(t, n0=1000.0, half=5730.0):
    return n0 * 0.5 ** (t / half)


def lennard_jones(r, eps=1.0, sigma=1.0):
    sr6 = (sigma / r) ** 6
    return 4 * eps * (sr6**2 - sr6)


def morse(r):
    d, a, re = 4.75, 1.9, 0.74
    return d * (1 - math.exp(-a * (r - re))) ** 2


def yukawa(r):
    return -math.exp(-0.5 * r) / r


def coulomb_screened(r):
    if r < 0.1:
        return 10.0
    return 1 / r * math.erfc(r)


def snell(angle, n1=1.0, n2=1.5):
    s = n1 / n2 * math.sin(math.radians(angle))
    if abs(s) > 1:
        return 90.0
    return math.degrees(math.asin(s))


def fresnel(angle):
    n1, n2 = 1.0, 1.5
    ci = math.cos(angle)
    ct = math.sqrt(1 - (n1 / n2 * math.sin(angle)) ** 2)
    rs = ((n1 * ci - n2 * ct) / (n1 * ci + n2 * ct)) ** 2
    rp = ((n1 * ct - n2 * ci) / (n1 * ct + n2 * ci)) ** 2
    return (rs + rp) / 2


def schlick(cosine, n=1.5):
    r0 = ((1 - n) / (1 + n)) ** 2
    return r0 + (1 - r0) * (1 - cosine) ** 5


def airy_pattern(x):
    if x == 0:
        return 1.0
    b = math.sin(x) / x
    return b * b


def single_slit(theta, a=5.0):
    beta = math.pi * a * math.sin(theta)
    return (math.sin(beta) / beta) ** 2 if beta != 0 else 1.0


def grating(theta, n=5):
    delta = math.pi * 2.0 * math.sin(theta)
    if abs(math.sin(delta)) < 1e-9:
        return 1.0
    return (math.sin(n * delta) / (n * math.sin(delta))) ** 2


def reynolds_friction(re):
    """Friction factor of a pipe: laminar, or Blasius, or Colebrook by iteration."""
    if re < 2300:
        return 64 / re
    if re < 1e5:
        return 0.316 * re**-0.25
    f = 0.02
    for _ in range(20):
        f = (-2 * math.log10(1e-5 / 3.7 + 2.51 / (re * math.sqrt(f)))) ** -2
    return f


def barometric(h):
    return 101325 * (1 - 2.25577e-5 * h) ** 5.25588


def heat_index(t, rh):
    c = [-8.785, 1.611, 2.339, -0.1461, -0.01231, -0.01642, 0.002212, 0.0007255, -3.582e-6]
    return (
        c[0] + c[1] * t + c[2] * rh + c[3] * t * rh + c[4] * t**2 + c[5] * rh**2
        + c[6] * t**2 * rh + c[7] * t * rh**2 + c[8] * t**2 * rh**2
    )  # fmt: skip


def wind_chill(t, v):
    if t > 10 or v < 4.8:
        return t
    return 13.12 + 0.6215 * t - 11.37 * v**0.16 + 0.3965 * t * v**0.16


def celsius_to_fahrenheit(c):
    return c * 9 / 5 + 32


def dew_point(t, rh):
    a, b = 17.27, 237.7
    alpha = a * t / (b + t) + math.log(rh / 100)
    return b * alpha / (a - alpha)


def solar_declination(day):
    return -23.44 * math.cos(math.radians(360 / 365 * (day + 10)))


def day_length(lat, day):
    decl = math.radians(solar_declination(day))
    cos_h = -math.tan(math.radians(lat)) * math.tan(decl)
    if cos_h >= 1:
        return 0.0
    if cos_h <= -1:
        return 24.0
    return 2 * math.degrees(math.acos(cos_h)) / 15


def spherical_to_cartesian(r, theta, phi):
    x = r * math.sin(theta) * math.cos(phi)
    y = r * math.sin(theta) * math.sin(phi)
    z = r * math.cos(theta)
    return x, y, z


def polar(x, y):
    return math.hypot(x, y), math.atan2(y, x)


def rotate(x, y, angle):
    c, s = cos(angle), sin(angle)
    return c * x - s * y, s * x + c * y


def bohr_energy(n):
    return -13.605693 / n**2


def rydberg(n1, n2):
    if n1 == n2:
        return 0.0
    return abs(1 / (1 / n1**2 - 1 / n2**2)) / 1.0973731568e7


def particle_in_box(x, n):
    return (math.sqrt(2) * math.sin(n * math.pi * x)) ** 2


def gaussian_packet(x, t):
    sigma2 = 1 + t * t
    return exp(-((x - 2 * t) ** 2) / sigma2) / sqrt(pi * sigma2)


CASES = {
    haversine: ((-80.0, 80.0), (-180.0, 180.0), (-80.0, 80.0), (-180.0, 180.0)),
    bearing: ((-80.0, 80.0), (-180.0, 180.0), (-80.0, 80.0), (-180.0, 180.0)),
    free_fall: ((0.0, 10.0),),
    projectile_range: ((1.0, 100.0), (1.0, 89.0)),
    projectile_height: ((0.0, 60.0),),
    drag_fall: ((10.0, 100.0),),
    planck: ((2e-7, 3e-6), (2000.0, 7000.0)),
    wien: ((300.0, 7000.0),),
    lorentz: ((0.0, 2.9e8),),
    velocity_addition: ((0.0, 2.9e8), (0.0, 2.9e8)),
    doppler: ((1e14, 1e15), (-1e8, 1e8)),
    gravity: ((1.0, 1e24), (1.0, 1e3), (1.0, 1e7)),
    kepler: ((0.0, 3.0), (0.0, 0.9)),
    orbital_period: ((6.5e6, 5e7),),
    damped_oscillator: ((0.0, 20.0),),
    resonance: ((0.1, 4.0),),
    rc_charge: ((0.0, 0.01),),
    impedance: ((10.0, 1e5),),
    maxwell_boltzmann: ((0.0, 2000.0),),
    fermi_dirac: ((0.0, 1.0),),
    bose_einstein: ((0.01, 5.0),),
    debye: ((0.5, 8.0),),
    ideal_gas: ((0.1, 3.0), (200.0, 400.0), (0.01, 1.0)),
    van_der_waals: ((1e-3, 1e-1), (200.0, 400.0)),
    arrhenius: ((250.0, 900.0),),
    ph: ((1e-14, 1.0),),
    half_life: ((0.0, 20000.0),),
    lennard_jones: ((0.9, 3.0),),
    morse: ((0.4, 3.0),),
    yukawa: ((0.1, 5.0),),
    coulomb_screened: ((0.01, 3.0),),
    snell: ((0.0, 89.0),),
    fresnel: ((0.0, 1.5),),
    schlick: ((0.0, 1.0),),
    airy_pattern: ((-10.0, 10.0),),
    single_slit: ((-0.5, 0.5),),
    grating: ((-0.5, 0.5),),
    reynolds_friction: ((500.0, 5e5),),
    barometric: ((0.0, 10000.0),),
    heat_index: ((27.0, 40.0), (40.0, 100.0)),
    wind_chill: ((-30.0, 20.0), (0.0, 60.0)),
    celsius_to_fahrenheit: ((-50.0, 50.0),),
    dew_point: ((0.0, 35.0), (10.0, 100.0)),
    solar_declination: (range(1, 366),),
    day_length: ((-89.0, 89.0), range(1, 366)),
    spherical_to_cartesian: ((0.1, 3.0), (0.0, 3.1), (0.0, 6.2)),
    polar: ((-3.0, 3.0), (-3.0, 3.0)),
    rotate: ((-3.0, 3.0), (-3.0, 3.0), (-3.0, 3.0)),
    bohr_energy: (range(1, 20),),
    rydberg: (range(1, 5), range(5, 12)),
    particle_in_box: ((0.0, 1.0), range(1, 6)),
    gaussian_packet: ((-5.0, 9.0), (0.0, 3.0)),
}
