# SPDX-License-Identifier: BSD-3-Clause
"""Signals, colours, images, the sky."""

import math


def hann(t):
    return 0.5 * (1 - math.cos(2 * math.pi * t))


def blackman(n, N=64):
    a0, a1, a2 = 0.42, 0.5, 0.08
    return a0 - a1 * math.cos(2 * math.pi * n / (N - 1)) + a2 * math.cos(4 * math.pi * n / (N - 1))


def sawtooth(t, period=2.0):
    return 2 * (t / period - math.floor(0.5 + t / period))


def triangle_wave(t):
    return 2 * abs(2 * (t - math.floor(t + 0.5))) - 1


def square_wave(t):
    return 1 if math.sin(t) >= 0 else -1


def gain_db(v, ref=1.0):
    return 20 * math.log10(abs(v) / ref)


def butterworth(w, wc, n=4):
    return 1 / math.sqrt(1 + (w / wc) ** (2 * n))


def quantize8(x):
    return round(x * 255) / 255


def mu_law(x, mu=255):
    return math.copysign(math.log1p(mu * abs(x)) / math.log1p(mu), x)


def dft_mag(k):
    x = [1.0, 2.0, 0.5, -1.0, 3.0, 0.0, 1.0, 1.5]
    N = len(x)
    re = im = 0.0
    for n, v in enumerate(x):
        ang = -2 * math.pi * k * n / N
        re += v * math.cos(ang)
        im += v * math.sin(ang)
    return math.sqrt(re * re + im * im) if math.sqrt(re * re + im * im) > 1e-9 else 0.0


def lowpass(x, alpha):
    y = 0.0
    for s in (x, x / 2, -x, 3.0):
        y = y + alpha * (s - y)
    return y


def fir(n, h):
    acc = 0.0
    for k in range(len(h)):
        if n - k >= 0:
            acc += h[k] * (n - k)
    return acc


def soft_threshold(x, lam=1.5):
    return math.copysign(max(abs(x) - lam, 0), x)


def hard_clip(x, lo=-1.0, hi=1.0):
    return lo if x < lo else hi if x > hi else x


def wrap_phase(p):
    return (p + math.pi) % (2 * math.pi) - math.pi


def unwrap_sign(p):
    return math.atan2(math.sin(p), math.cos(p))


def kaiser_i0(x):
    s = 1.0
    t = 1.0
    k = 1
    while True:
        t *= (x / 2 / k) ** 2
        s += t
        if t < 1e-12 * s:
            break
        k += 1
    return s


def zero_pad(n):
    p = 1
    while p < n:
        p <<= 1
    return p


def rgb2hsl(r, g, b):
    mx = max(r, g, b)
    mn = min(r, g, b)
    l = (mx + mn) / 2
    if mx == mn:
        h = s = 0.0
    else:
        d = mx - mn
        s = d / (2 - mx - mn) if l > 0.5 else d / (mx + mn)
        if mx == r:
            h = (g - b) / d + (6 if g < b else 0)
        elif mx == g:
            h = (b - r) / d + 2
        else:
            h = (r - g) / d + 4
        h /= 6
    return h, s, l


def srgb_to_linear(c):
    return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4


def luma(r, g, b):
    return (r * 299 + g * 587 + b * 114) // 1000


def pack_rgb(r, g, b):
    return (r << 16) | (g << 8) | b


def unpack_rgb(v):
    return (v >> 16) & 0xFF, (v >> 8) & 0xFF, v & 0xFF


def ycbcr(r, g, b):
    M = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
    return tuple(m[0] * r + m[1] * g + m[2] * b for m in M)


def lab_f(x, y, z):
    def f(t):
        d = 6 / 29
        return t ** (1 / 3) if t > d**3 else t / (3 * d * d) + 4 / 29

    fx, fy, fz = f(x / 0.95047), f(y), f(z / 1.08883)
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def over(a, b):
    return (a * b + (255 - a) * 30 + 127) // 255


def gamma_lut(v):
    return int(((v / 255.0) ** (1 / 2.2)) * 255 + 0.5)


def dither(p, i):
    bayer = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]
    return 255 if p > bayer[i // 4 % 4][i % 4] * 16 else 0


def haversine(lat1, lon1, lat2, lon2, *, R=6371.0):
    p1, p2 = map(math.radians, (lat1, lat2))
    dphi = p2 - p1
    dl = math.radians(lon2 - lon1)
    a = math.sin(dphi / 2) ** 2 + math.cos(p1) * math.cos(p2) * math.sin(dl / 2) ** 2
    return 2 * R * math.asin(math.sqrt(a))


def kepler(M, e):
    M = math.radians(M)
    E = M if e < 0.8 else math.pi
    for _ in range(50):
        dE = (E - e * math.sin(E) - M) / (1 - e * math.cos(E))
        E -= dE
        if abs(dE) < 1e-12:
            return E
    return E


def vis_viva(r, a, mu=398600.4418):
    return math.sqrt(mu * (2 / r - 1 / a))


def julian_date(year, month, day):
    if month <= 2:
        year -= 1
        month += 12
    A = year // 100
    B = 2 - A + A // 4
    return int(365.25 * (year + 4716)) + int(30.6001 * (month + 1)) + day + B - 1524.5


def sidereal(d):
    return (280.46061837 + 360.98564736629 * d) % 360


U = (0.0, 1.0)
BYTE = range(0, 256)
LAT, LON = (-80.0, 80.0), (-180.0, 180.0)

CASES = {
    hann: (U,),
    blackman: (range(0, 64),),
    sawtooth: ((-9.0, 9.0),),
    triangle_wave: ((-9.0, 9.0),),
    square_wave: ((-9.0, 9.0),),
    gain_db: ((0.01, 9.0),),
    butterworth: ((-5.0, 5.0), (0.5, 2.0)),
    quantize8: (U,),
    mu_law: ((-1.0, 1.0),),
    dft_mag: (range(0, 8),),
    lowpass: ((-2.0, 2.0), U),
    fir: (range(0, 9), [1.0, -2.0, 3.5, 0.25]),
    soft_threshold: ((-4.0, 4.0),),
    hard_clip: ((-3.0, 3.0),),
    wrap_phase: ((-20.0, 20.0),),
    unwrap_sign: ((-20.0, 20.0),),
    kaiser_i0: ((0.0, 8.0),),
    zero_pad: (range(1, 2000),),
    rgb2hsl: (U, U, U),
    srgb_to_linear: (U,),
    luma: (BYTE, BYTE, BYTE),
    pack_rgb: (BYTE, BYTE, BYTE),
    unpack_rgb: (range(0, 2**24),),
    ycbcr: (U, U, U),
    lab_f: ((0.01, 1.0), (0.01, 1.0), (0.01, 1.0)),
    over: (BYTE, BYTE),
    gamma_lut: (BYTE,),
    dither: (BYTE, range(0, 16)),
    haversine: (LAT, LON, LAT, LON),
    kepler: ((1.0, 179.0), (0.0, 0.7)),
    vis_viva: ((6600.0, 9000.0), (6600.0, 9000.0)),
    julian_date: (range(1900, 2100), range(1, 13), range(1, 29)),
    sidereal: (range(0, 400),),
}
