/* SPDX-License-Identifier: BSD-3-Clause
 *
 * OpenBLAS through dlopen; contract in fc_blas.h. */
#include "fc_blas.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { ROW_MAJOR = 101, NO_TRANS = 111 }; /* of CBLAS' interface */

typedef void sgemm_fn(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                      const float *a, int lda, const float *b, int ldb, float beta, float *c,
                      int ldc);
typedef void set_threads_fn(int n);
typedef char *get_config_fn(void);

static pthread_mutex_t load_mutex = PTHREAD_MUTEX_INITIALIZER;
static get_config_fn *get_config; /* guarded by load_mutex until `sgemm` is published */
static _Atomic(sgemm_fn *) sgemm; /* store-release after get_config; loads acquire */

static void *find(void *library, const char *prefix, const char *name)
{
    char symbol[80];
    snprintf(symbol, sizeof symbol, "%s%s", prefix, name);
    return dlsym(library, symbol);
}

static fc_status load_locked(const char *path, const char *prefix)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return FC_ERR_LIBRARY;
    }
    sgemm_fn *product = (sgemm_fn *)find(library, prefix, "cblas_sgemm");
    set_threads_fn *set_threads =
        (set_threads_fn *)find(library, prefix, "openblas_set_num_threads");
    if (product == NULL || set_threads == NULL) {
        dlclose(library);
        return FC_ERR_LIBRARY;
    }
    get_config = (get_config_fn *)find(library, prefix, "openblas_get_config");
    set_threads(1);
    atomic_store_explicit(&sgemm, product, memory_order_release);
    return FC_OK; /* never closed: workers may be inside it at exit */
}

fc_status fc_blas_load(const char *path, const char *prefix)
{
    if (strlen(prefix) > 32) {
        return FC_ERR_INVALID;
    }
    pthread_mutex_lock(&load_mutex);
    fc_status status = fc_blas_available() ? FC_OK : load_locked(path, prefix);
    pthread_mutex_unlock(&load_mutex);
    return status;
}

bool fc_blas_available(void)
{
    return atomic_load_explicit(&sgemm, memory_order_acquire) != NULL;
}

const char *fc_blas_config(void)
{
    if (!fc_blas_available()) {
        return NULL;
    }
    return get_config != NULL ? get_config() : "OpenBLAS";
}

void fc_blas_sgemm(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                   size_t ldb, float *c, size_t ldc)
{
    sgemm_fn *product = atomic_load_explicit(&sgemm, memory_order_acquire);
    product(ROW_MAJOR, NO_TRANS, NO_TRANS, (int)m, (int)n, (int)k, 1.0F, a, (int)lda, b, (int)ldb,
            0.0F, c, (int)ldc);
}
