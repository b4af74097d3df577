# SPDX-License-Identifier: BSD-3-Clause
"""Number theory, digits, dates, bits, and the arithmetic of images and colours."""

from math import gcd


def collatz(n):
    steps = 0
    while n != 1:
        if n % 2 == 0:
            n //= 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps


def euclid(a, b):
    while b:
        a, b = b, a % b
    return a


def extended_euclid(a, b):
    x0, x1 = 1, 0
    y0, y1 = 0, 1
    while b != 0:
        q = a // b
        a, b = b, a - q * b
        x0, x1 = x1, x0 - q * x1
        y0, y1 = y1, y0 - q * y1
    return a, x0, y0


def lcm(a, b):
    return abs(a * b) // gcd(a, b)


def is_prime(n):
    if n < 2:
        return False
    if n % 2 == 0:
        return n == 2
    i = 3
    while i * i <= n:
        if n % i == 0:
            return False
        i += 2
    return True


def smallest_factor(n):
    for d in range(2, n + 1):
        if n % d == 0:
            return d
    return n


def count_divisors(n):
    count = 0
    for d in range(1, n + 1):
        if n % d == 0:
            count += 1
    return count


def is_perfect(n):
    return sum(d if n % d == 0 else 0 for d in range(1, n)) == n


def euler_phi(n):
    result = n
    p = 2
    while p * p <= n:
        if n % p == 0:
            while n % p == 0:
                n //= p
            result -= result // p
        p += 1
    if n > 1:
        result -= result // n
    return result


def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def factorial(n):
    result = 1
    for i in range(2, n + 1):
        result *= i
    return result


def binomial(n, k):
    if k < 0 or k > n:
        return 0
    result = 1
    for i in range(1, k + 1):
        result = result * (n - i + 1) // i
    return result


def power_mod(base, exponent):
    modulus = 1000003
    result = 1
    base %= modulus
    while exponent:
        if exponent & 1:
            result = result * base % modulus
        base = base * base % modulus
        exponent >>= 1
    return result


def digit_sum(n):
    total = 0
    while n > 0:
        total += n % 10
        n //= 10
    return total


def reverse_digits(n):
    r = 0
    while n:
        n, d = divmod(n, 10)
        r = r * 10 + d
    return r


def is_palindrome(n):
    return n == reverse_digits(n)


def is_armstrong(n):
    return sum(((n // 10**k) % 10) ** 3 for k in range(3)) == n


def happy(n):
    for _ in range(30):
        s = 0
        while n:
            s += (n % 10) ** 2
            n //= 10
        n = s
        if n == 1:
            return True
    return False


def popcount(n):
    count = 0
    while n:
        n &= n - 1
        count += 1
    return count


def gray_code(n):
    return n ^ (n >> 1)


def bit_reverse8(n):
    r = 0
    for i in range(8):
        if n & (1 << i):
            r |= 1 << (7 - i)
    return r


def parity(n):
    p = 0
    while n > 0:
        p ^= n & 1
        n >>= 1
    return p == 1


def integer_sqrt(n):
    if n == 0:
        return 0
    x = n
    y = (x + 1) // 2
    while y < x:
        x = y
        y = (x + n // x) // 2
    return x


def triangular_number(n):
    return n * (n + 1) // 2


def pentagonal(n):
    return n * (3 * n - 1) // 2


def ackermann_like(n):
    m = n
    for _ in range(3):
        m = m * m % 97 + 1
    return m


def lcg(seed):
    for _ in range(5):
        seed = (1103515245 * seed + 12345) % 2**31
    return seed


def leap_year(y):
    return (y % 4 == 0 and y % 100 != 0) or y % 400 == 0


def day_of_week(y, m, d):
    """Zeller's congruence."""
    if m < 3:
        m += 12
        y -= 1
    k, j = y % 100, y // 100
    return (d + 13 * (m + 1) // 5 + k + k // 4 + j // 4 - 2 * j) % 7


def days_in_month(m, y):
    days = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if m == 2 and leap_year(y):
        return 29
    return days[m - 1]


def julian_day(y, m, d):
    a = (14 - m) // 12
    yy = y + 4800 - a
    mm = m + 12 * a - 3
    return d + (153 * mm + 2) // 5 + 365 * yy + yy // 4 - yy // 100 + yy // 400 - 32045


def easter(year):
    a = year % 19
    b, c = divmod(year, 100)
    d = (19 * a + b - b // 4 - ((b - (b + 8) // 25 + 1) // 3) + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - (c % 4)) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return f // 31, f % 31 + 1


def fizzbuzz(n):
    if n % 15 == 0:
        return 3
    if n % 3 == 0:
        return 1
    if n % 5 == 0:
        return 2
    return 0


def gamma_correct(pixel):
    return round(255 * (pixel / 255) ** (1 / 2.2))


def gray(r, g, b):
    return int(0.299 * r + 0.587 * g + 0.114 * b)


def threshold(p, limit=128):
    return 255 if p > limit else 0


def brighten(p):
    return min(255, max(0, p + 40))


def contrast(p):
    f = 259 * (128 + 255) / (255 * (259 - 128))
    return max(0, min(255, int(f * (p - 128) + 128)))


def invert(p):
    return 255 - p


def sepia(r, g, b):
    tr = min(255, 0.393 * r + 0.769 * g + 0.189 * b)
    tg = min(255, 0.349 * r + 0.686 * g + 0.168 * b)
    tb = min(255, 0.272 * r + 0.534 * g + 0.131 * b)
    return tr, tg, tb


def rgb_to_hsv(r, g, b):
    mx, mn = max(r, g, b), min(r, g, b)
    d = mx - mn
    if d == 0:
        h = 0.0
    elif mx == r:
        h = (60 * (g - b) / d) % 360
    elif mx == g:
        h = 60 * (b - r) / d + 120
    else:
        h = 60 * (r - g) / d + 240
    s = 0.0 if mx == 0 else d / mx
    return h, s, mx


def hue_to_rgb(h):
    def channel(n):
        k = (n + h / 60) % 6
        return 1 - max(min(k, 4 - k, 1), 0)

    return channel(5), channel(3), channel(1)


def blend(a, b, alpha):
    return alpha * a + (1 - alpha) * b


def posterize(p, levels=4):
    step = 256 // levels
    return p // step * step


def checkerboard(x, y):
    return 255 if (x // 8 + y // 8) % 2 == 0 else 0


def in_circle(x, y):
    return x * x + y * y <= 1.0


def point_in_triangle(x, y):
    d1 = (x - 1.0) * (0.0 - 0.0) - (0.0 - 1.0) * (y - 0.0)
    d2 = (x - 0.0) * (0.0 - 1.0) - (0.0 - 0.0) * (y - 1.0)
    neg = (d1 < 0) or (d2 < 0)
    pos = (d1 > 0) or (d2 > 0)
    return not (neg and pos)


def manhattan(x1, y1, x2, y2):
    return abs(x1 - x2) + abs(y1 - y2)


def round_half_even(x):
    return round(x), round(x, 1), round(x, 2)


def grade(score):
    if score >= 90:
        g = 1
    elif score >= 80:
        g = 2
    elif score >= 70:
        g = 3
    else:
        g = 5
    return g


def sign(x):
    return (x > 0) - (x < 0)


def clamp_index(i, table):
    i = max(0, min(i, len(table) - 1))
    return table[i]


def binary_search(x, table):
    lo, hi = 0, len(table)
    while lo < hi:
        mid = (lo + hi) // 2
        if table[mid] < x:
            lo = mid + 1
        else:
            hi = mid
    return lo


def running_max(n, table):
    best = table[0]
    for i in range(n):
        if table[i] > best:
            best = table[i]
    return best


def convolve3(i, table):
    weights = [0.25, 0.5, 0.25]
    total = 0.0
    for k in range(3):
        j = i + k - 1
        if 0 <= j < len(table):
            total += weights[k] * table[j]
    return total


N = range(1, 400)
BYTE = range(0, 256)
SORTED = [1.0, 2.5, 4.0, 8.0, 16.0, 23.5]

CASES = {
    collatz: (N,),
    euclid: (N, N),
    extended_euclid: (N, N),
    lcm: (N, N),
    is_prime: (N,),
    smallest_factor: (range(2, 200),),
    count_divisors: (range(1, 120),),
    is_perfect: (range(1, 120),),
    euler_phi: (N,),
    fibonacci: (range(0, 80),),
    factorial: (range(0, 20),),
    binomial: (range(0, 25), range(0, 12)),
    power_mod: (N, N),
    digit_sum: (range(0, 10**6),),
    reverse_digits: (range(0, 10**6),),
    is_palindrome: (range(0, 2000),),
    is_armstrong: (range(100, 1000),),
    happy: (range(1, 500),),
    popcount: (range(0, 10**6),),
    gray_code: (N,),
    bit_reverse8: (BYTE,),
    parity: (N,),
    integer_sqrt: (range(0, 10**6),),
    triangular_number: (N,),
    pentagonal: (N,),
    ackermann_like: (N,),
    lcg: (range(0, 2**31),),
    leap_year: (range(1800, 2100),),
    day_of_week: (range(1800, 2100), range(1, 13), range(1, 29)),
    days_in_month: (range(1, 13), range(1800, 2100)),
    julian_day: (range(1800, 2100), range(1, 13), range(1, 29)),
    easter: (range(1800, 2100),),
    fizzbuzz: (N,),
    gamma_correct: (BYTE,),
    gray: (BYTE, BYTE, BYTE),
    threshold: (BYTE,),
    brighten: (BYTE,),
    contrast: (BYTE,),
    invert: (BYTE,),
    sepia: (BYTE, BYTE, BYTE),
    rgb_to_hsv: ((0.0, 1.0), (0.0, 1.0), (0.0, 1.0)),
    hue_to_rgb: ((0.0, 360.0),),
    blend: ((0.0, 1.0), (0.0, 1.0), (0.0, 1.0)),
    posterize: (BYTE,),
    checkerboard: (BYTE, BYTE),
    in_circle: ((-1.5, 1.5), (-1.5, 1.5)),
    point_in_triangle: ((-1.0, 2.0), (-1.0, 2.0)),
    manhattan: ((-5.0, 5.0), (-5.0, 5.0), (-5.0, 5.0), (-5.0, 5.0)),
    round_half_even: ((-20.0, 20.0),),
    grade: ((40.0, 100.0),),
    sign: ((-1.0, 1.0),),
    clamp_index: (range(-3, 10), SORTED),
    binary_search: ((0.0, 25.0), SORTED),
    running_max: (range(0, 7), SORTED),
    convolve3: (range(0, 6), SORTED),
}
