/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Logic of what is known now, or a Val at run time; contract in ir.h. What the masks of branches
 * are made of, so shorter forms matter: a mask parted and joined again is the mask of before. */
#include "ir.h"

static bool has_op(const fc_state *state, PyObject *x, int name)
{
    /* (most names are interned, but not those of user code's Vals) */
    return is_val(state, x) && (((ValObject *)x)->op == ir_name(state, name) ||
                                PyUnicode_Compare(((ValObject *)x)->op, ir_name(state, name)) == 0);
}

static PyObject *arg(PyObject *x, Py_ssize_t i)
{
    return PyTuple_GET_ITEM(((ValObject *)x)->args, i);
}

static PyObject *emit_bool(BuilderObject *b, fc_state *state, int name, PyObject *x, PyObject *y)
{
    PyObject *args = y != NULL ? PyTuple_Pack(2, x, y) : PyTuple_Pack(1, x), *val = NULL;
    if (args != NULL) {
        val = ir_emit(b, state, ir_name(state, name), ir_name(state, IR_B), args, 0, Py_None);
        Py_DECREF(args);
    }
    return val;
}

PyObject *ir_and(BuilderObject *b, fc_state *state, PyObject *x, PyObject *y)
{
    if (x == Py_True) {
        return Py_NewRef(y);
    }
    if (y == Py_True || x == y) {
        return Py_NewRef(x);
    }
    if (x == Py_False || y == Py_False) {
        return Py_NewRef(Py_False);
    }
    if (has_op(state, x, IR_AND) && (arg(x, 0) == y || arg(x, 1) == y)) {
        return Py_NewRef(x);
    }
    if (has_op(state, y, IR_AND) && (arg(y, 0) == x || arg(y, 1) == x)) {
        return Py_NewRef(y);
    }
    return emit_bool(b, state, IR_AND, x, y);
}

/* p or q where that is shorter; NULL where it is not, without an exception. */
static PyObject *or_shorter(BuilderObject *b, fc_state *state, PyObject *p, PyObject *q)
{
    if (has_op(state, p, IR_ANDN)) {
        /* (m and c) or (m and not c) */
        PyObject *m = arg(p, 0), *c = arg(p, 1);
        const bool and = has_op(state, q, IR_AND);
        if (q == m ||
            (and&&((arg(q, 0) == m && arg(q, 1) == c) || (arg(q, 0) == c && arg(q, 1) == m)))) {
            return Py_NewRef(m);
        }
    } else if (has_op(state, p, IR_NOT)) {
        return arg(p, 0) == q ? Py_NewRef(Py_True) : NULL;
    } else if (has_op(state, p, IR_AND)) { /* q or (not q and c) */
        for (int i = 0; i < 2; i++) {
            if (has_op(state, arg(p, i), IR_NOT) && arg(arg(p, i), 0) == q) {
                return ir_or(b, state, q, arg(p, 1 - i));
            }
        }
    }
    return NULL;
}

PyObject *ir_or(BuilderObject *b, fc_state *state, PyObject *x, PyObject *y)
{
    if (x == Py_False) {
        return Py_NewRef(y);
    }
    if (y == Py_False || x == y) {
        return Py_NewRef(x);
    }
    if (x == Py_True || y == Py_True) {
        return Py_NewRef(Py_True);
    }
    PyObject *shorter = or_shorter(b, state, x, y);
    if (shorter == NULL && !PyErr_Occurred()) {
        shorter = or_shorter(b, state, y, x);
    }
    return shorter != NULL || PyErr_Occurred() ? shorter : emit_bool(b, state, IR_OR, x, y);
}

PyObject *ir_not(BuilderObject *b, fc_state *state, PyObject *x)
{
    if (PyBool_Check(x)) {
        return PyBool_FromLong(x == Py_False);
    }
    return has_op(state, x, IR_NOT) ? Py_NewRef(arg(x, 0)) : emit_bool(b, state, IR_NOT, x, NULL);
}

PyObject *ir_andn(BuilderObject *b, fc_state *state, PyObject *x, PyObject *y)
{
    if (x == Py_False || y == Py_True || x == y) {
        return Py_NewRef(Py_False);
    }
    if (y == Py_False) {
        return Py_NewRef(x);
    }
    if (x == Py_True) {
        return ir_not(b, state, y);
    }
    return has_op(state, y, IR_NOT) ? ir_and(b, state, x, arg(y, 0))
                                    : emit_bool(b, state, IR_ANDN, x, y);
}
