/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Vector math in vectors of 64 bytes, as for AVX-512, but compiled for AVX2: tests the wide
 * template on machines that have no AVX-512. */
#include "fc_cpu.h"

#if FC_X86
#define VBYTES 64
#define VTABLE fc_vmath_table_wide
#include "../../src/core/vmath/fc_vmath_impl.inc"
#else
typedef int vmath_no_wide;
#endif
