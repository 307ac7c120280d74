/* Which calls make descriptors and threads, by their call stacks, while a window is open.
 *
 * All is kept in tables of a fixed size, which the kernel fills with pages as they are used, and
 * changed by single atomic operations: a call may be made in a signal handler, with any lock of the
 * program held. What finds no room is not noted.
 */

#define _GNU_SOURCE
#include "origins.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    DESCRIPTORS = 1 << 16, /* numbers from 0; the supervisor lists fewer */
    THREADS = 1 << 16,
    STACKS = 1 << 12,
    FRAMES = 60,
    OURS = 4, /* frames of the agent's own, at most */
    TRIES = 16, /* places that are looked at */
};

struct descriptor {
    uint32_t stack;
    uint64_t inode; /* tells it from another of its number, if its end was not seen */
};

struct thread {
    int number;
    uint32_t stack;
};

struct stack {
    uint64_t hash; /* 0 for a free place; 64 bits are taken for the stack itself */
    uint32_t depth; /* written last */
    uint32_t is_told;
    void *frames[FRAMES];
};

struct tables {
    struct descriptor descriptors[DESCRIPTORS];
    struct thread threads[THREADS];
    struct stack stacks[STACKS]; /* the first is none */
};

int origins_of;

static struct tables *tables; /* stays: a late call may still write to it */
static int (*backtrace)(void **, int);
static __thread int is_noting __attribute__((tls_model("initial-exec")));

const char *origins_start(void)
{
    void *frames[2];
    /* Not in musl, which a library that names it could not be loaded into. */
    backtrace = (int (*)(void **, int))dlsym(RTLD_DEFAULT, "backtrace");
    if (backtrace == NULL)
        return "its C library has no backtrace()";
    backtrace(frames, 2); /* the first call loads a library, and allocates */
    if (tables == NULL) {
        void *room = mmap(NULL, sizeof *tables, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (room == MAP_FAILED)
            return "there is no memory for its call stacks";
        tables = room;
    }
    origins_forget();
    __atomic_store_n(&origins_of, (int)getpid(), __ATOMIC_RELEASE);
    return NULL;
}

void origins_stop(void)
{
    __atomic_store_n(&origins_of, 0, __ATOMIC_RELEASE);
}

void origins_forget(void)
{
    origins_stop();
    if (tables != NULL)
        madvise(tables, sizeof *tables, MADV_DONTNEED); /* zeroes it */
}

static uint64_t inode_of(int descriptor)
{
    struct stat status;
    return fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

/* A child that shares this memory until it executes a program (vfork) must leave no trace. */
static int is_noted_here(void)
{
    return __atomic_load_n(&origins_of, __ATOMIC_ACQUIRE) == (int)getpid();
}

static uint64_t hash_of(void **frames, int depth)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a, by words */
    for (int i = 0; i < depth; i++) {
        hash = (hash ^ (uintptr_t)frames[i]) * 1099511628211u;
        hash ^= hash >> 29;
    }
    return hash != 0 ? hash : 1;
}

static uint32_t kept(void **frames, int depth)
{
    uint64_t hash = hash_of(frames, depth);
    for (int i = 0; i < TRIES; i++) {
        uint32_t place = 1 + (hash + i) % (STACKS - 1);
        struct stack *stack = &tables->stacks[place];
        uint64_t found = 0;
        if (__atomic_compare_exchange_n(&stack->hash, &found, hash, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE)) {
            for (int j = 0; j < depth; j++)
                stack->frames[j] = frames[j];
            __atomic_store_n(&stack->depth, depth, __ATOMIC_RELEASE);
            return place;
        }
        if (found == hash)
            return place;
    }
    return 0;
}

unsigned origins_stack(void *caller)
{
    void *frames[OURS + FRAMES];
    uint32_t place = 0;
    int error = errno;
    if (is_noting || !is_noted_here())
        return 0;
    is_noting = 1;
    int depth = backtrace(frames, OURS + FRAMES);
    for (int i = 0; i < OURS && i < depth; i++) {
        if (frames[i] == caller) {
            place = kept(frames + i, depth - i < FRAMES ? depth - i : FRAMES);
            break;
        }
    }
    is_noting = 0;
    errno = error;
    return place;
}

void origins_note(int descriptor, void *caller)
{
    if (descriptor < 0 || descriptor >= DESCRIPTORS)
        return;
    uint32_t stack = origins_stack(caller);
    if (stack == 0)
        return;
    int error = errno;
    struct descriptor *made = &tables->descriptors[descriptor];
    __atomic_store_n(&made->inode, inode_of(descriptor), __ATOMIC_RELAXED);
    __atomic_store_n(&made->stack, stack, __ATOMIC_RELEASE);
    errno = error;
}

void origins_drop(unsigned first, unsigned last)
{
    if (first >= DESCRIPTORS || !is_noted_here())
        return;
    for (unsigned i = first; i < DESCRIPTORS && i <= last; i++)
        __atomic_store_n(&tables->descriptors[i].stack, 0, __ATOMIC_RELEASE);
}

static int has_ended(int thread)
{
    return syscall(SYS_tgkill, getpid(), thread, 0) != 0;
}

void origins_note_thread(unsigned stack)
{
    int error = errno, number = syscall(SYS_gettid);
    if (!is_noted_here())
        return;
    for (int i = 0; i < TRIES; i++) {
        struct thread *place = &tables->threads[(number + i) % THREADS];
        int before = __atomic_load_n(&place->number, __ATOMIC_ACQUIRE);
        if (before != 0 && before != number && !has_ended(before))
            continue;
        if (__atomic_compare_exchange_n(&place->number, &before, number, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE)) {
            __atomic_store_n(&place->stack, stack, __ATOMIC_RELEASE);
            break;
        }
    }
    errno = error;
}

static uint32_t told(uint32_t place)
{
    if (place != 0 && __atomic_load_n(&tables->stacks[place].depth, __ATOMIC_ACQUIRE) != 0)
        tables->stacks[place].is_told = 1;
    return place;
}

void origins_list(void (*put)(const char *format, ...))
{
    const char *comma = "";
    put("\"descriptors\":{");
    for (int i = 0; tables != NULL && i < DESCRIPTORS; i++) {
        struct descriptor *made = &tables->descriptors[i];
        if (made->stack != 0 && inode_of(i) == made->inode) {
            put("%s\"%d\":%u", comma, i, told(made->stack));
            comma = ",";
        }
    }
    put("},\"threads\":{");
    comma = "";
    for (int i = 0; tables != NULL && i < THREADS; i++) {
        struct thread *made = &tables->threads[i];
        if (made->stack != 0 && !has_ended(made->number)) {
            put("%s\"%d\":%u", comma, made->number, told(made->stack));
            comma = ",";
        }
    }
    put("},\"stacks\":{");
    comma = "";
    for (int i = 0; tables != NULL && i < STACKS; i++) {
        struct stack *stack = &tables->stacks[i];
        if (!stack->is_told)
            continue;
        put("%s\"%d\":[%lu", comma, i, (unsigned long)(uintptr_t)stack->frames[0]);
        for (uint32_t j = 1; j < stack->depth; j++)
            put(",%lu", (unsigned long)(uintptr_t)stack->frames[j]);
        put("]");
        comma = ",";
    }
    put("}");
}
