/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The outcome of everything in the core that can fail. A status says what happened in the world or
 * in the caller's request; a bug of our own is an assert. The binding turns each into one exception
 * (src/binding/errors.c is the only place that does). */
#ifndef FC_STATUS_H
#define FC_STATUS_H

/*      name         exception in Python      meaning */
#define FC_STATUS_TABLE(X)                                                                         \
    X(OK, "no error")                                                                              \
    X(ERR_NOMEM, "out of memory")                /* MemoryError */                                 \
    X(ERR_THREAD, "can't start new thread")      /* RuntimeError */                                \
    X(ERR_INVALID, "invalid argument")           /* ValueError */                                  \
    X(ERR_FORMAT, "malformed program or plan")   /* ValueError */                                  \
    X(ERR_UNSUPPORTED, "not supported")          /* NotImplementedError */                         \
    X(ERR_CANCELLED, "cancelled")                /* CancelledError, or the signal's exception */   \
    X(ERR_DEADLINE, "deadline exceeded")         /* TimeoutError */                                \
    X(ERR_CALLBACK, "exception in a callback")   /* the exception that the callback kept */        \
    X(ERR_OVERFLOW, "integer overflow")          /* OverflowError */                               \
    X(ERR_ZERODIV, "division by zero")           /* ZeroDivisionError */                           \
    X(ERR_DOMAIN, "math domain error")           /* ValueError */                                  \
    X(ERR_RANGE, "math range error")             /* OverflowError */                               \
    X(ERR_INDEX, "index out of range")           /* IndexError */                                  \
    X(ERR_ASSERT, "assertion failed")            /* AssertionError */                              \
    X(ERR_ITERATIONS, "iteration limit reached") /* RuntimeError */                                \
    X(ERR_LIBRARY, "a library could not be loaded") /* ImportError */

typedef enum fc_status {
#define FC_STATUS_ENUM(name, text) FC_##name,
    FC_STATUS_TABLE(FC_STATUS_ENUM)
#undef FC_STATUS_ENUM
} fc_status;

/* A caller that drops a status hides a failure. */
#define FC_MUST_CHECK __attribute__((warn_unused_result))

/* A short English text without a full stop; never NULL, never freed. */
const char *fc_status_text(fc_status status);

#endif
