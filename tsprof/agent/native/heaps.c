/* Readers of glibc's malloc, jemalloc and tcmalloc.
 *
 * mallinfo2 (glibc 2.33 and later) sums all arenas. Its 32-bit predecessor wraps at 4 GiB and is
 * followed past its end from one reading to the next. glibc counts what waits in the tcaches of
 * the program's threads as used; jemalloc and tcmalloc know what waits in theirs.
 *
 * Nothing here names a function that only glibc has: a library that a musl program cannot link
 * would keep it from starting.
 */

#define _GNU_SOURCE
#include "heaps.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SMALL_BLOCK = 200,
    LARGE_BLOCK = 100000, /* below the size from which glibc maps a block, and learns from it */
    JEMALLOC_BLOCK = 7 << 14, /* a size class of jemalloc's: such a block takes no more than that */
    CHUNK_HEADER = sizeof(size_t), /* of glibc's chunks, which counts as used */
    TRIES = 5,
};

struct counts { size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, rest[2]; };
struct counts_32 { int arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, rest[2]; };

typedef int mallctl_function(const char *, void *, size_t *, void *, size_t);

static struct counts (*mallinfo_64)(void);
static struct counts_32 (*mallinfo_32)(void);
static int (*glibc_trim)(size_t);
static mallctl_function *jemalloc_control;
static void *(*jemalloc_malloc)(size_t); /* where it is not the program's malloc */
static void (*jemalloc_free)(void *);
static int (*tcmalloc_property)(const char *, size_t *);
static void (*tcmalloc_release)(void);
static size_t (*usable_size)(void *);

static enum { UNKNOWN, GLIBC, OTHER } serves_malloc;
static char names[64];
static void *planted[HEAPS_PLANTED_BLOCKS];
static void *planted_large;
static void *planted_jemalloc;

/* Symbols of the executable that it does not export, as long as it is not stripped. */

struct symbols {
    const char *file;
    size_t size;
    uintptr_t bias;
};

static int first_object(struct dl_phdr_info *info, size_t size, void *bias)
{
    (void)size;
    *(uintptr_t *)bias = info->dlpi_addr; /* the executable comes first */
    return 1;
}

static struct symbols open_symbols(void)
{
    struct symbols found = {NULL, 0, 0};
    struct stat status;
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return found;
    if (fstat(file, &status) == 0 && (size_t)status.st_size > sizeof(ElfW(Ehdr))) {
        void *content = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (content != MAP_FAILED) {
            found.file = content;
            found.size = status.st_size;
        }
    }
    close(file);
    dl_iterate_phdr(first_object, &found.bias);
    return found;
}

static int inside(const struct symbols *symbols, uint64_t offset, uint64_t size)
{
    return offset <= symbols->size && size <= symbols->size - offset;
}

static void *find_hidden(const struct symbols *symbols, const char *name)
{
    const ElfW(Ehdr) *header = (const void *)symbols->file;
    if (symbols->file == NULL
        || !inside(symbols, header->e_shoff, (uint64_t)header->e_shnum * sizeof(ElfW(Shdr))))
        return NULL;
    const ElfW(Shdr) *sections = (const void *)(symbols->file + header->e_shoff);
    for (int i = 0; i < header->e_shnum; i++) {
        const ElfW(Shdr) *table = &sections[i];
        if (table->sh_type != SHT_SYMTAB || table->sh_link >= header->e_shnum)
            continue;
        const ElfW(Shdr) *strings = &sections[table->sh_link];
        if (!inside(symbols, table->sh_offset, table->sh_size)
            || !inside(symbols, strings->sh_offset, strings->sh_size) || strings->sh_size == 0
            || symbols->file[strings->sh_offset + strings->sh_size - 1] != '\0')
            return NULL;
        const ElfW(Sym) *symbol = (const void *)(symbols->file + table->sh_offset);
        const ElfW(Sym) *end = symbol + table->sh_size / sizeof *symbol;
        for (; symbol < end; symbol++) {
            if ((symbol->st_info & 0xf) == STT_FUNC && symbol->st_value != 0
                && symbol->st_name < strings->sh_size
                && strcmp(symbols->file + strings->sh_offset + symbol->st_name, name) == 0)
                return (void *)(symbols->bias + symbol->st_value);
        }
    }
    return NULL;
}

static void *find(const struct symbols *symbols, const char *prefix, const char *name)
{
    char whole[32];
    strcat(strcpy(whole, prefix), name);
    void *found = dlsym(RTLD_DEFAULT, whole);
    return found != NULL ? found : find_hidden(symbols, whole);
}

static void find_jemalloc(void)
{
    /* As it is by default, as Redis builds it, and as Rust's crates do. */
    static const char *const prefixes[] = {"", "je_", "_rjem_"};
    struct symbols symbols = open_symbols();
    size_t live, length = sizeof live;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes && jemalloc_control == NULL; i++) {
        jemalloc_control = (mallctl_function *)find(&symbols, prefixes[i], "mallctl");
        if (jemalloc_control != NULL && prefixes[i][0] != '\0') {
            jemalloc_malloc = (void *(*)(size_t))find(&symbols, prefixes[i], "malloc");
            jemalloc_free = (void (*)(void *))find(&symbols, prefixes[i], "free");
        }
    }
    if (symbols.file != NULL)
        munmap((void *)symbols.file, symbols.size);
    if (jemalloc_control != NULL && jemalloc_control("stats.allocated", &live, &length, NULL, 0) != 0)
        jemalloc_control = NULL; /* built without statistics */
}

static long long unwrapped(int slot, int value)
{
    static long long last[3];
    static int known[3];
    if (!known[slot])
        last[slot] = (unsigned)value;
    known[slot] = 1;
    last[slot] += (int)((unsigned)value - (unsigned)last[slot]);
    return last[slot];
}

static struct heap_size read_glibc(void)
{
    struct heap_size size = {0, 0};
    if (mallinfo_64 != NULL) {
        struct counts now = mallinfo_64();
        size.live = now.uordblks + now.hblkhd;
        size.held = now.arena + now.hblkhd;
    } else if (mallinfo_32 != NULL) {
        struct counts_32 now = mallinfo_32();
        long long mapped = unwrapped(0, now.hblkhd);
        size.live = unwrapped(1, now.uordblks) + mapped;
        size.held = unwrapped(2, now.arena) + mapped;
    }
    return size;
}

static long long jemalloc_number(const char *name)
{
    size_t value = 0, length = sizeof value;
    return jemalloc_control(name, &value, &length, NULL, 0) == 0 ? (long long)value : 0;
}

static struct heap_size read_others(void)
{
    struct heap_size size = {0, 0};
    if (jemalloc_control != NULL) {
        uint64_t epoch = 1;
        size_t length = sizeof epoch;
        jemalloc_control("thread.tcache.flush", NULL, NULL, NULL, 0);
        jemalloc_control("epoch", &epoch, &length, &epoch, length);
        size.live += jemalloc_number("stats.allocated")
                     - jemalloc_number("stats.arenas.4096.tcache_bytes"); /* all arenas' */
        size.held += jemalloc_number("stats.resident");
    }
    size_t value = 0;
    if (tcmalloc_property != NULL && tcmalloc_property("generic.current_allocated_bytes", &value)) {
        size.live += value;
        if (tcmalloc_property("generic.total_physical_bytes", &value))
            size.held += value;
    }
    return size;
}

struct heap_size heaps_read(void)
{
    struct heap_size glibc = read_glibc(), others = read_others();
    return (struct heap_size){glibc.live + others.live, glibc.held + others.held};
}

/* Which heap rises and falls by a block that malloc serves? The program may be at work meanwhile. */
static void find_what_serves_malloc(void)
{
    for (int i = 0; i < TRIES && serves_malloc == UNKNOWN; i++) {
        struct heap_size glibc = read_glibc(), others = read_others();
        void *block = malloc(LARGE_BLOCK);
        struct heap_size glibc_then = read_glibc(), others_then = read_others();
        free(block);
        struct heap_size glibc_after = read_glibc(), others_after = read_others();
        if (block == NULL)
            return;
        if (glibc_then.live - glibc.live >= LARGE_BLOCK
            && glibc_then.live - glibc_after.live >= LARGE_BLOCK)
            serves_malloc = GLIBC;
        else if (others_then.live - others.live >= LARGE_BLOCK
                 && others_then.live - others_after.live >= LARGE_BLOCK)
            serves_malloc = OTHER;
    }
}

void heaps_find(void)
{
    mallinfo_64 = (struct counts (*)(void))dlsym(RTLD_DEFAULT, "mallinfo2");
    mallinfo_32 = (struct counts_32 (*)(void))dlsym(RTLD_DEFAULT, "mallinfo");
    glibc_trim = (int (*)(size_t))dlsym(RTLD_DEFAULT, "malloc_trim");
    usable_size = (size_t (*)(void *))dlsym(RTLD_DEFAULT, "malloc_usable_size");
    tcmalloc_property = (int (*)(const char *, size_t *))dlsym(
        RTLD_DEFAULT, "MallocExtension_GetNumericProperty");
    tcmalloc_release = (void (*)(void))dlsym(RTLD_DEFAULT, "MallocExtension_ReleaseFreeMemory");
    find_jemalloc();
    find_what_serves_malloc();
    strcpy(names, mallinfo_64 != NULL || mallinfo_32 != NULL ? "glibc" : "");
    strcat(names, jemalloc_control != NULL ? " jemalloc" : "");
    strcat(names, tcmalloc_property != NULL ? " tcmalloc" : "");
}

const char *heaps_names(void)
{
    return names;
}

int heaps_tell_of_malloc(void)
{
    return serves_malloc != UNKNOWN && usable_size != NULL;
}

const char *heaps_file_of_malloc(void)
{
    Dl_info info;
    return dladdr((void *)malloc, &info) && info.dli_fname ? info.dli_fname : "";
}

void heaps_trim(void)
{
    if (glibc_trim != NULL)
        glibc_trim(0);
    if (jemalloc_control != NULL)
        jemalloc_control("arena.4096.purge", NULL, NULL, NULL, 0); /* all arenas */
    if (tcmalloc_release != NULL)
        tcmalloc_release();
}

static long long size_of(void *block)
{
    return (long long)usable_size(block) + (serves_malloc == GLIBC ? CHUNK_HEADER : 0);
}

long long heaps_plant(void)
{
    long long bytes = 0;
    heaps_unplant(); /* the answer to an earlier plant may have been lost */
    for (int i = 0; i < HEAPS_PLANTED_BLOCKS; i++) {
        planted[i] = malloc(SMALL_BLOCK);
        bytes += planted[i] != NULL ? size_of(planted[i]) : 0;
    }
    planted_large = malloc(LARGE_BLOCK);
    bytes += planted_large != NULL ? size_of(planted_large) : 0;
    if (jemalloc_control != NULL && jemalloc_malloc != NULL && jemalloc_free != NULL) {
        planted_jemalloc = jemalloc_malloc(JEMALLOC_BLOCK);
        bytes += planted_jemalloc != NULL ? JEMALLOC_BLOCK : 0;
    }
    return bytes;
}

void heaps_unplant(void)
{
    for (int i = 0; i < HEAPS_PLANTED_BLOCKS; i++) {
        free(planted[i]);
        planted[i] = NULL;
    }
    free(planted_large);
    planted_large = NULL;
    if (planted_jemalloc != NULL)
        jemalloc_free(planted_jemalloc);
    planted_jemalloc = NULL;
}
