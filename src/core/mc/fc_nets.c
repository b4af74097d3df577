/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Randomised quasi-Monte Carlo; contract in fc_nets.h.
 *
 * The integral is the mean over R independent randomisations of a point set of 2^m points, R 2^m
 * the largest such number within n with 25 <= R < 50 (more once 2^m cannot grow). Their spread is
 * an unbiased estimate of the error (Owen, "Randomly permuted (t,m,s)-nets", 1995; L'Ecuyer,
 * Nakayama, Owen, Tuffin, "Confidence intervals for randomized quasi-Monte Carlo estimators", WSC
 * 2023, on why Student's t with few replicates covers well). The least R is for the tails: of
 * normal means, the error times 6 is exceeded once in 45,000 seeds with 13, in 650,000 with 25.
 *
 * R point sets of n / R points are less accurate than one of n points, by up to R times where the
 * integrand is smooth. What wins that back is a point set that suits the integrand:
 *
 *     Sobol    nested uniform scrambling; variance n^-3 at best, robust, any dimension
 *     tent     shifted lattice, folded by the tent: n^-4 for smooth integrands
 *     power    shifted lattice, folded by a polynomial: n^-8, in few dimensions
 *     mapped   Sobol points through an importance map: peaks
 *
 * A pilot on a part of n, thrown away afterwards lest it bias the result, measures the variance of
 * each with two sizes, and the one is taken whose variance will be the least with the size to come.
 * To its first points a control variate is fitted (fc_cross.h): where it leaves little of the
 * variance it is subtracted, and the points are chosen for what remains. Both choices can cost
 * accuracy, never honesty. */
#include "fc_nets.h"

#include <float.h>
#include <math.h>

#include "fc_alloc.h"
#include "fc_cross.h"
#include "fc_lattice.h"
#include "fc_sobol.h"
#include "fc_vegas.h"

#define WAVE 256            /* blocks between two additions */
#define LEAST_REPLICATES 25 /* Student's tails are thin enough, as told above */
#define MOST_LOG2 28        /* a net's points at most: larger n takes more replicates */
#define LEAST_TO_ADAPT 1024
#define FEW 8192
#define MOST_TO_ADAPT (UINT64_C(1) << 22)
#define MOST_TO_ADD 4096 /* of few points a greater part */
#define USEFUL_GAIN 0.5
#define PILOTS 4           /* replicates ... */
#define PILOT_RATIO_LOG2 3 /* ... of each of two sizes, one so much smaller */
#define LEAST_PILOT_LOG2 4
#define MOST_POWER_DIM 3
#define MOST_OUT_FITTED 4
#define MOST_POINTS_FITTED 4096
#define ENOUGH_FOR_PILOTS 2048
#define MOST_TO_FIT 8192   /* evaluations ... */
#define ENOUGH_TO_FIT 2048 /* ... so many also of few points, up to a quarter */
#define ENOUGH_TO_TRAIN 16384
#define TRAININGS 6        /* iterations */
#define MANY_TO_TRAIN 2048 /* in one of them */
#define MOST_OF_ONE 0.3
#define UNTRIED 0.1      /* of the variance: it is also taken if there are no points for pilots */
#define SMOOTH 1e-4      /* of the variance: a control variate that leaves less is taken unasked */
#define MANY_MEETINGS 10 /* of points and a peak */
#define LONE 0.6      /* share of the replicates' squared deviations; normal ones hardly have it */
#define LEAST_PRICE 2 /* what a control variate must divide the variance by: so much and ... */
#define WORK_PER_DIM 50 /* ... its multiplications over these of a point */

/* Numbers of replicates, so that none uses another's randomness: the result's begin at 1, pilots
 * here, the training of maps at 2^31. */
#define FIRST_PILOT (UINT32_C(1) << 30)

typedef struct tally {
    fc_moments *means; /* of the replicates' means */
    fc_moments *total; /* of all values */
    fc_moments *replicate;
} tally;

/* Each output's: of the integrand, and of what control variates leave of it. */
typedef struct tallies {
    tally all, left;
} tallies;

typedef struct nets {
    fc_sampler *sampler;
    const fc_sobol *sobol;
    const fc_vegas_map *map; /* for FC_NET_MAPPED, or NULL */
    fc_variate **variates;   /* one for each output, or NULL */
    uint64_t seed;
    bool hardly_met; /* the peak that the map was trained on, at first */
    /* The run under way. */
    bool uses_variates;
    fc_mc_net net;
    uint32_t first_replicate;
    uint64_t first_item;
    unsigned log2_points, log2_blocks;  /* of a replicate: its points, its blocks */
    size_t points;                      /* of a block */
    fc_moments *moments, *moments_left; /* of a wave's blocks, n_out each */
} nets;

static void fill_block(const nets *job, fc_scratch *s, uint32_t replicate, uint64_t first)
{
    const unsigned n_dim = job->sampler->f->n_dim;
    if (job->net == FC_NET_SOBOL || job->net == FC_NET_MAPPED) {
        for (unsigned d = 0; d < n_dim; d++) {
            fc_sobol_fill(job->sobol, job->seed, replicate, d, first, job->points, s->u[d]);
        }
        return;
    }
    const fc_fold fold = job->net == FC_NET_TENT ? FC_FOLD_TENT : FC_FOLD_POWER;
    for (size_t i = 0; i < job->points && job->sampler->weighted; i++) {
        s->weight[i] = 1;
    }
    for (unsigned d = 0; d < n_dim; d++) {
        fc_lattice_fill(job->log2_points, fold, job->seed, replicate, d, first, job->points,
                        s->u[d], s->weight);
    }
}

static fc_status net_block(void *context, size_t begin, size_t end, unsigned worker)
{
    nets *job = context;
    fc_scratch *s;
    fc_status status = fc_sampler_scratch(job->sampler, worker, &s);
    const unsigned n_out = job->sampler->f->n_out;
    for (size_t i = begin; status == FC_OK && i < end; i++) {
        const uint64_t item = job->first_item + i;
        const uint32_t replicate = job->first_replicate + (uint32_t)(item >> job->log2_blocks);
        const uint64_t block = item & ((UINT64_C(1) << job->log2_blocks) - 1);
        fill_block(job, s, replicate, block * job->points);
        status = fc_sampler_evaluate(job->sampler, s, worker, job->points);
        for (unsigned o = 0; status == FC_OK && o < n_out; o++) {
            job->moments[i * n_out + o] = fc_moments_of(s->y[o], job->points);
            if (job->uses_variates) {
                fc_variate_subtract(job->variates[o], (const double *const *)s->u,
                                    job->net == FC_NET_POWER ? s->density : NULL, job->points,
                                    s->y[o]);
                job->moments_left[i * n_out + o] = fc_moments_of(s->y[o], job->points);
            }
        }
    }
    return status;
}

static void tally_clear(tally *t, unsigned n_out)
{
    for (unsigned o = 0; o < n_out; o++) {
        t->means[o].n = t->total[o].n = t->replicate[o].n = 0;
    }
}

/* A replicate's block, in order; `more` is added to the mean of a whole replicate. */
static void tally_add(tally *t, unsigned o, const fc_moments *block, bool is_last, double more)
{
    fc_moments_merge(&t->replicate[o], block);
    if (is_last) {
        const double mean = t->replicate[o].mean + more;
        const fc_moments one = fc_moments_of(&mean, 1);
        fc_moments_merge(&t->means[o], &one);
        fc_moments_merge(&t->total[o], &t->replicate[o]);
        t->replicate[o].n = 0;
    }
}

/* Integrates over n_replicates point sets of 2^log2_points points, after n_before evaluations. */
static fc_status run_replicates(nets *job, fc_mc_net net, uint32_t first_replicate,
                                uint64_t n_replicates, unsigned log2_points, tallies *sums,
                                const fc_mc_options *options, uint64_t n_before)
{
    fc_sampler *sampler = job->sampler;
    const unsigned n_out = sampler->f->n_out;
    job->net = net;
    job->first_replicate = first_replicate;
    job->log2_points = log2_points;
    job->log2_blocks = 0;
    while (job->log2_blocks < log2_points &&
           UINT64_C(1) << (log2_points - job->log2_blocks) > sampler->block) {
        job->log2_blocks++;
    }
    job->points = (size_t)1 << (log2_points - job->log2_blocks);
    tally_clear(&sums->all, n_out);
    tally_clear(&sums->left, n_out);
    job->uses_variates = job->variates != NULL && net != FC_NET_MAPPED;
    sampler->map = net == FC_NET_MAPPED ? job->map : NULL;
    sampler->weighted = sampler->keep_density = net == FC_NET_POWER;
    const uint64_t n_items = n_replicates << job->log2_blocks;
    fc_status status = FC_OK;
    for (job->first_item = 0; status == FC_OK && job->first_item < n_items;) {
        const uint64_t left = n_items - job->first_item;
        const size_t wave = left < WAVE ? (size_t)left : WAVE;
        status = fc_pool_for(&sampler->run, net_block, job, wave, 1);
        for (size_t i = 0; status == FC_OK && i < wave; i++) {
            const uint64_t after = job->first_item + i + 1;
            const bool is_last = (after & ((UINT64_C(1) << job->log2_blocks) - 1)) == 0;
            for (unsigned o = 0; o < n_out; o++) {
                tally_add(&sums->all, o, &job->moments[i * n_out + o], is_last, 0);
                if (job->uses_variates) {
                    tally_add(&sums->left, o, &job->moments_left[i * n_out + o], is_last,
                              job->variates[o]->integral);
                }
            }
        }
        job->first_item += wave;
        if (status == FC_OK && options->progress != NULL) {
            options->progress(options->progress_context, n_before + job->first_item * job->points,
                              options->n);
        }
    }
    sampler->map = NULL;
    sampler->weighted = sampler->keep_density = false;
    return status;
}

/* ---- the pilot ---- */

/* The largest number of points of a net within n, and how many replicates of it n holds. */
static unsigned size_of(fc_mc_net net, uint64_t n, uint64_t *n_replicates)
{
    const bool lattice = net == FC_NET_TENT || net == FC_NET_POWER;
    const unsigned most = lattice ? FC_LATTICE_MAX_LOG2 : MOST_LOG2;
    unsigned log2_points = 0;
    while (log2_points < most && n >> (log2_points + 1) >= LEAST_REPLICATES) {
        log2_points++;
    }
    *n_replicates = n >> log2_points;
    return log2_points;
}

/* Variance of the replicates' means, each output in units of the integrand's own variance (0: left
 * out), and not below what rounding makes of it. */
static double spread(const fc_moments *means, const double *scale, unsigned n_out)
{
    double sum = 0;
    for (unsigned o = 0; o < n_out; o++) {
        if (scale[o] > 0) {
            const fc_moments *m = &means[o];
            const double rounding = DBL_EPSILON / 2 * m->mean;
            sum += fmax(m->m2 / (double)(m->n - 1), rounding * rounding) / scale[o];
        }
    }
    return sum;
}

/* The logarithm of the result's variance to come, from that of pilots of two sizes. Their rate is
 * known roughly, and that of few points says little about that of many: it counts half, what is
 * usual for this kind of points counts the other half. Where control variates leave little, that
 * little is all of high degree, and what is usual for such remainders is all that is known. */
static double forecast(fc_mc_net net, unsigned n_dim, bool smooth, double small, double large,
                       unsigned log2_pilot, uint64_t n)
{
    static const struct {
        double usual, fastest;
    } rates[] = {[FC_NET_SOBOL] = {2, 3},
                 [FC_NET_TENT] = {2.8, 4},
                 [FC_NET_POWER] = {4, 8},
                 [FC_NET_MAPPED] = {2, 3}};
    const double ln2 = 0.69314718055994531;
    if (!(large > 0)) {
        return -HUGE_VAL;
    }
    double rate = (log(small) - log(large)) / (PILOT_RATIO_LOG2 * ln2);
    rate = (rates[net].usual + fmin(fmax(rate, 1), rates[net].fastest)) / 2;
    if (smooth) {
        rate = net != FC_NET_POWER ? 2 : n_dim < 3 ? 7 : 4;
    }
    uint64_t n_replicates;
    const unsigned log2_points = size_of(net, n, &n_replicates);
    return log(large) - rate * ln2 * ((double)log2_points - log2_pilot) - log((double)n_replicates);
}

/* Chooses the net from pilots on at most `spare` points; *n becomes what is left for the result.
 * The map, if there is one, promises to lower the variance from `flat` by the factor `gain`. The
 * control variates, if there are any, stay if they bring more than they cost. */
static fc_status choose(nets *job, const fc_mc_options *options, uint64_t spare, double gain,
                        double flat, tallies *sums, uint64_t *n, fc_mc_net *best, bool *variate)
{
    const unsigned n_dim = job->sampler->f->n_dim, n_out = job->sampler->f->n_out;
    const bool map_helps = gain < USEFUL_GAIN;
    const bool is_candidate[] = {[FC_NET_SOBOL] = true,
                                 [FC_NET_TENT] = n_dim <= FC_LATTICE_MAX_DIM,
                                 [FC_NET_POWER] = n_dim <= MOST_POWER_DIM,
                                 [FC_NET_MAPPED] = map_helps};
    unsigned n_candidates = 0;
    for (unsigned k = 0; k < FC_N_NETS; k++) {
        n_candidates += is_candidate[k];
    }
    unsigned log2_pilot = 0; /* a pilot's large size; the small one adds an eighth */
    while ((UINT64_C(9) << (log2_pilot + 1)) / 8 * PILOTS * n_candidates <= spare) {
        log2_pilot++;
    }
    double left = job->variates != NULL ? 0 : 1;
    for (unsigned o = 0; job->variates != NULL && o < n_out; o++) {
        left = fmax(left, job->variates[o]->residual);
    }
    /* Points that hardly meet a peak cannot tell what a control variate leaves beside it. */
    const bool met = !map_helps || gain * (double)*n > MANY_MEETINGS;
    const bool smooth = met && left < SMOOTH;
    *variate = smooth || (left < UNTRIED && !map_helps);
    *best = map_helps && !smooth ? FC_NET_MAPPED : FC_NET_SOBOL;
    if (n_candidates < 2 || log2_pilot < LEAST_PILOT_LOG2) {
        return FC_OK;
    }
    double *scale = fc_calloc(n_out, sizeof *scale);
    if (scale == NULL) {
        return FC_ERR_NOMEM;
    }
    double least = HUGE_VAL, seen = 0, price = LEAST_PRICE;
    for (unsigned o = 0; job->variates != NULL && o < n_out; o++) {
        price += fc_variate_work(job->variates[o]) / (WORK_PER_DIM * n_dim);
    }
    fc_status status = FC_OK;
    for (unsigned k = 0; status == FC_OK && k < FC_N_NETS; k++) {
        if (!is_candidate[k]) {
            continue;
        }
        status = run_replicates(job, (fc_mc_net)k, FIRST_PILOT, PILOTS, log2_pilot, sums, options,
                                options->n - *n);
        if (status != FC_OK) {
            break;
        }
        if (k == FC_NET_SOBOL) {
            for (unsigned o = 0; o < n_out; o++) {
                scale[o] = sums->all.total[o].m2 / (double)sums->all.total[o].n;
                seen += scale[o];
            }
            /* Peaks that these points hardly meet do not show in their spread. */
            if (!(seen > 0) || (map_helps && seen < 0.5 * flat)) {
                *n -= (uint64_t)PILOTS << log2_pilot;
                *variate = smooth;
                break;
            }
        }
        /* One point makes up all of it: the spread of the others promises too much. */
        bool dominated = false;
        for (unsigned o = 0; o < n_out; o++) {
            dominated = dominated || fc_moments_is_dominated(&sums->all.total[o]);
        }
        if (dominated && k != FC_NET_SOBOL && !smooth) {
            *n -= (uint64_t)PILOTS << log2_pilot;
            continue;
        }
        const double large = spread(sums->all.means, scale, n_out);
        const double large_without = spread(sums->left.means, scale, n_out);
        status = run_replicates(job, (fc_mc_net)k, FIRST_PILOT + PILOTS, PILOTS,
                                log2_pilot - PILOT_RATIO_LOG2, sums, options,
                                options->n - *n + ((uint64_t)PILOTS << log2_pilot));
        *n -= (uint64_t)PILOTS * 9 << (log2_pilot - PILOT_RATIO_LOG2);
        const double to_come =
            forecast((fc_mc_net)k, n_dim, smooth && !job->uses_variates,
                     spread(sums->all.means, scale, n_out), large, log2_pilot, *n);
        if (status == FC_OK && to_come < least && !(smooth && job->uses_variates)) {
            least = to_come;
            *best = (fc_mc_net)k;
            *variate = false;
        }
        if (status == FC_OK && job->uses_variates && met &&
            (smooth || large_without * price < large)) {
            const double without =
                forecast((fc_mc_net)k, n_dim, smooth, spread(sums->left.means, scale, n_out),
                         large_without, log2_pilot, *n) +
                log(price);
            if (without < least) {
                least = without;
                *best = (fc_mc_net)k;
                *variate = true;
            }
        }
    }
    fc_free(scale);
    return status;
}

static void release_variates(nets *job)
{
    for (unsigned o = 0; job->variates != NULL && o < job->sampler->f->n_out; o++) {
        fc_free(job->variates[o]);
    }
    fc_free(job->variates);
    job->variates = NULL;
}

/* Fits a control variate to each output, on `budget` evaluations together; job->variates stays NULL
 * if one of them has none. */
static fc_status fit_variates(nets *job, const fc_points *points, uint64_t budget, uint64_t *spent)
{
    const unsigned n_out = job->sampler->f->n_out;
    fc_variate **variates = fc_calloc(n_out, sizeof *variates);
    fc_status status = variates == NULL ? FC_ERR_NOMEM : FC_OK;
    bool all = true;
    for (unsigned o = 0; status == FC_OK && all && o < n_out; o++) {
        status = fc_cross_fit(job->sampler, points, o, budget / n_out, spent, &variates[o]);
        all = variates[o] != NULL;
    }
    job->variates = variates;
    if (status != FC_OK || !all) {
        release_variates(job);
    }
    return status;
}

/* Does one of the first n points, spread evenly, make up much of the integral? Then a map trained
 * on so few may have overlooked what is as large. */
static bool is_hardly_met(const fc_points *points, size_t n)
{
    if (n > MANY_TO_TRAIN) {
        return false;
    }
    n = n < points->n ? n : points->n;
    bool hardly = false;
    for (unsigned o = 0; o < points->n_out; o++) {
        double sum = 0, largest = 0;
        for (size_t i = 0; i < n; i++) {
            sum += fabs(points->y[o][i]);
            largest = fmax(largest, fabs(points->y[o][i]));
        }
        hardly = hardly || largest > MOST_OF_ONE * sum;
    }
    return hardly;
}

/* Trains a map if there are points to spare, fits control variates to the same points, then
 * chooses; *n becomes what is left. */
static fc_status adapt(nets *job, const fc_mc_options *options, tallies *sums, fc_vegas_map **map,
                       uint64_t *n, fc_mc_net *best, bool *variate)
{
    fc_sampler *sampler = job->sampler;
    const unsigned n_dim = sampler->f->n_dim, n_out = sampler->f->n_out;
    *best = FC_NET_SOBOL;
    *variate = false;
    if (!options->adapt || *n < LEAST_TO_ADAPT) {
        return FC_OK;
    }
    uint64_t spare = *n / 8 < MOST_TO_ADAPT ? *n / 8 : MOST_TO_ADAPT;
    const uint64_t more = *n / 16 < MOST_TO_ADD ? *n / 16 : MOST_TO_ADD;
    uint64_t to_train = spare / 4 * 3;
    if (to_train < ENOUGH_TO_TRAIN) {
        const uint64_t enough = *n / 4 < ENOUGH_TO_TRAIN ? *n / 4 : ENOUGH_TO_TRAIN;
        spare += enough - to_train;
        to_train = enough;
    }
    uint64_t to_fit = *n / 16 < MOST_TO_FIT ? *n / 16 : MOST_TO_FIT;
    to_fit = to_fit > ENOUGH_TO_FIT       ? to_fit
             : *n / 8 * 3 < ENOUGH_TO_FIT ? *n / 8 * 3
                                          : ENOUGH_TO_FIT;
    spare += more;
    if (*n < FEW) { /* too few for a map: they are only recorded */
        to_train = *n / 8;
    }
    const unsigned n_bins = fc_vegas_bins(n_dim, to_train / TRAININGS);
    const bool fits = n_dim <= FC_VARIATE_MAX_DIM && n_out <= MOST_OUT_FITTED;
    double gain = 1, flat = 0;
    if (n_bins >= 4 || fits) {
        uint64_t spent = 0;
        fc_points *points = NULL;
        fc_status status = FC_OK;
        if (fits) {
            const uint64_t room = spare < MOST_POINTS_FITTED ? spare : MOST_POINTS_FITTED;
            status = fc_points_create(n_dim, n_out, (size_t)room, &points);
        }
        if (status == FC_OK) {
            status = fc_vegas_map_create(n_dim, n_bins, map);
        }
        if (status == FC_OK) {
            status = fc_vegas_train(sampler, *map, to_train, options, &spent, &gain, &flat, points);
        }
        if (status == FC_OK && fits) {
            job->hardly_met = is_hardly_met(points, (size_t)(to_train / TRAININGS));
            status = fit_variates(job, points, to_fit, &spent);
        }
        fc_points_destroy(points);
        if (status != FC_OK) {
            return status;
        }
        job->map = *map;
        const uint64_t for_pilots = *n / 16 < ENOUGH_FOR_PILOTS ? *n / 16 : ENOUGH_FOR_PILOTS;
        spare = *n >= FEW && spare > spent + for_pilots ? spare - spent : for_pilots;
        *n -= spent;
    }
    return choose(job, options, spare, gain, flat, sums, n, best, variate);
}

/* ---- the result ---- */

static void nets_result(const nets *job, const tallies *sums, fc_mc_result *result)
{
    const unsigned n_out = job->sampler->f->n_out;
    const tally *used = job->uses_variates ? &sums->left : &sums->all;
    const uint64_t n_replicates = sums->all.means[0].n;
    bool dominated = job->net == FC_NET_MAPPED && job->hardly_met, zero = !job->uses_variates;
    for (unsigned o = 0; o < n_out; o++) {
        const fc_moments *means = &used->means[o], *total = &sums->all.total[o];
        const double student =
            fc_student_factor(n_replicates < 1000 ? (unsigned)n_replicates - 1 : 1000);
        /* Rounding is the same in all replicates: their spread does not show it. */
        const double size = sqrt(means->mean * means->mean + total->m2 / (double)total->n);
        const double steps = job->uses_variates ? 2 + job->sampler->f->n_dim : 2;
        const double rounding = total->m2 > 0 ? steps * DBL_EPSILON * size : 0;
        result->integral[o] = means->mean;
        double error = fc_moments_error(means);
        if (error <= rounding && !job->uses_variates && job->net != FC_NET_POWER) {
            /* All replicates may have as many points on either side of a jump, with a good chance
             * if it stands so near to a stratum's edge that this is no more wrong. */
            error = (total->greatest - total->least) / (double)total->n;
        }
        /* One replicate differs from all others: it could as well have been three, or none. */
        const double far = fmax(means->greatest - means->mean, means->mean - means->least);
        error *= far * far > LONE * means->m2 ? 2 : 1;
        result->error[o] = hypot(error * student, rounding);
        dominated = dominated || fc_moments_is_dominated(total);
        zero = zero && fc_moments_is_zero(total);
    }
    /* Against the spread that plain Monte Carlo would have: far below its degrees of freedom where
     * the points' evenness helps. */
    const fc_moments *total = &sums->all.total[0];
    const double n = (double)total->n, variance = total->m2 / n / (n / (double)n_replicates);
    if (variance > 0) {
        result->chi2 = used->means[0].m2 / variance;
        result->dof = (unsigned)(n_replicates - 1);
    }
    result->outcome = zero ? FC_MC_ZERO : dominated ? FC_MC_DOMINATED : FC_MC_TRUSTED;
}

fc_status fc_nets(fc_sampler *sampler, const fc_mc_options *options, fc_mc_result *result)
{
    const unsigned n_out = sampler->f->n_out;
    nets job = {.sampler = sampler, .seed = options->seed};
    fc_sobol *sobol;
    fc_status status = fc_sobol_create(sampler->f->n_dim, &sobol);
    if (status != FC_OK) {
        return status;
    }
    job.sobol = sobol;
    fc_moments *memory = fc_calloc((2 * WAVE + 6) * (size_t)n_out, sizeof *memory);
    fc_vegas_map *map = NULL;
    uint64_t n = options->n;
    tallies sums;
    if (memory == NULL) {
        status = FC_ERR_NOMEM;
    } else {
        sums.all = (tally){memory, memory + n_out, memory + 2 * n_out};
        sums.left = (tally){memory + 3 * n_out, memory + 4 * n_out, memory + 5 * n_out};
        job.moments = memory + 6 * n_out;
        job.moments_left = job.moments + WAVE * n_out;
        status = adapt(&job, options, &sums, &map, &n, &result->net, &result->variate);
    }
    if (status == FC_OK) {
        if (!result->variate) {
            release_variates(&job);
        }
        const uint64_t spent = options->n - n;
        uint64_t n_replicates;
        const unsigned log2_points = size_of(result->net, n, &n_replicates);
        status =
            run_replicates(&job, result->net, 1, n_replicates, log2_points, &sums, options, spent);
        result->n_eval += spent + (n_replicates << log2_points);
        if (status == FC_OK) {
            nets_result(&job, &sums, result);
        }
    }
    release_variates(&job);
    fc_vegas_map_destroy(map);
    fc_free(memory);
    fc_sobol_destroy(sobol);
    return status;
}
