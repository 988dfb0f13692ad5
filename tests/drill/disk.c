/* A disk that refuses: loaded before the C library (LD_PRELOAD). Under the folder DRILL_DISK nothing can be written;
   DRILL_DISK_SAYS is the error's number (EROFS: a disk mounted for reading; EIO: a broken one), and
   DRILL_DISK_AFTER so many bytes may still be written by each process before that. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char under[65536];
static long written;

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static int says(void) {
    const char *text = getenv("DRILL_DISK_SAYS");
    return text ? atoi(text) : EIO;
}

static long after(void) {
    const char *text = getenv("DRILL_DISK_AFTER");
    return text ? atol(text) : 0;
}

static int is_there(const char *path) {
    const char *folder = getenv("DRILL_DISK");
    return folder && path && strncmp(path, folder, strlen(folder)) == 0;
}

static int refuses(void) { return written >= after(); }

static int refused(const char *path, int flags) {
    return is_there(path) && refuses() && (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC));
}

static int kept(int fd, const char *path, int flags) {
    if (fd >= 0 && fd < 65536) under[fd] = is_there(path) && (flags & (O_WRONLY | O_RDWR));
    return fd;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more); \
        if (refused(path, flags)) { errno = says(); return -1; } \
        return kept(real(path, flags, mode), path, flags); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int at, const char *path, int flags, ...) { \
        REAL(name); \
        va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more); \
        if (refused(path, flags)) { errno = says(); return -1; } \
        return kept(real(at, path, flags, mode), path, flags); \
    }
OPENAT(openat)
OPENAT(openat64)

static int counts(int fd, size_t n) {
    if (fd < 0 || fd >= 65536 || !under[fd]) return 0;
    if (refuses()) { errno = says(); return 1; }
    written += (long)n;
    return 0;
}

ssize_t write(int fd, const void *data, size_t n) { REAL(write); return counts(fd, n) ? -1 : real(fd, data, n); }
ssize_t pwrite(int fd, const void *data, size_t n, off_t at) { REAL(pwrite); return counts(fd, n) ? -1 : real(fd, data, n, at); }
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) { REAL(pwrite64); return counts(fd, n) ? -1 : real(fd, data, n, at); }
int close(int fd) { REAL(close); if (fd >= 0 && fd < 65536) under[fd] = 0; return real(fd); }

#define GATE(condition) if ((condition) && refuses()) { errno = says(); return -1; }
int mkdir(const char *path, mode_t mode) { REAL(mkdir); GATE(is_there(path)); return real(path, mode); }
int unlink(const char *path) { REAL(unlink); GATE(is_there(path)); return real(path); }
int rename(const char *from, const char *to) { REAL(rename); GATE(is_there(to)); return real(from, to); }
int link(const char *from, const char *to) { REAL(link); GATE(is_there(to)); return real(from, to); }
