/* Preloaded into keeper and daemon: what the file $FAULTS names says happens to their calls on files below $FAULTS_BELOW.
   Words of that file: "short" half of every write, "write" EIO for writes and splices, "quota" EDQUOT for them, "readonly"
   EROFS for them and for whatever makes, opens for writing, renames or deletes, "sync" EIO for syncs, "spill" the same for
   files in /dev/shm, where output goes on while the disk does not take it; none: nothing.
   The file $FAULTS_CLOCK says by how many seconds the wall clock is wrong; other clocks stay as they are. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* What is in the file that a variable names, as a text; empty if there is none. */
static const char *textOf(const char *variable, char *text, size_t room)
{
    const char *name = getenv(variable);
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t length = file < 0 ? 0 : read(file, text, room - 1);
    if (file >= 0) close(file);
    text[length > 0 ? length : 0] = 0;
    return text;
}

/* Whether this word is in the file, and the descriptor is one of a file below the directory. */
static int asks(const char *word, int fd)
{
    const char *below = getenv("FAULTS_BELOW");
    char text[64], link[64], path[PATH_MAX];
    struct stat facts;
    int saved = errno, found = 0;
    if (below && fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) && strstr(textOf("FAULTS", text, sizeof text), word)) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, path, sizeof path - 1);
        path[length > 0 ? length : 0] = 0;
        found = (strncmp(path, below, strlen(below)) == 0 && path[strlen(below)] == '/')
            || (strncmp(path, "/dev/shm/", 9) == 0 && strstr(text, "spill"));
    }
    errno = saved;
    return found;
}

static int fails(const char *word, int fd)
{
    if (!asks(word, fd)) return 0;
    errno = EIO;
    return 1;
}

static int refuses(int fd)
{
    if (asks("quota", fd)) errno = EDQUOT;
    else if (asks("readonly", fd)) errno = EROFS;
    else return fails("write", fd);
    return 1;
}

/* Whether nothing may change at a name. */
static int isReadOnly(const char *path)
{
    const char *below = getenv("FAULTS_BELOW");
    char text[64];
    int saved = errno, found = 0;
    if (below && strncmp(path, below, strlen(below)) == 0 && path[strlen(below)] == '/' && strstr(textOf("FAULTS", text, sizeof text), "readonly")) found = 1;
    errno = found ? EROFS : saved;
    return found;
}

static size_t cut(int fd, size_t count) { return count > 1 && asks("short", fd) ? count / 2 : count; }

ssize_t write(int fd, const void *bytes, size_t count)
{
    return refuses(fd) ? -1 : REAL(write)(fd, bytes, cut(fd, count));
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at)
{
    return refuses(fd) ? -1 : REAL(pwrite)(fd, bytes, cut(fd, count), at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at)
{
    return refuses(fd) ? -1 : REAL(pwrite64)(fd, bytes, cut(fd, count), at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at)
{
    return refuses(fd) ? -1 : REAL(pwritev64)(fd, parts, count, at);
}

ssize_t splice(int from, off64_t *fromAt, int to, off64_t *toAt, size_t count, unsigned flags)
{
    return refuses(to) ? -1 : REAL(splice)(from, fromAt, to, toAt, cut(to, count), flags);
}

int fallocate(int fd, int mode, off_t at, off_t length)
{
    return refuses(fd) ? -1 : REAL(fallocate)(fd, mode, at, length);
}

int fallocate64(int fd, int mode, off64_t at, off64_t length)
{
    return refuses(fd) ? -1 : REAL(fallocate64)(fd, mode, at, length);
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) \
    { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        struct stat facts; \
        int changes = flags & O_CREAT || ((flags & O_ACCMODE) != O_RDONLY && stat(path, &facts) == 0 && S_ISREG(facts.st_mode)); \
        return changes && isReadOnly(path) ? -1 : REAL(name)(path, flags, mode); \
    }

OPEN(open)
OPEN(open64)

int rename(const char *from, const char *to) { return isReadOnly(to) ? -1 : REAL(rename)(from, to); }

int unlink(const char *path) { return isReadOnly(path) ? -1 : REAL(unlink)(path); }

int mkdir(const char *path, mode_t mode) { return isReadOnly(path) ? -1 : REAL(mkdir)(path, mode); }

int mkfifo(const char *path, mode_t mode) { return isReadOnly(path) ? -1 : REAL(mkfifo)(path, mode); }

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    const struct sockaddr_un *name = (const struct sockaddr_un *)address;
    return address->sa_family == AF_UNIX && isReadOnly(name->sun_path) ? -1 : REAL(bind)(fd, address, length);
}

int fsync(int fd) { return fails("sync", fd) ? -1 : REAL(fsync)(fd); }

int fdatasync(int fd) { return fails("sync", fd) ? -1 : REAL(fdatasync)(fd); }

int syncfs(int fd) { return fails("sync", fd) ? -1 : REAL(syncfs)(fd); }

int clock_gettime(clockid_t clock, struct timespec *now)
{
    char text[64];
    int saved = errno, result = REAL(clock_gettime)(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        now->tv_sec += atol(textOf("FAULTS_CLOCK", text, sizeof text));
        errno = saved;
    }
    return result;
}
