/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The future of a whole map. It is one node of the queue; workers take chunks of its items until
 * none is left, and whoever ends the last chunk finishes it. Contract in tasks.h.
 *
 * Errors are the standard library's: one ends its chunk, the others run all the same, the first to
 * happen is the map's. With automatic chunks and with return_exceptions an error ends no more than
 * its item. */
#include "tasks.h"

#include "fc_platform.h"

enum {
    AUTO_CHUNK_NS =
        200 *
        1000, /* what a chunk should take: far above its overhead, far below a human's patience */
    AUTO_CHUNK_MAX = 4096,
    LOOK_EVERY = 64, /* items between looks at the clock, at most */
};

static Py_ssize_t auto_chunk_locked(const MapObject *self)
{
    if (self->item_ns == 0) {
        return 1; /* nothing is known yet */
    }
    Py_ssize_t left = self->n_items - self->cursor;
    Py_ssize_t chunk = (Py_ssize_t)(AUTO_CHUNK_NS / self->item_ns);
    Py_ssize_t fair = left / (2 * (Py_ssize_t)self->queue->width) + 1;
    chunk = chunk < fair ? chunk : fair;
    return chunk < 1 ? 1 : chunk > AUTO_CHUNK_MAX ? AUTO_CHUNK_MAX : chunk;
}

bool map_take_locked(MapObject *self, Py_ssize_t *start, Py_ssize_t *stop)
{
    if (future_is_done(&self->future)) {
        self->cursor = self->n_items;
    }
    if (self->cursor >= self->n_items) {
        return false;
    }
    Py_ssize_t chunk = self->chunk > 0 ? self->chunk : auto_chunk_locked(self);
    Py_ssize_t left = self->n_items - self->cursor;
    *start = self->cursor;
    *stop = self->cursor += chunk < left ? chunk : left;
    return true;
}

/* function(*item); steals nothing. */
static PyObject *call_star(PyObject *function, PyObject *item)
{
    PyObject *args = PySequence_Tuple(item); /* an exact tuple comes back as it is */
    if (args == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_Vectorcall(function, ((PyTupleObject *)args)->ob_item,
                                           (size_t)PyTuple_GET_SIZE(args), NULL);
    Py_DECREF(args);
    return result;
}

/* Keeps the exception that is set if it is the first. */
static void error_keep(MapObject *self)
{
    PyObject *error = exception_take();
    fc_lock(&self->queue->mutex);
    if (self->error == NULL) {
        self->error = error;
        error = NULL;
    }
    fc_unlock(&self->queue->mutex);
    Py_XDECREF(error);
}

static void run_items(MapObject *self, Worker *worker, Py_ssize_t start, Py_ssize_t stop)
{
    PyObject *function = self->function;
    /* Look at the clock after each long item, but only now and then among short ones. */
    Py_ssize_t stride = 1, look = start + 1;
    for (Py_ssize_t i = start; i < stop; i++) {
        if (i >= look && worker != NULL) {
            stride = worker_breathe(worker) ? 1 : stride < LOOK_EVERY ? 2 * stride : stride;
            look = i + stride;
        }
        PyObject *slots[2] = {NULL, PyList_GET_ITEM(self->items, i)};
        PyList_SET_ITEM(self->items, i, NULL);
        PyObject *result = self->star
                               ? call_star(function, slots[1])
                               : PyObject_Vectorcall(function, slots + 1,
                                                     1 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
        Py_DECREF(slots[1]);
        if (result == NULL) {
            if (!self->return_exceptions) {
                error_keep(self);
                if (self->chunk > 0) {
                    return;
                }
                continue;
            }
            result = exception_take();
        }
        PyList_SET_ITEM(self->results, i, result);
    }
}

static void map_finish(MapObject *self)
{
    PyObject *value = self->error;
    bool is_error = value != NULL;
    self->error = NULL;
    if (!is_error) {
        value = self->results;
        self->results = NULL;
        PyObject_GC_Track(value);
    }
    if (self->before != NULL) {
        PyObject *none =
            PyObject_CallFunction(self->before, "NO", PyBool_FromLong(!is_error), value);
        if (none == NULL) {
            log_exception(self->queue->state, "exception", "exception calling callback for %r",
                          (PyObject *)self);
        }
        Py_XDECREF(none);
    }
    if (future_finish(&self->future, value, is_error) < 0) {
        log_exception(self->queue->state, "critical", "Exception in worker", NULL);
    }
    Py_CLEAR(self->function);
    Py_CLEAR(self->items);
    Py_CLEAR(self->results);
    Py_CLEAR(self->before);
}

void map_run(MapObject *self, Worker *worker, Py_ssize_t start, Py_ssize_t stop)
{
    TaskQueue *queue = self->queue;
    Frame frame = {.future = &self->future, .function = self->function, .worker = worker};
    fc_lock(&self->future.mutex);
    if (self->future.state == FUTURE_PENDING) {
        future_set_state(&self->future, FUTURE_RUNNING);
    }
    bool runs = self->future.state == FUTURE_RUNNING;
    fc_unlock(&self->future.mutex);
    if (worker != NULL) {
        fc_lock(&queue->mutex);
        frame.next_claim = self->claims;
        self->claims = &frame;
        fc_unlock(&queue->mutex);
        frame.below = worker->frames;
        worker->frames = &frame;
    }
    int64_t begun = fc_now_ns();
    if (runs) {
        run_items(self, worker, start, stop);
    }
    int64_t per_item = (fc_now_ns() - begun) / (stop - start) + 1;

    fc_lock(&queue->mutex);
    if (runs) { /* else there are holes in the results, and nobody is to see them */
        self->n_done += stop - start;
        self->item_ns = self->item_ns == 0 ? per_item : (self->item_ns + per_item) / 2;
    }
    bool is_last = runs && self->n_done == self->n_items;
    if (worker != NULL) {
        Frame **at = &self->claims;
        while (*at != &frame) {
            at = &(*at)->next_claim;
        }
        *at = frame.next_claim;
    }
    fc_unlock(&queue->mutex);
    if (worker != NULL) {
        worker->frames = frame.below;
        worker->n_tasks += (uint64_t)(stop - start);
        worker->call_ns += per_item * (stop - start);
        worker->n_samples += (uint64_t)(stop - start);
    }
    if (is_last) {
        map_finish(self);
    }
}

/* ---- the type: a future of which the progress can be seen ---- */

/* The lists of a map are untracked, for they have holes: what is in them counts as the map's own.
 */
static int visit_items(PyObject *list, visitproc visit, void *arg)
{
    return list == NULL ? 0 : PyList_Type.tp_traverse(list, visit, arg);
}

static int Map_traverse(PyObject *op, visitproc visit, void *arg)
{
    MapObject *self = (MapObject *)op;
    Py_VISIT(self->queue);
    Py_VISIT(self->function);
    Py_VISIT(self->before);
    Py_VISIT(self->error);
    int stop = visit_items(self->items, visit, arg);
    stop = stop != 0 ? stop : visit_items(self->results, visit, arg);
    return stop != 0 ? stop : future_traverse(op, visit, arg);
}

static int Map_clear(PyObject *op)
{
    MapObject *self = (MapObject *)op;
    Py_CLEAR(self->queue);
    Py_CLEAR(self->function);
    Py_CLEAR(self->items);
    Py_CLEAR(self->before);
    Py_CLEAR(self->results);
    Py_CLEAR(self->error);
    return future_clear(op);
}

static void Map_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    PyObject_ClearWeakRefs(op);
    (void)Map_clear(op);
    PyMem_Free(((FutureObject *)op)->extra);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyObject *get_n_done(PyObject *op, void *Py_UNUSED(closure))
{
    MapObject *self = (MapObject *)op;
    if (self->queue == NULL) {
        return PyLong_FromLong(0);
    }
    fc_lock(&self->queue->mutex);
    Py_ssize_t n = self->n_done;
    fc_unlock(&self->queue->mutex);
    return PyLong_FromSsize_t(n);
}

static PyObject *get_n_items(PyObject *op, void *Py_UNUSED(closure))
{
    return PyLong_FromSsize_t(((MapObject *)op)->n_items);
}

/* Of multiprocessing.pool.MapResult; programs read it to show how far a map is. */
static PyObject *get_number_left(PyObject *op, void *Py_UNUSED(closure))
{
    MapObject *self = (MapObject *)op;
    Py_ssize_t chunk = self->chunk > 0 ? self->chunk : 1, n_done = self->n_items;
    if (self->queue != NULL && !future_is_done(&self->future)) {
        fc_lock(&self->queue->mutex);
        n_done = self->n_done;
        fc_unlock(&self->queue->mutex);
    }
    Py_ssize_t n_left = self->n_items - n_done;
    return PyLong_FromSsize_t(n_left / chunk + (n_left % chunk != 0));
}

static PyGetSetDef Map_getset[] = {
    {"_n_items", get_n_items, NULL, "Items of the map.", NULL},
    {"_n_done", get_n_done, NULL, "Items that are done.", NULL},
    {"_number_left", get_number_left, NULL, "Chunks that are not done.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot Map_slots[] = {
    {Py_tp_doc, (void *)"The Future of a whole map; its result is a list."},
    {Py_tp_traverse, Map_traverse},
    {Py_tp_clear, Map_clear},
    {Py_tp_dealloc, Map_dealloc},
    {Py_tp_getset, Map_getset},
    {0, NULL},
};

PyType_Spec fc_map_spec = {
    .name = "fastconc.MapFuture",
    .basicsize = sizeof(MapObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = Map_slots,
};

PyType_Spec fc_map_result_spec = {
    .name = "fastconc.MapResult",
    .basicsize = sizeof(MapObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = Map_slots,
};
