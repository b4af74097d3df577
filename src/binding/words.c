/* SPDX-License-Identifier: BSD-3-Clause
 *
 * count_words: takes lines from Python, counts them in batches with fc_words.h, builds the
 * dict. The argument `lines` is prepared in fastconc.text, which also documents the function.
 *
 * Strings are read where CPython stores them, without a copy, while a list of the batch keeps them
 * alive. */
#include "run.h"

#include "fc_alloc.h"
#include "fc_words.h"

/* A batch ends at either: enough to keep threads busy, little enough to hold. */
#define BATCH_LINES 65536
#define BATCH_UNITS ((size_t)16 << 20)

typedef enum text_type { TEXT_UNKNOWN, TEXT_STR, TEXT_BYTES } text_type;

typedef struct counting {
    PyObject *workers; /* borrowed, like the others */
    PyObject *separator;
    bool lower;
    text_type type; /* of the first line, and so of all */
    fc_words *words;
    PyObject *held; /* the lines of the batch */
    fc_text *lines;
    size_t n_lines, n_units;
    Py_ssize_t n_before; /* lines fed, for error messages */
} counting;

static fc_text text_of(PyObject *line)
{
    if (PyBytes_Check(line)) {
        return (fc_text){PyBytes_AS_STRING(line), (size_t)PyBytes_GET_SIZE(line), FC_TEXT_BYTES};
    }
    fc_text_kind kind = FC_TEXT_UCS4;
    switch (PyUnicode_KIND(line)) {
    case PyUnicode_1BYTE_KIND:
        kind = PyUnicode_IS_ASCII(line) ? FC_TEXT_ASCII : FC_TEXT_UCS1;
        break;
    case PyUnicode_2BYTE_KIND:
        kind = FC_TEXT_UCS2;
        break;
    default:
        break;
    }
    return (fc_text){PyUnicode_DATA(line), (size_t)PyUnicode_GET_LENGTH(line), kind};
}

/* The separator as code points; *out is to be freed. The errors are those of str.split and
 * bytes.split. */
static int parse_separator(PyObject *separator, text_type type, uint32_t **out, size_t *length)
{
    *out = NULL;
    *length = 0;
    if (separator == Py_None) {
        return 0;
    }
    PyObject *bytes = NULL;
    if (type == TEXT_BYTES) {
        bytes = PyObject_CheckBuffer(separator) ? PyBytes_FromObject(separator) : NULL;
        if (bytes == NULL) {
            if (!PyErr_Occurred()) {
                PyErr_Format(PyExc_TypeError,
                             "sep must be None or a bytes-like object for bytes, not %.200s",
                             Py_TYPE(separator)->tp_name);
            }
            return -1;
        }
        separator = bytes;
    } else if (!PyUnicode_Check(separator)) {
        PyErr_Format(PyExc_TypeError, "sep must be str or None, not %.200s",
                     Py_TYPE(separator)->tp_name);
        return -1;
    }
    fc_text text = text_of(separator);
    int status = -1;
    if (text.length == 0) {
        PyErr_SetString(PyExc_ValueError, "empty separator");
    } else if ((*out = fc_malloc(text.length, sizeof **out)) == NULL) {
        PyErr_NoMemory();
    } else {
        *length = text.length;
        for (size_t i = 0; i < text.length; i++) {
            (*out)[i] = bytes != NULL ? ((const uint8_t *)text.data)[i]
                                      : PyUnicode_READ_CHAR(separator, (Py_ssize_t)i);
        }
        status = 0;
    }
    Py_XDECREF(bytes);
    return status;
}

/* Python's own secret for string hashes, so that PYTHONHASHSEED governs this one, too. */
static int secret(uint64_t seed[2])
{
    static const char *const texts[2] = {"fastconc.count_words", "fastconc.count_words again"};
    for (int i = 0; i < 2; i++) {
        PyObject *text = PyUnicode_FromString(texts[i]);
        Py_hash_t hash = text == NULL ? -1 : PyObject_Hash(text);
        Py_XDECREF(text);
        if (hash == -1) {
            return -1;
        }
        seed[i] = (uint64_t)hash;
    }
    return 0;
}

/* Once the type of the text is known. */
static int start(counting *c, text_type type)
{
    fc_words_options options = {.lower_ascii = c->lower};
    uint32_t *separator = NULL;
    fc_run run = {0};
    c->type = type;
    if (fc_width_of(c->workers, &run.width) < 0 || secret(options.seed) < 0 ||
        parse_separator(c->separator, type, &separator, &options.separator_length) < 0) {
        return -1;
    }
    options.separator = separator;
    fc_status status = fc_words_create(&options, fc_run_width(&run), &c->words);
    fc_free(separator);
    if (status != FC_OK) {
        fc_raise(status, NULL);
        return -1;
    }
    return 0;
}

static int feed(counting *c)
{
    if (c->n_lines == 0) {
        return 0;
    }
    fc_native native;
    if (fc_native_begin(&native, c->workers) < 0) {
        return -1;
    }
    fc_status status = fc_words_feed(c->words, &native.run, c->lines, c->n_lines);
    if (fc_native_end(&native, status) < 0) {
        return -1;
    }
    c->n_before += (Py_ssize_t)c->n_lines;
    c->n_lines = c->n_units = 0;
    return PyList_SetSlice(c->held, 0, PyList_GET_SIZE(c->held), NULL);
}

/* Takes a line into the batch; feeds a full one. */
static int take_line(counting *c, PyObject *line)
{
    text_type type = PyUnicode_Check(line) ? TEXT_STR
                     : PyBytes_Check(line) ? TEXT_BYTES
                                           : TEXT_UNKNOWN;
    if (type == TEXT_UNKNOWN || (c->type != TEXT_UNKNOWN && c->type != type)) {
        PyErr_Format(PyExc_TypeError,
                     "lines must be all str or all bytes, but lines[%zd] is %.200s",
                     c->n_before + (Py_ssize_t)c->n_lines, Py_TYPE(line)->tp_name);
        return -1;
    }
    if (c->type == TEXT_UNKNOWN && start(c, type) < 0) {
        return -1;
    }
#if PY_VERSION_HEX < 0x030c0000
    if (type == TEXT_STR && PyUnicode_READY(line) < 0) {
        return -1;
    }
#endif
    if (PyList_Append(c->held, line) < 0) {
        return -1;
    }
    fc_text text = text_of(line);
    c->lines[c->n_lines++] = text;
    c->n_units += text.length;
    return c->n_lines == BATCH_LINES || c->n_units >= BATCH_UNITS ? feed(c) : 0;
}

static int take_lines(counting *c, PyObject *lines)
{
    if (PyUnicode_Check(lines) || PyBytes_Check(lines)) {
        return take_line(c, lines);
    }
    PyObject *iterator = PyObject_GetIter(lines);
    if (iterator == NULL) {
        return -1;
    }
    int status = 0;
    PyObject *line;
    while (status == 0 && (line = PyIter_Next(iterator)) != NULL) {
        status = take_line(c, line);
        Py_DECREF(line);
    }
    Py_DECREF(iterator);
    return status < 0 || PyErr_Occurred() ? -1 : 0;
}

/* ---- the result ---- */

static bool is_ascii(fc_word word)
{
    for (size_t i = 0; i < word.length; i++) {
        if (word.bytes[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

/* The word as Python has it. In lower case only the ASCII letters are so far; Python itself does
 * the others, once for each different word. */
static PyObject *make_word(const counting *c, fc_word word, bool ascii)
{
    const char *bytes = (const char *)word.bytes;
    Py_ssize_t length = (Py_ssize_t)word.length;
    if (c->type == TEXT_BYTES) {
        return PyBytes_FromStringAndSize(bytes, length);
    }
    if (ascii) {
        PyObject *text = PyUnicode_New(length, 127);
        if (text != NULL) {
            memcpy(PyUnicode_DATA(text), bytes, word.length);
        }
        return text;
    }
    PyObject *text = PyUnicode_DecodeUTF8(bytes, length, "surrogatepass");
    if (text != NULL && c->lower) {
        Py_SETREF(text, PyObject_CallMethod(text, "lower", NULL));
    }
    return text;
}

/* counts[word] += count */
static int add_count(PyObject *counts, PyObject *word, uint64_t count)
{
    PyObject *before =
        PyDict_GetItemWithError(counts, word); /* borrowed; nobody else has the dict */
    if (before != NULL) {
        count += PyLong_AsUnsignedLongLong(before);
    } else if (PyErr_Occurred()) {
        return -1;
    }
    PyObject *number = PyLong_FromUnsignedLongLong(count);
    int status = number == NULL ? -1 : PyDict_SetItem(counts, word, number);
    Py_XDECREF(number);
    return status;
}

static PyObject *build_dict(const counting *c, size_t n)
{
    PyObject *counts = PyDict_New();
    for (size_t i = 0; counts != NULL && i < n; i++) {
        fc_word word = fc_words_get(c->words, i);
        PyObject *text = make_word(c, word, c->type == TEXT_STR && is_ascii(word));
        if (text == NULL || add_count(counts, text, word.count) < 0 ||
            ((i & 0xffff) == 0xffff && PyErr_CheckSignals() < 0)) {
            Py_CLEAR(counts);
        }
        Py_XDECREF(text);
    }
    return counts;
}

static PyObject *finish(counting *c)
{
    if (c->words == NULL) { /* no line at all; the arguments are checked all the same */
        text_type type =
            PyUnicode_Check(c->separator) || c->separator == Py_None ? TEXT_STR : TEXT_BYTES;
        if (start(c, type) < 0) {
            return NULL;
        }
    }
    size_t n;
    fc_native native;
    if (feed(c) < 0 || fc_native_begin(&native, c->workers) < 0) {
        return NULL;
    }
    fc_status status = fc_words_finish(c->words, &native.run, &n);
    return fc_native_end(&native, status) < 0 ? NULL : build_dict(c, n);
}

PyDoc_STRVAR(count_words_doc, "_count_words($module, lines, sep, lower, workers, /)\n--\n\n"
                              "The native part of fastconc.count_words.");

static PyObject *count_words(PyObject *Py_UNUSED(module), PyObject *args)
{
    counting c = {0};
    PyObject *lines;
    int lower;
    if (!PyArg_ParseTuple(args, "OOpO:_count_words", &lines, &c.separator, &lower, &c.workers)) {
        return NULL;
    }
    c.lower = lower;
    PyObject *counts = NULL;
    c.held = PyList_New(0);
    c.lines = fc_malloc(BATCH_LINES, sizeof *c.lines);
    if (c.lines == NULL) {
        PyErr_NoMemory();
    } else if (c.held != NULL) {
        /* The iterable must not find and change it (gc.get_objects()): it keeps alive what the
         * batch points at. */
        PyObject_GC_UnTrack(c.held);
        counts = take_lines(&c, lines) == 0 ? finish(&c) : NULL;
    }
    fc_words_destroy(c.words);
    fc_free(c.lines);
    Py_XDECREF(c.held);
    return counts;
}

static PyMethodDef functions[] = {
    {"_count_words", count_words, METH_VARARGS, count_words_doc},
    {NULL, NULL, 0, NULL},
};

int fc_init_words(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
