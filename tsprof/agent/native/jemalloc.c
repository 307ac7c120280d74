/* Dumps of jemalloc's heap profiler, in a program that was started with it. */

#include "jemalloc.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

const char *jemalloc_dump(const char *file)
{
    int (*control)(const char *, void *, size_t *, void *, size_t);
    control = (int (*)(const char *, void *, size_t *, void *, size_t))dlsym(RTLD_DEFAULT, "mallctl");
    if (control == NULL)
        return "its allocator is not jemalloc";
    int error = control("prof.dump", NULL, NULL, &file, sizeof file);
    return error == 0 ? NULL : strerror(error);
}
