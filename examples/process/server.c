/*
 * server SOCKET: answers questions about the calendar on a unix socket, one line each:
 *
 *     days YEAR MONTH    how many days the month has
 *     days YEAR          how many days the year has
 *
 * One thread accepts connections, four answer. Prints "ready" when it can be asked.
 */
#define _GNU_SOURCE
#include "calendar.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WORKERS 4
#define LONGEST_LINE 256

struct connection {
    int fd;
    size_t used;
    char line[LONGEST_LINE];
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* Answers one question. Returns the length of the answer, its newline included. */
static int answer(const char *question, char *reply, size_t size)
{
    int year, month;

    switch (sscanf(question, "days %d %d", &year, &month)) {
    case 1:
        return snprintf(reply, size, "%d\n", days_in_year(year));
    case 2:
        return snprintf(reply, size, "%d\n", days_in_month(year, month));
    default:
        return snprintf(reply, size, "what?\n");
    }
}

/* Reads what has come and answers each whole line. Returns 0 when the connection is at its end. */
static int serve(struct connection *connection)
{
    ssize_t got = read(connection->fd, connection->line + connection->used, LONGEST_LINE - 1 - connection->used);
    char *newline;

    if (got <= 0)
        return 0;
    connection->used += got;
    connection->line[connection->used] = '\0';
    while ((newline = strchr(connection->line, '\n'))) {
        char reply[LONGEST_LINE];
        int length;

        *newline = '\0';
        length = answer(connection->line, reply, sizeof(reply));
        if (send(connection->fd, reply, length, MSG_NOSIGNAL) != length)
            return 0;
        connection->used -= newline + 1 - connection->line;
        memmove(connection->line, newline + 1, connection->used + 1);
    }
    return connection->used < LONGEST_LINE - 1;
}

static void *work(void *epoll)
{
    int fd = *(int *)epoll;

    for (;;) {
        struct epoll_event event;

        /* A call that fails with EINTR would end the server: nobody who patches it may cause that. */
        if (epoll_wait(fd, &event, 1, -1) != 1)
            fail("server: epoll_wait");
        if (!serve(event.data.ptr)) {
            struct connection *connection = event.data.ptr;

            close(connection->fd);
            free(connection);
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static int epolls[WORKERS];
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) {
        fprintf(stderr, "usage: server SOCKET\n");
        return 2;
    }
    /* Where the kernel lets only parents trace (yama's ptrace_scope 1), allow every process of this user. */
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    strcpy(address.sun_path, argv[1]);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 16))
        fail("server: cannot listen");
    for (int i = 0; i < WORKERS; i++) {
        pthread_t thread;

        epolls[i] = epoll_create1(0);
        if (epolls[i] < 0 || pthread_create(&thread, NULL, work, &epolls[i]))
            fail("server: cannot start");
    }
    puts("ready");
    fflush(stdout);
    for (unsigned next = 0;; next++) {
        struct connection *connection = calloc(1, sizeof(*connection));
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };

        if (!connection || (connection->fd = accept(listener, NULL, NULL)) < 0)
            fail("server: accept");
        if (epoll_ctl(epolls[next % WORKERS], EPOLL_CTL_ADD, connection->fd, &event))
            fail("server: epoll_ctl");
    }
}
