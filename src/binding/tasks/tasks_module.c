/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Makes the types of Python tasks. That waits until they are first needed (fastconc._future asks),
 * because they derive from concurrent.futures.Future, whose import costs more than all of
 * fastconc's. */
#include "tasks.h"

#include <string.h>

static int check_layout(PyObject *base)
{
    PyTypeObject *type = (PyTypeObject *)base;
    if (!PyType_Check(base) || type->tp_itemsize != 0 ||
        type->tp_basicsize != (Py_ssize_t)offsetof(FutureObject, link)) {
        PyErr_SetString(
            PyExc_ImportError,
            "concurrent.futures.Future is not the standard library's class; cannot derive from it");
        return -1;
    }
    return 0;
}

/* Every future would get room for thirty attributes (PEP 412's shared keys, inlined since 3.13);
 * ours keep what the base class keeps in attributes in fields, so a dict made on demand is right.
 * The flag is inherited, not given. */
static void drop_inline_attributes(PyObject *type)
{
#if PY_VERSION_HEX >= 0x030d0000
    ((PyTypeObject *)type)->tp_flags &= ~(1UL << 2); /* Py_TPFLAGS_INLINE_VALUES */
#else
    (void)type;
#endif
}

/* `base` and `second` may be NULL. */
static PyObject *type_from(PyObject *module, PyType_Spec *spec, PyObject *base, PyObject *second)
{
    PyObject *bases = base == NULL ? NULL : PyTuple_Pack(second == NULL ? 1 : 2, base, second);
    if (base != NULL && bases == NULL) {
        return NULL;
    }
    PyObject *type = PyType_FromModuleAndSpec(module, spec, bases);
    Py_XDECREF(bases);
    return type;
}

PyDoc_STRVAR(tasks_setup_doc,
             "_tasks_setup($module, breath, /)\n--\n\nMake the types of tasks and return them. "
             "`breath` is a Python function that does nothing.");

static PyObject *tasks_setup(PyObject *module, PyObject *breath)
{
    fc_state *state = fc_state_of_module(module);
    if (state->future_type == NULL) {
        PyObject *threading = PyImport_ImportModule("threading");
        PyObject *base = NULL, *condition = NULL,
                 *futures = PyImport_ImportModule("concurrent.futures._base");
        PyObject *types[5] = {NULL};
        if (threading != NULL && futures != NULL &&
            (condition = PyObject_GetAttrString(threading, "Condition")) != NULL &&
            (base = PyObject_GetAttrString(futures, "Future")) != NULL && check_layout(base) == 0 &&
            (types[0] = type_from(module, &fc_future_spec, base, NULL)) != NULL) {
            drop_inline_attributes(types[0]);
            if ((types[1] = type_from(module, &fc_map_spec, types[0], NULL)) != NULL &&
                (types[2] = type_from(module, &fc_queue_spec, NULL, NULL)) != NULL &&
                (types[3] = type_from(module, &fc_tasks_spec, NULL, NULL)) != NULL) {
                drop_inline_attributes(types[1]);
                types[4] = type_from(module, &fc_completions_spec, NULL, NULL);
            }
        }
        Py_XDECREF(threading);
        Py_XDECREF(base);
        if (types[4] == NULL) {
            Py_XDECREF(futures);
            Py_XDECREF(condition);
            for (int i = 0; i < 4; i++) {
                Py_XDECREF(types[i]);
            }
            return NULL;
        }
        Py_XSETREF(state->tasks_breath, Py_NewRef(breath));
        Py_XSETREF(state->futures_base, futures);
        Py_XSETREF(state->condition_type, condition);
        Py_XSETREF(state->map_type, types[1]);
        Py_XSETREF(state->task_queue_type, types[2]);
        Py_XSETREF(state->task_pool_type, types[3]);
        Py_XSETREF(state->completions_type, types[4]);
        Py_XSETREF(state->future_type, types[0]);
    }
    return PyTuple_Pack(5, state->future_type, state->map_type, state->task_queue_type,
                        state->task_pool_type, state->completions_type);
}

PyDoc_STRVAR(
    pool_setup_doc,
    "_tasks_pool_setup($module, async_result, map_result, /)\n--\n\n"
    "Make the futures of Pool, which are those classes of multiprocessing.pool as well, and "
    "return the first.");

static PyObject *tasks_pool_setup(PyObject *module, PyObject *args)
{
    fc_state *state = fc_state_of_module(module);
    PyObject *async_result, *map_result;
    if (!PyArg_ParseTuple(args, "O!O!:_tasks_pool_setup", &PyType_Type, &async_result, &PyType_Type,
                          &map_result)) {
        return NULL;
    }
    if (state->map_result_type == NULL) {
        PyObject *single =
            type_from(module, &fc_async_result_spec, state->future_type, async_result);
        PyObject *map = single == NULL
                            ? NULL
                            : type_from(module, &fc_map_result_spec, state->map_type, map_result);
        if (map == NULL) {
            Py_XDECREF(single);
            return NULL;
        }
        drop_inline_attributes(single);
        drop_inline_attributes(map);
        Py_XSETREF(state->async_result_type, single);
        Py_XSETREF(state->map_result_type, map);
    }
    return Py_NewRef(state->async_result_type);
}

PyDoc_STRVAR(tasks_wait_doc,
             "_tasks_wait($module, futures, timeout, mode, /)\n--\n\n"
             "Wait for a list of futures: (done, not_done). Mode 0 all, 1 first, 2 first error.");

PyDoc_STRVAR(after_fork_doc,
             "_tasks_after_fork($module, /)\n--\n\nForget waits and workers of the parent.");

static PyObject *tasks_after_fork(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    fc_fork_generation++;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(is_main_interpreter_doc,
             "_is_main_interpreter($module, /)\n--\n\nFalse in a subinterpreter.");

static PyObject *is_main_interpreter(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(PyInterpreterState_Get() == PyInterpreterState_Main());
}

static PyMethodDef functions[] = {
    {"_is_main_interpreter", is_main_interpreter, METH_NOARGS, is_main_interpreter_doc},
    {"_tasks_setup", tasks_setup, METH_O, tasks_setup_doc},
    {"_tasks_pool_setup", tasks_pool_setup, METH_VARARGS, pool_setup_doc},
    {"_tasks_wait", fc_tasks_wait, METH_VARARGS, tasks_wait_doc},
    {"_tasks_after_fork", tasks_after_fork, METH_NOARGS, after_fork_doc},
    {NULL, NULL, 0, NULL},
};

int fc_init_tasks(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
