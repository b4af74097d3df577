/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The ways through a function, shared by read_ways.c, which follows them, and read_returns.c, where
 * they end. */
#ifndef READ_WAYS_H
#define READ_WAYS_H

#include "read_code.h"

enum { MAX_NODES = 96, MAX_SET = 8, MAX_WAYS = 32, MAX_REGIONS = 16, MAX_RETURNS = 24 };

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

#endif
