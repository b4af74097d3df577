/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Texts of the status codes; contract in fc_status.h. */
#include "fc_status.h"

const char *fc_status_text(fc_status status)
{
    switch (status) {
#define FC_STATUS_CASE(name, text)                                                                 \
    case FC_##name:                                                                                \
        return text;
        FC_STATUS_TABLE(FC_STATUS_CASE)
#undef FC_STATUS_CASE
    }
    return "unknown status";
}
