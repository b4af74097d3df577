/* SPDX-License-Identifier: BSD-3-Clause
 *
 * _core.KernelBase: the hot path of fastconc.Kernel. A call whose arguments have types seen before
 * goes straight to the program; anything else, and every failure, goes to the subclass's
 * _slow_call, which knows all rules and words all errors. What a program depends on besides its
 * arguments (globals, closure cells, ...) is compared by identity at each call. */
#include "array_args.h"
#include "kernel_type.h"
#include "run.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "structmember.h"

#define MAX_FAST_ARGS 6
#define MAX_ENTRIES 8

typedef struct dependency {
    enum { DEP_GLOBAL, DEP_CELL, DEP_ATTRIBUTE } kind;
    PyObject *container, *key, *value; /* borrowed from the entry's tuple */
} dependency;

typedef struct entry {
    char signature[MAX_FAST_ARGS + 1];
    PyObject *program;
    PyObject *deps; /* tuple that keeps the dependencies */
    Py_ssize_t n_deps;
    dependency *list;
} entry;

typedef struct KernelBaseObject {
    PyObject_HEAD vectorcallfunc vectorcall;
    /* Entries are only added, by one thread at a time; a reader that sees n entries (acquire) sees
     * them whole (release), so that calls need no lock on free-threaded builds either. */
    atomic_int n_entries;
    entry entries[MAX_ENTRIES];
} KernelBaseObject;

/* An exception of Python counts as another object; an interrupt is none, and stays set. */
static int not_found(void)
{
    if (!PyErr_Occurred()) {
        return 0;
    }
    if (!PyErr_ExceptionMatches(PyExc_Exception)) {
        return -1;
    }
    PyErr_Clear();
    return 0;
}

/* Is what the entry depends on still the same object everywhere? 1 yes, 0 no; -1 with a
 * KeyboardInterrupt or its like: a look-up may run code. */
static int still_same(const entry *e)
{
    for (Py_ssize_t i = 0; i < e->n_deps; i++) {
        const dependency *dep = &e->list[i];
        PyObject *found;
        if (dep->kind == DEP_GLOBAL) {
#if PY_VERSION_HEX >= 0x030d0000
            (void)PyDict_GetItemRef(dep->container, dep->key, &found);
#else
            found = Py_XNewRef(PyDict_GetItemWithError(dep->container, dep->key));
#endif
        } else if (dep->kind == DEP_CELL) {
            found = PyCell_Get(dep->container);
        } else {
            found = PyObject_GetAttr(dep->container, dep->key);
        }
        if (found == NULL && not_found() < 0) {
            return -1;
        }
        Py_XDECREF(found); /* compared only */
        if (found != dep->value) {
            return 0;
        }
    }
    return 1;
}

/* The signature of the arguments, a letter each; false if one is of no simple type. Views of arrays
 * are then held in `views` up to *n_views. */
static bool sign(PyObject *const *args, Py_ssize_t n, PyObject *ndarray, char *signature,
                 Py_buffer *views)
{
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *x = args[i];
        if (PyFloat_CheckExact(x)) {
            signature[i] = 'd';
        } else if (PyLong_CheckExact(x)) {
            signature[i] = 'i';
        } else if (PyBool_Check(x)) {
            signature[i] = 'b';
        } else if ((PyObject *)Py_TYPE(x) == ndarray) {
            if (PyObject_GetBuffer(x, &views[i], PyBUF_STRIDES | PyBUF_FORMAT) < 0) {
                PyErr_Clear();
                views[i].obj = NULL;
                return false;
            }
            int dtype = fc_dtype_of_view(&views[i]);
            if (dtype < 0 || views[i].ndim == 0) {
                return false;
            }
            signature[i] = (char)('A' + dtype);
        } else {
            return false;
        }
    }
    signature[n] = 0;
    return true;
}

/* NULL if there is none, or with an exception of still_same. */
static const entry *find(KernelBaseObject *self, const char *signature)
{
    for (int i = atomic_load_explicit(&self->n_entries, memory_order_acquire); i-- > 0;) {
        if (strcmp(self->entries[i].signature, signature) == 0) {
            return still_same(&self->entries[i]) > 0 ? &self->entries[i] : NULL;
        }
    }
    return NULL;
}

/* The result; NULL without an exception: take the slow path. */
static PyObject *call_fast(KernelBaseObject *self, fc_state *state, PyObject *const *args,
                           Py_ssize_t n)
{
    char signature[MAX_FAST_ARGS + 1];
    Py_buffer views[MAX_FAST_ARGS];
    PyObject *result = NULL;
    for (Py_ssize_t i = 0; i < n; i++) {
        views[i].obj = NULL;
    }
    const entry *e = NULL;
    if (sign(args, n, fc_state_kept(&state->numpy_ndarray), signature, views)) {
        e = find(self, signature);
    }
    if (e != NULL) {
        result = fc_program_call(e->program, state, args, views);
    } else {
        for (Py_ssize_t i = 0; i < n; i++) {
            PyBuffer_Release(&views[i]); /* nothing happens where none is held */
        }
    }
    if (result == NULL && PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_Exception)) {
        PyErr_Clear(); /* the slow path meets it again, and knows the line of the source */
    }
    return result;
}

static PyObject *KernelBase_call(PyObject *op, PyObject *const *args, size_t n_flags,
                                 PyObject *names)
{
    KernelBaseObject *self = (KernelBaseObject *)op;
    const Py_ssize_t n = PyVectorcall_NARGS(n_flags);
    if ((names == NULL || PyTuple_GET_SIZE(names) == 0) && n <= MAX_FAST_ARGS &&
        atomic_load_explicit(&self->n_entries, memory_order_relaxed) != 0) {
        fc_state *state = fc_state_of_type(Py_TYPE(op));
        PyObject *result = state != NULL ? call_fast(self, state, args, n) : NULL;
        if (result != NULL || PyErr_Occurred()) {
            return result;
        }
    }
    PyObject *slow = PyObject_GetAttrString(op, "_slow_call");
    if (slow == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_Vectorcall(slow, args, (size_t)n, names);
    Py_DECREF(slow);
    return result;
}

/* ---- remembering
 * ------------------------------------------------------------------------------------------- */

/* (kind, container, key, value) of a dependency; false if it is none that can be compared by
 * identity. */
static int read_dependency(PyObject *item, dependency *out)
{
    const char *kind;
    if (!PyTuple_Check(item) || PyTuple_GET_SIZE(item) != 4) {
        PyErr_SetString(PyExc_TypeError, "a dependency is a tuple (kind, container, key, value)");
        return -1;
    }
    kind = PyUnicode_AsUTF8(PyTuple_GET_ITEM(item, 0));
    if (kind == NULL) {
        return -1;
    }
    out->container = PyTuple_GET_ITEM(item, 1);
    out->key = PyTuple_GET_ITEM(item, 2);
    out->value = PyTuple_GET_ITEM(item, 3);
    if (strcmp(kind, "global") == 0 && PyDict_Check(out->container)) {
        out->kind = DEP_GLOBAL;
    } else if (strcmp(kind, "absent") == 0 && PyDict_Check(out->container)) {
        out->kind = DEP_GLOBAL; /* a builtin was meant: the name must stay out of the globals */
        out->value = NULL;
    } else if (strcmp(kind, "cell") == 0 && PyCell_Check(out->container)) {
        out->kind = DEP_CELL;
    } else if (strcmp(kind, "attribute") == 0 && PyUnicode_Check(out->key)) {
        out->kind = DEP_ATTRIBUTE;
    } else {
        return 0;
    }
    return 1;
}

PyDoc_STRVAR(
    remember_doc,
    "_remember($self, signature, program, deps, /)\n--\n\n"
    "Let calls with these argument types go straight to the program; True if they will.\n\n"
    "signature: a letter per positional argument: d float, i int, b bool, or A..K for an\n"
    "ndarray of float64, float32, int64, int32, int16, int8, uint8, uint16, uint32, uint64,\n"
    "bool. The program takes just these inputs, in order, and no tables; its outputs are the\n"
    "result (a tuple if there are several).\n"
    "deps: tuples (kind, container, key, value) that must hold for the program to be right:\n"
    "kind 'global' (a dict), 'absent' (its key must not be there), 'cell', or 'attribute' (key is "
    "its name), each compared by\n"
    "identity. Any other kind makes this return False.");

static PyObject *KernelBase_remember(PyObject *op, PyObject *args)
{
    KernelBaseObject *self = (KernelBaseObject *)op;
    const char *signature;
    Py_ssize_t length;
    PyObject *program, *deps;
    if (!PyArg_ParseTuple(args, "s#OO:_remember", &signature, &length, &program, &deps)) {
        return NULL;
    }
    fc_state *state = fc_state_of_type(Py_TYPE(op));
    fc_program *p = state != NULL ? fc_program_of(state, program) : NULL;
    if (p == NULL) {
        return NULL;
    }
    if (length > MAX_FAST_ARGS || fc_program_n_inputs(p) != (unsigned)length ||
        fc_program_n_tables(p) != 0 || fc_program_n_outputs(p) > 2) {
        Py_RETURN_FALSE;
    }
    PyObject *kept = PySequence_Tuple(deps);
    if (kept == NULL) {
        return NULL;
    }
    const Py_ssize_t n_deps = PyTuple_GET_SIZE(kept);
    dependency *list = PyMem_Calloc((size_t)n_deps + 1, sizeof *list);
    if (list == NULL) {
        Py_DECREF(kept);
        return PyErr_NoMemory();
    }
    int usable = 1;
    for (Py_ssize_t i = 0; i < n_deps && usable > 0; i++) {
        usable = read_dependency(PyTuple_GET_ITEM(kept, i), &list[i]);
    }
#if PY_VERSION_HEX >= 0x030d0000
    Py_BEGIN_CRITICAL_SECTION(op);
#endif
    int at = atomic_load_explicit(&self->n_entries, memory_order_relaxed);
    if (usable > 0 && at < MAX_ENTRIES) {
        entry *e = &self->entries[at];
        memcpy(e->signature, signature, (size_t)length + 1);
        e->program = Py_NewRef(program);
        e->deps = Py_NewRef(kept);
        e->n_deps = n_deps;
        e->list = list;
        list = NULL;
        atomic_store_explicit(&self->n_entries, at + 1, memory_order_release);
    } else if (usable > 0) {
        usable = 0;
    }
#if PY_VERSION_HEX >= 0x030d0000
    Py_END_CRITICAL_SECTION();
#endif
    Py_DECREF(kept);
    PyMem_Free(list);
    return usable < 0 ? NULL : PyBool_FromLong(usable);
}

/* ---- life
 * --------------------------------------------------------------------------------------------------
 */

static PyObject *KernelBase_new(PyTypeObject *type, PyObject *Py_UNUSED(args),
                                PyObject *Py_UNUSED(kwargs))
{
    KernelBaseObject *self = (KernelBaseObject *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->vectorcall = KernelBase_call;
        atomic_init(&self->n_entries, 0);
    }
    return (PyObject *)self;
}

static int KernelBase_traverse(PyObject *op, visitproc visit, void *arg)
{
    KernelBaseObject *self = (KernelBaseObject *)op;
    Py_VISIT(Py_TYPE(op));
    for (int i = 0; i < MAX_ENTRIES; i++) {
        Py_VISIT(self->entries[i].program);
        Py_VISIT(self->entries[i].deps);
    }
    return 0;
}

static int KernelBase_clear(PyObject *op)
{
    KernelBaseObject *self = (KernelBaseObject *)op;
    atomic_store_explicit(&self->n_entries, 0, memory_order_relaxed);
    for (int i = 0; i < MAX_ENTRIES; i++) {
        Py_CLEAR(self->entries[i].program);
        Py_CLEAR(self->entries[i].deps);
        PyMem_Free(self->entries[i].list);
        self->entries[i].list = NULL;
    }
    return 0;
}

static void KernelBase_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    KernelBase_clear(op);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyMethodDef KernelBase_methods[] = {
    {"_remember", KernelBase_remember, METH_VARARGS, remember_doc},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef KernelBase_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(KernelBaseObject, vectorcall), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

PyDoc_STRVAR(KernelBase_doc,
             "The hot path of Kernel: see _remember. Subclasses define _slow_call.");

static PyType_Slot KernelBase_slots[] = {
    {Py_tp_doc, (void *)KernelBase_doc},
    {Py_tp_new, KernelBase_new},
    {Py_tp_dealloc, KernelBase_dealloc},
    {Py_tp_traverse, KernelBase_traverse},
    {Py_tp_clear, KernelBase_clear},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_methods, KernelBase_methods},
    {Py_tp_members, KernelBase_members},
    {0, NULL},
};

static PyType_Spec KernelBase_spec = {
    .name = "fastconc._core.KernelBase",
    .basicsize = sizeof(KernelBaseObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE |
             Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = KernelBase_slots,
};

int fc_init_kernel_base(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &KernelBase_spec, NULL);
    int failed = type == NULL || PyModule_AddObjectRef(module, "KernelBase", type) < 0;
    Py_XDECREF(type);
    return failed ? -1 : 0;
}
