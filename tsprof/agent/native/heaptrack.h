/* A window of heaptrack: the recorder that comes with it, loaded while the program runs. */

#ifndef TSPROF_HEAPTRACK_H
#define TSPROF_HEAPTRACK_H

/* Begin to record allocations. Return NULL, or why that is not possible.
 *
 * library: path of heaptrack's libheaptrack_inject.so; it stays loaded.
 * file: where the record is written.
 */
const char *heaptrack_begin(const char *library, const char *file);

/* Return the milliseconds since the begin, as the record counts them; -1 when none is under way. */
long heaptrack_elapsed(void);

/* End the record: the program's calls go straight to its allocator again. */
void heaptrack_end(void);

#endif
