/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fastconc._core: multi-phase initialisation and the module's state. Types and functions are added
 * by the topics listed in state.h, each in a file of its own. */
#include "state.h"

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    fc_state *state = fc_state_of_module(module);
#define FC_STATE_VISIT(name) Py_VISIT(state->name);
    FC_STATE_OBJECTS(FC_STATE_VISIT)
#undef FC_STATE_VISIT
    return 0;
}

static int module_clear(PyObject *module)
{
    fc_state *state = fc_state_of_module(module);
#define FC_STATE_CLEAR(name) Py_CLEAR(state->name);
    FC_STATE_OBJECTS(FC_STATE_CLEAR)
#undef FC_STATE_CLEAR
    return 0;
}

static void module_free(void *module)
{
    module_clear((PyObject *)module);
}

static int module_exec(PyObject *module)
{
#define FC_TOPIC_INIT(name)                                                                        \
    if (fc_init_##name(module) < 0) {                                                              \
        return -1;                                                                                 \
    }
    FC_TOPICS(FC_TOPIC_INIT)
#undef FC_TOPIC_INIT
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#if PY_VERSION_HEX >= 0x030c0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030d0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

struct PyModuleDef fc_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "fastconc._core",
    .m_doc = "The C part of fastconc; use the names of the package instead.",
    .m_size = sizeof(fc_state),
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit__core(void)
{
    return PyModuleDef_Init(&fc_module);
}

fc_state *fc_state_of_type(PyTypeObject *type)
{
    PyObject *mro = type->tp_mro;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        if (!PyType_HasFeature(base, Py_TPFLAGS_HEAPTYPE)) {
            continue;
        }
        PyObject *module = ((PyHeapTypeObject *)base)->ht_module;
        if (module != NULL && PyModule_GetDef(module) == &fc_module) {
            return fc_state_of_module(module);
        }
    }
    PyErr_Format(PyExc_TypeError, "%s is not a type of fastconc", type->tp_name);
    return NULL;
}
