/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Vector math: the instance for avx2; the template is fc_vmath_impl.inc. */
#include "fc_cpu.h"

#if FC_X86
#define VBYTES 32
#define VTABLE fc_vmath_table_avx2
#include "fc_vmath_impl.inc"
#else
typedef int fc_vmath_no_avx2; /* ISO C forbids an empty file */
#endif
