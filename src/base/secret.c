#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"

/* Closes a file that is open, at the end of its scope. */
static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static enum err __attribute__((format(printf, 3, 4)))
explain(char *why, size_t size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, size, format, ap);
	va_end(ap);
	return ERR_INTERNAL;
}

/* What the system says of this file. */
static enum err
explain_errno(char *why, size_t size, const char *path)
{
	return explain(why, size, "%s: %s", path, strerror(errno));
}

static bool
is_owner_right(uid_t owner, enum secret_owner may)
{
	return owner == geteuid() ||
	    (may == SECRET_MINE_OR_ROOTS && geteuid() == 0);
}

/* Gates that a file with a secret has to pass, looked at after it is opened,
 * so that it cannot be exchanged in between. */
static enum err
check_file(int fd, const char *path, enum secret_owner owner, char *why,
    size_t size)
{
	struct stat st;
	mode_t mode;

	if (fstat(fd, &st))
		return explain_errno(why, size, path);
	if (!S_ISREG(st.st_mode))
		return explain(why, size, "%s is not a regular file.", path);
	mode = st.st_mode & 07777;
	if (mode != 0600 && mode != 0400)
		return explain(why, size, "%s has mode %04o, so others can "
		    "get at it. Run: chmod 600 %s", path, (unsigned)mode, path);
	if (!is_owner_right(st.st_uid, owner))
		return explain(why, size, "%s belongs to user %lu, but this "
		    "program runs as user %lu.", path,
		    (unsigned long)st.st_uid, (unsigned long)geteuid());
	if (st.st_size > SECRET_FILE_MAX)
		return explain(why, size, "%s is too long.", path);
	return ERR_OK;
}

/* Up to `max` bytes of the file; *n is max + 1 where there are more. */
static enum err
read_file(int fd, char *p, size_t max, size_t *n, const char *path, char *why,
    size_t size)
{
	ssize_t got;

	for (*n = 0; *n <= max; *n += (size_t)got) {
		got = read(fd, p + *n, max + 1 - *n);
		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got < 0)
			return explain_errno(why, size, path);
		else if (got == 0)
			return ERR_OK;
	}
	return ERR_OK;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

enum err
secret_load(const char *path, enum secret_owner owner, struct buf *out,
    char *why, size_t why_size)
{
	char text[SECRET_FILE_MAX + 1];
	size_t n;
	enum err err;
	/* NONBLOCK: a FIFO in its place must not hold up the start */
	__attribute__((cleanup(close_fd))) int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return explain_errno(why, why_size, path);
	if ((err = check_file(fd, path, owner, why, why_size)) ||
	    (err = read_file(fd, text, SECRET_FILE_MAX, &n, path, why,
	    why_size)))
		return err;
	while (n > 0 && is_space(text[n - 1]))
		n--;
	if (n == 0)
		err = explain(why, why_size, "%s is empty.", path);
	else if ((err = buf_add(out, text, n)))
		err = explain(why, why_size, "%s is too long.", path);
	crypt_wipe(text, sizeof(text));
	return err;
}

static bool
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno != EINTR)
			return false;
		if (put > 0) {
			p += put;
			n -= (size_t)put;
		}
	}
	return true;
}

/* A new file of mode 0600 that is on disk; or none.  `owner`: (uid_t)-1 where
 * it is to be who runs this program. */
static enum err
write_new(const char *path, uid_t owner, gid_t group, const char *text,
    size_t n, char *why, size_t why_size)
{
	__attribute__((cleanup(close_fd))) int fd =
	    open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return explain_errno(why, why_size, path);
	/* fchmod: a umask such as 0277 would leave a file of no use */
	if (fchmod(fd, 0600) == 0 && fchown(fd, owner, group) == 0 &&
	    write_all(fd, text, n) && fsync(fd) == 0)
		return ERR_OK;
	explain_errno(why, why_size, path);
	unlink(path); /* half a secret is worse than none */
	return ERR_INTERNAL;
}

enum err
secret_create(const char *path, const char *text, size_t n, char *why,
    size_t why_size)
{
	return write_new(path, (uid_t)-1, (gid_t)-1, text, n, why, why_size);
}

/* That a file has a new name is on disk once its folder is. */
static bool
sync_folder_of(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int n = slash == NULL ? 0 : (int)(slash - path);
	__attribute__((cleanup(close_fd))) int fd = -1;

	snprintf(folder, sizeof(folder), "%.*s/", n, path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && fsync(fd) == 0;
}

/* The steps, for the name of the file itself. */
static enum err
replace(const char *path, const char *text, size_t n, char *why,
    size_t why_size)
{
	char fresh[PATH_MAX + 8];
	struct stat st;
	enum err err;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	if (stat(path, &st) || (unlink(fresh) && errno != ENOENT))
		return explain_errno(why, why_size, path);
	if ((err = write_new(fresh, st.st_uid, st.st_gid, text, n, why,
	    why_size)))
		return err;
	if (rename(fresh, path) == 0 && sync_folder_of(path))
		return ERR_OK;
	explain_errno(why, why_size, path);
	unlink(fresh);
	return ERR_INTERNAL;
}

enum err
secret_replace(const char *path, const char *text, size_t n, char *why,
    size_t why_size)
{
	char *real = realpath(path, NULL);
	enum err err = real == NULL ? explain_errno(why, why_size, path) :
	    replace(real, text, n, why, why_size);

	free(real);
	return err;
}
