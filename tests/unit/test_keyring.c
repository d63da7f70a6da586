/* The file of the master key in all its forms, and the gates of every file
 * that holds a secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/keyring.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { WHY_SIZE = 512, PATH_SIZE = 64 };

static char folder[] = "/tmp/test_keyring.XXXXXX";
static char why[WHY_SIZE];

static const char *
path_of(const char *name)
{
	static char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static const char *
write_file(const char *name, const char *text, mode_t mode)
{
	const char *path = path_of(name);
	FILE *f;

	unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
	return path;
}

static enum err
load(const char *path, struct keyring *ring)
{
	why[0] = '\0';
	return keyring_load(path, SECRET_MINE, ring, why, sizeof(why));
}

#define HALF "000102030405060708090a0b0c0d0e0f"
#define ONE HALF HALF
#define TWO HALF "ffeeddccbbaa99887766554433221100"
#define N(a) HALF "ffeeddccbbaa998877665544332211" a

/* `versions`: as they come out, the one in use first; `says`: in the sentence
 * that refuses it. */
static const struct {
	const char *name, *text;
	mode_t mode;
	const char *versions, *says;
} files[] = {
	{ "64 digits", ONE, 0600, "1 ", NULL },
	{ "and a line end", ONE "\n", 0600, "1 ", NULL },
	{ "read only", ONE "\n", 0400, "1 ", NULL },
	{ "in two lines", HALF "\r\n" HALF "\n", 0600, "1 ", NULL },
	{ "capitals", "ABCDEFABCDEFABCDEFABCDEFABCDEFAB" HALF, 0600, "1 ",
	  NULL },
	{ "with its version", "1:" ONE "\n", 0600, "1 ", NULL },
	{ "another version", "27:" ONE, 0600, "27 ", NULL },
	{ "two versions, the new one in use", "2:" TWO "\n1:" ONE "\n", 0600,
	  "2 1 ", NULL },
	{ "two versions, the old one in use", "1:" ONE "\n2:" TWO "\n", 0600,
	  "1 2 ", NULL },
	{ "digits alone beside a version", ONE "\n2:" TWO "\n", 0600, "1 2 ",
	  NULL },
	{ "white space and empty lines", "\n  2:" TWO " \r\n\n\t1:" ONE "\n\n",
	  0600, "2 1 ", NULL },
	{ "eight versions", "8:" N("08") "\n7:" N("07") "\n6:" N("06")
	  "\n5:" N("05") "\n4:" N("04") "\n3:" N("03") "\n2:" N("02") "\n1:"
	  N("01"), 0600, "8 7 6 5 4 3 2 1 ", NULL },
	{ "the highest version", "999999:" ONE, 0600, "999999 ", NULL },

	{ "the group reads", ONE, 0640, NULL, "has mode 0640" },
	{ "all read", ONE, 0644, NULL, "chmod 600" },
	{ "others write", ONE, 0602, NULL, "has mode 0602" },
	{ "empty", "", 0600, NULL, "is empty" },
	{ "only a line end", "\n", 0600, NULL, "is empty" },
	{ "a digit short", HALF "00112233445566778899aabbccddeef", 0600, NULL,
	  ":1: the key of version 1 is not 64 hexadecimal digits" },
	{ "a digit more", ONE "0", 0600, NULL, "is not 64 hexadecimal" },
	{ "a letter", HALF "00112233445566778899aabbccddeefg", 0600, NULL,
	  "is not 64 hexadecimal" },
	{ "something after it", ONE "\n# key", 0600, NULL,
	  "is not 64 hexadecimal" },
	{ "a comment", "2:" TWO "\n# key", 0600, NULL,
	  ":2: the key of version 1 is not 64 hexadecimal digits" },
	{ "a version without digits", "2:" TWO "\n1:\n", 0600, NULL,
	  ":2: the key of version 1 is not 64 hexadecimal digits" },
	{ "a second line that is short", "2:" TWO "\n1:" HALF, 0600, NULL,
	  ":2: the key of version 1 " },
	{ "two on a line", "2:" TWO " 1:" ONE, 0600, NULL,
	  ":1: the key of version 2 " },
	{ "no version before the colon", ":" ONE, 0600, NULL,
	  ":1: a line is VERSION:DIGITS" },
	{ "version 0", "1:" ONE "\n0:" TWO, 0600, NULL,
	  ":2: a line is VERSION:DIGITS" },
	{ "a version below 0", "-1:" ONE, 0600, NULL, "VERSION:DIGITS" },
	{ "a version that is too high", "1000000:" ONE, 0600, NULL,
	  "from 1 to 999999" },
	{ "a version that is no number", "new:" ONE, 0600, NULL,
	  "VERSION:DIGITS" },
	{ "a version twice", "2:" TWO "\n1:" ONE "\n2:" N("03"), 0600, NULL,
	  ":3: version 2 is there already" },
	{ "version 1 twice, once without its number", "1:" TWO "\n" ONE, 0600,
	  NULL, ":2: version 1 is there already" },
	{ "a key twice", "2:" ONE "\n\n1:" ONE, 0600, NULL,
	  ":3: the key of version 1 is that of version 2" },
	{ "nine versions", "9:" N("09") "\n8:" N("08") "\n7:" N("07") "\n6:"
	  N("06") "\n5:" N("05") "\n4:" N("04") "\n3:" N("03") "\n2:" N("02")
	  "\n1:" N("01"), 0600, NULL, ":9: there are more than 8 versions" },
};

static const char *
versions_of(const struct keyring *ring)
{
	static char text[KEYRING_TEXT_SIZE];
	size_t n = 0;

	text[0] = '\0';
	for (int i = 0; i < ring->n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%d ",
		    ring->at[i].version);
	return text;
}

static void
which_file_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		struct keyring ring = { .n = 0,
			.at = { { 7, { "as it was" } } } };
		const char *path = write_file("key", files[i].text,
		    files[i].mode);
		enum err err = load(path, &ring);

		if ((err == ERR_OK) != (files[i].versions != NULL))
			fail_msg("%s: %s", files[i].name, why);
		if (err == ERR_OK) {
			if (strcmp(versions_of(&ring), files[i].versions) != 0)
				fail_msg("%s: %s", files[i].name,
				    versions_of(&ring));
			continue;
		}
		if (strstr(why, files[i].says) == NULL ||
		    strstr(why, path) == NULL)
			fail_msg("%s: %s", files[i].name, why);
		assert_null(strstr(why, "0001020304"));
		assert_null(strstr(why, "ffeeddcc"));
		assert_string_equal((char *)ring.at[0].key.b, "as it was");
	}
}

static void
digits_are_read_in_their_order(void **state)
{
	struct keyring ring;

	(void)state;
	assert_int_equal(load(write_file("key", "3:" ONE "\n2:" TWO, 0600),
	    &ring), ERR_OK);
	for (int i = 0; i < CRYPT_KEY_SIZE; i++)
		assert_int_equal(ring.at[0].key.b[i], i % 16);
	assert_ptr_equal(keyring_find(&ring, 2), &ring.at[1].key);
	assert_null(keyring_find(&ring, 1));
	assert_null(keyring_find(&ring, (1LL << 32) + 2));
	keyring_wipe(&ring);
	assert_null(keyring_find(&ring, 2));
}

static void
what_is_no_file_is_refused(void **state)
{
	char target[PATH_SIZE];
	struct keyring ring;
	const char *path;

	(void)state;
	path = path_of("fifo");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(load(path, &ring), ERR_INTERNAL); /* without waiting */
	assert_non_null(strstr(why, "is not a regular file"));
	assert_int_equal(load(folder, &ring), ERR_INTERNAL);
	assert_int_equal(load("/nonexistent", &ring), ERR_INTERNAL);
	assert_non_null(strstr(why, "/nonexistent: No such file"));

	snprintf(target, sizeof(target), "%s",
	    write_file("key", ONE, 0640));
	path = path_of("link");
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(load(path, &ring), ERR_INTERNAL);
	assert_non_null(strstr(why, "has mode 0640"));
	chmod(target, 0600);
	assert_int_equal(load(path, &ring), ERR_OK);
	unlink(target);
	assert_int_equal(load(path, &ring), ERR_INTERNAL);
	assert_non_null(strstr(why, "No such file"));
}

static void
a_file_of_somebody_else(void **state)
{
	const char *path = write_file("key", ONE, 0600);
	struct keyring ring;
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can give a file away */
	assert_int_equal(chown(path, 65534, 65534), 0);
	assert_int_equal(load(path, &ring), ERR_INTERNAL);
	assert_non_null(strstr(why, "belongs to user 65534"));
	assert_int_equal(keyring_load(path, SECRET_MINE_OR_ROOTS, &ring, why,
	    sizeof(why)), ERR_OK);
	assert_int_equal(keyring_save(path, &ring, why, sizeof(why)), ERR_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 65534);
	assert_int_equal(st.st_gid, 65534);
}

static void
a_made_master_key_is_taken(void **state)
{
	const char *path = path_of("made");
	struct keyring one, two;
	struct stat st;

	(void)state;
	assert_int_equal(keyring_create(path, why, sizeof(why)), ERR_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(load(path, &one), ERR_OK);
	assert_string_equal(versions_of(&one), "1 ");
	assert_int_equal(keyring_create(path, why, sizeof(why)), ERR_INTERNAL);
	assert_int_equal(load(path, &two), ERR_OK);
	assert_memory_equal(&one, &two, sizeof(one));
}

/* Is there nothing in the folder but this? */
static bool
is_alone(const char *name)
{
	const char *path = path_of(name);
	char other[PATH_SIZE + 8];

	snprintf(other, sizeof(other), "%s.new", path);
	return access(path, F_OK) == 0 && access(other, F_OK) != 0;
}

static void
what_is_saved_is_read_again(void **state)
{
	char link[PATH_SIZE];
	struct keyring ring, again;
	struct stat st;

	(void)state;
	/* what a run that was interrupted left behind is in nobody's way */
	write_file("key.new", "half of a k", 0600);
	snprintf(link, sizeof(link), "%s", path_of("link"));
	unlink(link);
	assert_int_equal(load(write_file("key", "2:" TWO "\n1:" ONE, 0400),
	    &ring), ERR_OK);
	assert_int_equal(symlink(path_of("key"), link), 0);
	ring.at[1].version = 3;
	assert_int_equal(keyring_save(link, &ring, why, sizeof(why)), ERR_OK);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(link, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(load(path_of("key"), &again), ERR_OK);
	assert_memory_equal(&ring, &again, sizeof(ring));
	assert_true(is_alone("key"));
	assert_int_equal(keyring_save("/nonexistent", &ring, why, sizeof(why)),
	    ERR_INTERNAL);
	assert_non_null(strstr(why, "/nonexistent: "));
}

static void
versions_are_told_apart(void **state)
{
	char text[KEYRING_TEXT_SIZE], print[KEYRING_PRINT_SIZE], want[64];
	struct keyring ring, other, derived;

	(void)state;
	assert_int_equal(load(write_file("key", "12:" TWO "\n1:" ONE, 0600),
	    &ring), ERR_OK);
	assert_int_equal(load(write_file("key", "12:" N("01"), 0600), &other),
	    ERR_OK);
	assert_int_equal(keyring_print(&ring.at[1].key, print), ERR_OK);
	/* HKDF of RFC 5869 with "fingerprint", done elsewhere */
	assert_string_equal(print, "fe93d82a037b5a7b");
	assert_int_equal(keyring_text(&ring, text), ERR_OK);
	snprintf(want, sizeof(want), " 1:%s", print);
	assert_string_equal(strchr(text, ' '), want);
	assert_int_equal(strncmp(text, "12:", 3), 0);
	assert_int_equal(keyring_print(&other.at[0].key, print), ERR_OK);
	assert_null(strstr(text, print));

	assert_int_equal(keyring_derive(&ring, "provider keys 1", &derived),
	    ERR_OK);
	assert_string_equal(versions_of(&derived), "12 1 ");
	assert_memory_not_equal(&derived.at[0].key, &derived.at[1].key,
	    sizeof(derived.at[0].key));
	assert_memory_not_equal(&derived.at[0].key, &ring.at[0].key,
	    sizeof(ring.at[0].key));
}

static void
a_secret_of_one_line(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 16);
	assert_int_equal(secret_load(write_file("s", " a b \r\n", 0600),
	    SECRET_MINE, &out, why, sizeof(why)), ERR_OK);
	assert_string_equal(out.p, " a b");
	buf_reset(&out);
	assert_int_not_equal(secret_load(write_file("s", "more than sixteen",
	    0600), SECRET_MINE, &out, why, sizeof(why)), ERR_OK);
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

static int
set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	static const char *const names[] = {
		"key", "key.new", "link", "fifo", "made", "s"
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		unlink(path_of(names[i]));
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which_file_is_taken),
		cmocka_unit_test(digits_are_read_in_their_order),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(a_file_of_somebody_else),
		cmocka_unit_test(a_made_master_key_is_taken),
		cmocka_unit_test(what_is_saved_is_read_again),
		cmocka_unit_test(versions_are_told_apart),
		cmocka_unit_test(a_secret_of_one_line),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
