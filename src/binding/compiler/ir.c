/* SPDX-License-Identifier: BSD-3-Clause
 *
 * _core.Val and _core.BuilderBase; contract in ir.h and, for the rules, in _compile/ir.py. */
#include "ir.h"

#include <limits.h>
#include <math.h>
#include <structmember.h>

/* ---- Val ---- */

ValObject *ir_new_val(fc_state *state, PyObject *op, PyObject *type, PyObject *args)
{
    PyTypeObject *val_type = (PyTypeObject *)state->val_type;
    ValObject *self = (ValObject *)val_type->tp_alloc(val_type, 0);
    if (self != NULL) {
        self->op = Py_NewRef(op);
        self->type = Py_NewRef(type);
        self->args = Py_NewRef(args);
        self->mask = Py_NewRef(Py_None);
        self->payload = Py_NewRef(Py_None);
        self->home = Py_NewRef(Py_None);
        self->assigns = Py_NewRef(Py_None);
    }
    return self;
}

static int check_args(const fc_state *state, PyObject *args)
{
    if (!PyTuple_CheckExact(args)) {
        PyErr_Format(PyExc_TypeError, "args must be a tuple, not %.200s", Py_TYPE(args)->tp_name);
        return -1;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); i++) {
        if (!is_val(state, PyTuple_GET_ITEM(args, i))) {
            PyErr_Format(PyExc_TypeError, "args[%zd] must be a Val, not %.200s", i,
                         Py_TYPE(PyTuple_GET_ITEM(args, i))->tp_name);
            return -1;
        }
    }
    return 0;
}

static PyObject *Val_new(PyTypeObject *type, PyObject *given, PyObject *keywords)
{
    static char *names[] = {"op",   "type",    "args", "uniform", "imm",
                            "mask", "payload", "line", NULL};
    fc_state *state = fc_state_of_type(type);
    PyObject *op, *letter, *args = NULL, *mask = Py_None, *payload = Py_None;
    int uniform = 0, imm = 0, line = 0;
    if (state == NULL ||
        !PyArg_ParseTupleAndKeywords(given, keywords, "UU|OpiOOi:Val", names, &op, &letter, &args,
                                     &uniform, &imm, &mask, &payload, &line)) {
        return NULL;
    }
    args = args != NULL ? Py_NewRef(args) : PyTuple_New(0);
    ValObject *self = NULL;
    if (args != NULL && check_args(state, args) == 0) {
        self = ir_new_val(state, op, letter, args);
    }
    if (self != NULL) {
        Py_XSETREF(self->mask, Py_NewRef(mask));
        Py_XSETREF(self->payload, Py_NewRef(payload));
        self->uniform = (char)uniform;
        self->imm = imm;
        self->line = line;
    }
    Py_XDECREF(args);
    return (PyObject *)self;
}

static int Val_traverse(ValObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->args);
    Py_VISIT(self->mask);
    Py_VISIT(self->payload);
    Py_VISIT(self->home);
    Py_VISIT(self->assigns);
    return 0; /* the rest are strings */
}

static int Val_clear(ValObject *self)
{
    Py_CLEAR(self->op);
    Py_CLEAR(self->type);
    Py_CLEAR(self->args);
    Py_CLEAR(self->mask);
    Py_CLEAR(self->payload);
    Py_CLEAR(self->home);
    Py_CLEAR(self->assigns);
    return 0;
}

/* Values refer to those they are computed from, in chains as long as the program. */
static void Val_dealloc(ValObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, Val_dealloc) Val_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
    Py_TRASHCAN_END
}

static PyObject *Val_repr(ValObject *self)
{
    return PyUnicode_FromFormat("<%S %S>", self->op, self->type);
}

static PyMemberDef Val_members[] = {
    {"op", T_OBJECT_EX, offsetof(ValObject, op), 0, NULL},
    {"type", T_OBJECT_EX, offsetof(ValObject, type), READONLY, NULL},
    {"args", T_OBJECT_EX, offsetof(ValObject, args), READONLY, NULL},
    {"mask", T_OBJECT_EX, offsetof(ValObject, mask), 0, NULL},
    {"payload", T_OBJECT_EX, offsetof(ValObject, payload), 0, NULL},
    {"home", T_OBJECT_EX, offsetof(ValObject, home), 0, NULL},
    {"assigns", T_OBJECT_EX, offsetof(ValObject, assigns), 0, NULL},
    {"imm", T_INT, offsetof(ValObject, imm), 0, NULL},
    {"line", T_INT, offsetof(ValObject, line), 0, NULL},
    {"uniform", T_BOOL, offsetof(ValObject, uniform), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot Val_slots[] = {
    {Py_tp_doc, (void *)"Val(op, type, args=(), uniform=False, imm=0, mask=None, payload=None, "
                        "line=0)\n--\n\nAn instruction, and the value it computes."},
    {Py_tp_new, Val_new},
    {Py_tp_dealloc, Val_dealloc},
    {Py_tp_traverse, Val_traverse},
    {Py_tp_clear, Val_clear},
    {Py_tp_repr, Val_repr},
    {Py_tp_members, Val_members},
    {0, NULL},
};

static PyType_Spec Val_spec = {"fastconc._core.Val", sizeof(ValObject), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, Val_slots};

/* ---- Builder ---- */

static int check_builder(const BuilderObject *b)
{
    if (b->masked != NULL && b->fl != NULL && b->home != NULL && b->scope != NULL &&
        b->scopes != NULL && b->block != NULL && b->consts != NULL && PyAnySet_Check(b->masked) &&
        PyDict_CheckExact(b->scope) && PyList_CheckExact(b->scopes) &&
        PyList_CheckExact(b->block) && PyDict_CheckExact(b->consts)) {
        return 0;
    }
    PyErr_SetString(PyExc_TypeError, "a Builder that is not set up");
    return -1;
}

static int builder_append(BuilderObject *b, ValObject *val)
{
    if (++b->n_instructions > b->limit) {
        PyObject *raised = PyObject_CallMethod((PyObject *)b, "too_long", NULL);
        Py_XDECREF(raised);
        return -1;
    }
    Py_XSETREF(val->home, Py_NewRef(b->home));
    return PyList_Append(b->block, (PyObject *)val);
}

/* The value under `key` in the open scopes, the innermost first: a new reference, or NULL with an
 * exception or without. The VM's compilers run under one lock or one thread: nobody else has b. */
static PyObject *find_value(const BuilderObject *b, PyObject *key)
{
    PyObject *found = NULL;
    for (Py_ssize_t i = PyList_GET_SIZE(b->scopes); found == NULL && i-- > 0;) {
        PyObject *scope = PyList_GET_ITEM(b->scopes, i);
        if (!PyDict_CheckExact(scope)) {
            continue;
        }
        found = PyDict_GetItemWithError(scope, key);
        if (found == NULL && PyErr_Occurred()) {
            return NULL;
        }
    }
    return Py_XNewRef(found);
}

static PyObject *key_of(PyObject *op, PyObject *args, int imm, PyObject *mask)
{
    PyObject *number = PyLong_FromLong(imm);
    PyObject *key = number != NULL ? PyTuple_Pack(4, op, args, number, mask) : NULL;
    Py_XDECREF(number);
    return key;
}

PyObject *ir_emit(BuilderObject *b, fc_state *state, PyObject *op, PyObject *type, PyObject *args,
                  int imm, PyObject *mask)
{
    if (mask != Py_None) {
        int takes_one = PySet_Contains(b->masked, op);
        if (takes_one < 0) {
            return NULL;
        }
        mask = takes_one ? mask : Py_None;
    }
    if (mask != Py_None && !is_val(state, mask)) {
        return PyErr_Format(PyExc_TypeError, "mask must be None or a Val, not %R", mask);
    }
    /* An equal value without a mask serves as well. */
    PyObject *key = key_of(op, args, imm, Py_None), *found = NULL;
    if (key == NULL || (found = find_value(b, key)) != NULL || PyErr_Occurred()) {
        Py_XDECREF(key);
        return found;
    }
    if (mask != Py_None) {
        Py_SETREF(key, key_of(op, args, imm, mask));
        if (key == NULL || (found = find_value(b, key)) != NULL || PyErr_Occurred()) {
            Py_XDECREF(key);
            return found;
        }
    }
    bool uniform = true;
    for (Py_ssize_t i = 0; uniform && i < PyTuple_GET_SIZE(args); i++) {
        uniform = ((ValObject *)PyTuple_GET_ITEM(args, i))->uniform;
    }
    Py_INCREF(mask);
    if (mask != Py_None && uniform && !((ValObject *)mask)->uniform) {
        PyObject *any = ir_name(state, IR_ANY), *one = PyTuple_Pack(1, mask);
        PyObject *some =
            one != NULL ? ir_emit(b, state, any, ir_name(state, IR_B), one, 0, Py_None) : NULL;
        Py_XDECREF(one);
        Py_SETREF(mask, some);
        if (some == NULL) {
            Py_DECREF(key);
            return NULL;
        }
    }
    uniform = uniform || PyUnicode_Compare(op, ir_name(state, IR_ANY)) == 0 ||
              PyUnicode_Compare(op, ir_name(state, IR_ALL)) == 0;
    ValObject *val = ir_new_val(state, op, type, args);
    if (val != NULL) {
        Py_SETREF(val->mask, Py_NewRef(mask));
        val->imm = imm;
        val->line = b->line;
        val->uniform = uniform;
        if (PyDict_SetItem(b->scope, key, (PyObject *)val) < 0 || builder_append(b, val) < 0) {
            Py_CLEAR(val);
        }
    }
    Py_DECREF(mask);
    Py_DECREF(key);
    return (PyObject *)val;
}

/* ---- constants and operators of floats ---- */

/* Zeros and nans have more than one form: their bits are the key. */
static PyObject *key_of_const(PyObject *type, PyObject *value)
{
    if (PyFloat_CheckExact(value)) {
        double number = PyFloat_AS_DOUBLE(value);
        if (number == 0 || isnan(number)) {
            PyObject *bits = PyBytes_FromStringAndSize((const char *)&number, sizeof number);
            PyObject *key = bits != NULL ? PyTuple_Pack(2, type, bits) : NULL;
            Py_XDECREF(bits);
            return key;
        }
    }
    return PyTuple_Pack(2, type, value);
}

PyObject *ir_const(BuilderObject *b, fc_state *state, PyObject *value, PyObject *type)
{
    PyObject *key = key_of_const(type, value), *empty = NULL;
    ValObject *val = NULL;
    if (key == NULL) {
        return NULL;
    }
    PyObject *found = PyDict_GetItemWithError(b->consts, key);
    if (found != NULL || PyErr_Occurred()) {
        Py_DECREF(key);
        return Py_XNewRef(found);
    }
    empty = PyTuple_New(0);
    val = empty != NULL ? ir_new_val(state, ir_name(state, IR_CONST), type, empty) : NULL;
    if (val != NULL) {
        Py_SETREF(val->payload, Py_NewRef(value));
        val->uniform = 1;
        if (PyDict_SetItem(b->consts, key, (PyObject *)val) < 0) {
            Py_CLEAR(val);
        }
    }
    Py_XDECREF(empty);
    Py_DECREF(key);
    return (PyObject *)val;
}

PyObject *ir_float(BuilderObject *b, fc_state *state, PyObject *value)
{
    if (is_val(state, value)) {
        return PyUnicode_Compare(((ValObject *)value)->type, b->fl) == 0 ? Py_NewRef(value) : NULL;
    }
    if (PyFloat_CheckExact(value)) {
        return ir_const(b, state, value, b->fl);
    }
    if (!PyLong_CheckExact(value)) {
        return NULL;
    }
    int overflow;
    long long whole = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow != 0 || whole > (1LL << 53) || whole < -(1LL << 53)) {
        return NULL;
    }
    PyObject *number = PyFloat_FromDouble((double)whole);
    PyObject *val = number != NULL ? ir_const(b, state, number, b->fl) : NULL;
    Py_XDECREF(number);
    return val;
}

static bool is_const(const fc_state *state, const ValObject *val, double *number)
{
    if (val->op != ir_name(state, IR_CONST) || !PyFloat_CheckExact(val->payload)) {
        return false;
    }
    *number = PyFloat_AS_DOUBLE(val->payload);
    return true;
}

PyObject *ir_binary(BuilderObject *b, fc_state *state, const char *op, PyObject *p, PyObject *q)
{
    double left = NAN, right = NAN;
    const bool left_known = is_const(state, (ValObject *)p, &left);
    const bool right_known = is_const(state, (ValObject *)q, &right);
    const int shift = PyUnicode_Compare(b->fl, ir_name(state, IR_F)) == 0 ? IR_FLOAT32 : 0;
    PyObject *type = b->fl, *scale = NULL;
    int name;
    if (strcmp(op, "**") == 0) {
        if (!right_known || (right != 2 && right != 3)) {
            Py_RETURN_NONE;
        }
        name = right == 2 ? IR_SQUARE : IR_CUBE;
    } else if (op[0] == '*') {
        if (right_known && right == 1) {
            return Py_NewRef(p);
        }
        if (left_known && left == 1) {
            return Py_NewRef(q);
        }
        name = p == q ? IR_SQUARE : IR_MUL;
    } else if (op[0] == '+') {
        name = IR_ADD;
    } else if (op[0] == '-') {
        if (right_known && right == 0 && !signbit(right)) {
            return Py_NewRef(p);
        }
        name = IR_SUB;
    } else if (op[0] == '/') {
        if (right_known && right == 1) {
            return Py_NewRef(p);
        }
        name = IR_DIV;
        int exponent;
        if (right_known && fabs(frexp(right, &exponent)) == 0.5 && abs(exponent) < 120) {
            /* by a power of two: the product is as exact */
            PyObject *inverse = PyFloat_FromDouble(1 / right);
            scale = inverse != NULL ? ir_const(b, state, inverse, b->fl) : NULL;
            Py_XDECREF(inverse);
            if (scale == NULL) {
                return NULL;
            }
            q = scale;
            name = IR_MUL;
        }
    } else {
        name = op[0] == '!' ? IR_NE : op[0] == '=' ? IR_EQ : op[1] == '=' ? IR_LE : IR_LT;
        if (op[0] == '>') {
            PyObject *other = p;
            p = q;
            q = other;
        }
        type = ir_name(state, IR_B);
    }
    PyObject *args =
        name == IR_SQUARE || name == IR_CUBE ? PyTuple_Pack(1, p) : PyTuple_Pack(2, p, q);
    PyObject *val = NULL;
    if (args != NULL) {
        val = ir_emit(b, state, ir_name(state, name + shift), type, args, 0, Py_None);
    }
    Py_XDECREF(args);
    Py_XDECREF(scale);
    return val;
}

int ir_raise_if(BuilderObject *b, fc_state *state, PyObject *condition, int status, PyObject *mask)
{
    PyObject *lanes = ir_and(b, state, condition, mask), *one = NULL, *name = NULL, *args = NULL;
    ValObject *val = NULL;
    int done = -1;
    if (lanes == Py_False) {
        Py_DECREF(lanes);
        return 0;
    }
    if (lanes == Py_True && (one = PyLong_FromLong(1)) != NULL) {
        Py_SETREF(lanes, ir_const(b, state, one, ir_name(state, IR_B)));
    }
    PyObject *nothing = PyUnicode_InternFromString("");
    name = PyUnicode_InternFromString("RAISE_IF");
    args = lanes != NULL ? PyTuple_Pack(1, lanes) : NULL;
    if (name != NULL && nothing != NULL && args != NULL) {
        val = ir_new_val(state, name, nothing, args);
    }
    if (val != NULL) {
        val->imm = status;
        val->line = b->line;
        done = builder_append(b, val);
    }
    Py_XDECREF(val);
    Py_XDECREF(args);
    Py_XDECREF(name);
    Py_XDECREF(nothing);
    Py_XDECREF(one);
    Py_XDECREF(lanes);
    return done;
}

/* ---- methods ---- */

PyDoc_STRVAR(emit_doc,
             "emit($self, op, type, args, /, imm=0, mask=None)\n--\n\n"
             "The value of op on args; an equal one that dominates this place is taken again.");

static PyObject *Builder_emit(PyObject *self, PyTypeObject *cls, PyObject *const *given,
                              Py_ssize_t count, PyObject *keywords)
{
    BuilderObject *b = (BuilderObject *)self;
    fc_state *state = PyType_GetModuleState(cls);
    PyObject *mask = count > 4 ? given[4] : Py_None, *number = count > 3 ? given[3] : NULL;
    const Py_ssize_t n_keywords = keywords != NULL ? PyTuple_GET_SIZE(keywords) : 0;
    for (Py_ssize_t i = 0; i < n_keywords; i++) {
        PyObject *name = PyTuple_GET_ITEM(keywords, i);
        if (PyUnicode_CompareWithASCIIString(name, "mask") == 0) {
            mask = given[count + i];
        } else if (PyUnicode_CompareWithASCIIString(name, "imm") == 0) {
            number = given[count + i];
        } else {
            return PyErr_Format(PyExc_TypeError, "emit() got an unexpected argument %R", name);
        }
    }
    if (count < 3 || count > 5 || !PyUnicode_Check(given[0]) || !PyUnicode_Check(given[1])) {
        return PyErr_Format(PyExc_TypeError, "emit() takes op, type, args, imm and mask");
    }
    long imm = number != NULL ? PyLong_AsLong(number) : 0;
    if ((imm == -1 && PyErr_Occurred()) || check_args(state, given[2]) < 0 ||
        check_builder(b) < 0) {
        return NULL;
    }
    if (imm != (int)imm) {
        return PyErr_Format(PyExc_ValueError, "imm must fit into 32 bits, not %ld", imm);
    }
    return ir_emit(b, state, given[0], given[1], given[2], (int)imm, mask);
}

PyDoc_STRVAR(append_doc, "append($self, val, /)\n--\n\nPut a value into the open block.");

static PyObject *Builder_append(PyObject *self, PyTypeObject *cls, PyObject *const *given,
                                Py_ssize_t count, PyObject *keywords)
{
    if (count != 1 || keywords != NULL || !is_val(PyType_GetModuleState(cls), given[0])) {
        return PyErr_Format(PyExc_TypeError, "append() takes a Val");
    }
    if (check_builder((BuilderObject *)self) < 0 ||
        builder_append((BuilderObject *)self, (ValObject *)given[0]) < 0) {
        return NULL;
    }
    return Py_NewRef(given[0]);
}

PyDoc_STRVAR(known_doc, "known($self, value, type, /)\n--\n\n"
                        "A constant: a float of type D or F, an int of type I or B.");

static PyObject *Builder_known(PyObject *self, PyTypeObject *cls, PyObject *const *given,
                               Py_ssize_t count, PyObject *keywords)
{
    if (count != 2 || keywords != NULL || !PyUnicode_Check(given[1])) {
        return PyErr_Format(PyExc_TypeError, "known() takes a value and a type");
    }
    return check_builder((BuilderObject *)self) < 0
               ? NULL
               : ir_const((BuilderObject *)self, PyType_GetModuleState(cls), given[0], given[1]);
}

PyDoc_STRVAR(
    binary_doc,
    "binary($self, op, x, y, /)\n--\n\n"
    "x op y for one of + - * / < <= > >= == != where both are floats, or ints that are floats\n"
    "exactly, and one at least is a Val; also ** 2 and ** 3; else None.");

static PyObject *Builder_binary(PyObject *self, PyTypeObject *cls, PyObject *const *given,
                                Py_ssize_t count, PyObject *keywords)
{
    BuilderObject *b = (BuilderObject *)self;
    fc_state *state = PyType_GetModuleState(cls);
    const char *op = count == 3 && keywords == NULL ? PyUnicode_AsUTF8(given[0]) : "";
    if (op == NULL || check_builder(b) < 0) {
        return NULL;
    }
    if (op[0] == 0) {
        return PyErr_Format(PyExc_TypeError, "binary() takes op, x and y");
    }
    const bool compares = strchr("<>=!", op[0]) != NULL && (op[1] == 0 || op[1] == '=');
    if ((!compares && strcmp(op, "**") != 0 && (op[1] != 0 || strchr("+-*/", op[0]) == NULL)) ||
        strcmp(op, "<<") == 0 || (!is_val(state, given[1]) && !is_val(state, given[2]))) {
        Py_RETURN_NONE;
    }
    PyObject *p = ir_float(b, state, given[1]), *val = NULL;
    PyObject *q = p != NULL ? ir_float(b, state, given[2]) : NULL;
    if (q != NULL) {
        val = ir_binary(b, state, op, p, q);
    } else if (!PyErr_Occurred()) {
        val = Py_NewRef(Py_None);
    }
    Py_XDECREF(p);
    Py_XDECREF(q);
    return val;
}

/* Whether x is True, False or a Val; TypeError if not. */
static bool check_bool(const fc_state *state, PyObject *x)
{
    if (PyBool_Check(x) || is_val(state, x)) {
        return true;
    }
    PyErr_Format(PyExc_TypeError, "a bool or a Val is wanted, not %.200s", Py_TYPE(x)->tp_name);
    return false;
}

#define LOGIC(function)                                                                            \
    static PyObject *Builder_##function(PyObject *self, PyTypeObject *cls, PyObject *const *given, \
                                        Py_ssize_t count, PyObject *keywords)                      \
    {                                                                                              \
        fc_state *state = PyType_GetModuleState(cls);                                              \
        if (count != 2 || keywords != NULL) {                                                      \
            return PyErr_Format(PyExc_TypeError, "two bools are wanted");                          \
        }                                                                                          \
        return check_builder((BuilderObject *)self) == 0 && check_bool(state, given[0]) &&         \
                       check_bool(state, given[1])                                                 \
                   ? ir_##function((BuilderObject *)self, state, given[0], given[1])               \
                   : NULL;                                                                         \
    }

LOGIC(and)
LOGIC(or)
LOGIC(andn)

static PyObject *Builder_not(PyObject *self, PyTypeObject *cls, PyObject *const *given,
                             Py_ssize_t count, PyObject *keywords)
{
    fc_state *state = PyType_GetModuleState(cls);
    if (count != 1 || keywords != NULL) {
        return PyErr_Format(PyExc_TypeError, "one bool is wanted");
    }
    return check_builder((BuilderObject *)self) == 0 && check_bool(state, given[0])
               ? ir_not((BuilderObject *)self, state, given[0])
               : NULL;
}

static int Builder_traverse(BuilderObject *b, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(b));
    Py_VISIT(b->masked);
    Py_VISIT(b->body);
    Py_VISIT(b->block);
    Py_VISIT(b->home);
    Py_VISIT(b->scope);
    Py_VISIT(b->scopes);
    Py_VISIT(b->consts);
    return 0;
}

static int Builder_clear(BuilderObject *b)
{
    Py_CLEAR(b->fl);
    Py_CLEAR(b->masked);
    Py_CLEAR(b->body);
    Py_CLEAR(b->block);
    Py_CLEAR(b->home);
    Py_CLEAR(b->scope);
    Py_CLEAR(b->scopes);
    Py_CLEAR(b->consts);
    return 0;
}

static void Builder_dealloc(BuilderObject *b)
{
    PyTypeObject *type = Py_TYPE(b);
    PyObject_GC_UnTrack(b);
    Builder_clear(b);
    type->tp_free(b);
    Py_DECREF(type);
}

#define METHOD(function)                                                                           \
    (PyCFunction)(void (*)(void))(function), METH_METHOD | METH_FASTCALL | METH_KEYWORDS

static PyMethodDef Builder_methods[] = {
    {"emit", METHOD(Builder_emit), emit_doc},
    {"append", METHOD(Builder_append), append_doc},
    {"known", METHOD(Builder_known), known_doc},
    {"binary", METHOD(Builder_binary), binary_doc},
    {"and_", METHOD(Builder_and), "and_($self, x, y, /)\n--\n\nx and y; bools or Vals of type B."},
    {"or_", METHOD(Builder_or), "or_($self, x, y, /)\n--\n\nx or y"},
    {"not_", METHOD(Builder_not), "not_($self, x, /)\n--\n\nnot x"},
    {"andn", METHOD(Builder_andn), "andn($self, x, y, /)\n--\n\nx and not y"},
    {NULL, NULL, 0, NULL},
};

#define OBJECT(name) {#name, T_OBJECT_EX, offsetof(BuilderObject, name), 0, NULL}

static PyMemberDef Builder_members[] = {
    OBJECT(fl),
    OBJECT(masked),
    OBJECT(body),
    OBJECT(block),
    OBJECT(home),
    OBJECT(scope),
    OBJECT(scopes),
    OBJECT(consts),
    {"line", T_INT, offsetof(BuilderObject, line), 0, NULL},
    {"n_instructions", T_INT, offsetof(BuilderObject, n_instructions), 0, NULL},
    {"limit", T_INT, offsetof(BuilderObject, limit), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot Builder_slots[] = {
    {Py_tp_doc, (void *)"BuilderBase()\n--\n\nWhat makes Vals; ir.Builder sets its attributes."},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_dealloc, Builder_dealloc},
    {Py_tp_traverse, Builder_traverse},
    {Py_tp_clear, Builder_clear},
    {Py_tp_methods, Builder_methods},
    {Py_tp_members, Builder_members},
    {0, NULL},
};

static PyType_Spec Builder_spec = {"fastconc._core.BuilderBase", sizeof(BuilderObject), 0,
                                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
                                   Builder_slots};

BuilderObject *ir_new_builder(fc_state *state)
{
    PyTypeObject *type = (PyTypeObject *)state->builder_type;
    BuilderObject *b = (BuilderObject *)type->tp_alloc(type, 0);
    if (b == NULL) {
        return NULL;
    }
    b->fl = Py_NewRef(ir_name(state, IR_D));
    b->masked = PyFrozenSet_New(NULL);
    b->body = PyList_New(0);
    b->block = Py_XNewRef(b->body);
    b->home = Py_NewRef(Py_None);
    b->scope = PyDict_New();
    b->scopes = PyList_New(0);
    b->consts = PyDict_New();
    b->limit = INT_MAX;
    if (b->masked == NULL || b->body == NULL || b->scope == NULL || b->scopes == NULL ||
        b->consts == NULL || PyList_Append(b->scopes, b->scope) < 0) {
        Py_CLEAR(b);
    }
    return b;
}

int fc_init_ir(PyObject *module)
{
    static const char *const names[IR_N_NAMES + IR_FLOAT32] = {
        "ANY_B",    "ALL_B",    "B",     "CONST",    "D",      "F",          "I",      "INPUT",
        "I_B",      "D_I",      "NEG_D", "POW_D",    "MOD_D",  "FLOORDIV_D", "SQRT_D", "ABS_D",
        "SELECT_D", "SELECT_B", "B_D",   "AND_B",    "OR_B",   "NOT_B",      "ANDN_B", "ADD_D",
        "SUB_D",    "MUL_D",    "DIV_D", "SQUARE_D", "CUBE_D", "LT_D",       "LE_D",   "EQ_D",
        "NE_D",     "ADD_F",    "SUB_F", "MUL_F",    "DIV_F",  "SQUARE_F",   "CUBE_F", "LT_F",
        "LE_F",     "EQ_F",     "NE_F",
    };
    fc_state *state = fc_state_of_module(module);
    PyObject *tuple = state->ir_names = PyTuple_New(IR_N_NAMES + IR_FLOAT32);
    for (int i = 0; tuple != NULL && i < IR_N_NAMES + IR_FLOAT32; i++) {
        PyObject *name = PyUnicode_InternFromString(names[i]);
        if (name == NULL) {
            return -1;
        }
        PyTuple_SET_ITEM(tuple, i, name);
    }
    state->val_type = tuple != NULL ? PyType_FromModuleAndSpec(module, &Val_spec, NULL) : NULL;
    if (state->val_type == NULL || PyModule_AddType(module, (PyTypeObject *)state->val_type) < 0) {
        return -1;
    }
    state->builder_type = PyType_FromModuleAndSpec(module, &Builder_spec, NULL);
    return state->builder_type != NULL
               ? PyModule_AddType(module, (PyTypeObject *)state->builder_type)
               : -1;
}
