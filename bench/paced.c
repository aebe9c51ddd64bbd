/* The child of bench/works.py: warm lines until a file is there, then numbered lines of 100 bytes, RATE a second, each with
   its monotonic time and a write of its own, as "compare read" checks them. RATE 0 is as fast as it goes, in 64 KiB writes.
   Usage: paced RATE LINES GATE [REPORT]; without a report it then waits to be ended. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 100, BLOCK = 655 };

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void put(const char *bytes, size_t length)
{
    while (length > 0)
    {
        ssize_t written = write(1, bytes, length);
        if (written <= 0)
        {
            exit(1);
        }

        bytes += written;
        length -= written;
    }
}

static void number(char *line, long value)
{
    char head[32];
    snprintf(head, sizeof head, "%010ld ", value);
    memcpy(line, head, 11);
}

int main(int count, char **words)
{
    if (count < 4)
    {
        return 2;
    }

    long rate = atol(words[1]), lines = atol(words[2]);
    while (access(words[3], F_OK) != 0)
    {
        put("warm\n", 5);
        usleep(50000);
    }

    static char block[BLOCK * SIZE];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < BLOCK; i++)
    {
        block[(i + 1) * SIZE - 1] = '\n';
    }

    int64_t begin = now();
    for (long next = 0; next < lines;)
    {
        long many = rate > 0 ? 1 : lines - next < BLOCK ? lines - next : BLOCK;
        for (long i = 0; i < many; i++)
        {
            number(block + i * SIZE, next + i);
        }

        if (rate > 0)
        {
            int64_t due = begin + next * 1000000000LL / rate;
            struct timespec at = {due / 1000000000LL, due % 1000000000LL};
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
            char stamp[32];
            snprintf(stamp, sizeof stamp, "%018lld", (long long)now());
            memcpy(block + 11, stamp, 18);
        }

        put(block, many * SIZE);
        next += many;
    }

    if (count > 4)
    {
        char name[4096];
        snprintf(name, sizeof name, "%s.new", words[4]);
        FILE *report = fopen(name, "w");
        fprintf(report, "begin=%lld\nend=%lld\n", (long long)begin, (long long)now());
        fclose(report);
        return rename(name, words[4]) != 0;
    }

    for (;;)
    {
        pause();
    }
}
