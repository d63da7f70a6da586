/*
 * Files that hold a secret: a password, the master key.
 *
 * Such a file is a regular one that only its owner can read (mode 0600 or
 * 0400), and its owner is who runs this program.  Where a call fails, `why`
 * holds a sentence for the administrator that names the file and nothing of
 * what is in it.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/buf.h"
#include "base/err.h"

enum { SECRET_FILE_MAX = 4096 }; /* bytes */

/* Who may own the file. */
enum secret_owner {
	SECRET_MINE,         /* who runs this program, and nobody else */
	SECRET_MINE_OR_ROOTS /* anybody, where root runs it: root cares for the
				files of the account that runs the workers */
};

/* Add the text of the file, without the white space at its end, to `out`,
 * whose owner wipes it.  More than out->max bytes, and nothing at all, are
 * refused. */
enum err
secret_load(const char *path, enum secret_owner owner, struct buf *out,
    char *why, size_t why_size);

/* Make a new file of mode 0600; one that is there is left alone. */
enum err
secret_create(const char *path, const char *text, size_t n, char *why,
    size_t why_size);

/*
 * Put `text` in place of what a file holds: whoever reads it, even after a
 * crash, finds all of the old or all of the new.  Its owner stays; a symbolic
 * link stays one.  The new text is written to `path`.new first, and one that
 * an earlier call left behind is removed, so no two may run at once.
 */
enum err
secret_replace(const char *path, const char *text, size_t n, char *why,
    size_t why_size);

#endif
