/* Prints a line RATE times a second, one write each, until it is ended. Usage: writer RATE */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **words)
{
    long rate = count > 1 ? atol(words[1]) : 200;
    struct timespec next;
    char line[64];
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (long number = 1;; number++)
    {
        next.tv_nsec += 1000000000L / rate;
        if (next.tv_nsec >= 1000000000L)
        {
            next.tv_nsec -= 1000000000L;
            next.tv_sec++;
        }

        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        int length = snprintf(line, sizeof line, "%ld a line of an ordinary length, more or less\n", number);
        if (write(1, line, length) != length)
        {
            return 1;
        }
    }
}
