/* Code blocks that a text leaves open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "api/markdown.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
finds_open_code(void **state)
{
	static const struct {
		const char *name, *text;
		size_t open;
		char mark;
	} rows[] = {
		{ "none", "text\n", 0, 0 },
		{ "empty", "", 0, 0 },
		{ "closed", "```c\nx\n```\n", 0, 0 },
		{ "closed without a line end", "```\nx\n```", 0, 0 },
		{ "open", "a\n```c\nx", 3, '`' },
		{ "open with tildes", "~~~~\nx\n", 4, '~' },
		{ "a shorter one does not close", "````\n```\n", 4, '`' },
		{ "a longer one does", "```\n`````\n", 0, 0 },
		{ "another mark does not close", "```\n~~~\n", 3, '`' },
		{ "one with a word does not close", "```\n``` c\n", 3, '`' },
		{ "CRLF", "```\r\nx\r\n```\r\n", 0, 0 },
		{ "indented by three", "   ```\nx\n   ```\n", 0, 0 },
		{ "indented by four is text", "    ```\nx\n", 0, 0 },
		{ "within a line", "``` code ``` and more\n", 0, 0 },
		{ "two marks", "``\nx\n", 0, 0 },
		{ "open, closed, open", "```\n```\n~~~\n", 3, '~' },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char mark = 0;
		size_t open = markdown_open_fence(rows[i].text,
		    strlen(rows[i].text), &mark);

		if (open != rows[i].open ||
		    (open > 0 && mark != rows[i].mark))
			fail_msg("%s: %zu %c", rows[i].name, open, mark);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_open_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
