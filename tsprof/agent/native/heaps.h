/* Heaps whose own counters tell exactly what is live. */

#ifndef TSPROF_HEAPS_H
#define TSPROF_HEAPS_H

#include <stddef.h>

struct heap_size {
    long long live; /* bytes in blocks that the program has not given back */
    long long held; /* bytes that the allocator has from the kernel */
};

/* Look for allocators in this process, and find out which of them serves its malloc. */
void heaps_find(void);

/* Name the readable heaps, separated by spaces: "glibc jemalloc". */
const char *heaps_names(void);

/* Tell whether malloc is served by a heap that can be read. */
int heaps_tell_of_malloc(void);

/* Return the file that malloc comes from. */
const char *heaps_file_of_malloc(void);

/* Give free memory back to the kernel. */
void heaps_trim(void);

/* Read the sum of all heaps. */
struct heap_size heaps_read(void);

/* Plant blocks in every heap that can be read; return how many bytes must show. */
long long heaps_plant(void);

/* Take back what was planted. */
void heaps_unplant(void);

enum { HEAPS_PLANTED_BLOCKS = 1000 };

#endif
