/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Internal to fc_variate: the loops over points, one instance per instruction set. Sums run in four
 * lanes everywhere and nothing is contracted, so that all instances agree to the bit. */
#ifndef FC_VARIATE_KERNEL_H
#define FC_VARIATE_KERNEL_H

#include <string.h>

#include "fc_variate.h"

#define CHUNK 64 /* points at once; the rows of a fit are multiples of it */
#define MOST_UNKNOWNS FC_VARIATE_MAX_UNKNOWNS

/* One step of the fit: dimension x stands between `left` rows, the product of the matrices before
 * it, and `right` rows, that of those after it. */
typedef struct variate_rows {
    const double *x, *left, *right, *target;
    size_t stride; /* from row to row of left and right */
    unsigned n_left, n_right, terms;
} variate_rows;

/* Adds the products of all pairs of the unknowns' columns and the target (the last) to the lower
 * triangle of sums, whose rows are MOST_UNKNOWNS + 1 long. Unknown (a, b, k) is left[a] * right[b]
 * times Legendre's polynomial k, of norm 1 on the unit interval. */
typedef void fc_variate_normal_fn(const variate_rows *rows, size_t begin, size_t end, double *sums);
/* out[b] = sum over a of left[a] A[a][b], or if `leftwards` out[a] = sum over b of A[a][b]
 * right[b]; c are the coefficients of Legendre's polynomials. */
typedef void fc_variate_multiply_fn(const variate_rows *rows, const double *c, bool leftwards,
                                    size_t begin, size_t end, double *out);
/* h at n <= CHUNK points; up to the next multiple of 16 they are read and written. */
typedef void fc_variate_values_fn(const fc_variate *variate, const double *const *x, size_t first,
                                  size_t n, double *out);
fc_variate_normal_fn fc_variate_normal_avx2;
fc_variate_multiply_fn fc_variate_multiply_avx2;
fc_variate_values_fn fc_variate_values_avx2;

typedef double quad __attribute__((vector_size(4 * sizeof(double)), may_alias));

static const double variate_norms[FC_VARIATE_MAX_TERMS] = {/* sqrt(2k + 1) */
                                                           1.0,
                                                           1.7320508075688772,
                                                           2.23606797749979,
                                                           2.6457513110645907,
                                                           3.0,
                                                           3.3166247903554,
                                                           3.605551275463989,
                                                           3.872983346207417,
                                                           4.123105625617661,
                                                           4.358898943540674,
                                                           4.58257569495584,
                                                           4.795831523312719,
                                                           5.0,
                                                           5.196152422706632,
                                                           5.385164807134504,
                                                           5.5677643628300215,
                                                           5.744562646538029,
                                                           5.916079783099616,
                                                           6.082762530298219,
                                                           6.244997998398398,
                                                           6.4031242374328485,
                                                           6.557438524302,
                                                           6.708203932499369,
                                                           6.855654600401044,
                                                           7.0,
                                                           7.14142842854285,
                                                           7.280109889280518,
                                                           7.416198487095663,
                                                           7.54983443527075,
                                                           7.681145747868608,
                                                           7.810249675906654,
                                                           7.937253933193772};

/* Legendre's polynomials of CHUNK points, by (k + 1) P_k+1 = (2k + 1) t P_k - k P_k-1. */
static inline void variate_basis(const double *x, unsigned terms, double basis[][CHUNK])
{
    double t[CHUNK];
    for (unsigned i = 0; i < CHUNK; i++) {
        t[i] = 2 * x[i] - 1;
        basis[0][i] = 1;
    }
    for (unsigned i = 0; i < CHUNK && terms > 1; i++) {
        basis[1][i] = t[i];
    }
    for (unsigned k = 1; k + 1 < terms; k++) {
        const double up = (2 * k + 1) / (double)(k + 1), down = k / (double)(k + 1);
        for (unsigned i = 0; i < CHUNK; i++) {
            basis[k + 1][i] = up * t[i] * basis[k][i] - down * basis[k - 1][i];
        }
    }
    for (unsigned k = 1; k < terms; k++) {
        for (unsigned i = 0; i < CHUNK; i++) {
            basis[k][i] *= variate_norms[k];
        }
    }
}

static inline void variate_normal(const variate_rows *rows, size_t begin, size_t end, double *sums)
{
    enum { row_length = MOST_UNKNOWNS + 1 };
    _Alignas(64) double column[MOST_UNKNOWNS + 4][CHUNK];
    double basis[FC_VARIATE_MAX_TERMS][CHUNK];
    const unsigned terms = rows->terms, n = rows->n_left * rows->n_right * terms;
    memset(column[n], 0, 4 * sizeof column[0]);
    for (size_t at = begin; at < end; at += CHUNK) {
        variate_basis(rows->x + at, terms, basis);
        unsigned u = 0;
        for (unsigned a = 0; a < rows->n_left; a++) {
            const double *left = rows->left + a * rows->stride + at;
            for (unsigned b = 0; b < rows->n_right; b++) {
                const double *right = rows->right + b * rows->stride + at;
                for (unsigned k = 0; k < terms; k++, u++) {
                    for (unsigned i = 0; i < CHUNK; i++) {
                        column[u][i] = left[i] * right[i] * basis[k][i];
                    }
                }
            }
        }
        memcpy(column[n], rows->target + at, sizeof column[n]);
        for (unsigned r = 0; r <= n; r += 2) {
            for (unsigned s = 0; s <= r + 1 && s <= n; s += 4) {
                const double *p0 = column[r], *p1 = column[r + 1];
                const double *q0 = column[s], *q1 = q0 + CHUNK, *q2 = q1 + CHUNK, *q3 = q2 + CHUNK;
                /* Named one by one: compilers keep an array of them in memory. */
                quad a0 = {0}, a1 = {0}, a2 = {0}, a3 = {0};
                quad b0 = {0}, b1 = {0}, b2 = {0}, b3 = {0};
                for (unsigned i = 0; i < CHUNK; i += 4) {
                    const quad p = *(const quad *)(p0 + i), q = *(const quad *)(p1 + i);
                    const quad x0 = *(const quad *)(q0 + i), x1 = *(const quad *)(q1 + i);
                    const quad x2 = *(const quad *)(q2 + i), x3 = *(const quad *)(q3 + i);
                    a0 += p * x0;
                    a1 += p * x1;
                    a2 += p * x2;
                    a3 += p * x3;
                    b0 += q * x0;
                    b1 += q * x1;
                    b2 += q * x2;
                    b3 += q * x3;
                }
                const quad of_row[2][4] = {{a0, a1, a2, a3}, {b0, b1, b2, b3}};
                for (unsigned j = 0; j < 2; j++) {
                    for (unsigned k = 0; k < 4; k++) {
                        if (r + j <= n && s + k <= r + j) {
                            const quad v = of_row[j][k];
                            sums[(r + j) * row_length + s + k] += (v[0] + v[1]) + (v[2] + v[3]);
                        }
                    }
                }
            }
        }
    }
}

static inline void variate_multiply(const variate_rows *rows, const double *c, bool leftwards,
                                    size_t begin, size_t end, double *out)
{
    double basis[FC_VARIATE_MAX_TERMS][CHUNK];
    const unsigned n_out = leftwards ? rows->n_left : rows->n_right;
    for (size_t at = begin; at < end; at += CHUNK) {
        variate_basis(rows->x + at, rows->terms, basis);
        for (unsigned o = 0; o < n_out; o++) {
            memset(out + o * rows->stride + at, 0, CHUNK * sizeof *out);
        }
        for (unsigned a = 0; a < rows->n_left; a++) {
            for (unsigned b = 0; b < rows->n_right; b++) {
                const double *entry = c + (a * rows->n_right + b) * rows->terms;
                const double *from =
                    (leftwards ? rows->right + b * rows->stride : rows->left + a * rows->stride) +
                    at;
                double *to = out + (leftwards ? a : b) * rows->stride + at;
                double value[CHUNK] = {0};
                for (unsigned k = 0; k < rows->terms; k++) {
                    for (unsigned i = 0; i < CHUNK; i++) {
                        value[i] += entry[k] * basis[k][i];
                    }
                }
                for (unsigned i = 0; i < CHUNK; i++) {
                    to[i] += from[i] * value[i];
                }
            }
        }
    }
}

/* Clenshaw's sums ("A note on the summation of Chebyshev series", Math. Comp. 9, 1955), sixteen
 * points at a time: four that do not wait for one another. */
static inline void variate_values(const fc_variate *variate, const double *const *x, size_t first,
                                  size_t n, double *out)
{
    for (size_t at = 0; at < n; at += 16) {
        quad row[FC_VARIATE_MAX_RANK][4];
        for (unsigned v = 0; v < 4; v++) {
            row[0][v] = (quad){1, 1, 1, 1};
        }
        for (unsigned d = 0; d < variate->n_dim; d++) {
            const fc_variate_core *core = &variate->cores[d];
            quad t[4], twice[4], next[FC_VARIATE_MAX_RANK][4];
            for (unsigned v = 0; v < 4; v++) {
                memcpy(&t[v], x[d] + first + at + 4 * v, sizeof(quad));
                t[v] = t[v] * 2 - 1;
                twice[v] = t[v] * 2;
            }
            const double *c = core->c;
            for (unsigned a = 0; a < core->left; a++) {
                for (unsigned b = 0; b < core->right; b++, c += core->terms) {
                    quad p0 = {0}, p1 = {0}, p2 = {0}, p3 = {0};
                    quad q0 = {0}, q1 = {0}, q2 = {0}, q3 = {0}; /* the sums before */
                    for (unsigned k = core->terms - 1; k > 0; k--) {
                        const quad n0 = twice[0] * p0 - q0 + c[k];
                        const quad n1 = twice[1] * p1 - q1 + c[k];
                        const quad n2 = twice[2] * p2 - q2 + c[k];
                        const quad n3 = twice[3] * p3 - q3 + c[k];
                        q0 = p0, q1 = p1, q2 = p2, q3 = p3;
                        p0 = n0, p1 = n1, p2 = n2, p3 = n3;
                    }
                    p0 = t[0] * p0 - q0 + c[0];
                    p1 = t[1] * p1 - q1 + c[0];
                    p2 = t[2] * p2 - q2 + c[0];
                    p3 = t[3] * p3 - q3 + c[0];
                    if (a == 0) {
                        next[b][0] = row[a][0] * p0;
                        next[b][1] = row[a][1] * p1;
                        next[b][2] = row[a][2] * p2;
                        next[b][3] = row[a][3] * p3;
                    } else {
                        next[b][0] += row[a][0] * p0;
                        next[b][1] += row[a][1] * p1;
                        next[b][2] += row[a][2] * p2;
                        next[b][3] += row[a][3] * p3;
                    }
                }
            }
            memcpy(row, next, core->right * sizeof row[0]);
        }
        memcpy(out + at, row[0], sizeof row[0]);
    }
}

#endif
