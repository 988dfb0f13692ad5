/* A clock that is wrong: loaded before the C library (LD_PRELOAD), it shifts what the time of day is. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long shift(void) {
    const char *days = getenv("DRILL_CLOCK_DAYS");
    return days ? (long)(atof(days) * 86400) : 0;
}

int clock_gettime(clockid_t id, struct timespec *t) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(id, t);
    if (done == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) t->tv_sec += shift();
    return done;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone) {
    static int (*real)(struct timeval *, void *);
    if (!real) real = dlsym(RTLD_NEXT, "gettimeofday");
    int done = real(t, zone);
    if (done == 0 && t) t->tv_sec += shift();
    return done;
}

time_t time(time_t *t) {
    static time_t (*real)(time_t *);
    if (!real) real = dlsym(RTLD_NEXT, "time");
    time_t now = real(NULL) + shift();
    if (t) *t = now;
    return now;
}
