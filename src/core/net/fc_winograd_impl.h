/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Template of the transformations of F(2x2, 3x3), part of fc_loops_impl.h. At least a vector of
 * channels; the last vector is done again where they do not divide. */

/* v = B' d B, by columns, then by rows: both (a - c, b + c, c - b, b - d). */
static void winograd_in(size_t channels, const float *const *pixels, float *v, size_t v_step)
{
    for (size_t c = 0; c < channels; c += VEC) {
        size_t at = c + VEC <= channels ? c : channels - VEC;
        vf t[4][4];
        for (int j = 0; j < 4; j++) {
            vf d0 = load(pixels[j] + at), d1 = load(pixels[4 + j] + at);
            vf d2 = load(pixels[8 + j] + at), d3 = load(pixels[12 + j] + at);
            t[0][j] = d0 - d2;
            t[1][j] = d1 + d2;
            t[2][j] = d2 - d1;
            t[3][j] = d1 - d3;
        }
        for (int i = 0; i < 4; i++) {
            float *to = v + (size_t)(4 * i) * v_step + at;
            store(to, t[i][0] - t[i][2]);
            store(to + v_step, t[i][1] + t[i][2]);
            store(to + 2 * v_step, t[i][2] - t[i][1]);
            store(to + 3 * v_step, t[i][1] - t[i][3]);
        }
    }
}

/* y = A' m A: by columns, then by rows (a + b + c, b - c - d); then bias, residual, clipping. */
static void winograd_out(const fc_winograd_tile *job)
{
    const vf lo = splat(job->lo), hi = splat(job->hi);
    for (size_t c = 0; c < job->n; c += VEC) {
        size_t at = c + VEC <= job->n ? c : job->n - VEC;
        vf t[2][4], y[4], bias = load(job->bias + at);
        for (int j = 0; j < 4; j++) {
            const float *m = job->m + (size_t)j * job->m_step + at;
            vf m0 = load(m), m1 = load(m + 4 * job->m_step);
            vf m2 = load(m + 8 * job->m_step), m3 = load(m + 12 * job->m_step);
            t[0][j] = m0 + m1 + m2;
            t[1][j] = m1 - m2 - m3;
        }
        for (int i = 0; i < 2; i++) {
            y[2 * i] = t[i][0] + t[i][1] + t[i][2] + bias;
            y[2 * i + 1] = t[i][1] - t[i][2] - t[i][3] + bias;
        }
        for (int i = 0; i < 4; i++) {
            if (job->out[i] == NULL) {
                continue;
            }
            if (job->residual[i] != NULL) {
                y[i] += load(job->residual[i] + at);
            }
            store(job->out[i] + at, job->clip ? at_most(at_least(y[i], lo), hi) : y[i]);
        }
    }
}
