/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The one place where a status of the core becomes a Python exception. */
#include "state.h"

int fc_init_errors(PyObject *Py_UNUSED(module))
{
    return 0; /* the classes are written in Python (fastconc._errors) and imported when first needed
               */
}

PyObject *fc_error_class(fc_state *state, const char *name)
{
    PyObject *module = fc_state_kept(&state->errors_module);
    if (module == NULL) {
        module = PyImport_ImportModule("fastconc._errors");
        if (module == NULL) {
            return NULL;
        }
        module = fc_state_keep(&state->errors_module, module);
    }
    PyObject *cls = PyObject_GetAttrString(module, name);
    Py_XDECREF(cls); /* borrowed: the module keeps it */
    return cls;
}

static PyObject *class_of_status(fc_status status)
{
    switch (status) {
    case FC_ERR_NOMEM:
        return PyExc_MemoryError;
    case FC_ERR_THREAD:
    case FC_ERR_ITERATIONS:
        return PyExc_RuntimeError;
    case FC_ERR_UNSUPPORTED:
        return PyExc_NotImplementedError;
    case FC_ERR_DEADLINE:
        return PyExc_TimeoutError;
    case FC_ERR_OVERFLOW:
    case FC_ERR_RANGE:
        return PyExc_OverflowError;
    case FC_ERR_ZERODIV:
        return PyExc_ZeroDivisionError;
    case FC_ERR_INDEX:
        return PyExc_IndexError;
    case FC_ERR_ASSERT:
        return PyExc_AssertionError;
    case FC_ERR_LIBRARY:
        return PyExc_ImportError;
    case FC_ERR_INVALID:
    case FC_ERR_FORMAT:
    case FC_ERR_DOMAIN:
        return PyExc_ValueError;
    case FC_OK:
    case FC_ERR_CANCELLED:
    case FC_ERR_CALLBACK:
        break;
    }
    return PyExc_RuntimeError;
}

static PyObject *raise_cancelled(void)
{
    PyObject *futures = PyImport_ImportModule("concurrent.futures");
    if (futures == NULL) {
        return NULL;
    }
    PyObject *cls = PyObject_GetAttrString(futures, "CancelledError");
    Py_DECREF(futures);
    if (cls != NULL) {
        PyErr_SetNone(cls);
        Py_DECREF(cls);
    }
    return NULL;
}

PyObject *fc_raise(fc_status status, const char *what)
{
    if ((status == FC_ERR_CANCELLED || status == FC_ERR_CALLBACK) && PyErr_Occurred()) {
        return NULL;
    }
    if (status == FC_ERR_CANCELLED) {
        return raise_cancelled();
    }
    if (status == FC_ERR_NOMEM) {
        return PyErr_NoMemory();
    }
    if (what == NULL) {
        PyErr_SetString(class_of_status(status), fc_status_text(status));
    } else {
        PyErr_Format(class_of_status(status), "%s: %s", what, fc_status_text(status));
    }
    return NULL;
}
