/*
 * nothing: a persistent handler that does nothing: each job succeeds, and has an empty result.
 */
#include <stdio.h>

int
main(void)
{
	static char line[1 << 17];

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin) != NULL)
		puts("0");
	return 0;
}
