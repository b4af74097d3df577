/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A guard keeps a few C statements of an object indivisible. With the GIL they are so already, and
 * the guard is nothing; on a free-threaded build it is a one-byte mutex.
 *
 * Between lock and unlock no Python code may run and the GIL may not be given up: no call that can
 * raise, import, collect garbage or drop the last reference to an object. Guards do not nest. */
#ifndef GUARD_H
#define GUARD_H

#include "state.h"

#ifdef Py_GIL_DISABLED
typedef PyMutex fc_guard; /* zero is unlocked */
#define fc_guard_lock(guard) PyMutex_Lock(guard)
#define fc_guard_unlock(guard) PyMutex_Unlock(guard)
#else
typedef char fc_guard;
#define fc_guard_lock(guard) ((void)(guard))
#define fc_guard_unlock(guard) ((void)(guard))
#endif

#endif
