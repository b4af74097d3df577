/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Branches on what is known only at run time, in a reader of code objects; contract in read_code.h.
 * This is _compile/branching.py for functions of floats, where it is told what ways, nodes and
 * regions are. A stretch that is long enough to be jumped over is left to that. */
#include "read_ways.h"

#include <string.h>

#include "fc_alloc.h"

#define SKIP_COST 24.0 /* as in _compile/statements.py */

/* ---- nodes ---- */

static PyObject *region_body(const read_ways *w)
{
    return w->n_regions > 0 ? w->regions[w->n_regions - 1].body : NULL;
}

static int add_node(read_ways *w, int parent, PyObject *condition, bool truth, PyObject *mask)
{
    if (w->n_nodes == MAX_NODES) {
        return -1;
    }
    w->nodes[w->n_nodes] = (node){.parent = parent,
                                  .sibling = -1,
                                  .depth = parent < 0 ? 0 : w->nodes[parent].depth + 1,
                                  .truth = truth,
                                  .condition = Py_XNewRef(condition),
                                  .mask = Py_NewRef(mask),
                                  .region = region_body(w)};
    return w->n_nodes++;
}

static bool is_within(const read_ways *w, int inner, int outer)
{
    while (w->nodes[inner].depth > w->nodes[outer].depth && w->nodes[inner].parent >= 0) {
        inner = w->nodes[inner].parent;
    }
    return inner == outer;
}

static bool all_within(const read_ways *w, const node_set *set, int outer)
{
    for (int i = 0; i < set->n; i++) {
        if (!is_within(w, set->nodes[i], outer)) {
            return false;
        }
    }
    return true;
}

/* What tells the lanes followed from those of `other`: it is *truth for the former. Borrowed. */
static PyObject *what_parts(const reader *r, const read_ways *w, const way *other, bool *truth)
{
    for (int i = 0; i < w->here.n; i++) {
        for (int n = w->here.nodes[i]; w->nodes[n].parent >= 0; n = w->nodes[n].parent) {
            if (all_within(w, &w->here, n) && all_within(w, &other->set, w->nodes[n].sibling)) {
                *truth = w->nodes[n].truth;
                return w->nodes[n].condition;
            }
        }
    }
    *truth = is_val(r->state, r->mask);
    PyObject *mask = *truth ? r->mask : other->mask;
    return is_val(r->state, mask) ? mask : NULL;
}

static int index_in(const node_set *set, int node)
{
    for (int i = 0; i < set->n; i++) {
        if (set->nodes[i] == node) {
            return i;
        }
    }
    return -1;
}

static void remove_from(node_set *set, int i)
{
    memmove(&set->nodes[i], &set->nodes[i + 1], (size_t)(--set->n - i) * sizeof set->nodes[0]);
}

/* The nodes of both, siblings joined, and the mask if they are one whose mask is good here: else
 * *mask is NULL. (Borrowed.) */
static bool unite(const read_ways *w, const way *other, node_set *result, PyObject **mask)
{
    *result = w->here;
    *mask = NULL;
    for (int i = 0; i < other->set.n; i++) {
        result->nodes[result->n++] = other->set.nodes[i];
    }
    for (int i = 0; i < result->n;) {
        const node *one = &w->nodes[result->nodes[i]];
        const int sibling = one->parent >= 0 ? index_in(result, one->sibling) : -1;
        if (sibling < 0) {
            i++;
            continue;
        }
        remove_from(result, i > sibling ? i : sibling);
        remove_from(result, i > sibling ? sibling : i);
        result->nodes[result->n++] = one->parent;
        i = 0;
    }
    if (result->n == 1) {
        const node *only = &w->nodes[result->nodes[0]];
        bool open = only->region == NULL;
        for (int i = 0; i < w->n_regions; i++) {
            open = open || w->regions[i].body == only->region;
        }
        *mask = open ? only->mask : NULL;
    }
    return result->n <= MAX_SET;
}

/* ---- regions ---- */

/* Begin a region for the lanes followed, up to the next place where others wait. */
static bool open_region(reader *r, read_ways *w)
{
    BuilderObject *b = r->b;
    if (!is_val(r->state, r->mask) ||
        (w->n_regions > 0 && r->mask == w->regions[w->n_regions - 1].mask)) {
        return true;
    }
    PyObject *body = PyList_New(0), *scope = PyDict_New();
    if (w->n_regions == MAX_REGIONS || body == NULL || scope == NULL ||
        PyList_Append(b->scopes, scope) < 0 || PyList_Append(w->bodies, body) < 0) {
        Py_XDECREF(body);
        Py_XDECREF(scope);
        return false;
    }
    w->regions[w->n_regions++] =
        (region){w->next, Py_NewRef(body), Py_NewRef(r->mask), b->home, b->block};
    b->home = Py_NewRef(body);
    b->block = body;
    Py_SETREF(b->scope, scope);
    return true;
}

static void clear_region(region *g)
{
    Py_CLEAR(g->body);
    Py_CLEAR(g->mask);
    Py_CLEAR(g->outer_home);
    Py_CLEAR(g->block);
}

static bool is_cheap(const reader *r, PyObject *body)
{
    double cost = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(body); i++) {
        PyObject *op = ((ValObject *)PyList_GET_ITEM(body, i))->op;
        PyObject *own = PyDict_GetItemWithError(r->costs, op);
        if (own == NULL || !PyFloat_CheckExact(own)) {
            return false;
        }
        cost += PyFloat_AS_DOUBLE(own);
    }
    return cost < SKIP_COST;
}

/* Its values go to the block around it. */
static bool close_region(reader *r, read_ways *w)
{
    BuilderObject *b = r->b;
    region *g = &w->regions[--w->n_regions];
    Py_SETREF(b->home, g->outer_home);
    Py_SETREF(b->block, g->block);
    g->outer_home = g->block = NULL;
    const Py_ssize_t last = PyList_GET_SIZE(b->scopes) - 1;
    PyObject *scope = Py_NewRef(PyList_GET_ITEM(b->scopes, last));
    bool done = PyList_SetSlice(b->scopes, last, last + 1, NULL) == 0;
    Py_SETREF(b->scope, Py_NewRef(PyList_GET_ITEM(b->scopes, last - 1)));
    done = done && is_cheap(r, g->body) && PyDict_Update(b->scope, scope) == 0;
    for (Py_ssize_t i = 0; done && i < PyList_GET_SIZE(g->body); i++) {
        ValObject *val = (ValObject *)PyList_GET_ITEM(g->body, i);
        Py_SETREF(val->home, Py_NewRef(b->home));
        done = PyList_Append(b->block, (PyObject *)val) == 0;
    }
    Py_DECREF(scope);
    clear_region(g);
    return done;
}

static bool is_bool(const reader *r, PyObject *object)
{
    return read_type(r, object) == 'B';
}

/* ---- ways ---- */

static read_ways *ways_of(reader *r, read_ways **ways)
{
    read_ways *w = *ways != NULL ? *ways : fc_calloc(1, sizeof *w);
    if (w == NULL || *ways != NULL) {
        return w;
    }
    *ways = w;
    w->next = -1;
    w->bodies = PyList_New(0);
    w->here.nodes[0] = add_node(w, -1, NULL, true, r->mask);
    w->here.n = 1;
    return w->bodies != NULL ? w : NULL;
}

static void find_next(read_ways *w)
{
    w->next = -1;
    for (int i = 0; i < w->n_waiting; i++) {
        if (w->waiting[i].items != NULL && (w->next < 0 || w->waiting[i].target < w->next)) {
            w->next = w->waiting[i].target;
        }
    }
}

/* What is there from `locals` on waits at target. */
static bool wait_at(reader *r, read_ways *w, Py_ssize_t target, PyObject *mask, const node_set *set,
                    int locals)
{
    const int n = r->n_items - locals;
    item *items = w->n_waiting < MAX_WAYS ? fc_calloc((size_t)n + 1, sizeof *items) : NULL;
    if (items == NULL) {
        return false;
    }
    for (int i = 0; i < n; i++) {
        items[i] = r->items[locals + i];
        Py_XINCREF(items[i].object);
    }
    w->waiting[w->n_waiting++] = (way){target, Py_NewRef(mask), *set, items, n};
    find_next(w);
    return true;
}

static void clear_way(way *one)
{
    for (int i = 0; i < one->n_items && one->items != NULL; i++) {
        Py_XDECREF(one->items[i].object);
    }
    fc_free(one->items);
    one->items = NULL;
    Py_CLEAR(one->mask);
}

Py_ssize_t read_next_way(const read_ways *w)
{
    return w != NULL ? w->next : -1;
}

bool read_has_returned(const read_ways *w)
{
    return w != NULL && w->n_returns > 0;
}

bool read_jump(reader *r, read_ways **ways, Py_ssize_t target, int locals)
{
    read_ways *w = ways_of(r, ways);
    return w != NULL && wait_at(r, w, target, r->mask, &w->here, locals);
}

/* Lanes where the condition is `on` go to target, the others on. */
static bool split(reader *r, read_ways *w, PyObject *condition, bool on, Py_ssize_t target,
                  int locals, bool keeps, bool *alive)
{
    BuilderObject *b = r->b;
    PyObject *yes = ir_and(b, r->state, r->mask, condition);
    PyObject *no = yes != NULL ? ir_andn(b, r->state, r->mask, condition) : NULL;
    PyObject *leaves = on ? yes : no, *stays = on ? no : yes;
    bool done = no != NULL;
    int n_popped = keeps ? 0 : 1; /* the condition is not there at the target */
    r->n_items -= n_popped;
    if (done && leaves == Py_False) {
        /* none goes there */
    } else if (done && stays == Py_False) {
        done = wait_at(r, w, target, r->mask, &w->here, locals);
        *alive = false;
    } else if (done) {
        int parent = w->here.nodes[0];
        if (w->here.n != 1) { /* together they are no single one: a root of their own */
            parent = add_node(w, -1, NULL, true, r->mask);
        }
        const int gone = parent >= 0 ? add_node(w, parent, condition, on, leaves) : -1;
        const int here = gone >= 0 ? add_node(w, parent, condition, !on, stays) : -1;
        done = here >= 0;
        if (done) {
            w->nodes[gone].sibling = here;
            w->nodes[here].sibling = gone;
            const node_set set = {.nodes = {gone}, .n = 1};
            done = wait_at(r, w, target, leaves, &set, locals);
            w->here = (node_set){.nodes = {here}, .n = 1};
            Py_SETREF(r->mask, Py_NewRef(stays));
            done = done && open_region(r, w);
        }
    }
    r->n_items += n_popped;
    Py_XDECREF(yes);
    Py_XDECREF(no);
    return done;
}

bool read_split(reader *r, read_ways **ways, bool on, Py_ssize_t target, int locals, bool keeps,
                bool *alive)
{
    PyObject *truth = Py_XNewRef(read_truth(r, r->items[r->n_items - 1].object));
    read_ways *w = truth != NULL ? ways_of(r, ways) : NULL;
    bool done = w != NULL;
    if (done && PyBool_Check(truth)) {
        if ((truth == Py_True) == on) {
            r->n_items -= keeps ? 0 : 1;
            done = wait_at(r, w, target, r->mask, &w->here, locals);
            r->n_items += keeps ? 0 : 1;
            *alive = false;
        }
    } else if (done) {
        done = split(r, w, truth, on, target, locals, keeps, alive);
    }
    Py_XDECREF(truth);
    read_drop_to(r, r->n_items - 1); /* where it goes on, the condition has been taken */
    return done;
}

/* One of the names or of the stack, here and there. */
static bool merge_item(reader *r, PyObject *condition, item *x, const item *y, bool truth,
                       bool stacked)
{
    const bool looped = x->looped || y->looped;
    PyObject *yes = truth ? x->object : y->object, *no = truth ? y->object : x->object;
    PyObject *result = NULL;
    if (yes == no) {
        x->looped = looped;
        return true;
    }
    if (yes == NULL || no == NULL) {
        if (stacked) {
            return false;
        }
        Py_CLEAR(x->object); /* not assigned on both ways: a read is not for us */
        return true;
    }
    if (stacked && no == condition && is_bool(r, yes)) {
        result = read_and(r, condition, yes); /* `cond and x` */
    } else if (stacked && yes == condition && is_bool(r, no)) {
        result = read_or(r, condition, no);
    } else {
        result = read_choose(r, condition, yes, no);
    }
    Py_XSETREF(x->object, Py_XNewRef(result));
    x->looped = looped;
    return result != NULL || (!stacked && !PyErr_Occurred()); /* a name may not be read again */
}

/* The way that is followed, from here on with those of `other`. */
static bool merge(reader *r, read_ways *w, const way *other, int locals, int stack)
{
    bool truth;
    PyObject *condition = what_parts(r, w, other, &truth), *mask;
    node_set set;
    if (condition == NULL || r->n_items - locals != other->n_items ||
        !unite(w, other, &set, &mask)) {
        return false;
    }
    Py_INCREF(condition);
    mask = mask != NULL ? Py_NewRef(mask) : ir_or(r->b, r->state, r->mask, other->mask);
    bool done = mask != NULL;
    if (done) {
        Py_SETREF(r->mask, mask);
    }
    /* Names in the order in which they were assigned where the condition holds, as in a dict. */
    const int n_locals = stack - locals;
    int last = 0;
    for (int turn = 0; done && turn < n_locals; turn++) {
        int found = -1, order = 0;
        for (int i = 0; i < n_locals; i++) {
            const item *there = truth ? &r->items[locals + i] : &other->items[i];
            const int own = there->object != NULL ? there->order : 0;
            if (own > last && (found < 0 || own < order)) {
                found = i;
                order = own;
            }
        }
        if (found < 0) {
            break;
        }
        last = order;
        item *x = &r->items[locals + found];
        done = merge_item(r, condition, x, &other->items[found], truth, false);
        x->order = order;
    }
    for (int i = 0; done && i < n_locals; i++) { /* those that only the other has */
        item *x = &r->items[locals + i];
        PyObject *yes = truth ? x->object : other->items[i].object;
        if (x->object != NULL && yes == NULL) {
            Py_CLEAR(x->object);
        }
    }
    for (int i = n_locals; done && i < other->n_items; i++) {
        done = merge_item(r, condition, &r->items[locals + i], &other->items[i], truth, true);
    }
    w->here = set;
    Py_DECREF(condition);
    return done;
}

/* `one` is the way that is followed now. */
static bool take_up(reader *r, read_ways *w, const way *one, int locals)
{
    read_drop_to(r, locals);
    if (locals + one->n_items > READ_MAX_ITEMS) {
        return false;
    }
    for (int i = 0; i < one->n_items; i++) {
        r->items[r->n_items] = one->items[i];
        Py_XINCREF(r->items[r->n_items++].object);
    }
    Py_SETREF(r->mask, Py_NewRef(one->mask));
    w->here = one->set;
    return true;
}

bool read_meet(reader *r, read_ways *w, Py_ssize_t place, int locals, int stack, bool alive)
{
    bool done = true;
    while (done && w->n_regions > 0 && w->regions[w->n_regions - 1].end == place) {
        done = close_region(r, w);
    }
    for (int i = w->n_waiting; done && i-- > 0;) { /* siblings first */
        way *one = &w->waiting[i];
        if (one->items == NULL || one->target != place) {
            continue;
        }
        done = alive ? merge(r, w, one, locals, stack) : take_up(r, w, one, locals);
        alive = true;
        clear_way(one);
    }
    find_next(w);
    while (w->n_waiting > 0 && w->waiting[w->n_waiting - 1].items == NULL) {
        w->n_waiting--;
    }
    return done && (w->next < 0 || open_region(r, w));
}

void read_free_ways(read_ways *w)
{
    if (w == NULL) {
        return;
    }
    for (int i = 0; i < w->n_nodes; i++) {
        Py_XDECREF(w->nodes[i].condition);
        Py_XDECREF(w->nodes[i].mask);
    }
    for (int i = 0; i < w->n_waiting; i++) {
        clear_way(&w->waiting[i]);
    }
    for (int i = 0; i < w->n_regions; i++) {
        clear_region(&w->regions[i]);
    }
    for (int i = 0; i < w->n_returns; i++) {
        Py_XDECREF(w->returns[i].mask);
        Py_XDECREF(w->returns[i].value.object);
    }
    Py_XDECREF(w->bodies);
    fc_free(w);
}
