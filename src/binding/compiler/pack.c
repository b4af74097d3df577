/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The compiler's last steps for programs without jumps, as most are: what emit.py does for any, in
 * a tenth of its time, which would be the larger part of compiling a short function.
 *
 *     read      the list of Vals (_compile/ir.py) becomes an array of values that know each other
 *               by index; a pointer table finds them
 *     live      from the end: what nobody reads stays out, unless it may raise; each value's last
 *               reader
 *     order     a comparison that only a selection reads goes right before it
 *     allocate  registers by lifetime: an operand's is free for the result when it is read last
 *     write     the bytes (src/core/vm/fc_program.h)
 *
 * Anything else than such a list gives None, and emit.py does the work. */
#include "ir.h"

#include <stdint.h>
#include <string.h>

#include "fc_alloc.h"

#define NO_REGISTER 0xFFFF
#define MAX_REGISTERS 4096
#define MAX_ARGS 3
#define N_CLASSES 8 /* of registers: four types, varying or uniform */

/* What the table of opcodes tells beside the number, as in emit.py. */
enum { OP_ROOT = 1 << 16, OP_COMPARISON = 1 << 17, OP_SELECTION = 1 << 18 };

typedef struct value {
    PyObject *object; /* borrowed: the lists hold it, or a Val's args */
    long op;          /* the opcode's number and flags; of inputs and constants -1 */
    int64_t bits;     /* the immediate; of a constant its bits */
    int args[MAX_ARGS], n_args, mask; /* indices of values; mask -1: none */
    int last;                         /* position of the last reader; -1: not read */
    int readers, reg;
    int8_t type; /* as in the program, -1 without result */
    bool uniform, constant, live, moved;
} value;

typedef struct packer {
    const fc_state *state;
    PyObject *opcodes;
    value *values;
    int n_values;
    int32_t *slots; /* open addressing by the object's address: index + 1 */
    size_t n_slots;
    int *order, n_order; /* of the program's instructions: indices of values */
    int most_registers;
} packer;

static size_t slot_of(const packer *p, const PyObject *object)
{
    size_t slot = (size_t)(((uintptr_t)object >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 20);
    for (slot &= p->n_slots - 1; p->slots[slot] != 0; slot = (slot + 1) & (p->n_slots - 1)) {
        if (p->values[p->slots[slot] - 1].object == object) {
            break;
        }
    }
    return slot;
}

/* The type's number, -1 for "", which is what has no result. */
static int type_of(const ValObject *val)
{
    const char *letters = PyUnicode_GET_LENGTH(val->type) > 0 ? PyUnicode_AsUTF8(val->type) : NULL;
    const char *found = letters != NULL ? strchr("DFIB", letters[0]) : NULL;
    return found != NULL ? (int)(found - "DFIB") : -1;
}

static int read_payload(const ValObject *val, value *v)
{
    if (v->type <= 1) {
        double number = PyFloat_AsDouble(val->payload);
        memcpy(&v->bits, &number, sizeof number);
    } else {
        v->bits = PyLong_AsLongLong(val->payload);
    }
    return PyErr_Occurred() ? -1 : 0;
}

static value *add_value(packer *p, PyObject *object)
{
    const size_t slot = slot_of(p, object);
    const ValObject *val = (const ValObject *)object;
    value *v = &p->values[p->n_values];
    *v = (value){.object = object, .op = -1, .mask = -1, .last = -1, .reg = -1};
    v->type = (int8_t)type_of(val);
    v->uniform = val->uniform;
    p->slots[slot] = ++p->n_values;
    return v;
}

/* The index of an operand, which is an input, a constant or the result of an instruction before;
 * -1 for anything else, with an exception or without. What has no result is no operand. */
static int operand(packer *p, PyObject *object)
{
    const int32_t known = p->slots[slot_of(p, object)];
    if (known != 0) {
        return p->values[known - 1].type >= 0 ? known - 1 : -1;
    }
    if (!is_val(p->state, object) || !PyUnicode_Check(((ValObject *)object)->op) ||
        PyUnicode_CompareWithASCIIString(((ValObject *)object)->op, "CONST") != 0) {
        return -1;
    }
    value *v = add_value(p, object);
    if (v->type < 0 || read_payload((ValObject *)object, v) < 0) {
        return -1;
    }
    v->constant = true;
    return p->n_values - 1;
}

/* 1, or 0 where it is not for us, or -1 with an exception. */
static int read_instruction(packer *p, PyObject *object)
{
    const ValObject *val = (const ValObject *)object;
    int args[MAX_ARGS], n_args = 0, mask = -1;
    PyObject *info = PyDict_GetItemWithError(p->opcodes, val->op);
    if (info == NULL || PyTuple_GET_SIZE(val->args) > MAX_ARGS) {
        return PyErr_Occurred() ? -1 : 0;
    }
    for (; n_args < PyTuple_GET_SIZE(val->args); n_args++) {
        args[n_args] = operand(p, PyTuple_GET_ITEM(val->args, n_args));
        if (args[n_args] < 0) {
            return PyErr_Occurred() ? -1 : 0;
        }
    }
    if (val->mask != Py_None && (mask = operand(p, val->mask)) < 0) {
        return PyErr_Occurred() ? -1 : 0;
    }
    value *v = add_value(p, object);
    v->op = PyLong_AsLong(info);
    v->bits = val->imm;
    v->n_args = n_args;
    memcpy(v->args, args, sizeof args);
    v->mask = mask;
    return PyErr_Occurred() ? -1 : 1;
}

static void count_reader(packer *p, int index)
{
    p->values[index].readers++;
    p->values[index].live = true;
}

/* What is read, and by how many. `body` are the values of the instructions, in order. */
static void find_live(packer *p, const int *body, int n_body, const int *outputs, int n_outputs)
{
    for (int i = 0; i < n_outputs; i++) {
        count_reader(p, outputs[i]);
    }
    for (int i = n_body; i-- > 0;) {
        value *v = &p->values[body[i]];
        v->live = v->live || (v->op & OP_ROOT) != 0;
        for (int k = 0; v->live && k < v->n_args; k++) {
            count_reader(p, v->args[k]);
        }
        if (v->live && v->mask >= 0) {
            count_reader(p, v->mask);
        }
    }
}

/* The comparison that the VM can do together with the selection v, or NULL. */
static value *compared_for(packer *p, const value *v)
{
    if ((v->op & OP_SELECTION) == 0 || v->n_args != 3) {
        return NULL;
    }
    value *condition = &p->values[v->args[2]];
    return !condition->uniform && condition->op >= 0 && (condition->op & OP_COMPARISON) != 0 &&
                   condition->readers == 1
               ? condition
               : NULL;
}

static void find_order(packer *p, const int *body, int n_body)
{
    for (int i = 0; i < n_body; i++) {
        value *v = &p->values[body[i]], *condition = v->live ? compared_for(p, v) : NULL;
        if (condition != NULL) {
            condition->moved = true;
        }
    }
    for (int i = 0; i < n_body; i++) {
        value *v = &p->values[body[i]];
        if (!v->live || v->moved) {
            continue;
        }
        value *condition = compared_for(p, v);
        if (condition != NULL) {
            p->order[p->n_order++] = (int)(condition - p->values);
        }
        p->order[p->n_order++] = body[i];
    }
}

/* Lifetimes in the final order, then registers behind the first `n` ones; their number. */
static int allocate(packer *p, int n, const int *outputs, int n_outputs, int *owners, int *heads,
                    int *next)
{
    /* The free registers of each class are a list from heads[class] through next[register]. */
    for (int c = 0; c < N_CLASSES; c++) {
        heads[c] = -1;
    }
    for (int i = 0; i < p->n_order; i++) {
        const value *v = &p->values[p->order[i]];
        for (int k = 0; k < v->n_args; k++) {
            p->values[v->args[k]].last = i;
        }
        if (v->mask >= 0) {
            p->values[v->mask].last = i;
        }
    }
    for (int i = 0; i < n_outputs; i++) {
        p->values[outputs[i]].last = p->n_order;
    }
    for (int i = 0; i < p->n_order; i++) {
        value *v = &p->values[p->order[i]];
        for (int k = 0; k <= v->n_args; k++) {
            const int index = k < v->n_args ? v->args[k] : v->mask;
            value *read = index >= 0 ? &p->values[index] : NULL;
            if (read != NULL && !read->constant && read->last == i) {
                const int class = read->type * 2 + read->uniform;
                next[read->reg] = heads[class];
                heads[class] = read->reg;
                read->last = -1; /* it may be an operand twice */
            }
        }
        if (v->type < 0) {
            continue;
        }
        const int class = v->type * 2 + v->uniform;
        if (heads[class] >= 0) {
            v->reg = heads[class];
            heads[class] = next[v->reg];
        } else if (n < p->most_registers) {
            owners[n] = p->order[i];
            v->reg = n++;
        } else {
            return -1;
        }
        if (v->readers == 0) { /* it is there for what it may raise */
            next[v->reg] = heads[class];
            heads[class] = v->reg;
        }
    }
    return n;
}

static uint8_t *put(uint8_t *at, uint64_t number, int size)
{
    for (int i = 0; i < size; i++) {
        *at++ = (uint8_t)(number >> 8 * i);
    }
    return at;
}

static PyObject *write_program(const packer *p, const int *owners, int n_registers,
                               const int *inputs, int n_inputs, const int *outputs, int n_outputs,
                               PyObject *tables, long flags, long end)
{
    int n_constants = 0;
    for (int r = 0; r < n_registers; r++) {
        n_constants += p->values[owners[r]].constant;
    }
    const Py_ssize_t n_tables = PyBytes_GET_SIZE(tables);
    const Py_ssize_t size = 24 + 8 * ((Py_ssize_t)n_registers + n_constants) +
                            2 * ((Py_ssize_t)n_inputs + n_outputs) + n_tables +
                            16 * ((Py_ssize_t)p->n_order + 1);
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, size);
    if (bytes == NULL) {
        return NULL;
    }
    uint8_t *at = (uint8_t *)PyBytes_AS_STRING(bytes);
    memcpy(at, "FCP1", 4);
    at = put(at + 4, (uint64_t)n_registers, 2);
    at = put(at, (uint64_t)n_inputs, 2);
    at = put(at, (uint64_t)n_outputs, 2);
    at = put(at, (uint64_t)n_tables, 2);
    at = put(at, (uint64_t)p->n_order + 1, 4);
    at = put(at, (uint64_t)flags, 4);
    int constant = 0;
    for (int r = 0; r < n_registers; r++) {
        const value *v = &p->values[owners[r]];
        at = put(at, (uint64_t)v->type, 1);
        at = put(at, v->constant ? 2 : v->uniform, 1);
        at = put(at, 0, 2);
        at = put(at, v->constant ? (uint64_t)constant++ : 0, 4);
    }
    at = put(at, (uint64_t)n_constants, 4);
    for (int r = 0; r < n_registers; r++) {
        if (p->values[owners[r]].constant) {
            at = put(at, (uint64_t)p->values[owners[r]].bits, 8);
        }
    }
    for (int i = 0; i < n_inputs; i++) {
        at = put(at, (uint64_t)p->values[inputs[i]].reg, 2);
    }
    for (int i = 0; i < n_outputs; i++) {
        at = put(at, (uint64_t)p->values[outputs[i]].reg, 2);
    }
    memcpy(at, PyBytes_AS_STRING(tables), (size_t)n_tables);
    at += n_tables;
    for (int i = 0; i < p->n_order; i++) {
        const value *v = &p->values[p->order[i]];
        at = put(at, (uint64_t)v->op & 0xFFFF, 2);
        at = put(at, v->type >= 0 ? (uint64_t)v->reg : NO_REGISTER, 2);
        for (int k = 0; k < MAX_ARGS; k++) {
            at = put(at, k < v->n_args ? (uint64_t)p->values[v->args[k]].reg : NO_REGISTER, 2);
        }
        at = put(at, v->mask >= 0 ? (uint64_t)p->values[v->mask].reg : NO_REGISTER, 2);
        at = put(at, (uint64_t)v->bits, 4);
    }
    at = put(at, (uint64_t)end, 2);
    memset(at, 0xFF, 10);
    put(at + 10, 0, 4);
    return bytes;
}

/* Registers of the inputs, then of the constants in the order in which they are met; their number,
 * or -1 where they are too many. */
static int give_first(packer *p, const int *inputs, int n_inputs, const int *outputs, int n_outputs,
                      int *owners)
{
    int n = 0;
    for (int i = 0; i < n_inputs && n < p->most_registers; i++, n++) {
        owners[n] = inputs[i];
        p->values[inputs[i]].reg = n;
    }
    for (int i = 0; i <= p->n_order; i++) {
        const value *v = i < p->n_order ? &p->values[p->order[i]] : NULL;
        const int *read = v != NULL ? v->args : outputs, n_read = v != NULL ? v->n_args : n_outputs;
        for (int k = 0; k <= n_read; k++) {
            const int index = k < n_read ? read[k] : v != NULL ? v->mask : -1;
            value *constant = index >= 0 ? &p->values[index] : NULL;
            if (constant != NULL && constant->constant && constant->reg < 0) {
                if (n == p->most_registers) {
                    return -1;
                }
                owners[n] = index;
                constant->reg = n++;
            }
        }
    }
    return n_inputs <= p->most_registers ? n : -1;
}

/* (bytes, list of the instructions' Vals), None, or NULL with an exception. */
static PyObject *pack_lists(packer *p, PyObject *body, PyObject *inputs, PyObject *outputs,
                            PyObject *tables, long flags, long end, int *work)
{
    const int n_body = (int)PyList_GET_SIZE(body), n_inputs = (int)PyList_GET_SIZE(inputs),
              n_outputs = (int)PyList_GET_SIZE(outputs);
    int *const instructions = work, *const in = instructions + n_body, *const out = in + n_inputs;
    int *const owners = out + n_outputs, *const next = owners + p->most_registers;
    int heads[N_CLASSES];
    p->order = next + p->most_registers;
    for (int i = 0; i < n_inputs; i++) {
        if (!is_val(p->state, PyList_GET_ITEM(inputs, i))) {
            Py_RETURN_NONE;
        }
        add_value(p, PyList_GET_ITEM(inputs, i));
        in[i] = i;
    }
    for (int i = 0; i < n_body; i++) {
        PyObject *object = PyList_GET_ITEM(body, i);
        const int done = is_val(p->state, object) ? read_instruction(p, object) : 0;
        if (done <= 0) {
            return done < 0 ? NULL : Py_NewRef(Py_None);
        }
        instructions[i] = p->n_values - 1;
    }
    for (int i = 0; i < n_outputs; i++) {
        out[i] = operand(p, PyList_GET_ITEM(outputs, i));
        if (out[i] < 0) {
            return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
        }
    }
    find_live(p, instructions, n_body, out, n_outputs);
    find_order(p, instructions, n_body);
    int n = give_first(p, in, n_inputs, out, n_outputs, owners);
    n = n >= 0 ? allocate(p, n, out, n_outputs, owners, heads, next) : n;
    if (n < 0) {
        Py_RETURN_NONE;
    }
    PyObject *bytes = write_program(p, owners, n, in, n_inputs, out, n_outputs, tables, flags, end);
    PyObject *list = bytes != NULL ? PyList_New(p->n_order) : NULL;
    for (int i = 0; list != NULL && i < p->n_order; i++) {
        PyList_SET_ITEM(list, i, Py_NewRef(p->values[p->order[i]].object));
    }
    return list != NULL ? Py_BuildValue("NN", bytes, list) : (Py_XDECREF(bytes), NULL);
}

PyObject *ir_pack(fc_state *state, PyObject *body, PyObject *inputs, PyObject *outputs,
                  PyObject *tables, PyObject *opcodes, long flags, long end)
{
    PyObject *result = NULL;
    const size_t n_body = (size_t)PyList_GET_SIZE(body), n_inputs = (size_t)PyList_GET_SIZE(inputs),
                 n_outputs = (size_t)PyList_GET_SIZE(outputs);
    if (n_body > 40000 || n_inputs > MAX_REGISTERS || n_outputs > MAX_REGISTERS) {
        Py_RETURN_NONE;
    }
    packer p = {.state = state, .opcodes = opcodes, .n_slots = 64};
    const size_t most = n_inputs + (MAX_ARGS + 2) * n_body + n_outputs; /* values there can be */
    while (p.n_slots < 2 * most) {
        p.n_slots *= 2;
    }
    p.most_registers = most < MAX_REGISTERS ? (int)most : MAX_REGISTERS;
    int *work =
        fc_calloc(2 * n_body + n_inputs + n_outputs + 2 * (size_t)p.most_registers, sizeof *work);
    p.values = fc_calloc(most + 1, sizeof *p.values);
    p.slots = fc_calloc(p.n_slots, sizeof *p.slots);
    if (work == NULL || p.values == NULL || p.slots == NULL) {
        PyErr_NoMemory();
    } else {
        result = pack_lists(&p, body, inputs, outputs, tables, flags, end, work);
    }
    fc_free(p.slots);
    fc_free(p.values);
    fc_free(work);
    return result;
}

PyDoc_STRVAR(
    pack_doc,
    "_pack($module, body, inputs, outputs, tables, opcodes, flags, end, /)\n"
    "--\n\n"
    "The bytes of a program without jumps, and the list of its instructions' values; None\n"
    "for a body with jumps, or too large.");

static PyObject *pack(PyObject *module, PyObject *args)
{
    PyObject *body, *inputs, *outputs, *tables, *opcodes;
    long flags, end;
    if (!PyArg_ParseTuple(args, "O!O!O!SO!ll:_pack", &PyList_Type, &body, &PyList_Type, &inputs,
                          &PyList_Type, &outputs, &tables, &PyDict_Type, &opcodes, &flags, &end)) {
        return NULL;
    }
    return ir_pack(fc_state_of_module(module), body, inputs, outputs, tables, opcodes, flags, end);
}

static PyMethodDef functions[] = {
    {"_pack", pack, METH_VARARGS, pack_doc},
    {NULL, NULL, 0, NULL},
};

int fc_init_pack(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
