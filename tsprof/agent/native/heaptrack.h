/* A window of heaptrack: the recorder that comes with it, loaded while the program runs. */

#ifndef TSPROF_HEAPTRACK_H
#define TSPROF_HEAPTRACK_H

/* Begin to record allocations. Return NULL, or why that is not possible.
 *
 * library: path of heaptrack's libheaptrack_inject.so; it stays loaded.
 * file: where the record is written.
 */
const char *heaptrack_begin(const char *library, const char *file);

/* A size that nothing else asks for: its allocation marks a place in the record. It is never
 * touched, and so takes no memory. */
enum { HEAPTRACK_MARK = 7624097 };

/* Mark the record; return 0 when none is under way. */
int heaptrack_mark(void);

/* End the record: the program's calls go straight to its allocator again. */
void heaptrack_end(void);

#endif
