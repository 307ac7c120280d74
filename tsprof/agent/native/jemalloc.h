/* Dumps of jemalloc's heap profiler, in a program that was started with it. */

#ifndef TSPROF_JEMALLOC_H
#define TSPROF_JEMALLOC_H

/* Write the sampled blocks that are alive to a file. Return NULL, or why that is not possible. */
const char *jemalloc_dump(const char *file);

#endif
