/* Which calls make descriptors and threads, by their call stacks, while a window is open. */

#ifndef TSPROF_ORIGINS_H
#define TSPROF_ORIGINS_H

/* The process whose calls are noted; 0, as nearly always, when no window is open. */
extern int origins_of;

#define ORIGINS_ARE_NOTED (__builtin_expect(__atomic_load_n(&origins_of, __ATOMIC_RELAXED) != 0, 0))

/* Begin to note calls. Return NULL, or why that is not possible. */
const char *origins_start(void);

/* Note no more of them. */
void origins_stop(void);

/* Give back the memory; what was noted is lost. */
void origins_forget(void);

/* Write what was noted and is still there as members of a JSON object: the stack of each descriptor
 * by its number, of each thread by the kernel's number of it, and the stacks' return addresses, the
 * innermost first. A thread may have ended since.
 *
 * put: writes a text as printf does, of at most 100 letters.
 */
void origins_list(void (*put)(const char *format, ...));

/* The rest is called in the program's own calls, from any thread, and in signal handlers. errno
 * stays as it is. The caller is the return address of the call that the program made. */

/* Note that a descriptor was made, or none where it is negative. */
void origins_note(int descriptor, void *caller);

/* Forget the descriptors between two numbers, which are about to be closed. */
void origins_drop(unsigned first, unsigned last);

/* Return the number of the stack of a call; 0 where it cannot be noted. */
unsigned origins_stack(void *caller);

/* Note that this thread was started by the call with that stack. */
void origins_note_thread(unsigned stack);

#endif
