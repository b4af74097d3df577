/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_affine.h"

#include <math.h>
#include <stdint.h>

#include "check.h"

#define MOST 64

static double uniform(double low, double high)
{
    static uint64_t state = 2028;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return low + (high - low) * (double)(state >> 11) * 0x1p-53;
}

static fc_affine number(double value)
{
    return (fc_affine){.known = true, .c = {value}};
}

static fc_piece box(unsigned n)
{
    fc_piece piece = {.n = n, .straight = true};
    for (unsigned k = 0; k < n; k++) {
        piece.low[k] = number(uniform(-2, 2));
        piece.high[k] = number(piece.low[k].c[0] + uniform(0.1, 3));
    }
    return piece;
}

static bool is_in(const fc_piece *piece, const double *x)
{
    for (unsigned k = piece->n; k-- > 0;) {
        if (!(x[k] > fc_affine_at(&piece->low[k], piece->n, k + 1, x) &&
              x[k] < fc_affine_at(&piece->high[k], piece->n, k + 1, x))) {
            return false;
        }
    }
    return true;
}

/* Every point of a piece is in one part, on whose corners g has its sign. */
static void test_parts_are_disjoint_and_on_one_side(void)
{
    for (unsigned trial = 0; trial < 400; trial++) {
        const unsigned n = 1 + trial % 4;
        const fc_piece whole = box(n);
        static fc_piece parts[MOST], next[MOST];
        unsigned n_parts = 1;
        parts[0] = whole;
        for (unsigned line = 0; line < 2; line++) {
            fc_affine g = {.known = true, .c = {uniform(-2, 2)}};
            double size[FC_AFFINE_DIM + 1];
            for (unsigned k = 0; k < n; k++) {
                g.c[1 + k] = trial % 3 == 0 && k == 0 ? 0 : uniform(-2, 2);
            }
            for (unsigned k = 0; k <= n; k++) {
                size[k] = fabs(g.c[k]);
            }
            unsigned n_next = 0;
            for (unsigned i = 0; i < n_parts; i++) {
                const unsigned found = fc_piece_cut(&parts[i], &g, next + n_next, MOST - n_next);
                if (found == 0) {
                    CHECK(n == 4); /* too many parts */
                    n_next = 0;
                    break;
                }
                for (unsigned j = 0; j < found; j++) {
                    double corners[FC_AFFINE_DIM << FC_AFFINE_DIM], share, x[4], middle = 0;
                    fc_piece_corners(&next[n_next + j], corners);
                    const int sign = fc_affine_sign(&g, size, n, corners, 1U << n, n, &share);
                    for (unsigned k = 0; k < n; k++) {
                        x[k] = 0;
                        for (unsigned c = 0; c < 1U << n; c++) {
                            x[k] += corners[c * n + k] / (1U << n);
                        }
                    }
                    middle = fc_affine_at(&g, n, 0, x);
                    CHECK(sign != 0 && (n == 4 || sign * middle > 0) && share < 1e-9);
                }
                n_next += found;
            }
            if (n_next == 0) {
                break;
            }
            for (unsigned i = 0; i < n_next; i++) {
                parts[i] = next[i];
            }
            n_parts = n_next;
        }
        for (unsigned i = 0; i < 200; i++) {
            double x[4];
            unsigned found = 0;
            for (unsigned k = 0; k < n; k++) {
                x[k] = uniform(whole.low[k].c[0], whole.high[k].c[0]);
            }
            for (unsigned p = 0; p < n_parts; p++) {
                found += is_in(&parts[p], x);
            }
            CHECK(found == 1);
        }
    }
}

static void test_halves(void)
{
    fc_piece piece = box(2), other;
    piece.high[0].c[2] = 0.5;
    double before[8], low[8], high[8];
    fc_piece_corners(&piece, before);
    fc_piece_halve(&piece, 0, &other);
    fc_piece_corners(&piece, low);
    fc_piece_corners(&other, high);
    for (unsigned c = 0; c < 8; c += 4) { /* corners 0, 1 and 2, 3 */
        CHECK(low[c] == before[c] && high[c + 2] == before[c + 2]);
        CHECK(fabs(low[c + 2] - 0.5 * (before[c] + before[c + 2])) < 1e-15 * 8);
        CHECK(low[c + 2] == high[c]);
    }
}

/* 0 by rounding errors is no sign; a sign is one in spite of them. */
static void test_signs(void)
{
    const double corners[2] = {0.1 + 0.2 - 0.3, 1}, size[2] = {0.3, 1};
    const fc_affine g = {.known = true, .c = {-1e-17, 1}}, zero = {.known = true};
    double share;
    CHECK(fc_affine_sign(&g, size, 1, corners, 2, 1, &share) == 1 && share < 1e-13);
    const fc_affine tiny = {.known = true, .c = {-1e-16, 1e-16}};
    CHECK(fc_affine_sign(&tiny, size, 1, corners, 2, 1, &share) == 0);
    CHECK(fc_affine_sign(&zero, size, 1, corners, 2, 1, &share) == 2);
    const fc_affine both = {.known = true, .c = {-0.5, 1}};
    CHECK(fc_affine_sign(&both, size, 1, corners, 2, 1, &share) == 0);
}

int main(void)
{
    test_parts_are_disjoint_and_on_one_side();
    test_halves();
    test_signs();
    return check_report();
}
