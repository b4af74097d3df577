/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One lock for the process that a fork cannot leave locked: whoever forks holds it meanwhile, so
 * that the child finds it free and what it guards whole. A mutex of one's own, held by a thread
 * that does not exist in the child, would stop the child for ever.
 *
 * It is everybody's, so hold it for moments: to move some pointers, not to call anything. */
#ifndef FC_MOMENT_H
#define FC_MOMENT_H

/* Threads    any; not recursive. */
void fc_moment_enter(void);
void fc_moment_leave(void);

#endif
