/* The C library's functions that make and close descriptors and start threads, interposed.
 *
 * They come before those of the C library for all modules of the program, those that it loads later
 * included. To write into the modules' tables of addresses for a window only, as heaptrack does,
 * would cost nothing outside of it; but it has to know each machine's relocations, to make
 * read-only pages writable in a program that serves, and to follow what is loaded meanwhile. Here
 * a call costs one load more, and is passed on by a jump: no frame of the agent is on a stack.
 * What the C library calls within itself, and system calls that the program makes itself, as Go and
 * io_uring do, are not seen either way.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "agent.h"
#include "origins.h"

#define EXPORTED __attribute__((visibility("default")))
#define CALLER __builtin_return_address(0)

/* musl had these as macros. */
#undef open64
#undef openat64
#undef creat64
#undef mkstemp64
#undef mkostemp64
#undef fopen64
#undef tmpfile64

/* What is in newer C libraries only, and what fortified calls become. */
EXPORTED int close_range(unsigned, unsigned, int);
EXPORTED void closefrom(int);
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif
EXPORTED int __open_2(const char *, int);
EXPORTED int __open64_2(const char *, int);
EXPORTED int __openat_2(int, const char *, int);
EXPORTED int __openat64_2(int, const char *, int);

#define FUNCTIONS(EACH)                                                                            \
    EACH(listen) EACH(open) EACH(open64) EACH(openat) EACH(openat64) EACH(__open_2)                \
    EACH(__open64_2) EACH(__openat_2) EACH(__openat64_2) EACH(creat) EACH(creat64) EACH(mkstemp)   \
    EACH(mkstemp64) EACH(mkostemp) EACH(mkostemp64) EACH(shm_open) EACH(memfd_create)              \
    EACH(socket) EACH(accept) EACH(accept4) EACH(dup) EACH(dup2) EACH(dup3) EACH(fcntl)            \
    EACH(fcntl64) EACH(pipe) EACH(pipe2) EACH(socketpair) EACH(eventfd) EACH(epoll_create)         \
    EACH(epoll_create1) EACH(timerfd_create) EACH(signalfd) EACH(inotify_init)                     \
    EACH(inotify_init1) EACH(fopen) EACH(fopen64) EACH(tmpfile) EACH(tmpfile64) EACH(popen)        \
    EACH(opendir) EACH(close) EACH(close_range) EACH(closefrom) EACH(fclose) EACH(pclose)          \
    EACH(closedir) EACH(pthread_create)

#define PLACE(name) AT_##name,
#define NAME(name) #name,

enum { FUNCTIONS(PLACE) NUMBER };

static const char *const names[] = {FUNCTIONS(NAME)};
static void *followers[NUMBER];

/* In place of a function that this C library has not; a program may have looked for it, and found
 * ours. */
static int missing(void)
{
    errno = ENOSYS;
    return -1;
}

static void *find(int place)
{
    void *found = dlsym(RTLD_NEXT, names[place]);
    if (found == NULL)
        found = (void *)missing;
    __atomic_store_n(&followers[place], found, __ATOMIC_RELAXED);
    return found;
}

/* Other libraries' constructors come before ours. */
static inline void *follower(int place)
{
    void *found = __atomic_load_n(&followers[place], __ATOMIC_RELAXED);
    return found != NULL ? found : find(place);
}

__attribute__((constructor)) static void find_all(void)
{
    for (int place = 0; place < NUMBER; place++)
        follower(place); /* a signal handler could not look for it */
}

#define NEXT(name) ((__typeof__(&name))follower(AT_##name))

/* What a program calls that serves; its sockets may be inherited, ready to accept from. */

EXPORTED int listen(int socket, int backlog)
{
    agent_begin();
    return NEXT(listen)(socket, backlog);
}

static int noted(int descriptor, void *caller)
{
    origins_note(descriptor, caller);
    return descriptor;
}

/* A call may wait from before a window until there is one. */

EXPORTED int accept(int socket, struct sockaddr *peer, socklen_t *length)
{
    agent_begin();
    int descriptor = NEXT(accept)(socket, peer, length);
    return ORIGINS_ARE_NOTED ? noted(descriptor, CALLER) : descriptor;
}

EXPORTED int accept4(int socket, struct sockaddr *peer, socklen_t *length, int flags)
{
    agent_begin();
    int descriptor = NEXT(accept4)(socket, peer, length, flags);
    return ORIGINS_ARE_NOTED ? noted(descriptor, CALLER) : descriptor;
}

#define MAKES(name, parameters, arguments)                                                         \
    EXPORTED int name parameters                                                                   \
    {                                                                                              \
        if (!ORIGINS_ARE_NOTED)                                                                    \
            return NEXT(name) arguments;                                                           \
        return noted(NEXT(name) arguments, CALLER);                                                \
    }

MAKES(__open_2, (const char *path, int flags), (path, flags))
MAKES(__open64_2, (const char *path, int flags), (path, flags))
MAKES(__openat_2, (int folder, const char *path, int flags), (folder, path, flags))
MAKES(__openat64_2, (int folder, const char *path, int flags), (folder, path, flags))
MAKES(creat, (const char *path, mode_t mode), (path, mode))
MAKES(creat64, (const char *path, mode_t mode), (path, mode))
MAKES(mkstemp, (char *path), (path))
MAKES(mkstemp64, (char *path), (path))
MAKES(mkostemp, (char *path, int flags), (path, flags))
MAKES(mkostemp64, (char *path, int flags), (path, flags))
MAKES(shm_open, (const char *name, int flags, mode_t mode), (name, flags, mode))
MAKES(memfd_create, (const char *name, unsigned flags), (name, flags))
MAKES(socket, (int domain, int type, int protocol), (domain, type, protocol))
MAKES(dup, (int old), (old))
MAKES(dup2, (int old, int new), (old, new))
MAKES(dup3, (int old, int new, int flags), (old, new, flags))
MAKES(eventfd, (unsigned value, int flags), (value, flags))
MAKES(epoll_create, (int size), (size))
MAKES(epoll_create1, (int flags), (flags))
MAKES(timerfd_create, (clockid_t clock, int flags), (clock, flags))
MAKES(signalfd, (int old, const sigset_t *mask, int flags), (old, mask, flags))
MAKES(inotify_init, (void), ())
MAKES(inotify_init1, (int flags), (flags))

#define OPENS(name, parameters, arguments)                                                         \
    EXPORTED int name parameters                                                                   \
    {                                                                                              \
        mode_t mode = 0;                                                                           \
        if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {                          \
            va_list rest;                                                                          \
            va_start(rest, flags);                                                                 \
            mode = va_arg(rest, mode_t);                                                           \
            va_end(rest);                                                                          \
        }                                                                                          \
        if (!ORIGINS_ARE_NOTED)                                                                    \
            return NEXT(name) arguments;                                                           \
        return noted(NEXT(name) arguments, CALLER);                                                \
    }

OPENS(open, (const char *path, int flags, ...), (path, flags, mode))
OPENS(open64, (const char *path, int flags, ...), (path, flags, mode))
OPENS(openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))
OPENS(openat64, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))

#define CONTROLS(name)                                                                             \
    EXPORTED int name(int descriptor, int command, ...)                                            \
    {                                                                                              \
        va_list rest;                                                                              \
        va_start(rest, command);                                                                   \
        void *argument = va_arg(rest, void *); /* as wide as any; some commands have none */       \
        va_end(rest);                                                                              \
        if (!ORIGINS_ARE_NOTED || (command != F_DUPFD && command != F_DUPFD_CLOEXEC))              \
            return NEXT(name)(descriptor, command, argument);                                      \
        return noted(NEXT(name)(descriptor, command, argument), CALLER);                           \
    }

CONTROLS(fcntl)
CONTROLS(fcntl64)

static int noted_both(int result, const int both[2], void *caller)
{
    if (result == 0) {
        origins_note(both[0], caller);
        origins_note(both[1], caller);
    }
    return result;
}

#define MAKES_TWO(name, parameters, arguments)                                                     \
    EXPORTED int name parameters                                                                   \
    {                                                                                              \
        if (!ORIGINS_ARE_NOTED)                                                                    \
            return NEXT(name) arguments;                                                           \
        return noted_both(NEXT(name) arguments, both, CALLER);                                     \
    }

MAKES_TWO(pipe, (int both[2]), (both))
MAKES_TWO(pipe2, (int both[2], int flags), (both, flags))
MAKES_TWO(socketpair, (int domain, int type, int protocol, int both[2]),
          (domain, type, protocol, both))

static FILE *noted_file(FILE *file, void *caller)
{
    if (file != NULL)
        origins_note(fileno(file), caller);
    return file;
}

#define OPENS_FILE(name, parameters, arguments)                                                    \
    EXPORTED FILE *name parameters                                                                 \
    {                                                                                              \
        if (!ORIGINS_ARE_NOTED)                                                                    \
            return NEXT(name) arguments;                                                           \
        return noted_file(NEXT(name) arguments, CALLER);                                           \
    }

OPENS_FILE(fopen, (const char *path, const char *mode), (path, mode))
OPENS_FILE(fopen64, (const char *path, const char *mode), (path, mode))
OPENS_FILE(tmpfile, (void), ())
OPENS_FILE(tmpfile64, (void), ())
OPENS_FILE(popen, (const char *command, const char *mode), (command, mode))

EXPORTED DIR *opendir(const char *path)
{
    if (!ORIGINS_ARE_NOTED)
        return NEXT(opendir)(path);
    DIR *folder = NEXT(opendir)(path);
    if (folder != NULL)
        origins_note(dirfd(folder), CALLER);
    return folder;
}

/* A descriptor is forgotten before it is closed: after it, another thread may have its number. */

EXPORTED int close(int descriptor)
{
    if (ORIGINS_ARE_NOTED)
        origins_drop(descriptor, descriptor);
    return NEXT(close)(descriptor);
}

EXPORTED int close_range(unsigned first, unsigned last, int flags)
{
    if (ORIGINS_ARE_NOTED && (flags & CLOSE_RANGE_CLOEXEC) == 0)
        origins_drop(first, last);
    return NEXT(close_range)(first, last, flags);
}

EXPORTED void closefrom(int first)
{
    if (ORIGINS_ARE_NOTED)
        origins_drop(first < 0 ? 0 : first, ~0u);
    NEXT(closefrom)(first);
}

#define CLOSES(name, type, number_of)                                                              \
    EXPORTED int name(type *opened)                                                                \
    {                                                                                              \
        type *volatile given = opened; /* NULL is allowed, against what the header says */         \
        if (ORIGINS_ARE_NOTED && given != NULL) {                                                  \
            int error = errno, descriptor = number_of(given);                                      \
            origins_drop(descriptor, descriptor);                                                  \
            errno = error;                                                                         \
        }                                                                                          \
        return NEXT(name)(opened);                                                                 \
    }

CLOSES(fclose, FILE, fileno)
CLOSES(pclose, FILE, fileno)
CLOSES(closedir, DIR, dirfd)

struct start {
    void *(*routine)(void *);
    void *argument;
    unsigned stack;
};

static void *note_and_run(void *given)
{
    struct start start = *(struct start *)given;
    free(given);
    origins_note_thread(start.stack);
    return start.routine(start.argument);
}

EXPORTED int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                            void *(*routine)(void *), void *argument)
{
    unsigned stack = ORIGINS_ARE_NOTED ? origins_stack(CALLER) : 0;
    struct start *start = stack != 0 ? malloc(sizeof *start) : NULL;
    if (start == NULL)
        return NEXT(pthread_create)(thread, attributes, routine, argument);
    *start = (struct start){routine, argument, stack};
    int error = NEXT(pthread_create)(thread, attributes, note_and_run, start);
    if (error != 0)
        free(start);
    return error;
}
