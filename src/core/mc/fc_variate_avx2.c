/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_cpu.h"

#if FC_X86
#include "fc_variate_kernel.h"

void fc_variate_values_avx2(const fc_variate *variate, const double *const *x, size_t first,
                            size_t n, double *out)
{
    variate_values(variate, x, first, n, out);
}
#else
typedef int fc_variate_avx2_is_for_x86;
#endif
