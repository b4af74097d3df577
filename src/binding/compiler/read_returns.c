/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Returns under branches, in a reader of code objects: the value of a function is that of each
 * return on its own lanes. Contract in read_code.h; this is finish_returns of _compile/calls.py. */
#include "read_ways.h"

bool read_return(reader *r, read_ways *w)
{
    const item *value = &r->items[r->n_items - 1];
    if (w->n_returns == MAX_RETURNS || value->object == NULL ||
        !(read_type(r, value->object) != 0 || PyTuple_CheckExact(value->object))) {
        return false;
    }
    w->returns[w->n_returns++] =
        (escape){Py_NewRef(r->mask), {Py_NewRef(value->object), value->looped, 0}};
    Py_SETREF(r->mask, Py_NewRef(Py_False));
    return true;
}

enum { MAX_FALSE = 256 };

typedef struct known_false {
    PyObject *values[MAX_FALSE];
    int n;
} known_false;

static bool is_false(const known_false *k, PyObject *value)
{
    for (int i = 0; i < k->n; i++) {
        if (k->values[i] == value) {
            return true;
        }
    }
    return false;
}

static bool note_false(known_false *k, PyObject *value)
{
    if (k->n == MAX_FALSE) {
        return false;
    }
    k->values[k->n++] = value;
    return true;
}

/* What is left of the condition where all that is known is false; NULL if it is true. */
static PyObject *shorter(const reader *r, const known_false *k, PyObject *condition)
{
    const ValObject *val = (ValObject *)condition;
    PyObject *const *args = &PyTuple_GET_ITEM(val->args, 0);
    if (val->op == ir_name(r->state, IR_NOT)) {
        return is_false(k, args[0]) ? NULL : condition;
    }
    if (val->op == ir_name(r->state, IR_AND)) {
        PyObject *x = shorter(r, k, args[0]), *y = shorter(r, k, args[1]);
        return x != NULL && y != NULL ? condition : x != NULL ? x : y;
    }
    if (val->op == ir_name(r->state, IR_ANDN) && is_false(k, args[1])) {
        return shorter(r, k, args[0]);
    }
    return condition;
}

/* _conditions of calls.py: conds[i] (borrowed) for the mask of return i. */
static bool find_conditions(const reader *r, const read_ways *w, PyObject **conds)
{
    known_false k = {.n = 0};
    for (int i = 0; i < w->n_returns - 1; i++) {
        PyObject *mask = w->returns[i].mask;
        PyObject *brief = is_val(r->state, mask) ? shorter(r, &k, mask) : NULL;
        conds[i] = mask;
        if (brief == NULL || ((ValObject *)brief)->home != ((ValObject *)mask)->home) {
            if (!note_false(&k, mask)) {
                return false;
            }
            continue;
        }
        conds[i] = brief;
        int work = k.n + 1;
        if (!note_false(&k, mask) || !note_false(&k, brief)) {
            return false;
        }
        for (; work < k.n; work++) { /* where `p or q` is false, both are */
            const ValObject *val = (ValObject *)k.values[work];
            if (val->op == ir_name(r->state, IR_OR) &&
                (!note_false(&k, PyTuple_GET_ITEM(val->args, 0)) ||
                 !note_false(&k, PyTuple_GET_ITEM(val->args, 1)))) {
                return false;
            }
        }
    }
    return true;
}

static bool are_of_one_type(const reader *r, PyObject *x, PyObject *y)
{
    if (PyTuple_CheckExact(x) && PyTuple_CheckExact(y) &&
        PyTuple_GET_SIZE(x) == PyTuple_GET_SIZE(y)) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(x); i++) {
            if (!are_of_one_type(r, PyTuple_GET_ITEM(x, i), PyTuple_GET_ITEM(y, i))) {
                return false;
            }
        }
        return true;
    }
    return read_type(r, x) != 0 && read_type(r, x) == read_type(r, y);
}

bool read_finish(reader *r, read_ways *w)
{
    PyObject *conds[MAX_RETURNS];
    if (w->n_returns == 0 || w->n_regions != 0 || !find_conditions(r, w, conds)) {
        return false;
    }
    const escape *last = &w->returns[w->n_returns - 1];
    PyObject *value = last->value.object;
    bool looped = last->value.looped;
    Py_SETREF(r->mask, Py_NewRef(last->mask));
    for (int i = w->n_returns - 2; value != NULL && i >= 0; i--) {
        const escape *e = &w->returns[i];
        PyObject *cond = conds[i], *lanes = ir_or(r->b, r->state, r->mask, e->mask);
        if (lanes == NULL) {
            return false;
        }
        Py_SETREF(r->mask, lanes);
        if (is_val(r->state, cond) && !are_of_one_type(r, e->value.object, value)) {
            cond = e->mask; /* a wider one must not select */
        }
        looped = looped || e->value.looped;
        value = read_choose(r, cond, e->value.object, value);
    }
    return read_push(r, Py_XNewRef(value), looped);
}
