/* SPDX-License-Identifier: BSD-3-Clause
 *
 * _core._Shortcut: stands for a Python function, most of whose calls need not go through Python
 * code. Where the arguments are as expected, a function in C (quick.h) is tried; it gives the
 * result, or declines, and then the Python function does everything. An integral that takes a
 * microsecond or two would otherwise spend as long on its way to C.
 *
 * All integrators are such objects. By that a worker knows them, whose calls a future may stop. */
#include "quick.h"

#include <stddef.h>

#include "structmember.h"

/* What is told of a parameter: position and name. Those that are not here take the long way. */
typedef struct Signature {
    const char *name;
    quick_way *run;
    Py_ssize_t n_required, n_positional, n; /* the rest are keywords only, or wanted as keywords */
    const char *parameters[QUICK_PARAMETERS];
} Signature;

static const Signature signatures[] = {
    {"quad", quick_quad, 3, 4, 8, {"f", "a", "b", "args", "epsabs", "epsrel", "method", "workers"}},
    {"cubature",
     quick_cubature,
     3,
     3,
     8,
     {"f", "lower", "upper", "epsabs", "epsrel", "max_eval", "args", "workers"}},
    {"nquad", quick_nquad, 2, 3, 4, {"func", "ranges", "args", "workers"}},
    {"dblquad",
     quick_dblquad,
     5,
     8,
     9,
     {"func", "a", "b", "gfun", "hfun", "args", "epsabs", "epsrel", "workers"}},
    {"tplquad",
     quick_tplquad,
     7,
     10,
     11,
     {"func", "a", "b", "gfun", "hfun", "qfun", "rfun", "args", "epsabs", "epsrel", "workers"}},
    {"integrate", NULL, 0, 0, 0, {NULL}}, /* these two have no short way, but can be stopped, too */
    {"mcquad", NULL, 0, 0, 0, {NULL}},
};

typedef struct Shortcut {
    PyObject_HEAD vectorcallfunc vectorcall;
    PyObject *function; /* the long way */
    PyObject *finish;   /* or NULL */
    PyObject *names;    /* of the parameters: a tuple of interned strings */
    PyObject *dict, *weakrefs;
    const Signature *signature;
} Shortcut;

/* Sorts the arguments; false if there are others than the short way knows. */
static bool sort(const Shortcut *self, PyObject *const *args, Py_ssize_t n, PyObject *keywords,
                 PyObject **given)
{
    const Signature *s = self->signature;
    const Py_ssize_t n_keywords = keywords != NULL ? PyTuple_GET_SIZE(keywords) : 0;
    if (n > s->n_positional) {
        return false;
    }
    for (Py_ssize_t i = 0; i < QUICK_PARAMETERS; i++) {
        given[i] = i < n ? args[i] : NULL;
    }
    for (Py_ssize_t k = 0; k < n_keywords; k++) {
        Py_ssize_t i = n; /* a name that is given twice is for the long way, too */
        while (i < s->n && PyTuple_GET_ITEM(self->names, i) != PyTuple_GET_ITEM(keywords, k)) {
            i++;
        }
        if (i == s->n || given[i] != NULL) {
            return false;
        }
        given[i] = args[n + k];
    }
    for (Py_ssize_t i = n; i < s->n_required; i++) {
        if (given[i] == NULL) {
            return false;
        }
    }
    return true;
}

/* What a program that fails may raise: the function itself then tells more. */
static bool is_failure(void)
{
    return PyErr_ExceptionMatches(PyExc_ArithmeticError) ||
           PyErr_ExceptionMatches(PyExc_AssertionError) ||
           PyErr_ExceptionMatches(PyExc_LookupError) || PyErr_ExceptionMatches(PyExc_ValueError) ||
           PyErr_ExceptionMatches(PyExc_RuntimeError);
}

/* The result; NULL with an exception, or without one if the long way must be taken. */
static PyObject *try_short(Shortcut *self, PyObject *const *args, Py_ssize_t n, PyObject *keywords)
{
    PyObject *given[QUICK_PARAMETERS], *result = NULL;
    fc_state *state = fc_state_of_type(Py_TYPE(self));
    if (state != NULL && self->signature->run != NULL && sort(self, args, n, keywords, given)) {
        result = self->signature->run(state, given, self->finish);
    }
    if (result == NULL && PyErr_Occurred() && is_failure()) {
        PyErr_Clear();
    }
    return result;
}

static PyObject *Shortcut_vectorcall(PyObject *op, PyObject *const *args, size_t n_flags,
                                     PyObject *keywords)
{
    Shortcut *self = (Shortcut *)op;
    PyObject *result = try_short(self, args, PyVectorcall_NARGS(n_flags), keywords);
    return result != NULL || PyErr_Occurred()
               ? result
               : PyObject_Vectorcall(self->function, args, n_flags, keywords);
}

PyDoc_STRVAR(short_doc, "_short($self, /, *args, **kwargs)\n--\n\n"
                        "What a call gives if the short way does it, or None.");

static PyObject *Shortcut_short(PyObject *op, PyObject *const *args, Py_ssize_t n,
                                PyObject *keywords)
{
    PyObject *result = try_short((Shortcut *)op, args, n, keywords);
    return result != NULL || PyErr_Occurred() ? result : Py_NewRef(Py_None);
}

static PyObject *Shortcut_reduce(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return PyObject_GetAttrString(op, "__qualname__"); /* pickled by its name, as functions are */
}

static PyObject *Shortcut_bind(PyObject *op, PyObject *object, PyObject *Py_UNUSED(type))
{
    return object == NULL || object == Py_None ? Py_NewRef(op) : PyMethod_New(op, object);
}

static PyObject *Shortcut_repr(PyObject *op)
{
    return PyObject_Repr(((Shortcut *)op)->function);
}

static PyObject *Shortcut_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(keywords))
{
    PyObject *function, *finish = NULL;
    if (!PyArg_ParseTuple(args, "O!|O:_Shortcut", &PyFunction_Type, &function, &finish)) {
        return NULL;
    }
    const Signature *found = NULL;
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        PyObject *name = ((PyFunctionObject *)function)->func_name;
        found = PyUnicode_CompareWithASCIIString(name, signatures[i].name) == 0 ? &signatures[i]
                                                                                : found;
    }
    if (found == NULL) {
        return PyErr_Format(PyExc_ValueError, "there is no short way for %R", function);
    }
    Shortcut *self = (Shortcut *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->vectorcall = Shortcut_vectorcall;
    self->signature = found;
    self->function = Py_NewRef(function);
    self->finish = Py_XNewRef(finish);
    self->names = PyTuple_New(found->n);
    for (Py_ssize_t i = 0; self->names != NULL && i < found->n; i++) {
        PyObject *name = PyUnicode_InternFromString(found->parameters[i]);
        if (name == NULL) {
            Py_CLEAR(self->names);
        } else {
            PyTuple_SET_ITEM(self->names, i, name);
        }
    }
    if (self->names == NULL) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static int Shortcut_traverse(PyObject *op, visitproc visit, void *arg)
{
    Shortcut *self = (Shortcut *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->function);
    Py_VISIT(self->finish);
    Py_VISIT(self->names);
    Py_VISIT(self->dict);
    return 0;
}

static int Shortcut_clear(PyObject *op)
{
    Shortcut *self = (Shortcut *)op;
    Py_CLEAR(self->finish);
    Py_CLEAR(self->dict); /* who still calls it needs the rest */
    return 0;
}

static void Shortcut_dealloc(PyObject *op)
{
    Shortcut *self = (Shortcut *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    if (self->weakrefs != NULL) {
        PyObject_ClearWeakRefs(op);
    }
    Shortcut_clear(op);
    Py_CLEAR(self->function);
    Py_CLEAR(self->names);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Shortcut, vectorcall), READONLY, NULL},
    {"__dictoffset__", T_PYSSIZET, offsetof(Shortcut, dict), READONLY, NULL},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Shortcut, weakrefs), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef methods[] = {
    {"_short", (PyCFunction)(void (*)(void))Shortcut_short, METH_FASTCALL | METH_KEYWORDS,
     short_doc},
    {"__reduce__", Shortcut_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, Shortcut_new},
    {Py_tp_dealloc, Shortcut_dealloc},
    {Py_tp_traverse, Shortcut_traverse},
    {Py_tp_clear, Shortcut_clear},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_repr, Shortcut_repr},
    {Py_tp_descr_get, Shortcut_bind},
    {Py_tp_members, members},
    {Py_tp_getset, getset},
    {Py_tp_methods, methods},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "fastconc._core._Shortcut",
    .basicsize = sizeof(Shortcut),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};

PyDoc_STRVAR(setup_doc, "_quick_setup($module, entries, ndim_entries, result_type, /)\n--\n\n"
                        "Tell the short ways where programs are kept, and what a result is.");

static PyObject *setup(PyObject *module, PyObject *args)
{
    fc_state *state = fc_state_of_module(module);
    PyObject *entries, *ndim_entries, *type;
    if (!PyArg_ParseTuple(args, "O!O!O!:_quick_setup", &PyDict_Type, &entries, &PyDict_Type,
                          &ndim_entries, &PyType_Type, &type)) {
        return NULL;
    }
    if (!PyType_IsSubtype((PyTypeObject *)type, &PyTuple_Type)) {
        return PyErr_Format(PyExc_TypeError, "%R is no tuple", type);
    }
    fc_state_keep(&state->quick_result_type, Py_NewRef(type));
    fc_state_keep(&state->quick_entries, Py_NewRef(entries));
    fc_state_keep(&state->quick_ndim_entries, Py_NewRef(ndim_entries));
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"_quick_setup", setup, METH_VARARGS, setup_doc},
    {NULL, NULL, 0, NULL},
};

int fc_init_shortcut(PyObject *module)
{
    static const char *const names[QUICK_N_NAMES] = {"neval",     "subdivisions", "global",
                                                     "attribute", "cell",         "code",
                                                     "defaults",  "list",         "array"};
    fc_state *state = fc_state_of_module(module);
    state->quick_names = PyTuple_New(QUICK_N_NAMES);
    for (int i = 0; state->quick_names != NULL && i < QUICK_N_NAMES; i++) {
        PyObject *name = PyUnicode_InternFromString(names[i]);
        if (name == NULL) {
            return -1;
        }
        PyTuple_SET_ITEM(state->quick_names, i, name);
    }
    state->quick_recent = PyList_New(2 * QUICK_N_RECENT);
    for (Py_ssize_t i = 0; state->quick_recent != NULL && i < 2 * QUICK_N_RECENT; i++) {
        PyList_SET_ITEM(state->quick_recent, i, Py_NewRef(Py_None));
    }
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
    if (state->quick_names == NULL || state->quick_recent == NULL || type == NULL) {
        Py_XDECREF(type);
        return -1;
    }
    state->shortcut_type = type;
    return PyModule_AddObjectRef(module, "_Shortcut", type) < 0
               ? -1
               : PyModule_AddFunctions(module, functions);
}
