/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The handlers for any processor the compiler's default flags allow. */
#define FC_HANDLERS fc_handlers_baseline
#include "fc_vm_impl.inc"
