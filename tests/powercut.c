/*
 * powercut: `powercut MOUNTPOINT` stops a file system as a power cut does: what has not gone to the disk by now never
 * will, and all later calls fail. ext4, xfs, f2fs and btrfs know this ioctl(2).
 */
#include <sys/ioctl.h>

#include <err.h>
#include <fcntl.h>
#include <stdint.h>

#define SHUTDOWN _IOR('X', 125, uint32_t)   /* EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN */

enum { WITHOUT_THE_LOG = 2 };

int
main(int argc, char *argv[])
{
	uint32_t how = WITHOUT_THE_LOG;
	int fd;

	if (argc != 2)
		errx(2, "usage: powercut MOUNTPOINT");
	if ((fd = open(argv[1], O_RDONLY | O_DIRECTORY)) == -1 || ioctl(fd, SHUTDOWN, &how) == -1)
		err(1, "%s", argv[1]);
	return 0;
}
