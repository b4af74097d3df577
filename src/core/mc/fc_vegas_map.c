/* SPDX-License-Identifier: BSD-3-Clause
 *
 * VEGAS's map; contract and papers in fc_vegas_map.h. */
#include "fc_vegas_map.h"

#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_cpu.h"
#include "fc_vegas_map_kernel.h"

#define MAX_BINS (1u << 15)
#define EVEN_SHARE 0.02 /* of all points, that is spread evenly over the range */

static void pieces_fill(fc_vegas_map *map, unsigned dim)
{
    const double *edges = map->edges + (size_t)dim * (map->n_bins + 1);
    double *pieces = map->pieces + 2 * (size_t)dim * map->n_bins;
    for (unsigned i = 0; i < map->n_bins; i++) {
        pieces[2 * i] = edges[i];
        pieces[2 * i + 1] = edges[i + 1] - edges[i];
    }
}

fc_status fc_vegas_map_create(unsigned n_dim, unsigned n_bins, fc_vegas_map **out)
{
    *out = NULL;
    if (n_bins == 0 || n_bins > MAX_BINS || (n_bins & (n_bins - 1)) != 0) {
        return FC_ERR_INVALID;
    }
    fc_vegas_map *map = fc_calloc(1, sizeof *map);
    if (map == NULL) {
        return FC_ERR_NOMEM;
    }
    map->n_dim = n_dim;
    map->n_bins = n_bins;
    map->edges = fc_malloc((size_t)n_dim * (n_bins + 1), sizeof *map->edges);
    map->pieces = fc_calloc_aligned(FC_CACHE_LINE, (size_t)n_dim * n_bins, 2 * sizeof(double));
    if (map->edges == NULL || map->pieces == NULL) {
        fc_vegas_map_destroy(map);
        return FC_ERR_NOMEM;
    }
    for (unsigned d = 0; d < n_dim; d++) {
        for (unsigned i = 0; i <= n_bins; i++) {
            map->edges[(size_t)d * (n_bins + 1) + i] = (double)i / n_bins;
        }
        pieces_fill(map, d);
    }
    *out = map;
    return FC_OK;
}

void fc_vegas_map_destroy(fc_vegas_map *map)
{
    if (map != NULL) {
        fc_free(map->edges);
        fc_free(map->pieces);
        fc_free(map);
    }
}

void fc_vegas_map_apply(const fc_vegas_map *map, unsigned dim, size_t n, double *u, double *density,
                        uint16_t *bin)
{
    fc_vegas_apply_fn *apply = vegas_apply;
#if FC_X86
    if (fc_cpu_isa() >= FC_ISA_AVX2) {
        apply = fc_vegas_apply_avx2;
    }
#endif
    apply(map->pieces + 2 * (size_t)dim * map->n_bins, map->n_bins, n, u, density, bin);
}

/* Lepage's smoothing and compression of one dimension's histogram; false when there is nothing in
 * it. */
static bool importance(const double *histogram, unsigned n_bins, double alpha, double *weight)
{
    double sum = 0;
    for (unsigned i = 0; i < n_bins; i++) {
        double left = histogram[i > 0 ? i - 1 : i];
        double right = histogram[i + 1 < n_bins ? i + 1 : i];
        weight[i] = (left + 6 * histogram[i] + right) / 8;
        sum += weight[i];
    }
    if (!(sum > 0) || !isfinite(sum)) {
        return false;
    }
    for (unsigned i = 0; i < n_bins; i++) {
        double share = fmax(weight[i] / sum, 1e-30);
        const double damped = share > 1 - 1e-12 ? 1 : (share - 1) / log(share);
        weight[i] = alpha == 0.5 ? sqrt(damped) : pow(damped, alpha);
    }
    return true;
}

void fc_vegas_map_refine(fc_vegas_map *map, unsigned dim, const double *histogram, double alpha)
{
    const unsigned n_bins = map->n_bins;
    double *weight = fc_malloc(2 * (size_t)n_bins + 1, sizeof *weight);
    if (weight == NULL || n_bins < 2 || !importance(histogram, n_bins, alpha, weight)) {
        fc_free(weight);
        return; /* the old pieces serve as well, only not so well */
    }
    double *edges = map->edges + (size_t)dim * (n_bins + 1), *fresh = weight + n_bins;
    double total = 0;
    for (unsigned i = 0; i < n_bins; i++) {
        total += weight[i];
    }
    /* Where the integrand was never met the density would sink without end; one point that meets it
     * there after all would then outweigh all others, and no variance seen before tells of it. */
    const double evenly = EVEN_SHARE / map->n_dim;
    for (unsigned i = 0; i < n_bins; i++) {
        weight[i] = weight[i] / total * (1 - evenly) + evenly * (edges[i + 1] - edges[i]);
    }
    const double each = 1.0 / n_bins;
    double gathered = 0;
    unsigned i = 0;
    fresh[0] = 0;
    for (unsigned k = 1; k < n_bins; k++) {
        while (gathered < k * each && i < n_bins) {
            gathered += weight[i++];
        }
        double back = i > 0 ? (gathered - k * each) / weight[i - 1] : 0;
        double low = edges[i > 0 ? i - 1 : 0], high = edges[i];
        fresh[k] = fmax(high - back * (high - low), fresh[k - 1]);
    }
    fresh[n_bins] = 1;
    memcpy(edges, fresh, (n_bins + 1) * sizeof *edges);
    pieces_fill(map, dim);
    fc_free(weight);
}
