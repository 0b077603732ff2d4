/*
 * A disk that keeps only what it was told to: whatever a process has not flushed with fsync or
 * fdatasync is lost when the power fails.
 *
 * Loaded into a process, this copies a file below POWER_LOSS_ROOT into POWER_LOSS_KEPT when it is
 * flushed, and notes the names in a directory when that is. What is there after the process was
 * killed is what a disk would have that wrote nothing by itself: power_loss.rs puts it together.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static __thread unsigned long counter;

/* The name under which a file or directory is kept; numbers of deleted files are used again. */
static int identify(int fd, char *id, size_t length, mode_t *mode)
{
    struct statx about;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &about) != 0)
        return -1;
    *mode = about.stx_mode;
    snprintf(id, length, "%llu-%lld-%u", (unsigned long long)about.stx_ino,
             (long long)about.stx_btime.tv_sec, about.stx_btime.tv_nsec);
    return 0;
}

/* Writes what is kept under another name first: the process may be killed here, too. */
static void keep_file(int fd, int kept)
{
    static __thread char buffer[1 << 16];
    off_t at = 0;
    ssize_t got;
    while ((got = pread(fd, buffer, sizeof buffer, at)) > 0) {
        if (write(kept, buffer, (size_t)got) != got)
            abort();
        at += got;
    }
    if (got < 0)
        abort();
}

static void keep_directory(int fd, int kept)
{
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY);
    DIR *directory = again < 0 ? NULL : fdopendir(again);
    if (directory == NULL)
        abort();
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int child = openat(fd, entry->d_name, O_PATH | O_NOFOLLOW);
        char id[64];
        mode_t mode;
        if (child < 0)
            continue; /* deleted meanwhile */
        if (identify(child, id, sizeof id, &mode) == 0)
            dprintf(kept, "%c %s %s\n", S_ISDIR(mode) ? 'd' : 'f', id, entry->d_name);
        close(child);
    }
    closedir(directory);
}

static void keep(int fd)
{
    const char *root = getenv("POWER_LOSS_ROOT"), *folder = getenv("POWER_LOSS_KEPT");
    char link[64], path[PATH_MAX], id[64], name[PATH_MAX], temporary[PATH_MAX];
    mode_t mode;
    if (root == NULL || folder == NULL)
        return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return;
    path[length] = 0;
    if (strncmp(path, root, strlen(root)) != 0 || identify(fd, id, sizeof id, &mode) != 0)
        return;
    snprintf(name, sizeof name, "%s/%s", folder, id);
    snprintf(temporary, sizeof temporary, "%s/.%s-%d-%lu", folder, id, gettid(), counter++);
    int kept = open(temporary, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (kept < 0)
        abort();
    /* The descriptor may be for writing only. */
    int source = open(link, O_RDONLY);
    if (source < 0)
        abort();
    if (S_ISDIR(mode))
        keep_directory(source, kept);
    else
        keep_file(source, kept);
    close(source);
    close(kept);
    if (rename(temporary, name) != 0)
        abort();
}

static int flush(const char *name, int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int result = real(fd);
    if (result == 0)
        keep(fd);
    return result;
}

int fsync(int fd) { return flush("fsync", fd); }

int fdatasync(int fd) { return flush("fdatasync", fd); }
