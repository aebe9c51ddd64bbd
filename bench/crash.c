// Writes the time of its start to the file that is named, and kills itself: what is between two starts is the manager's.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **words) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    char line[64];
    int length = snprintf(line, sizeof line, "%lld.%09ld\n", (long long)now.tv_sec, now.tv_nsec);
    int file = count == 2 ? open(words[1], O_WRONLY | O_APPEND | O_CREAT, 0600) : -1;
    if (file < 0 || write(file, line, length) != length) return 1;
    return kill(getpid(), SIGKILL);
}
