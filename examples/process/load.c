/*
 * load SOCKET - QUESTION: asks the demo server one question and prints what it says.
 *
 * load SOCKET CONNECTIONS: keeps it busy over so many connections and checks each of its answers. A connection that
 * breaks is not made again.
 *
 * Years that end in 00 have a right and a wrong answer; these are counted. Whatever else is not right is an error.
 * For each line on standard input it prints what happened since the last one:
 *
 *     answers=N right=N wrong=N errors=N longest=N
 *
 * right and wrong count the answers about years of which the two differ; longest is the longest time from a question
 * to its answer, in microseconds. At the end of its input it ends, with status 1 if there ever was an error.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_NANOSECONDS 200000

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static atomic_ulong answers, right, wrong, errors, longest;

static int is_leap_year(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned long microseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000UL + now.tv_nsec / 1000;
}

static int connect_to_server(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    return fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof(address)) ? fd : -1;
}

static int ask_once(const char *question)
{
    int fd = connect_to_server();
    char reply[256];
    ssize_t got;

    if (fd < 0 || dprintf(fd, "%s\n", question) < 0 || (got = read(fd, reply, sizeof(reply))) <= 0) {
        perror("load: no answer");
        return 1;
    }
    return fwrite(reply, 1, got, stdout) != (size_t)got;
}

/* Asks for the length of a February. Returns 0 if there is no more to expect of this connection. */
static int ask(int fd, int year)
{
    char text[64];
    int expected = is_leap_year(year) ? 29 : 28;
    int length = snprintf(text, sizeof(text), "days %d 2\n", year);
    unsigned long asked = microseconds(), took, before;
    ssize_t got;
    int said;

    if (write(fd, text, length) != length || (got = read(fd, text, sizeof(text) - 1)) <= 0)
        return 0;
    took = microseconds() - asked;
    text[got] = '\0';
    for (before = longest; before < took && !atomic_compare_exchange_weak(&longest, &before, took);)
        ;
    if (sscanf(text, "%d\n", &said) != 1)
        return 0;
    answers++;
    if (year % 100 == 0 && year % 400 != 0)
        said == expected ? right++ : said == 29 ? wrong++ : errors++;
    else if (said != expected)
        errors++;
    return 1;
}

static void *client(void *number)
{
    int fd = connect_to_server();
    int open = fd >= 0;

    for (int year = 1 + (int)(long)number; open; year = year % 3000 + 1) {
        struct timespec pause = { .tv_nsec = PAUSE_NANOSECONDS };

        open = ask(fd, year);
        nanosleep(&pause, NULL);
    }
    errors++;
    return NULL;
}

int main(int argc, char **argv)
{
    unsigned long all_errors = 0;
    char line[16];

    if (argc < 3 || strlen(argv[1]) >= sizeof(address.sun_path)) {
        fprintf(stderr, "usage: load SOCKET CONNECTIONS | load SOCKET - QUESTION\n");
        return 2;
    }
    strcpy(address.sun_path, argv[1]);
    if (argc == 4)
        return ask_once(argv[3]);
    for (long i = 0; i < atoi(argv[2]); i++) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, client, (void *)(i * 97))) {
            perror("load: cannot start");
            return 1;
        }
    }
    while (fgets(line, sizeof(line), stdin)) {
        unsigned long found = atomic_exchange(&errors, 0);

        all_errors += found;
        printf("answers=%lu right=%lu wrong=%lu errors=%lu longest=%lu\n", atomic_exchange(&answers, 0),
               atomic_exchange(&right, 0), atomic_exchange(&wrong, 0), found, atomic_exchange(&longest, 0));
        fflush(stdout);
    }
    return all_errors + errors > 0;
}
