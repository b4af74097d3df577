/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What every file of the binding includes: Python.h, the state of the module, and the way from a
 * type to it. No C global holds a Python object: each interpreter has its own module and state. */
#ifndef STATE_H
#define STATE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

#include "fc_status.h"

/* Each topic adds its types and functions to the module: int fc_init_<topic>(PyObject *module), -1
 * with an exception set on failure. The order is the order of initialisation. */
#define FC_TOPICS(X)                                                                               \
    X(errors)                                                                                      \
    X(vmath_debug)                                                                                 \
    X(runtime)                                                                                     \
    X(integrate)                                                                                   \
    X(ndim)                                                                                        \
    X(shortcut)                                                                                    \
    X(net)                                                                                         \
    X(queue_type)                                                                                  \
    X(counter_type)                                                                                \
    X(kernel)                                                                                      \
    X(kernel_base)                                                                                 \
    X(ir)                                                                                          \
    X(pack)                                                                                        \
    X(reader)                                                                                      \
    X(thunk)                                                                                       \
    X(native_map)                                                                                  \
    X(tasks)                                                                                       \
    X(words)

#define FC_TOPIC_DECLARE(name) int fc_init_##name(PyObject *module);
FC_TOPICS(FC_TOPIC_DECLARE)
#undef FC_TOPIC_DECLARE

/* Every object that the module keeps; visited and cleared in module.c through this one list. */
#define FC_STATE_OBJECTS(X)                                                                        \
    X(errors_module) /* fastconc._errors, imported at first use */                                 \
    X(futures_base)  /* concurrent.futures._base; this and the next seven from _tasks_setup() */   \
    X(condition_type)                                                                              \
    X(future_type)                                                                                 \
    X(map_type)                                                                                    \
    X(async_result_type) /* this and the next are Pool's, from _tasks_pool_setup() */              \
    X(map_result_type)                                                                             \
    X(task_queue_type)                                                                             \
    X(task_pool_type)                                                                              \
    X(completions_type)                                                                            \
    X(tasks_breath) /* a Python function that does nothing, see worker_breathe() */                \
    X(numpy_empty)  /* numpy.empty and numpy.float32, for predict() */                             \
    X(numpy_float32)                                                                               \
    X(queue_type)                                                                                  \
    X(lifo_queue_type)                                                                             \
    X(priority_queue_type)                                                                         \
    X(queue_names)         /* interned strings, queue.h */                                         \
    X(queue_allocate_lock) /* this and the rest of queue_*: imported at first use */               \
    X(queue_condition)                                                                             \
    X(queue_deque)                                                                                 \
    X(queue_heappush)                                                                              \
    X(queue_heappop)                                                                               \
    X(queue_empty)                                                                                 \
    X(queue_full)                                                                                  \
    X(queue_shutdown)                                                                              \
    X(counter_type)                                                                                \
    X(program_type)                                                                                \
    X(val_type)                                                                                    \
    X(builder_type)                                                                                \
    X(reader)      /* the tables of read_code.c */                                                 \
    X(ir_names)    /* interned strings, ir.c */                                                    \
    X(quick_names) /* interned; this and the next five are shortcut.c's */                         \
    X(shortcut_type)                                                                               \
    X(quick_entries)                                                                               \
    X(quick_ndim_entries)                                                                          \
    X(quick_recent)                                                                                \
    X(quick_result_type)                                                                           \
    X(numpy_ndarray)                                                                               \
    X(numpy_dtypes) /* those of the VM's types; set together with numpy_empty */

typedef struct fc_state {
#define FC_STATE_FIELD(name) PyObject *name;
    FC_STATE_OBJECTS(FC_STATE_FIELD)
#undef FC_STATE_FIELD
} fc_state;

extern struct PyModuleDef fc_module;

static inline fc_state *fc_state_of_module(PyObject *module)
{
    return (fc_state *)PyModule_GetState(module);
}

/* What is made or imported at first use may be made by several threads at once: the first to keep
 * its object in *slot wins, and all use that one. Steals `value`; a borrowed reference. */
static inline PyObject *fc_state_keep(PyObject **slot, PyObject *value)
{
    PyObject *kept = NULL;
    if (__atomic_compare_exchange_n(slot, &kept, value, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
        return value;
    }
    Py_DECREF(value);
    return kept;
}

/* What is kept there (borrowed), or NULL. */
static inline PyObject *fc_state_kept(PyObject **slot)
{
    return __atomic_load_n(slot, __ATOMIC_ACQUIRE);
}

/* dict[key] as a new reference, or NULL, with an exception or without. */
static inline PyObject *fc_dict_get(PyObject *dict, PyObject *key)
{
#if PY_VERSION_HEX >= 0x030D0000
    PyObject *value;
    return PyDict_GetItemRef(dict, key, &value) > 0 ? value : NULL;
#else
    return Py_XNewRef(PyDict_GetItemWithError(dict, key));
#endif
}

/* The state of the module that defined `type` or one of its bases (PyType_GetModuleByDef, for 3.10
 * as well). NULL with TypeError set when there is none. */
fc_state *fc_state_of_type(PyTypeObject *type);

/* Sets the exception for a status (never FC_OK) and returns NULL. FC_ERR_CANCELLED and
 * FC_ERR_CALLBACK keep an exception that is already set. `what` (may be NULL) names the function or
 * argument. */
PyObject *fc_raise(fc_status status, const char *what);

/* Borrowed class `name` of fastconc._errors (KernelError, ...); NULL with an exception set on
 * failure. */
PyObject *fc_error_class(fc_state *state, const char *name);

#endif
