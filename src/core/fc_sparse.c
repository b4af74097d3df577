/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sparse grids; contract and papers in fc_sparse.h.
 *
 * Level l is the sum over all k1 + k2 + ... <= l of the products of differences Q(k1) - Q(k1 - 1),
 * Q(k2) - Q(k2 - 1), ... of rules on one axis. Q(k) changes at k = 0, 1, 3, 6, 12, 24 alone (rules
 * of 1, 3, 7, 15, 31, 63 points: degrees 1, 5, 11, 23, 47, 95, at least 2 k + 1). So the points
 * that level l adds are those whose coordinates first appear at k's that sum to l. */
#include "fc_sparse.h"

#include <string.h>

#define RULES 6
#define GRID_RULES 5 /* used in grids; the last one only on lines */

static const unsigned starts[RULES] = {0, 1, 3, 6, 12, 24};

/* On [0, 1), in the order in which the rules add them. Each rule's new nodes are the zeros of the
 * polynomial that is orthogonal, with the old ones' as a factor of the weight, to all of lower
 * degree; solved with 120 digits, weights from the moments of Legendre's polynomials. */
static const double patterson_node[32] = {0.0,
                                          0.77459666924148337704,
                                          0.43424374934680255800,
                                          0.96049126870802028342,
                                          0.22338668642896688163,
                                          0.62110294673722640294,
                                          0.88845923287225699889,
                                          0.99383196321275502221,
                                          0.11248894313318662575,
                                          0.33113539325797683309,
                                          0.53131974364437562397,
                                          0.70249620649152707861,
                                          0.83672593816886873550,
                                          0.92965485742974005667,
                                          0.98153114955374010687,
                                          0.99909812496766759766,
                                          0.056344313046592789972,
                                          0.16823525155220746498,
                                          0.27774982202182431507,
                                          0.38335932419873034692,
                                          0.48361802694584102756,
                                          0.57719571005204581484,
                                          0.66290966002478059546,
                                          0.73975604435269475868,
                                          0.80694053195021761186,
                                          0.86390793819369047715,
                                          0.91037115695700429250,
                                          0.94634285837340290515,
                                          0.97218287474858179658,
                                          0.98868475754742947994,
                                          0.99720625937222195908,
                                          0.99987288812035761194};

/* Of mean values. */
static const double patterson_weight[RULES][32] = {
    {1.0000000000000000000},
    {0.44444444444444444444, 0.27777777777777777778},
    {0.22545826932923707117, 0.13424404493416672036, 0.20069870738798111145,
     0.052328113013233632597},
    {0.11275524989910334369, 0.067207627621892110180, 0.10031426468849451052,
     0.025801641498539869848, 0.10957842920079374820, 0.085755954568195690394,
     0.046463597657562268843, 0.0085008598149701301695},
    {0.056377628360384345804, 0.033603877147995351770, 0.050157139305897789386,
     0.012903799048088326782, 0.054789210527962319118, 0.042877960024995175577,
     0.023231446630878993271, 0.0042172828696605531232, 0.055978436510476728440,
     0.052834946790117404872, 0.046813554990632236808, 0.038439810249501765521,
     0.028489754747061678706, 0.017978551653564661048, 0.0082230249271939054669,
     0.0012723903957809372077},
    {0.028188814180192358694,   0.016801938574103865271,  0.025078569652949768707,
     0.0064519000501756328130,  0.027394605263981432516,  0.021438980012503867246,
     0.011615723319955134722,   0.0021088152207794274195, 0.027989218255238159704,
     0.026417473395058259931,   0.023406777495314006201,  0.019219905124727766019,
     0.014244877372916774306,   0.0089892757840641351664, 0.0041115039786179648346,
     0.00063257827811503400569, 0.028138849915627150636,  0.027740702178279681994,
     0.026952749667633031963,   0.025791626976024229388,  0.024282165203336599358,
     0.022457265826816098707,   0.020357755058472159467,  0.018032216390391286320,
     0.015536775555843982440,   0.012934839663607373455,  0.010297116957956355575,
     0.0077033752332797489011,  0.0052491234548106609491, 0.0030577534110586231698,
     0.0012895248973428441362,  0.00018161074092276532985},
};

static unsigned place_of(unsigned code)
{
    return (code + 1) / 2;
}

/* Which rule adds the node. */
static unsigned rule_of(unsigned code)
{
    unsigned rule = 0;
    for (unsigned place = place_of(code); place > 0; place /= 2) {
        rule++;
    }
    return rule;
}

double fc_sparse_node(unsigned code)
{
    const double x = 0.5 * patterson_node[place_of(code)];
    return code % 2 == 1 ? 0.5 + x : 0.5 - x;
}

double fc_sparse_line_weight(unsigned k, unsigned code)
{
    return rule_of(code) <= k ? patterson_weight[k][place_of(code)] : 0;
}

uint64_t fc_sparse_count(unsigned n_dim, unsigned level)
{
    /* Coefficients of (1 + 2 z + 4 z^3 + ...)^n_dim. */
    double count[FC_SPARSE_MAX_LEVEL + 1] = {1};
    for (unsigned d = 0; d < n_dim; d++) {
        for (unsigned t = level + 1; t-- > 0;) {
            double sum = 0;
            for (unsigned r = 0; r < GRID_RULES && starts[r] <= t; r++) {
                sum += count[t - starts[r]] * (double)(1u << r);
            }
            count[t] = sum;
        }
    }
    return count[level] < 1e18 ? (uint64_t)count[level] : UINT64_MAX;
}

typedef struct lister {
    unsigned n_dim;
    uint8_t place[FC_SPARSE_MAX_DIM]; /* of the orbit, falling from axis to axis */
    size_t n_orbits, n_points;
    uint8_t *codes; /* NULL: only counted */
    size_t *orbit_begin;
} lister;

/* All points with these places, permuted and with either sign. */
static void list_orbit(lister *l)
{
    uint8_t place[FC_SPARSE_MAX_DIM];
    const unsigned n = l->n_dim;
    for (unsigned d = 0; d < n; d++) {
        place[d] = l->place[n - 1 - d]; /* the first permutation is the sorted one */
    }
    unsigned n_signs = 0;
    for (unsigned d = 0; d < n; d++) {
        n_signs += place[d] != 0;
    }
    for (;;) {
        for (uint32_t signs = 0; signs < UINT32_C(1) << n_signs; signs++) {
            uint8_t *code = l->codes + l->n_points++ * n;
            for (unsigned d = 0, k = 0; d < n; d++) {
                code[d] = place[d] == 0 ? 0 : (uint8_t)(2 * place[d] - (signs >> k++ & 1));
            }
        }
        /* The next permutation in lexicographic order. */
        unsigned i = n - 1;
        while (i > 0 && place[i - 1] >= place[i]) {
            i--;
        }
        if (i == 0) {
            return;
        }
        unsigned j = n - 1;
        while (place[j] <= place[i - 1]) {
            j--;
        }
        uint8_t swap = place[i - 1];
        place[i - 1] = place[j];
        place[j] = swap;
        for (unsigned a = i, b = n - 1; a < b; a++, b--) {
            swap = place[a];
            place[a] = place[b];
            place[b] = swap;
        }
    }
}

/* All ways to spend `rest` on axis and those after it, by places of at most `most`. */
static void list_from(lister *l, unsigned axis, unsigned rest, unsigned most)
{
    if (rest == 0) { /* place 0 on all axes that are left */
        memset(l->place + axis, 0, l->n_dim - axis);
        if (l->codes != NULL) {
            l->orbit_begin[l->n_orbits] = l->n_points;
            list_orbit(l);
        }
        l->n_orbits++;
        return;
    }
    if (axis == l->n_dim) {
        return;
    }
    for (unsigned place = 1; place <= most && starts[rule_of(2 * place)] <= rest; place++) {
        l->place[axis] = (uint8_t)place;
        list_from(l, axis + 1, rest - starts[rule_of(2 * place)], place);
    }
}

size_t fc_sparse_orbits(unsigned n_dim, unsigned level)
{
    lister l = {.n_dim = n_dim};
    list_from(&l, 0, level, (1u << (GRID_RULES - 1)) - 1);
    return l.n_orbits;
}

void fc_sparse_list(unsigned n_dim, unsigned level, uint8_t *codes, size_t *orbit_begin)
{
    lister l = {.n_dim = n_dim, .codes = codes, .orbit_begin = orbit_begin};
    list_from(&l, 0, level, (1u << (GRID_RULES - 1)) - 1);
    orbit_begin[l.n_orbits] = l.n_points;
}

void fc_sparse_weights(unsigned n_dim, const uint8_t *codes, unsigned most, double *weight)
{
    memset(weight, 0, (most + 1) * sizeof *weight);
    weight[0] = 1;
    unsigned top = 0; /* weights above it are still 0 */
    for (unsigned d = 0; d < n_dim; d++) {
        double step[GRID_RULES]; /* of Q(k) - Q(k - 1) where it is not 0 */
        for (unsigned r = 0; r < GRID_RULES; r++) {
            step[r] = fc_sparse_line_weight(r, codes[d]) -
                      (r > 0 ? fc_sparse_line_weight(r - 1, codes[d]) : 0);
        }
        top = top + starts[GRID_RULES - 1] < most ? top + starts[GRID_RULES - 1] : most;
        /* In place, from the highest level down: what it takes from lower ones is still the old. */
        for (unsigned t = top + 1; t-- > 0;) {
            double sum = step[0] * weight[t];
            for (unsigned r = 1; r < GRID_RULES && starts[r] <= t; r++) {
                sum += step[r] * weight[t - starts[r]];
            }
            weight[t] = sum;
        }
    }
}
