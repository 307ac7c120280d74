/* A window of heaptrack.
 *
 * Its recorder is made to be loaded into a running program by a debugger, which stops the program
 * wherever it is, perhaps within malloc. This thread loads it as any program loads a library, while
 * the target rests. It writes its hooks in the place of the allocator's functions, in all modules.
 * So forked workers and what a shell has started can be recorded, which heaptrack's own LD_PRELOAD
 * leaves out.
 */

#include "heaptrack.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void (*stop)(void);
static int recording;

const char *heaptrack_begin(const char *library, const char *file)
{
    if (recording)
        return "a window is open already";
    if (stop != NULL) /* seen: a second record had 2 % of the allocations */
        return "heaptrack records a process once only";
    /* What cannot be written would be told on the program's own output, and not to us. */
    int there = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (there < 0)
        return strerror(errno);
    close(there);
    void *recorder = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (recorder == NULL)
        return dlerror();
    void (*start)(const char *) = (void (*)(const char *))dlsym(recorder, "heaptrack_inject");
    void (*end)(void) = (void (*)(void))dlsym(recorder, "heaptrack_stop");
    if (start == NULL || end == NULL)
        return "this heaptrack cannot be loaded into a running program";
    stop = end;
    start(file);
    recording = 1;
    return NULL;
}

int heaptrack_mark(void)
{
    if (!recording)
        return 0;
    void *volatile mark = malloc(HEAPTRACK_MARK);
    free(mark);
    return mark != NULL;
}

void heaptrack_end(void)
{
    if (recording)
        stop();
    recording = 0;
}
