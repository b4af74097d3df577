/* SPDX-License-Identifier: BSD-3-Clause
 *
 * _core._vmath_eval: the tables of vector math from Python, for tests and for the accuracy tables
 * of the documentation. Not part of the public interface. */
#include "state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fc_vmath.h"

#define BLOCK 1024 /* elements that go through aligned copies at a time */

typedef struct entry {
    const char *name;
    size_t d, f; /* offsets in fc_vmath */
} entry;

#define ENTRY(name) {#name, offsetof(fc_vmath, name##_d), offsetof(fc_vmath, name##_f)},
static const entry unary[] = {FC_VMATH_UNARY(ENTRY){NULL, 0, 0}};
static const entry binary[] = {FC_VMATH_BINARY(ENTRY){NULL, 0, 0}};
#undef ENTRY

static const entry *find(const entry *table, const char *name)
{
    for (; table->name != NULL; table++) {
        if (strcmp(table->name, name) == 0) {
            return table;
        }
    }
    return NULL;
}

/* The table that `isa` names; NULL with ValueError set. */
static const fc_vmath *table_of(const char *isa)
{
    if (strcmp(isa, "exact") == 0) {
        return fc_vmath_exact();
    }
    for (int i = 0; i <= (int)fc_cpu_isa(); i++) {
        if (strcmp(isa, fc_isa_name((fc_isa)i)) == 0) {
            return fc_vmath_get((fc_isa)i);
        }
    }
    PyErr_Format(PyExc_ValueError, "isa: this processor has no %s", isa);
    return NULL;
}

typedef struct call {
    const fc_vmath *table;
    const entry *one, *two; /* whichever the function is */
    bool single;
    char *out;
    const char *a, *b;
} call;

static void run_block(const call *c, size_t n, const char *a, const char *b, char *y)
{
    const char *table = (const char *)c->table;
#define ENTRY_AT(type, offset) (*(type *const *)(const void *)(table + (offset)))
    if (c->one != NULL && c->single) {
        ENTRY_AT(fc_unary_f, c->one->f)(n, (const float *)a, (float *)y);
    } else if (c->one != NULL) {
        ENTRY_AT(fc_unary_d, c->one->d)(n, (const double *)a, (double *)y);
    } else if (c->single) {
        ENTRY_AT(fc_binary_f, c->two->f)(n, (const float *)a, (const float *)b, (float *)y);
    } else {
        ENTRY_AT(fc_binary_d, c->two->d)(n, (const double *)a, (const double *)b, (double *)y);
    }
}

static bool aligned(const void *p)
{
    return (uintptr_t)p % 64 == 0;
}

static void run(const call *c, size_t n)
{
    _Alignas(64) char a[BLOCK * 8], b[BLOCK * 8], y[BLOCK * 8];
    const size_t size = c->single ? 4 : 8;
    if (n % 16 == 0 && aligned(c->a) && aligned(c->out) && (c->b == NULL || aligned(c->b))) {
        run_block(c, n, c->a, c->b, c->out);
        return;
    }
    for (size_t i = 0; i < n; i += BLOCK) {
        const size_t m = n - i < BLOCK ? n - i : BLOCK;
        memset(a, 0, sizeof a);
        memset(b, 0, sizeof b);
        memcpy(a, c->a + i * size, m * size);
        if (c->b != NULL) {
            memcpy(b, c->b + i * size, m * size);
        }
        run_block(c, m, a, b, y);
        memcpy(c->out + i * size, y, m * size);
    }
}

PyDoc_STRVAR(eval_doc,
             "_vmath_eval($module, name, isa, out, a, b=None, /)\n--\n\n"
             "out[:] = name(a) or name(a, b), by the table of an instruction set or 'exact'.\n\n"
             "The arrays are contiguous buffers of the same length, all of double or all\n"
             "of float. Releases the GIL.");

static PyObject *vmath_eval(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *name, *isa;
    PyObject *objects[3] = {NULL, NULL, Py_None};
    if (!PyArg_ParseTuple(args, "ssOO|O:_vmath_eval", &name, &isa, &objects[0], &objects[1],
                          &objects[2])) {
        return NULL;
    }
    call c = {.one = find(unary, name), .two = find(binary, name)};
    if (c.one == NULL && c.two == NULL) {
        return PyErr_Format(PyExc_ValueError, "name: no function %s", name);
    }
    if ((c.two != NULL) != (objects[2] != Py_None)) {
        return PyErr_Format(PyExc_TypeError, "%s takes %d arguments", name, c.two != NULL ? 2 : 1);
    }
    c.table = table_of(isa);
    if (c.table == NULL) {
        return NULL;
    }
    PyObject *result = NULL;
    Py_buffer views[3];
    const int n_views = c.two != NULL ? 3 : 2;
    int held = 0;
    for (; held < n_views; held++) {
        const int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (held == 0 ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(objects[held], &views[held], flags) < 0) {
            goto done;
        }
        const char *format = views[held].format;
        if (format == NULL || (strcmp(format, "d") != 0 && strcmp(format, "f") != 0) ||
            strcmp(format, views[0].format) != 0 || views[held].len != views[0].len) {
            held++;
            PyErr_SetString(PyExc_TypeError, "arrays must be all of d or all of f, of one length");
            goto done;
        }
    }
    c.single = views[0].format[0] == 'f';
    c.out = views[0].buf;
    c.a = views[1].buf;
    c.b = c.two != NULL ? views[2].buf : NULL;
    const size_t n = (size_t)views[0].len / (c.single ? 4 : 8);
    Py_BEGIN_ALLOW_THREADS run(&c, n);
    Py_END_ALLOW_THREADS Py_INCREF(Py_None);
    result = Py_None;
done:
    while (held > 0) {
        PyBuffer_Release(&views[--held]);
    }
    return result;
}

static PyMethodDef functions[] = {
    {"_vmath_eval", vmath_eval, METH_VARARGS, eval_doc},
    {NULL, NULL, 0, NULL},
};

int fc_init_vmath_debug(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
