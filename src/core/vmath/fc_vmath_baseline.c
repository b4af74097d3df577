/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Vector math: the instance for baseline; the template is fc_vmath_impl.inc. */
#define VBYTES 16
#define VTABLE fc_vmath_table_baseline
#include "fc_vmath_impl.inc"
