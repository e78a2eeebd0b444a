/*
 * upper.c: a handler for wqw-worker --persistent, see wqw-handler(7): each job's payload in capitals.
 *
 * A line for each job: its file, where in that the payload begins, the file for the result, and variables as NAME=value,
 * with a tab between each two. The answer is a line, too: an exit status and, where there is more to say, words.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
work(char *line)
{
	char *path = strsep(&line, "\t"), *offset = strsep(&line, "\t"), *result = strsep(&line, "\t");
	FILE *job, *out;
	int c;

	if (result == NULL || (job = fopen(path, "rb")) == NULL || fseek(job, strtol(offset, NULL, 10), SEEK_SET) != 0)
		return "1 the job cannot be read";
	if ((out = fopen(result, "ab")) == NULL)
		return "1 the result cannot be written";
	while ((c = getc(job)) != EOF)
		putc(toupper(c), out);
	c = ferror(job) || fclose(job) != 0;
	return fclose(out) != 0 || c ? "1 the disk fails" : "0";
}

int
main(void)
{
	static char line[65536];

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		puts(work(line));
	}
	return 0;
}
