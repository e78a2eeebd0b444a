/* preload_nosync: a libc whose fsync(2) and syncfs(2) say yes and do nothing. */

int fsync(int fd);
int syncfs(int fd);

int
fsync(int fd)
{
	(void)fd;
	return 0;
}

int
syncfs(int fd)
{
	(void)fd;
	return 0;
}
