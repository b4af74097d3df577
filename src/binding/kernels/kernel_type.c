/* SPDX-License-Identifier: BSD-3-Clause
 *
 * _core.Program and _core.OPCODES: what the compiler in Python makes its programs with and runs
 * them through. The class that users meet, fastconc.Kernel, chooses a Program by the types of its
 * arguments. */
#include "kernel_type.h"

#include <string.h>

#include "array_args.h"
#include "fc_code.h"
#include "fc_map.h"
#include "fc_fold.h"
#include "run.h"

typedef struct ProgramObject {
    PyObject_HEAD PyObject *bytes;
    fc_program *program;
} ProgramObject;

fc_program *fc_program_of(fc_state *state, PyObject *object)
{
    if (state->program_type == NULL ||
        !PyObject_TypeCheck(object, (PyTypeObject *)state->program_type)) {
        PyErr_Format(PyExc_TypeError, "expected a compiled program, not %.200s",
                     Py_TYPE(object)->tp_name);
        return NULL;
    }
    return ((ProgramObject *)object)->program;
}

/* ---- life
 * --------------------------------------------------------------------------------------------------
 */

static PyObject *Program_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"program", NULL};
    PyObject *bytes;
    char reason[160] = "";
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "S:Program", names, &bytes)) {
        return NULL;
    }
    ProgramObject *self = (ProgramObject *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    fc_status status = fc_program_create(PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes),
                                         &self->program, reason);
    if (status != FC_OK) {
        Py_DECREF(self);
        if (status == FC_ERR_FORMAT) {
            PyErr_Format(PyExc_ValueError, "malformed program: %s", reason);
            return NULL;
        }
        return fc_raise(status, "Program");
    }
    self->bytes = Py_NewRef(bytes);
    return (PyObject *)self;
}

static int Program_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return 0; /* bytes hold no references */
}

static void Program_dealloc(PyObject *op)
{
    ProgramObject *self = (ProgramObject *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    fc_program_release(self->program);
    Py_CLEAR(self->bytes);
    type->tp_free(op);
    Py_DECREF(type);
}

PyDoc_STRVAR(Program_reduce_doc, "__reduce__($self, /)\n--\n\nPickled as its bytes.");

static PyObject *Program_reduce_pickle(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return Py_BuildValue("O(O)", Py_TYPE(op), ((ProgramObject *)op)->bytes);
}

/* ---- running
 * -----------------------------------------------------------------------------------------------
 */

/* Sets the exception of a failed run; it carries (element, instruction) as `fastconc_fault`, from
 * which the caller in Python tells the line of the source. */
static PyObject *raise_fault(fc_status status, const fc_fault *fault)
{
    char what[64];
    if (fault->element == SIZE_MAX || status == FC_ERR_NOMEM || status == FC_ERR_CANCELLED ||
        status == FC_ERR_CALLBACK || status == FC_ERR_DEADLINE || status == FC_ERR_INVALID) {
        return fc_raise(status, NULL);
    }
    PyOS_snprintf(what, sizeof what, "element %zu", fault->element);
    fc_raise(status, what);
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    long instruction = fault->instruction == FC_NO_INSTRUCTION ? -1 : (long)fault->instruction;
    PyObject *pair = Py_BuildValue("nl", (Py_ssize_t)fault->element, instruction);
    if (pair == NULL || PyObject_SetAttrString(value, "fastconc_fault", pair) < 0) {
        PyErr_Clear(); /* the exception itself matters more */
    }
    Py_XDECREF(pair);
    PyErr_Restore(type, value, traceback);
    return NULL;
}

/* Runs with the GIL released, unless releasing it would take longer than the work. */
static int run_map(fc_program *program, size_t n, unsigned n_dim, const size_t *shape,
                   const fc_map_operand *inputs, const fc_map_operand *outputs,
                   const fc_table *tables, PyObject *workers, uint64_t max_iterations)
{
    fc_fault fault;
    fc_status status;
    if (fc_map_is_short(program, n)) {
        unsigned width;
        if (fc_width_of(workers, &width) < 0) {
            return -1;
        }
        status =
            fc_map(NULL, program, n_dim, shape, inputs, outputs, tables, max_iterations, &fault);
    } else {
        fc_native native;
        if (fc_native_begin(&native, workers) < 0) {
            return -1;
        }
        status = fc_map(&native.run, program, n_dim, shape, inputs, outputs, tables, max_iterations,
                        &fault);
        PyEval_RestoreThread(native.thread);
    }
    if (status != FC_OK) {
        raise_fault(status, &fault);
        return -1;
    }
    return PyErr_Occurred() ? -1 : 0;
}

PyDoc_STRVAR(
    Program_map_doc,
    "map($self, inputs, outputs=None, tables=(), workers=None, max_iterations=0)\n--\n\n"
    "Apply the program to every element of the broadcast inputs.\n\n"
    "inputs: a tuple, one per input of the program: a number, or an object with a buffer of\n"
    "bool, int8..int64, uint8..uint64, float32 or float64 in native byte order, any strides.\n"
    "An input that the program takes as uniform must be a number or have one element.\n"
    "outputs: None, or a tuple with a writable buffer (or None) per output, of the broadcast\n"
    "shape; one that overlaps an input other than exactly is written as if it did not.\n"
    "Returns the tuple of outputs: those given, new NumPy arrays for None; Python numbers\n"
    "when every input is a number. The GIL is released unless the call is short.\n"
    "Errors: those of the program, with fastconc_fault = (element, instruction) on the\n"
    "exception (instruction -1: an element does not fit its type); TypeError, ValueError for\n"
    "unsuitable arguments; RuntimeError after max_iterations (0: no limit).");

static PyObject *Program_map(PyObject *op, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"inputs", "outputs", "tables", "workers", "max_iterations", NULL};
    ProgramObject *self = (ProgramObject *)op;
    PyObject *inputs, *outputs = NULL, *tables = NULL, *workers = NULL;
    unsigned long long max_iterations = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!|OOOK:map", names, &PyTuple_Type, &inputs,
                                     &outputs, &tables, &workers, &max_iterations)) {
        return NULL;
    }
    fc_state *state = fc_state_of_type(Py_TYPE(op));
    fc_array_args call;
    PyObject *result = NULL;
    if (state == NULL) {
        return NULL;
    }
    if (fc_array_args_init(&call, state, self->program, inputs, tables) == 0 &&
        fc_array_args_outputs(&call, state, outputs) == 0 &&
        run_map(self->program, call.n, call.n_dim, call.shape, call.inputs, call.outputs,
                call.tables, workers, max_iterations) == 0) {
        result = fc_array_args_result(&call);
    }
    fc_array_args_clear(&call);
    return result;
}

#define MAX_NUMBERS 16

/* The program on numbers, as many as it has inputs. */
static PyObject *call_numbers(fc_program *p, PyObject *const *args)
{
    fc_map_operand operands[MAX_NUMBERS];
    fc_scalar values[MAX_NUMBERS];
    for (unsigned i = 0; i < p->n_inputs; i++) {
        operands[i].base.kind = FC_SCALAR;
        if (fc_scalar_of(args[i], p->regs[p->inputs[i]].type, &operands[i].base, (int)i) < 0) {
            return NULL;
        }
    }
    for (unsigned o = 0; o < p->n_outputs; o++) {
        fc_scalar_output(&values[o], p->regs[p->outputs[o]].type, &operands[p->n_inputs + o]);
    }
    if (run_map(p, 1, 0, NULL, operands, operands + p->n_inputs, NULL, NULL, 0) < 0) {
        return NULL;
    }
    if (p->n_outputs == 1) {
        return fc_scalar_object(&values[0], p->regs[p->outputs[0]].type);
    }
    PyObject *result = PyTuple_New(p->n_outputs);
    for (unsigned o = 0; result != NULL && o < p->n_outputs; o++) {
        PyObject *item = fc_scalar_object(&values[o], p->regs[p->outputs[o]].type);
        if (item == NULL) {
            Py_CLEAR(result);
        } else {
            PyTuple_SET_ITEM(result, o, item);
        }
    }
    return result;
}

PyObject *fc_program_call(PyObject *program, fc_state *state, PyObject *const *inputs,
                          Py_buffer *views)
{
    fc_program *p = ((ProgramObject *)program)->program;
    fc_array_args call;
    PyObject *result = NULL;
    bool numbers = p->n_inputs + p->n_outputs <= MAX_NUMBERS && p->n_tables == 0;
    for (unsigned i = 0; i < p->n_inputs; i++) {
        numbers = numbers && views[i].obj == NULL;
    }
    if (numbers) {
        return call_numbers(p, inputs);
    }
    if (fc_array_args_init_views(&call, p, inputs, views) == 0 &&
        fc_array_args_outputs(&call, state, NULL) == 0 &&
        run_map(p, call.n, call.n_dim, call.shape, call.inputs, call.outputs, call.tables, NULL,
                0) == 0) {
        result = fc_array_args_result(&call);
    }
    fc_array_args_clear(&call);
    if (result != NULL && p->n_outputs == 1) {
        PyObject *only = Py_NewRef(PyTuple_GET_ITEM(result, 0));
        Py_SETREF(result, only);
    }
    return result;
}

PyDoc_STRVAR(
    Program_scalar_doc,
    "scalar($self, /, *args)\n--\n\n"
    "Apply the program to numbers: one result, or a tuple of them if it has several outputs.");

static PyObject *Program_scalar(PyObject *op, PyObject *const *args, Py_ssize_t n_args)
{
    fc_program *p = ((ProgramObject *)op)->program;
    if (n_args != (Py_ssize_t)p->n_inputs) {
        PyErr_Format(PyExc_TypeError, "the program takes %u arguments, not %zd", p->n_inputs,
                     n_args);
        return NULL;
    }
    if (p->n_inputs + p->n_outputs > MAX_NUMBERS || p->n_tables != 0) {
        PyErr_SetString(PyExc_ValueError, "too many operands, or tables: use map");
        return NULL;
    }
    return call_numbers(p, args);
}

PyDoc_STRVAR(
    Program_fold_doc,
    "reduce($self, kind, inputs, tables=(), workers=None, max_iterations=0)\n--\n\n"
    "Reduce output 0 over all elements of the broadcast inputs; nothing is stored between.\n\n"
    "kind: 'sum', 'prod', 'min', 'max', 'any', 'all' or 'count' (of true elements).\n"
    "Returns a Python number; the same bits for any number of workers. An empty input gives\n"
    "0, 1, False, True, 0; min and max raise ValueError. Sums of floats are compensated, sums\n"
    "of ints exact; a product of ints beyond int64 raises OverflowError. inputs, tables and\n"
    "errors as in map.");

static PyObject *Program_reduce(PyObject *op, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"kind", "inputs", "tables", "workers", "max_iterations", NULL};
    static const char *const kinds[] = {"sum", "prod", "min", "max", "any", "all", "count"};
    ProgramObject *self = (ProgramObject *)op;
    PyObject *inputs, *tables = NULL, *workers = NULL;
    const char *name;
    unsigned long long max_iterations = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "sO!|OOK:reduce", names, &name, &PyTuple_Type,
                                     &inputs, &tables, &workers, &max_iterations)) {
        return NULL;
    }
    int kind = 0;
    while (kind < FC_N_REDUCTIONS && strcmp(name, kinds[kind]) != 0) {
        kind++;
    }
    if (kind == FC_N_REDUCTIONS) {
        return PyErr_Format(PyExc_ValueError,
                            "kind must be 'sum', 'prod', 'min', 'max', 'any', 'all' or "
                            "'count', not '%.100s'",
                            name);
    }
    fc_state *state = fc_state_of_type(Py_TYPE(op));
    fc_array_args call;
    PyObject *result = NULL;
    if (state == NULL) {
        return NULL;
    }
    if (fc_array_args_init(&call, state, self->program, inputs, tables) == 0) {
        fc_native native;
        fc_reduced value;
        fc_fault fault;
        if (call.n == 0 && (kind == FC_REDUCE_MIN || kind == FC_REDUCE_MAX)) {
            PyErr_Format(PyExc_ValueError, "%s of no elements", name);
        } else if (fc_native_begin(&native, workers) == 0) {
            fc_status status =
                fc_fold(&native.run, self->program, (fc_reduction)kind, call.n_dim, call.shape,
                        call.inputs, call.tables, max_iterations, &value, &fault);
            PyEval_RestoreThread(native.thread);
            if (status != FC_OK) {
                raise_fault(status, &fault);
            } else if (!PyErr_Occurred()) {
                result = fc_reduced_object(&value);
            }
        }
    }
    fc_array_args_clear(&call);
    return result;
}

/* ---- looking
 * -----------------------------------------------------------------------------------------------
 */

PyDoc_STRVAR(Program_disassemble_doc,
             "disassemble($self, /)\n--\n\n"
             "The program as text: registers, then an instruction a line.");

static PyObject *Program_disassemble(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    const fc_program *p = ((ProgramObject *)op)->program;
    size_t size = fc_program_text(p, NULL, 0) + 1;
    char *text = PyMem_Malloc(size);
    if (text == NULL) {
        return PyErr_NoMemory();
    }
    fc_program_text(p, text, size);
    PyObject *result = PyUnicode_FromString(text);
    PyMem_Free(text);
    return result;
}

static PyObject *types_of(const fc_program *p, const uint16_t *regs, unsigned n)
{
    char *text = PyMem_Malloc((size_t)n + 1);
    if (text == NULL) {
        return PyErr_NoMemory();
    }
    for (unsigned i = 0; i < n; i++) {
        char letter = "DFIB"[p->regs[regs[i]].type];
        text[i] = p->regs[regs[i]].kind == FC_KIND_VARYING ? letter : (char)(letter - 'A' + 'a');
    }
    PyObject *result = PyUnicode_FromStringAndSize(text, n);
    PyMem_Free(text);
    return result;
}

static PyObject *Program_inputs(PyObject *op, void *Py_UNUSED(closure))
{
    const fc_program *p = ((ProgramObject *)op)->program;
    return types_of(p, p->inputs, p->n_inputs);
}

static PyObject *Program_outputs(PyObject *op, void *Py_UNUSED(closure))
{
    const fc_program *p = ((ProgramObject *)op)->program;
    return types_of(p, p->outputs, p->n_outputs);
}

static PyObject *Program_n_tables(PyObject *op, void *Py_UNUSED(closure))
{
    return PyLong_FromUnsignedLong(((ProgramObject *)op)->program->n_tables);
}

static PyObject *Program_bytes(PyObject *op, void *Py_UNUSED(closure))
{
    return Py_NewRef(((ProgramObject *)op)->bytes);
}

static PyObject *Program_repr(PyObject *op)
{
    const fc_program *p = ((ProgramObject *)op)->program;
    return PyUnicode_FromFormat("<fastconc._core.Program: %u inputs, %u outputs, %u instructions>",
                                p->n_inputs, p->n_outputs, p->n_instructions);
}

static PyMethodDef Program_methods[] = {
    {"map", (PyCFunction)(void (*)(void))Program_map, METH_VARARGS | METH_KEYWORDS,
     Program_map_doc},
    {"scalar", (PyCFunction)(void (*)(void))Program_scalar, METH_FASTCALL, Program_scalar_doc},
    {"reduce", (PyCFunction)(void (*)(void))Program_reduce, METH_VARARGS | METH_KEYWORDS,
     Program_fold_doc},
    {"disassemble", Program_disassemble, METH_NOARGS, Program_disassemble_doc},
    {"__reduce__", Program_reduce_pickle, METH_NOARGS, Program_reduce_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef Program_getset[] = {
    {"inputs", Program_inputs, NULL, "Type letter of each input, D F I B; lower case: uniform.",
     NULL},
    {"outputs", Program_outputs, NULL, "Type letter of each output; lower case: uniform.", NULL},
    {"n_tables", Program_n_tables, NULL, "Number of tables.", NULL},
    {"program", Program_bytes, NULL, "The bytes it was made of.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyDoc_STRVAR(Program_doc,
             "Program(program)\n--\n\n"
             "A program of the block VM, from its serialised form (src/core/vm/fc_program.h).\n\n"
             "Verified; ValueError tells what is wrong. Immutable, thread-safe, pickles.");

static PyType_Slot Program_slots[] = {
    {Py_tp_doc, (void *)Program_doc}, {Py_tp_new, Program_new},
    {Py_tp_dealloc, Program_dealloc}, {Py_tp_traverse, Program_traverse},
    {Py_tp_methods, Program_methods}, {Py_tp_getset, Program_getset},
    {Py_tp_repr, Program_repr},       {0, NULL},
};

static PyType_Spec Program_spec = {
    .name = "fastconc._core.Program",
    .basicsize = sizeof(ProgramObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = Program_slots,
};

/* OPCODES: name -> (code, signature, flags); STATUS: name -> code. */
static int add_tables(PyObject *module)
{
    static const char *const status_names[] = {
#define STATUS_NAME(name, text) #name,
        FC_STATUS_TABLE(STATUS_NAME)};
    PyObject *opcodes = PyDict_New(), *statuses = PyDict_New();
    int failed = opcodes == NULL || statuses == NULL;
    for (int op = 0; op < FC_N_OPCODES && !failed; op++) {
        PyObject *entry = Py_BuildValue("iss", op, fc_opcode_signatures[op], fc_opcode_flags[op]);
        failed = entry == NULL || PyDict_SetItemString(opcodes, fc_opcode_names[op], entry) < 0;
        Py_XDECREF(entry);
    }
    for (size_t i = 0; i < sizeof status_names / sizeof status_names[0] && !failed; i++) {
        PyObject *code = PyLong_FromSize_t(i);
        failed = code == NULL || PyDict_SetItemString(statuses, status_names[i], code) < 0;
        Py_XDECREF(code);
    }
    failed = failed || PyModule_AddObjectRef(module, "OPCODES", opcodes) < 0 ||
             PyModule_AddObjectRef(module, "STATUS", statuses) < 0;
    Py_XDECREF(opcodes);
    Py_XDECREF(statuses);
    return failed ? -1 : 0;
}

int fc_init_kernel(PyObject *module)
{
    fc_state *state = fc_state_of_module(module);
    state->program_type = PyType_FromModuleAndSpec(module, &Program_spec, NULL);
    if (state->program_type == NULL ||
        PyModule_AddObjectRef(module, "Program", state->program_type) < 0) {
        return -1;
    }
    return add_tables(module);
}
