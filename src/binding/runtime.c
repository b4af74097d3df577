/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The process-wide part of the module: cores, default width, instruction set. */
#include "run.h"

#include "fc_cpu.h"
#include "fc_platform.h"

PyDoc_STRVAR(
    cpu_count_doc,
    "cpu_count($module, /)\n--\n\n"
    "Cores this process may use: the affinity mask, lowered by the control group's quota.");

static PyObject *runtime_cpu_count(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromUnsignedLong(fc_cpu_count());
}

PyDoc_STRVAR(get_num_threads_doc, "get_num_threads($module, /)\n--\n\n"
                                  "Threads that a native call uses when it names no workers.");

static PyObject *runtime_get_num_threads(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromUnsignedLong(fc_pool_default_width());
}

PyDoc_STRVAR(set_num_threads_doc,
             "set_num_threads($module, n, /)\n--\n\n"
             "Let native calls that name no workers use n threads; None restores the default.\n\n"
             "Raises ValueError when n < 1, TypeError when it is no int.");

static PyObject *runtime_set_num_threads(PyObject *Py_UNUSED(module), PyObject *n)
{
    unsigned width;
    if (n != Py_None && !PyIndex_Check(n)) {
        return PyErr_Format(PyExc_TypeError, "n must be an int or None, not %.200s",
                            Py_TYPE(n)->tp_name);
    }
    if (fc_width_of(n, &width) < 0) {
        return NULL;
    }
    fc_pool_set_default_width(width);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(isa_doc, "isa($module, /)\n--\n\nName of the instruction set in use.");

static PyObject *runtime_isa(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return PyUnicode_FromString(fc_isa_name(fc_cpu_isa()));
}

static PyMethodDef functions[] = {
    {"cpu_count", runtime_cpu_count, METH_NOARGS, cpu_count_doc},
    {"get_num_threads", runtime_get_num_threads, METH_NOARGS, get_num_threads_doc},
    {"set_num_threads", runtime_set_num_threads, METH_O, set_num_threads_doc},
    {"isa", runtime_isa, METH_NOARGS, isa_doc},
    {NULL, NULL, 0, NULL},
};

int fc_init_runtime(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
