/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Vector math: the instance for avx512; the template is fc_vmath_impl.inc. */
#include "fc_cpu.h"

#if FC_X86
#define VBYTES 64
#define VTABLE fc_vmath_table_avx512
#include "fc_vmath_impl.inc"
#else
typedef int fc_vmath_no_avx512; /* ISO C forbids an empty file */
#endif
