/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The handlers for AVX-512; nothing on other processors than x86-64. */
#include "fc_cpu.h"

#if FC_X86
#define FC_HANDLERS fc_handlers_avx512
#include "fc_vm_impl.inc"
#endif
