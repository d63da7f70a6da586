/* Hexadecimal digits, as keys, ids, URLs and JSON have them. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

/* The value of a digit in either case; -1 for anything else. */
int
hex_digit(char c);

#endif
