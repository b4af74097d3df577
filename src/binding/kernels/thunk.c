/* SPDX-License-Identifier: BSD-3-Clause
 *
 * C function pointers of kernels, for libraries that call back: SciPy's LowLevelCallable, and
 * anything that takes a double (*)(double, void *). The pointer runs the kernel's program on one
 * element, on the caller's thread, without the GIL; an error of the program (integer overflow, a
 * failed assert) becomes nan.
 *
 *     _native_callable(program, form) -> capsule
 *
 * The capsule's name is the signature, its pointer the function, its context the program that the
 * function wants as its void *: just what LowLevelCallable reads. Functions without a void * find
 * their program in a slot of a static table; there are N_SLOTS of them, given back when the capsule
 * dies. */
#include "kernel_type.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "fc_code.h"
#include "fc_moment.h"

#define MAX_ARGS 16
#define N_SLOTS 64

static double run_one(fc_program *program, unsigned n, const double *x)
{
    fc_operand inputs[MAX_ARGS], output;
    double result = NAN;
    fc_fault fault;
    fc_vm *vm;
    if (n != program->n_inputs || n > MAX_ARGS || fc_vm_take(program, &vm) != FC_OK) {
        return NAN;
    }
    for (unsigned i = 0; i < n; i++) {
        inputs[i] = (fc_operand){
            .kind = FC_ARRAY, .dtype = FC_F64, .data = (void *)&x[i], .stride = sizeof(double)};
    }
    output =
        (fc_operand){.kind = FC_ARRAY, .dtype = FC_F64, .data = &result, .stride = sizeof(double)};
    if (fc_vm_run(vm, 1, inputs, &output, NULL, NULL, 0, &fault) != FC_OK) {
        result = NAN;
    }
    fc_vm_put(vm);
    return result;
}

static double call_1(double x, void *program)
{
    return run_one(program, 1, &x);
}

static double call_2(double x, double y, void *program)
{
    const double args[] = {x, y};
    return run_one(program, 2, args);
}

static double call_3(double x, double y, double z, void *program)
{
    const double args[] = {x, y, z};
    return run_one(program, 3, args);
}

static double call_n(int n, double *x, void *program)
{
    return n < 0 ? NAN : run_one(program, (unsigned)n, x);
}

/* Slots: written in an fc_moment before the function's address is handed out, so the functions need
 * none. */
static fc_program *slots[N_SLOTS];

#define SLOT_FUNCTIONS(i)                                                                          \
    static double slot_1_##i(double x)                                                             \
    {                                                                                              \
        return run_one(slots[i], 1, &x);                                                           \
    }                                                                                              \
    static double slot_2_##i(double x, double y)                                                   \
    {                                                                                              \
        const double args[] = {x, y};                                                              \
        return run_one(slots[i], 2, args);                                                         \
    }                                                                                              \
    static double slot_3_##i(double x, double y, double z)                                         \
    {                                                                                              \
        const double args[] = {x, y, z};                                                           \
        return run_one(slots[i], 3, args);                                                         \
    }
#define EIGHT(X, t) X(t##0) X(t##1) X(t##2) X(t##3) X(t##4) X(t##5) X(t##6) X(t##7)
/* Octal digits spell the slots: 00 ... 077 are 0 ... 63. */
#define EVERY_SLOT(X)                                                                              \
    EIGHT(X, 00)                                                                                   \
    EIGHT(X, 01) EIGHT(X, 02) EIGHT(X, 03) EIGHT(X, 04) EIGHT(X, 05) EIGHT(X, 06) EIGHT(X, 07)
EVERY_SLOT(SLOT_FUNCTIONS)

typedef void (*any_function)(void);
#define SLOT_ENTRY(i)                                                                              \
    {(any_function)slot_1_##i, (any_function)slot_2_##i, (any_function)slot_3_##i},
static const any_function slot_functions[N_SLOTS][3] = {EVERY_SLOT(SLOT_ENTRY)};

/* A function pointer as the data pointer that a capsule holds (POSIX allows the conversion). */
static void *as_pointer(any_function function)
{
    union {
        any_function function;
        void *pointer;
    } both = {.function = function};
    return both.pointer;
}

static void release_program(PyObject *capsule)
{
    fc_program_release(PyCapsule_GetContext(capsule));
}

static void release_slot(PyObject *capsule)
{
    fc_program *program = PyCapsule_GetContext(capsule);
    void *address = PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule));
    fc_moment_enter();
    for (int i = 0; i < N_SLOTS; i++) {
        for (int k = 0; k < 3; k++) {
            if (slots[i] == program && as_pointer(slot_functions[i][k]) == address) {
                slots[i] = NULL;
            }
        }
    }
    fc_moment_leave();
    fc_program_release(program);
}

static PyObject *make_capsule(void *address, const char *name, fc_program *program,
                              PyCapsule_Destructor destructor)
{
    PyObject *capsule = PyCapsule_New(address, name, NULL);
    if (capsule == NULL || PyCapsule_SetContext(capsule, program) < 0) {
        Py_XDECREF(capsule);
        return NULL;
    }
    if (PyCapsule_SetDestructor(capsule, destructor) < 0) {
        Py_DECREF(capsule);
        return NULL;
    }
    fc_program_retain(program);
    return capsule;
}

static PyObject *take_slot(fc_program *program, const char *name)
{
    PyObject *capsule = NULL;
    int i = 0;
    fc_moment_enter();
    while (i < N_SLOTS && slots[i] != NULL) {
        i++;
    }
    if (i < N_SLOTS) {
        slots[i] = program;
    }
    fc_moment_leave();
    if (i == N_SLOTS) {
        PyErr_Format(PyExc_RuntimeError, "all %d C function pointers without user data are in use",
                     N_SLOTS);
        return NULL;
    }
    capsule = make_capsule(as_pointer(slot_functions[i][program->n_inputs - 1]), name, program,
                           release_slot);
    if (capsule == NULL) {
        fc_moment_enter();
        slots[i] = NULL;
        fc_moment_leave();
    }
    return capsule;
}

PyDoc_STRVAR(native_callable_doc,
             "_native_callable($module, program, form, /)\n--\n\n"
             "A capsule with a C function that runs the program on one element.\n\n"
             "program: float64 inputs, one float64 output, no tables. form: 'plain' for "
             "double(double, ...) of up\n"
             "to 3 arguments; 'data' the same with a final void *; 'vector' for double(int, double "
             "*, void *). The\n"
             "capsule's name is the signature, its context the void * to pass. Errors of the "
             "program give nan.");

static PyObject *native_callable(PyObject *module, PyObject *args)
{
    static const char *const plain[] = {"double (double)", "double (double, double)",
                                        "double (double, double, double)"};
    static const char *const data[] = {"double (double, void *)", "double (double, double, void *)",
                                       "double (double, double, double, void *)"};
    PyObject *object;
    const char *form;
    if (!PyArg_ParseTuple(args, "Os:_native_callable", &object, &form)) {
        return NULL;
    }
    fc_program *program = fc_program_of(fc_state_of_module(module), object);
    if (program == NULL) {
        return NULL;
    }
    bool doubles = program->n_outputs == 1 && program->n_tables == 0 && program->n_inputs >= 1 &&
                   program->n_inputs <= MAX_ARGS &&
                   program->regs[program->outputs[0]].type == FC_TYPE_D;
    for (unsigned i = 0; i < program->n_inputs; i++) {
        const fc_reg_info *reg = &program->regs[program->inputs[i]];
        doubles = doubles && reg->type == FC_TYPE_D && reg->kind == FC_KIND_VARYING;
    }
    if (!doubles) {
        PyErr_SetString(PyExc_ValueError,
                        "a C function needs 1 to 16 float64 arguments and one float64 result");
        return NULL;
    }
    if (strcmp(form, "vector") == 0) {
        return make_capsule(as_pointer((any_function)call_n), "double (int, double *, void *)",
                            program, release_program);
    }
    if (program->n_inputs > 3) {
        PyErr_SetString(PyExc_ValueError, "more than 3 arguments need the form 'vector'");
        return NULL;
    }
    if (strcmp(form, "plain") == 0) {
        return take_slot(program, plain[program->n_inputs - 1]);
    }
    if (strcmp(form, "data") == 0) {
        const any_function functions[] = {(any_function)call_1, (any_function)call_2,
                                          (any_function)call_3};
        return make_capsule(as_pointer(functions[program->n_inputs - 1]),
                            data[program->n_inputs - 1], program, release_program);
    }
    PyErr_Format(PyExc_ValueError, "form must be 'plain', 'data' or 'vector', not '%.50s'", form);
    return NULL;
}

PyDoc_STRVAR(capsule_addresses_doc,
             "_capsule_addresses($module, capsule, /)\n--\n\n"
             "(function, user data) of a capsule of _native_callable, as ints.");

static PyObject *capsule_addresses(PyObject *Py_UNUSED(module), PyObject *capsule)
{
    void *address = PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule));
    if (address == NULL) {
        return NULL;
    }
    return Py_BuildValue("NN", PyLong_FromVoidPtr(address),
                         PyLong_FromVoidPtr(PyCapsule_GetContext(capsule)));
}

static PyMethodDef methods[] = {
    {"_native_callable", native_callable, METH_VARARGS, native_callable_doc},
    {"_capsule_addresses", capsule_addresses, METH_O, capsule_addresses_doc},
    {NULL, NULL, 0, NULL},
};

int fc_init_thunk(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
