/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Branches on what is known only at run time, in a reader of code objects; contract in read_code.h.
 * This is _compile/branching.py for functions of floats, where it is told what ways, nodes and
 * regions are, with finish_returns of _compile/calls.py. A stretch that is long enough to be jumped
 * over is left to those. */
#include "read_code.h"

#include <string.h>

#include "fc_alloc.h"

enum { MAX_NODES = 96, MAX_SET = 8, MAX_WAYS = 32, MAX_REGIONS = 16, MAX_RETURNS = 24 };
#define SKIP_COST 24.0 /* as in _compile/statements.py */

/* Lanes for which a decision came out as it did. */
typedef struct node {
    int parent, sibling, depth; /* indices of nodes; -1: none */
    bool truth;
    PyObject *condition, *mask; /* owned; a condition is a Val, NULL at a root */
    PyObject *region;           /* borrowed: the body of the innermost region, or NULL */
} node;

typedef struct node_set {
    int nodes[2 * MAX_SET], n;
} node_set;

/* Lanes that wait at a place, with what they have there: names, then the stack. */
typedef struct way {
    Py_ssize_t target;
    PyObject *mask; /* owned */
    node_set set;
    item *items; /* owned, as are those in it; NULL: the way goes on already */
    int n_items;
} way;

typedef struct region {
    Py_ssize_t end;
    PyObject *body, *mask;        /* owned */
    PyObject *outer_home, *block; /* owned: the builder's, before */
} region;

typedef struct escape {
    PyObject *mask; /* owned */
    item value;     /* owned */
} escape;

struct read_ways {
    node nodes[MAX_NODES];
    int n_nodes;
    node_set here; /* of the way that is followed */
    way waiting[MAX_WAYS];
    int n_waiting; /* with those that wait no more */
    region regions[MAX_REGIONS];
    int n_regions;
    PyObject *bodies; /* owned list: of all regions, so that none takes another's address */
    escape returns[MAX_RETURNS];
    int n_returns;
    Py_ssize_t next; /* the first place where one waits; -1: none does */
};

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

/* ---- choices ---- */

static bool is_bool(const reader *r, PyObject *object)
{
    return object != NULL &&
           (PyBool_Check(object) ||
            (is_val(r->state, object) && ((ValObject *)object)->type == ir_name(r->state, IR_B)));
}

/* Builder.select of Vals of one type; of bools only where neither is known. */
static PyObject *select_val(reader *r, PyObject *condition, PyObject *x, PyObject *y)
{
    fc_state *state = r->state;
    const ValObject *cond = (ValObject *)condition, *a = (ValObject *)x, *b = (ValObject *)y;
    const bool floats = a->type == ir_name(state, IR_D);
    if (x == y) {
        return Py_NewRef(x);
    }
    if (!floats && (a->op == ir_name(state, IR_CONST) || b->op == ir_name(state, IR_CONST))) {
        return NULL;
    }
    PyObject *args = cond->op == ir_name(state, IR_NOT)
                         ? PyTuple_Pack(3, y, x, PyTuple_GET_ITEM(cond->args, 0))
                         : PyTuple_Pack(3, x, y, condition);
    PyObject *val = NULL;
    if (args != NULL) {
        val = ir_emit(r->b, state, ir_name(state, floats ? IR_SELECT : IR_SELECT_B), a->type, args,
                      0, Py_None);
        Py_DECREF(args);
    }
    return val;
}

static bool are_same(PyObject *x, PyObject *y)
{
    if (Py_TYPE(x) != Py_TYPE(y) || !read_is_number(x)) {
        return false;
    }
    if (PyFloat_CheckExact(x)) {
        const double a = PyFloat_AS_DOUBLE(x), b = PyFloat_AS_DOUBLE(y);
        return memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b);
    }
    return PyObject_RichCompareBool(x, y, Py_EQ) == 1;
}

/* Arithmetic.choose of floats, or of bools: x where the condition holds, else y. */
static PyObject *choose(reader *r, PyObject *condition, PyObject *x, PyObject *y)
{
    if (x == NULL || y == NULL) {
        return NULL;
    }
    if (x == y || condition == Py_True) {
        return Py_NewRef(x);
    }
    if (condition == Py_False) {
        return Py_NewRef(y);
    }
    const bool x_is_val = is_val(r->state, x), y_is_val = is_val(r->state, y);
    if (x_is_val && y_is_val && ((ValObject *)x)->type == ((ValObject *)y)->type) {
        return select_val(r, condition, x, y);
    }
    if (!x_is_val && !y_is_val && are_same(x, y)) {
        return Py_NewRef(x);
    }
    const bool floats = (x_is_val ? read_is_float(r, x) : PyFloat_CheckExact(x)) ||
                        (y_is_val ? read_is_float(r, y) : PyFloat_CheckExact(y));
    /* (the masks of as_joined: instructions that are found again, if no more) */
    PyObject *yes = ir_and(r->b, r->state, r->mask, condition);
    PyObject *no = yes != NULL ? ir_andn(r->b, r->state, r->mask, condition) : NULL;
    PyObject *p = no != NULL && floats ? ir_float(r->b, r->state, x) : NULL;
    PyObject *q = p != NULL ? ir_float(r->b, r->state, y) : NULL;
    PyObject *result = q != NULL ? select_val(r, condition, p, q) : NULL;
    Py_XDECREF(q);
    Py_XDECREF(p);
    Py_XDECREF(no);
    Py_XDECREF(yes);
    return result;
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

/* The truth of what is on top: True, False or a Val. */
static PyObject *truth_of(reader *r)
{
    fc_state *state = r->state;
    PyObject *value = r->items[r->n_items - 1].object;
    if (read_is_number(value)) {
        const int is_true = PyObject_IsTrue(value);
        return is_true < 0 ? NULL : PyBool_FromLong(is_true);
    }
    if (read_is_float(r, value)) {
        PyObject *args = PyTuple_Pack(1, value), *val = NULL;
        if (args != NULL) {
            val = ir_emit(r->b, state, ir_name(state, IR_B_D), ir_name(state, IR_B), args, 0,
                          Py_None);
            Py_DECREF(args);
        }
        return val;
    }
    return is_bool(r, value) && ((ValObject *)value)->op != ir_name(state, IR_CONST)
               ? Py_NewRef(value)
               : NULL;
}

bool read_not(reader *r)
{
    const bool looped = r->items[r->n_items - 1].looped;
    PyObject *truth = truth_of(r);
    PyObject *result = truth != NULL ? ir_not(r->b, r->state, truth) : NULL;
    Py_XDECREF(truth);
    read_drop_to(r, r->n_items - 1);
    return read_push(r, result, looped);
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
    PyObject *truth = truth_of(r);
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

bool read_return(reader *r, read_ways *w)
{
    const item *value = &r->items[r->n_items - 1];
    if (w->n_returns == MAX_RETURNS ||
        !(read_is_number(value->object) ||
          (value->object != NULL && is_val(r->state, value->object)))) {
        return false;
    }
    w->returns[w->n_returns++] =
        (escape){Py_NewRef(r->mask), {Py_NewRef(value->object), value->looped, 0}};
    Py_SETREF(r->mask, Py_NewRef(Py_False));
    return true;
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
        result = ir_and(r->b, r->state, condition, yes); /* `cond and x` */
    } else if (stacked && yes == condition && is_bool(r, no)) {
        result = ir_or(r->b, r->state, condition, no);
    } else {
        result = choose(r, condition, yes, no);
    }
    Py_XSETREF(x->object, result);
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

/* ---- returns ---- */

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

static PyObject *type_of(const reader *r, PyObject *value)
{
    return is_val(r->state, value)     ? ((ValObject *)value)->type
           : PyBool_Check(value)       ? ir_name(r->state, IR_B)
           : PyFloat_CheckExact(value) ? ir_name(r->state, IR_D)
                                       : ir_name(r->state, IR_I);
}

bool read_finish(reader *r, read_ways *w)
{
    PyObject *conds[MAX_RETURNS];
    if (w->n_returns == 0 || w->n_regions != 0 || !find_conditions(r, w, conds)) {
        return false;
    }
    const escape *last = &w->returns[w->n_returns - 1];
    PyObject *value = Py_NewRef(last->value.object);
    bool looped = last->value.looped;
    Py_SETREF(r->mask, Py_NewRef(last->mask));
    for (int i = w->n_returns - 2; value != NULL && i >= 0; i--) {
        const escape *e = &w->returns[i];
        PyObject *cond = conds[i], *lanes = ir_or(r->b, r->state, r->mask, e->mask);
        if (lanes == NULL) {
            Py_CLEAR(value);
            break;
        }
        Py_SETREF(r->mask, lanes);
        if (is_val(r->state, cond) && type_of(r, e->value.object) != type_of(r, value)) {
            cond = e->mask; /* a wider one must not select */
        }
        looped = looped || e->value.looped;
        Py_SETREF(value, choose(r, cond, e->value.object, value));
    }
    return read_push(r, value, looped);
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
