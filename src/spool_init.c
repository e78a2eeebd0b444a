#include "spool_init.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spool_path.h"
#include "spool_tokens.h"

/* The queue itself, then its directories; new/ is made last, since a directory that holds it is a queue. */
static const struct {
	enum spool_dir dir;
	mode_t mode[3];   /* by enum spool_sharing */
} table[] = {
	{ SPOOL_DIRS,   { 0700, 02710, 02770 } },
	{ SPOOL_TMP,    { 0700, 03730, 02770 } },
	{ SPOOL_LATER,  { 0700, 02710, 02770 } },
	{ SPOOL_CUR,    { 0700, 02710, 02770 } },
	{ SPOOL_DONE,   { 0700, 02710, 02770 } },
	{ SPOOL_FAILED, { 0700, 02710, 02770 } },
	{ SPOOL_LOG,    { 0700, 02710, 02770 } },
	{ SPOOL_KEYS,   { 0700, 03730, 02770 } },
	{ SPOOL_STAT,   { 0700, 02750, 02770 } },
	{ SPOOL_NEW,    { 0700, 03730, 02770 } }
};

static int
refuse(char *why, size_t size, const char *what, const char *name)
{
	(void)snprintf(why, size, "%s: %s", name, what);
	errno = EPERM;
	return -1;
}

static int
judge(const struct stat *st, const char *name, char *why, size_t size)
{
	if (!S_ISDIR(st->st_mode))
		return refuse(why, size, "not a directory", name);
	if (st->st_mode & S_IWOTH)
		return refuse(why, size, "everybody can write to it; chmod o-w", name);
	return 0;
}

int
spool_trusted(int fd, char *why, size_t size)
{
	struct stat st, sub;
	size_t i;

	if (fstat(fd, &st) == -1 || judge(&st, "queue", why, size) == -1)
		return -1;
	for (i = 1; i < sizeof(table) / sizeof(*table); i++) {
		const char *name = spool_dir_name(table[i].dir);

		if (fstatat(fd, name, &sub, AT_SYMLINK_NOFOLLOW) == -1) {
			if (errno == ENOENT)
				(void)refuse(why, size, "missing; run wqw-init again", name);
			return -1;
		}
		if (judge(&sub, name, why, size) == -1)
			return -1;
		if (sub.st_uid != st.st_uid)
			return refuse(why, size, "belongs to another user than the queue; run wqw-init again", name);
	}
	return 0;
}

/* Makes one directory, or brings it in order; -1 with `why` where it may not be trusted. */
static int
make(int at, const char *name, mode_t mode, const struct spool_owner *o, char *why, size_t size)
{
	struct stat st;
	int fd, r = -1, saved;

	(void)snprintf(why, size, "%s", name);
	if (mkdirat(at, name, 0700) == -1 && errno != EEXIST)
		return -1;
	if ((fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) == -1)
		return -1;
	if (fstat(fd, &st) == -1 || judge(&st, name, why, size) == -1)
		goto out;
	if (st.st_uid != geteuid() && geteuid() != 0) {
		(void)refuse(why, size, "belongs to another user", name);
		goto out;
	}
	if (fchown(fd, o->uid, o->gid) == -1 || fchmod(fd, mode) == -1 || fsync(fd) == -1)
		goto out;
	r = 0;
out:
	saved = errno;
	(void)close(fd);
	errno = saved;
	return r;
}

/* The directory that the queue is in: whoever can rename the queue away owns it. */
static int
open_parent(const char *word, const char **name, char *why, size_t size)
{
	const char *slash = strrchr(word, '/');
	char dir[4096];
	struct stat st;
	int fd;

	*name = slash == NULL ? word : slash + 1;
	if (slash == NULL)
		(void)snprintf(dir, sizeof(dir), "%s", spool_root());
	else
		(void)snprintf(dir, sizeof(dir), "%.*s", slash == word ? 1 : (int)(slash - word), word);
	(void)snprintf(why, size, "%s", dir);
	if (slash == NULL && mkdir(dir, 0755) == -1 && errno != EEXIST)
		return -1;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		return fd;
	if ((st.st_mode & S_IWOTH) == 0 || (st.st_mode & S_ISVTX) != 0)
		return fd;
	(void)close(fd);
	return refuse(why, size, "everybody can write to it; chmod o-w", dir);
}

int
spool_init(const char *word, const struct spool_owner *owner, char *why, size_t size)
{
	const char *name;
	int parent, queue = -1, r = -1, saved;
	size_t i;

	if ((parent = open_parent(word, &name, why, size)) == -1)
		return -1;
	if (!id_valid_word(name)) {
		(void)snprintf(why, size, "%s: not a queue's name (letters, digits, \"._-\", at most %d)", name, ID_WORD_MAX);
		errno = EINVAL;
		goto out;
	}
	if (strcmp(name, spool_tokens) == 0) {
		(void)snprintf(why, size, "%s: not a queue's name: the file of the web's tokens has it", name);
		errno = EINVAL;
		goto out;
	}
	if (id_is_route(name)) {
		(void)snprintf(why, size, "%s: not a queue's name: the web front has something else at /%s", name, name);
		errno = EINVAL;
		goto out;
	}
	if (make(parent, name, table[0].mode[owner->sharing], owner, why, size) == -1 ||
	    (queue = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) == -1)
		goto out;
	for (i = 1; i < sizeof(table) / sizeof(*table); i++)
		if (make(queue, spool_dir_name(table[i].dir), table[i].mode[owner->sharing], owner, why, size) == -1)
			goto out;
	if (fsync(queue) == -1 || fsync(parent) == -1)
		goto out;
	r = 0;
out:
	saved = errno;
	if (queue != -1)
		(void)close(queue);
	(void)close(parent);
	errno = saved;
	return r;
}

/* The type of the mounted file system behind a device number; -1 with ENOENT where the kernel does not list it. */
static int
mounted_type(dev_t dev, char *type, size_t size)
{
	char line[4096], found[64];
	unsigned major_no, minor_no;
	const char *dash;
	FILE *f = fopen("/proc/self/mountinfo", "re");
	int r = -1;

	if (f == NULL)
		return -1;
	while (r == -1 && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*d %*d %u:%u", &major_no, &minor_no) == 2 && makedev(major_no, minor_no) == dev &&
		    (dash = strstr(line, " - ")) != NULL && sscanf(dash, " - %63s", found) == 1) {
			(void)snprintf(type, size, "%s", found);
			r = 0;
		}
	(void)fclose(f);
	if (r == -1)
		errno = ENOENT;
	return r;
}

/* ext4 shows its journal's process in sysfs, and there is none where there is no journal. */
static int
has_journal(dev_t dev)
{
	char link[64], disk[4096], file[512];
	const char *name;
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	if ((n = readlink(link, disk, sizeof(disk) - 1)) == -1)
		return 1;
	disk[n] = '\0';
	name = strrchr(disk, '/');
	(void)snprintf(file, sizeof(file), "/sys/fs/ext4/%.200s", name == NULL ? disk : name + 1);
	if (access(file, F_OK) == -1)
		return 1;
	(void)strncat(file, "/journal_task", sizeof(file) - strlen(file) - 1);
	return access(file, F_OK) == 0;
}

int
spool_unsafe(int fd, char *type, size_t size)
{
	static const char *const journalless[] = { "tmpfs", "ramfs", "ext2", "vfat", "msdos", "exfat", "minix", "fuseblk" };
	struct stat st;
	size_t i;

	if (fstat(fd, &st) == -1 || mounted_type(st.st_dev, type, size) == -1)
		return 0;
	for (i = 0; i < sizeof(journalless) / sizeof(*journalless); i++)
		if (strcmp(type, journalless[i]) == 0)
			return 1;
	return (strcmp(type, "ext4") == 0 || strcmp(type, "ext3") == 0) && !has_journal(st.st_dev);
}
