/*
 * Which names users may take: any characters that can be seen, with spaces
 * inside at most, so that no name looks like another or like none.
 */
#ifndef AUTH_USERNAME_H
#define AUTH_USERNAME_H

#include <stddef.h>

enum { USERNAME_MIN = 3, USERNAME_MAX = 50 }; /* characters */

/*
 * What is wrong with a name of valid UTF-8, whose length has been looked at
 * already, as a sentence; NULL: nothing.
 */
const char *
username_fault(const char *name, size_t n);

#endif
