/* A small HTTP server, a thread for each connection: native_service PORT FAULT [BYTES]. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *fault;
static size_t bytes;
static int turn; /* of the requests */

static void *end_later(void *block)
{
    free(block);
    pause();
    return NULL;
}

/* What is closed is followed by a system call of our own, which gets its number and keeps it. */
static void close_and_keep(void)
{
    FILE *file = fopen("/dev/null", "r");
    fclose(file);
    syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);
    close(open("/dev/null", O_RDONLY));
    syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);
    int folder = open("/", O_RDONLY), both[2];
    if (pipe(both) == 0) {
        dup2(folder, both[0]);
        close(both[0]);
        closedir(fdopendir(folder));
        syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY);
        close(both[1]);
    }
}

static void open_at_times(void)
{
    if (__atomic_add_fetch(&turn, 1, __ATOMIC_RELAXED) % 50 == 0)
        open("/dev/null", O_RDONLY);
}

static void work(void)
{
    char *volatile scratch = malloc(3000);
    memset(scratch, 1, 3000);
    free(scratch);
    if (strcmp(fault, "leak") == 0 || strcmp(fault, "workers") == 0) {
        char *volatile kept = malloc(bytes);
        memset(kept, 1, bytes);
        if (strcmp(fault, "workers") == 0)
            open_at_times();
    } else if (strcmp(fault, "overrun") == 0) {
        volatile char *volatile kept = malloc(bytes);
        kept[bytes] = 1;
    } else if (strcmp(fault, "descriptor") == 0) {
        open_at_times();
    } else if (strcmp(fault, "unseen") == 0) {
        close_and_keep();
    } else if (strcmp(fault, "fork") == 0) {
        pid_t child = fork(); /* as for a snapshot: it ends at once */
        if (child == 0)
            _exit(0);
        waitpid(child, NULL, 0);
    } else if (strcmp(fault, "thread") == 0) {
        pthread_t thread;
        pthread_attr_t attributes;
        if (__atomic_add_fetch(&turn, 1, __ATOMIC_RELAXED) % 100 != 0)
            return;
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, 64 << 10);
        pthread_create(&thread, &attributes, end_later, malloc(100));
    }
}

static void *serve(void *argument)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    int client = (int)(long)argument;
    char request[4096];
    size_t length = 0;
    for (;;) {
        ssize_t more = read(client, request + length, sizeof request - 1 - length);
        if (more <= 0)
            break;
        length += more;
        request[length] = '\0';
        if (strstr(request, "\r\n\r\n") == NULL)
            continue;
        length = 0;
        work();
        if (write(client, answer, sizeof answer - 1) < 0)
            break;
    }
    close(client);
    return NULL;
}

int main(int count, char **arguments)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    if (count < 3)
        return 2;
    place.sin_port = htons(atoi(arguments[1]));
    fault = arguments[2];
    bytes = count > 3 ? atoi(arguments[3]) : 0;
    signal(SIGPIPE, SIG_IGN);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&place, sizeof place) != 0 || listen(listener, 128) != 0)
        return 1;
    if (strcmp(fault, "workers") == 0 && fork() != 0 && fork() != 0)
        for (;;)
            pause(); /* the two children serve */
    for (;;) {
        pthread_t thread;
        int client = accept(listener, NULL, NULL);
        if (client >= 0 && pthread_create(&thread, NULL, serve, (void *)(long)client) == 0)
            pthread_detach(thread);
    }
}
