/* The agent in native programs: it answers the supervisor as the Python agent (core.py) does.
 *
 * LD_PRELOAD brings it into every program of the target that glibc's loader starts. It begins when
 * the program begins to serve, and in all processes forked from there: one thread sleeps in recv
 * until a checkpoint. Programs that only start others are left alone: a second thread keeps
 * unshare(1) from its work and aborts setpriv(1). Where Python is, it stays out.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "heaps.h"
#include "heaptrack.h"
#include "jemalloc.h"
#include "origins.h"

enum {
    PROTOCOL = 1,
    HIGH_FD = 400, /* away from the low numbers that socket activation hands to a server */
    STACK_SIZE = 256 << 10,
    CHILD_DELAY = 20000000, /* nanoseconds: a child that ends at once is not worth a connection */
    LONGEST_COMMAND = 4096,
    LONGEST_REPLY = 2048,
    LONGEST_PART = 100,
    LONGEST_PATH = 1024,
};

/* glibc's name for pthread_atfork, weak: a musl program must not fail to link it. */
extern int __register_atfork(void (*)(void), void (*)(void), void (*)(void), void *)
    __attribute__((weak));

static struct sockaddr_un address;
static socklen_t address_length;
static int connection = -1;
static ino_t inode;
static int entered;   /* there is a supervisor, and this is a program for us */
static int started;   /* the program has begun to serve */
static int dismissed; /* for good: Python is here, or the supervisor has closed the connection */

/* Tell whether the descriptor still is our socket. A program that turns itself into a daemon closes
 * all its descriptors, and may have opened something else under our number since. */
static int is_ours(void)
{
    struct stat status;
    return connection >= 0 && fstat(connection, &status) == 0 && S_ISSOCK(status.st_mode)
           && status.st_ino == inode;
}

static int connect_to_supervisor(void)
{
    struct ucred peer;
    struct stat status;
    socklen_t length = sizeof peer;
    /* A program that forks faster than the supervisor accepts must not wait for it. */
    int first = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (first < 0)
        return -1;
    if (connect(first, (struct sockaddr *)&address, address_length) != 0
        || getsockopt(first, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0
        || (peer.uid != geteuid() && peer.uid != getuid() && peer.uid != 0)
        || fcntl(first, F_SETFL, 0) != 0) {
        close(first);
        return -1;
    }
    int high = fcntl(first, F_DUPFD_CLOEXEC, HIGH_FD);
    if (high >= 0)
        close(first);
    connection = high >= 0 ? high : first;
    inode = fstat(connection, &status) == 0 ? status.st_ino : 0;
    return 0;
}

static int send_all(const char *text, int length)
{
    if (!is_ours())
        return -1;
    for (int sent = 0; sent < length;) {
        ssize_t more = send(connection, text + sent, length - sent, MSG_NOSIGNAL);
        if (more < 0 && errno != EINTR)
            return -1;
        sent += more > 0 ? more : 0;
    }
    return 0;
}

static int say(const char *format, ...)
{
    char line[LONGEST_REPLY];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length < 0 || length >= (int)sizeof line - 1)
        return -1;
    line[length++] = '\n';
    return send_all(line, length);
}

/* A reply of any length, as it is written. */
static struct {
    char text[LONGEST_REPLY];
    int length;
    int failed;
} reply;

static void put(const char *format, ...)
{
    va_list arguments;
    if (reply.length > LONGEST_REPLY - LONGEST_PART) {
        reply.failed |= send_all(reply.text, reply.length);
        reply.length = 0;
    }
    va_start(arguments, format);
    reply.length += vsnprintf(reply.text + reply.length, LONGEST_PART, format, arguments);
    va_end(arguments);
}

/* Replace what JSON would have to escape: these are file names, for people to read. */
static void copy_text(char *to, size_t size, const char *from)
{
    size_t length = 0;
    for (; from[length] != '\0' && length + 1 < size; length++) {
        unsigned char letter = from[length];
        to[length] = letter < ' ' || letter > '~' || letter == '"' || letter == '\\' ? '?' : letter;
    }
    to[length] = '\0';
}

static int greet(void)
{
    char file[512];
    copy_text(file, sizeof file, heaps_file_of_malloc());
    return say("{\"hello\":%d,\"pid\":%d,\"ppid\":%d,\"heaps\":\"%s\",\"exact\":%s,\"malloc\":\"%s\"}",
               PROTOCOL, (int)getpid(), (int)getppid(), heaps_names(),
               heaps_tell_of_malloc() ? "true" : "false", file);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

/* Read the number of a question. strtol may be a name that only glibc 2.38 and later know. */
static long number_of(const char *command)
{
    static const char name[] = "\"id\": ";
    const char *digit = strstr(command, name);
    long number = 0;
    if (digit == NULL)
        return 0;
    for (digit += sizeof name - 1; *digit >= '0' && *digit <= '9'; digit++)
        number = 10 * number + (*digit - '0');
    return number;
}

/* Copy a text out of a question; the supervisor sends none that JSON would have to escape. */
static int text_of(char *to, size_t size, const char *command, const char *name)
{
    const char *begin = strstr(command, name);
    const char *end = begin == NULL ? NULL : strchr(begin += strlen(name), '"');
    if (end == NULL || end == begin || (size_t)(end - begin) >= size)
        return 0;
    memcpy(to, begin, end - begin);
    to[end - begin] = '\0';
    return 1;
}

static int say_whether(long id, const char *done, const char *refused)
{
    char reason[512];
    if (refused == NULL)
        return say("{\"id\":%ld,\"ok\":{\"%s\":true}}", id, done);
    copy_text(reason, sizeof reason, refused);
    return say("{\"id\":%ld,\"ok\":{\"refused\":\"%s\"}}", id, reason);
}

static int open_window(long id, const char *command)
{
    char library[LONGEST_PATH], file[LONGEST_PATH];
    const char *refused = "no library and file were named";
    if (text_of(library, sizeof library, command, "\"library\": \"")
        && text_of(file, sizeof file, command, "\"file\": \""))
        refused = heaptrack_begin(library, file);
    return say_whether(id, "started", refused);
}

static int dump_heap(long id, const char *command)
{
    char file[LONGEST_PATH];
    const char *refused = "no file was named";
    if (text_of(file, sizeof file, command, "\"file\": \""))
        refused = jemalloc_dump(file);
    return say_whether(id, "dumped", refused);
}

static int list_origins(long id)
{
    origins_stop();
    reply.length = reply.failed = 0;
    put("{\"id\":%ld,\"ok\":{", id);
    origins_list(put);
    put("}}\n");
    return reply.failed | send_all(reply.text, reply.length);
}

static int answer(const char *command)
{
    long id = number_of(command);
    if (strstr(command, "\"do\": \"checkpoint\"") != NULL) {
        double began = now();
        heaps_trim();
        if (!heaps_tell_of_malloc())
            return say("{\"id\":%ld,\"ok\":{\"pid\":%d,\"native\":null}}", id, (int)getpid());
        struct heap_size size = heaps_read();
        return say("{\"id\":%ld,\"ok\":{\"pid\":%d,\"native\":{\"live\":%lld,\"held\":%lld},\"pause\":%.6f}}",
                   id, (int)getpid(), size.live, size.held, now() - began);
    }
    if (strstr(command, "\"do\": \"plant\"") != NULL)
        return say("{\"id\":%ld,\"ok\":{\"blocks\":%d,\"python_bytes\":0,\"native_bytes\":%lld}}", id,
                   HEAPS_PLANTED_BLOCKS, heaps_plant());
    if (strstr(command, "\"do\": \"unplant\"") != NULL) {
        heaps_unplant();
        return say("{\"id\":%ld,\"ok\":{}}", id);
    }
    if (strstr(command, "\"do\": \"window.start\"") != NULL)
        return open_window(id, command);
    if (strstr(command, "\"do\": \"heap.dump\"") != NULL)
        return dump_heap(id, command);
    if (strstr(command, "\"do\": \"window.mark\"") != NULL)
        return say("{\"id\":%ld,\"ok\":{\"marked\":%s}}", id, heaptrack_mark() ? "true" : "false");
    if (strstr(command, "\"do\": \"window.stop\"") != NULL) {
        heaptrack_end();
        return say("{\"id\":%ld,\"ok\":{}}", id);
    }
    if (strstr(command, "\"do\": \"resources.start\"") != NULL)
        return say_whether(id, "recording", origins_start());
    if (strstr(command, "\"do\": \"resources.stop\"") != NULL)
        return list_origins(id);
    if (strstr(command, "\"do\": \"resources.forget\"") != NULL) {
        origins_forget();
        return say("{\"id\":%ld,\"ok\":{}}", id);
    }
    return say("{\"id\":%ld,\"error\":\"no such command in a native program\"}", id);
}

static void converse(void)
{
    char command[LONGEST_COMMAND];
    size_t length = 0;
    if (greet() != 0)
        return;
    for (;;) {
        char letters[LONGEST_COMMAND];
        ssize_t received = recv(connection, letters, sizeof letters, 0);
        if (received < 0 && errno == EINTR)
            continue;
        if (received <= 0)
            return;
        for (ssize_t i = 0; i < received; i++) {
            if (letters[i] != '\n') {
                if (length < sizeof command - 1)
                    command[length++] = letters[i];
                continue;
            }
            command[length] = '\0';
            length = 0;
            if (answer(command) != 0)
                return;
        }
    }
}

static void *serve(void *is_child)
{
    static int found;
    prctl(PR_SET_NAME, "tsprof-agent");
    if (is_child != NULL) {
        nanosleep(&(struct timespec){.tv_nsec = CHILD_DELAY}, NULL);
        if (connect_to_supervisor() != 0)
            return NULL;
    }
    if (!found) {
        heaps_find();
        found = 1;
    }
    for (;;) {
        converse();
        if (is_ours())
            break;
        connection = -1;
        if (connect_to_supervisor() != 0)
            return NULL; /* the supervisor is gone: run on alone */
    }
    dismissed = 1;
    close(connection);
    connection = -1;
    return NULL;
}

static void start_thread(void *is_child)
{
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    /* A signal that the kernel hands to this thread would not wake the program's own. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, &attributes, serve, is_child) != 0 && is_ours()) {
        close(connection);
        connection = -1;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

static void start_in_child(void)
{
    origins_forget();
    if (is_ours())
        close(connection); /* the parent's */
    connection = -1;
    if (started && !dismissed)
        start_thread(&connection);
}

static int is_libpython(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    return info->dlpi_name != NULL && strstr(info->dlpi_name, "/libpython") != NULL;
}

static int has_python(void)
{
    return dlsym(RTLD_DEFAULT, "Py_BytesMain") != NULL || dl_iterate_phdr(is_libpython, NULL) != 0;
}

void agent_begin(void)
{
    if (started || !entered)
        return;
    int error = errno;
    if (!__atomic_exchange_n(&started, 1, __ATOMIC_RELAXED)) {
        dismissed = has_python();
        if (!dismissed && connect_to_supervisor() == 0)
            start_thread(NULL);
    }
    errno = error;
}

__attribute__((constructor)) static void enter(void)
{
    const char *name = getenv("TSPROF_AGENT_SOCKET");
    if (name == NULL || name[0] != '@' || strlen(name) >= sizeof address.sun_path
        || __register_atfork == NULL)
        return;
    /* The kernel writes a zero byte where unix(7) and its tools write an @. */
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
    address_length = offsetof(struct sockaddr_un, sun_path) + strlen(name);
    /* The allocator must have announced its own handlers first: they run in this order in a child,
     * and ours allocates. */
    free(malloc(1));
    __register_atfork(NULL, NULL, start_in_child, NULL);
    entered = 1;
}
