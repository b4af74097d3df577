/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sparse grids; contract and papers in fc_sparse.h.
 *
 * Level l is the sum over all k1 + k2 + ... <= l of the products of differences Q(k1) - Q(k1 - 1),
 * Q(k2) - Q(k2 - 1), ... of rules on one axis. Q(k) changes at k = 0, 1, 3, 6, 12, 24 alone (rules
 * of 1, 3, 7, 15, 31, 63 points: degrees 1, 5, 11, 23, 47, 95, at least 2 k + 1). So the points
 * that level l adds are those whose coordinates first appear at k's that sum to l. Hermite's rules
 * of 1, 3, 9, 19, 35 points have degrees 1, 5, 15, 29, 51: k = 0, 1, 3, 8, 15. */
#include "fc_sparse.h"

#include <string.h>

#define RULES 6

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

/* Genz and Keister's, for the weight exp(-z^2) / sqrt(pi): found in the same way. */
static const double hermite_node[18] = {0.0,
                                        1.2247448713915890491,
                                        0.52403354748695764515,
                                        2.0232301911005156592,
                                        2.9592107790638377223,
                                        0.87004089535290290013,
                                        1.8357079751751868738,
                                        2.2665132620567880275,
                                        3.66777421594633786,
                                        4.4995993983103888029,
                                        0.17606414208200893503,
                                        1.5794121348467670857,
                                        2.5705583765842967091,
                                        3.3491639537131949774,
                                        4.0292201405043713648,
                                        5.0360899444730939687,
                                        5.6432578578857450628,
                                        6.3759392709822359517};

static const double hermite_weight[5][18] = {
    {1.0},
    {0.66666666666666666667, 0.16666666666666666667},
    {0.25396825396825396825, 0.094850948509485094851, 0.27007432957793787076,
     0.0079963254708935327699, 0.000094269457556517489445},
    {0.30346719985420586643, 0.064096054686807588711, 0.20832499164960887781,
     -0.0063372247933737358541, 0.000060123369459847818499, 0.061151730125247677114,
     0.018085234254798452772, 0.0028848804365067512912, 6.0948087314689834604e-7,
     8.629684602229885768e-10},
    {0.0005148945080687842938, 0.045273685465150515865, 0.14807083115521600615,
     0.0023113452403522101207, 0.000035729348198975100228, 0.092364726716986305928,
     0.0031554462691875638051, 0.00081895392750226490906, 2.4676421345798078671e-7,
     4.6011760348656187011e-10, 0.19176011588804442959, 0.015673473751851151542,
     0.000275242141167851575, 2.7342206801187829817e-6, 2.1394194479561106307e-8,
     3.0972223576063161713e-12, 5.4500412650636899171e-15, 1.0541326582333341189e-18}};

typedef struct family_table {
    unsigned n_rules, n_grid;  /* of them used in grids */
    unsigned start[RULES];     /* k at which the rule comes in */
    unsigned first[RULES + 1]; /* its first place */
} family_table;

static const family_table families[2] = {
    {6, 5, {0, 1, 3, 6, 12, 24}, {0, 1, 2, 4, 8, 16, 32}},
    {5, 5, {0, 1, 3, 8, 15}, {0, 1, 2, 5, 10, 18}},
};

static unsigned place_of(unsigned code)
{
    return (code + 1) / 2;
}

/* Which rule adds the node. */
static unsigned rule_of(fc_sparse_family family, unsigned code)
{
    unsigned rule = 0;
    while (place_of(code) >= families[family].first[rule + 1]) {
        rule++;
    }
    return rule;
}

double fc_sparse_node(fc_sparse_family family, unsigned code)
{
    if (family == FC_SPARSE_HERMITE) {
        const double z = hermite_node[place_of(code)];
        return code % 2 == 1 ? z : -z;
    }
    const double x = 0.5 * patterson_node[place_of(code)];
    return code % 2 == 1 ? 0.5 + x : 0.5 - x;
}

double fc_sparse_line_weight(fc_sparse_family family, unsigned k, unsigned code)
{
    if (rule_of(family, code) > k) {
        return 0;
    }
    return family == FC_SPARSE_HERMITE ? hermite_weight[k][place_of(code)]
                                       : patterson_weight[k][place_of(code)];
}

uint64_t fc_sparse_count(fc_sparse_family family, unsigned n_dim, unsigned level)
{
    const family_table *rules = &families[family];
    /* Coefficients of (1 + 2 z + 4 z^3 + ...)^n_dim, or (1 + 2 z + 6 z^3 + ...)^n_dim. */
    double count[FC_SPARSE_MAX_LEVEL + 1] = {1};
    for (unsigned d = 0; d < n_dim; d++) {
        for (unsigned t = level + 1; t-- > 0;) {
            double sum = 0;
            for (unsigned r = 0; r < rules->n_grid && rules->start[r] <= t; r++) {
                const unsigned n_new = r == 0 ? 1 : 2 * (rules->first[r + 1] - rules->first[r]);
                sum += count[t - rules->start[r]] * (double)n_new;
            }
            count[t] = sum;
        }
    }
    return count[level] < 1e18 ? (uint64_t)count[level] : UINT64_MAX;
}

typedef struct lister {
    fc_sparse_family family;
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
    const unsigned *start = families[l->family].start;
    for (unsigned place = 1; place <= most; place++) {
        const unsigned rule = rule_of(l->family, 2 * place);
        if (start[rule] > rest) {
            break;
        }
        l->place[axis] = (uint8_t)place;
        list_from(l, axis + 1, rest - start[rule], place);
    }
}

static unsigned last_place(fc_sparse_family family)
{
    return families[family].first[families[family].n_grid] - 1;
}

size_t fc_sparse_orbits(fc_sparse_family family, unsigned n_dim, unsigned level)
{
    lister l = {.family = family, .n_dim = n_dim};
    list_from(&l, 0, level, last_place(family));
    return l.n_orbits;
}

void fc_sparse_list(fc_sparse_family family, unsigned n_dim, unsigned level, uint8_t *codes,
                    size_t *orbit_begin)
{
    lister l = {.family = family, .n_dim = n_dim, .codes = codes, .orbit_begin = orbit_begin};
    list_from(&l, 0, level, last_place(family));
    orbit_begin[l.n_orbits] = l.n_points;
}

void fc_sparse_weights(fc_sparse_family family, unsigned n_dim, const uint8_t *codes, unsigned most,
                       double *weight)
{
    const unsigned n_rules = families[family].n_grid, *start = families[family].start;
    memset(weight, 0, (most + 1) * sizeof *weight);
    weight[0] = 1;
    unsigned top = 0; /* weights above it are still 0 */
    for (unsigned d = 0; d < n_dim; d++) {
        double step[RULES]; /* of Q(k) - Q(k - 1) where it is not 0 */
        for (unsigned r = 0; r < n_rules; r++) {
            step[r] = fc_sparse_line_weight(family, r, codes[d]) -
                      (r > 0 ? fc_sparse_line_weight(family, r - 1, codes[d]) : 0);
        }
        top = top + start[n_rules - 1] < most ? top + start[n_rules - 1] : most;
        /* In place, from the highest level down: what it takes from lower ones is still the old. */
        for (unsigned t = top + 1; t-- > 0;) {
            double sum = step[0] * weight[t];
            for (unsigned r = 1; r < n_rules && start[r] <= t; r++) {
                sum += step[r] * weight[t - start[r]];
            }
            weight[t] = sum;
        }
    }
}
