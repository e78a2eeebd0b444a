/* check_spool: each arrow of spool-layout.md, and each state that a crash may leave. */
#include "queue.h"

#include <sys/file.h>
#include <sys/prctl.h>

#include <errno.h>
#include <string.h>

#include "io.h"
#include "spool_settle.h"
#include "spool_stage.h"
#include "spool_init.h"
#include "spool_path.h"
#include "spool_stat.h"
#include "spool_submit.h"

static struct spool q;
static struct spool_disk disk;   /* shared with nobody */
static struct policy policy;

static void
begin(void)
{
	queue_open(&q);
	policy_defaults(&policy);
	policy.reserve_bytes = policy.reserve_inodes = 0;
	policy.max_attempts = 3;
}

static void
end(void)
{
	spool_close(&q);
}

static int
count_one(void *arg, const char *file)
{
	(void)file;
	++*(int *)arg;
	return 0;
}

static int
count(enum spool_dir d)
{
	int n = 0;

	ck_assert_int_eq(spool_scan(&q, d, count_one, &n), 0);
	return n;
}

static void
expect(int tmp, int ready, int later, int cur, int done, int failed)
{
	ck_assert_int_eq(count(SPOOL_TMP), tmp);
	ck_assert_int_eq(count(SPOOL_NEW), ready);
	ck_assert_int_eq(count(SPOOL_LATER), later);
	ck_assert_int_eq(count(SPOOL_CUR), cur);
	ck_assert_int_eq(count(SPOOL_DONE), done);
	ck_assert_int_eq(count(SPOOL_FAILED), failed);
}

static void
put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void
submit(char id[ID_MAX + 1], const char *payload)
{
	struct spool_draft d, *one = &d;

	ck_assert_int_eq(spool_draft_open(&d, &q, &policy, 5, NULL), 0);
	ck_assert_int_eq(job_put(&d.head, "Content-Type", "text/plain"), 0);
	ck_assert_int_eq(job_put(&d.head, "X-Note", "kept"), 0);
	ck_assert_int_eq(spool_draft_write(&d, payload, strlen(payload)), 0);
	ck_assert_uint_eq(spool_commit(&one, 1), 0);
	memcpy(id, d.id, sizeof(d.id));
}

/* Claims `file`, and has a handler write `out`. */
static void
claim(struct spool_claim *c, const char *file, const char *out)
{
	ck_assert_int_eq(spool_claim(&q, file, &policy, c), 1);
	ck_assert_int_eq(spool_stage(c, &policy, "host.1"), 0);
	ck_assert_int_eq(io_write(c->result, out, strlen(out)), 0);
}

static void
settle(struct spool_claim *c, enum spool_outcome outcome, enum id_reason reason)
{
	c->outcome = outcome;
	c->reason = reason;
	c->due = io_now() - 1;
	ck_assert_uint_eq(spool_settle(&c, 1), 0);
}

/* A claim whose worker dies: the lock goes, the files stay. */
static void
drop(struct spool_claim *c)
{
	ck_assert_int_eq(io_close(&c->fd), 0);
	ck_assert_int_eq(io_close(&c->result), 0);
	ck_assert_int_eq(io_close(&c->log), 0);
}

static void
payload(int fd, const struct job_header *h, char *buf, size_t size)
{
	ssize_t n = io_pread(fd, buf, size - 1, (off_t)h->len);

	ck_assert_int_ge(n, 0);
	buf[n] = '\0';
}

START_TEST(submitted_job_has_its_fields_and_payload)
{
	char id[ID_MAX + 1], text[64], value[64];
	struct job_header h;
	struct spool_job job;
	int fd;

	submit(id, "hello\n");
	expect(0, 1, 0, 0, 0, 0);
	ck_assert_int_eq(spool_find(&q, id, &job), 0);
	ck_assert_int_eq(job.dir, SPOOL_NEW);
	ck_assert_int_eq(job.st.st_mode & 07777, 0640);
	fd = spool_open_job(&q, &job);
	ck_assert_int_eq(job_read(fd, &h, NULL), 0);
	ck_assert_str_eq(job_get(&h, "content-length", value, sizeof(value)), "6");
	ck_assert_str_eq(job_get(&h, "x-note", value, sizeof(value)), "kept");
	payload(fd, &h, text, sizeof(text));
	ck_assert_str_eq(text, "hello\n");
	ck_assert_int_eq(io_close(&fd), 0);
}
END_TEST

START_TEST(draft_over_max_size_leaves_nothing)
{
	struct spool_draft d;

	policy.max_size = 5;
	ck_assert_int_eq(spool_draft_open(&d, &q, &policy, 5, NULL), 0);
	ck_assert_int_eq(spool_draft_create(&d), 0);
	ck_assert_int_eq(spool_draft_write(&d, "hello", 5), 0);
	ck_assert_int_eq(count(SPOOL_TMP), 1);
	ck_assert_int_eq(spool_draft_write(&d, "!", 1), -1);
	ck_assert_int_eq(errno, EFBIG);
	spool_draft_abort(&d);
	expect(0, 0, 0, 0, 0, 0);
}
END_TEST

/* Pieces around what is held in memory: the file is the same, whenever it was made. */
START_TEST(payload_is_whole_wherever_the_file_begins)
{
	static const size_t first[] = { 0, 1, SPOOL_HELD_MAX - 1, SPOOL_HELD_MAX, SPOOL_HELD_MAX + 1 };
	static char payload[2 * SPOOL_HELD_MAX + 2], back[sizeof(payload) + 1];
	struct spool_draft d, *one = &d;
	struct job_header h;
	size_t i, n, total;
	int fd;

	for (i = 0; i < sizeof(payload); i++)
		payload[i] = (char)('a' + i % 23);
	for (i = 0; i < sizeof(first) / sizeof(*first); i++)
		for (n = 0; n < 3; n++) {
			total = first[i] + (n == 0 ? 0 : n == 1 ? 1 : SPOOL_HELD_MAX);
			ck_assert_int_eq(spool_draft_open(&d, &q, &policy, 5, NULL), 0);
			ck_assert_int_eq(spool_draft_write(&d, payload, first[i]), 0);
			ck_assert_int_eq(count(SPOOL_TMP), first[i] > SPOOL_HELD_MAX);
			if (n > 0)
				ck_assert_int_eq(spool_draft_write(&d, payload + first[i], total - first[i]), 0);
			ck_assert_int_eq(spool_commit(&one, 1), 0);
			fd = spool_open_file(&q, SPOOL_NEW, d.id, O_RDONLY);
			ck_assert_int_eq(job_read(fd, &h, NULL), 0);
			ck_assert_int_eq(job_number(&h, "Content-Length"), (int64_t)total);
			ck_assert_int_eq(pread(fd, back, sizeof(back), (off_t)h.len), (ssize_t)total);
			ck_assert_int_eq(memcmp(back, payload, total), 0);
			(void)close(fd);
		}
}
END_TEST

START_TEST(nothing_is_accepted_on_the_reserve)
{
	struct spool_draft d;

	policy.reserve_bytes = INT64_MAX;
	ck_assert_int_eq(spool_draft_open(&d, &q, &policy, 5, NULL), -1);
	ck_assert_int_eq(errno, ENOSPC);
	expect(0, 0, 0, 0, 0, 0);
}
END_TEST

START_TEST(delayed_job_waits_in_later_until_it_is_due)
{
	struct spool_draft d, *one = &d;
	int64_t due, when = io_now() + 3600 * INT64_C(1000000);

	ck_assert_int_eq(spool_draft_open(&d, &q, &policy, 5, NULL), 0);
	d.due = when;
	ck_assert_uint_eq(spool_commit(&one, 1), 0);
	expect(0, 0, 1, 0, 0, 0);
	ck_assert_int_eq(spool_promote(&q, d.id, io_now(), &due), 0);
	ck_assert_int_eq(due, when);
	ck_assert_int_eq(spool_promote(&q, d.id, when, &due), 1);
	expect(0, 1, 0, 0, 0, 0);
	ck_assert_int_eq(spool_promote(&q, d.id, when, &due), 0);
	ck_assert_int_eq(due, 0);
}
END_TEST

START_TEST(success_leaves_one_result_and_nothing_else)
{
	char id[ID_MAX + 1], text[64], value[64];
	struct spool_claim c;
	struct job_header h;
	int fd;

	submit(id, "in");
	claim(&c, id, "out\n");
	expect(1, 0, 0, 1, 0, 0);
	settle(&c, SPOOL_SUCCESS, ID_NONE);
	expect(0, 0, 0, 0, 1, 0);
	ck_assert_int_eq(count(SPOOL_LOG), 0);
	fd = spool_open_result(&q, id);
	ck_assert_int_eq(job_read(fd, &h, NULL), 0);
	payload(fd, &h, text, sizeof(text));
	ck_assert_str_eq(text, "out\n");
	ck_assert_str_eq(job_get(&h, "Exit", value, sizeof(value)), "0");
	ck_assert_str_eq(job_get(&h, "Attempt", value, sizeof(value)), "1");
	ck_assert_str_eq(job_get(&h, "X-Note", value, sizeof(value)), "kept");
	ck_assert_str_eq(job_get(&h, "Content-Type", value, sizeof(value)), "application/octet-stream");
	ck_assert_int_eq(io_close(&fd), 0);
}
END_TEST

START_TEST(handler_reads_from_the_payload_on)
{
	char id[ID_MAX + 1], text[8] = "";
	struct spool_claim c;

	submit(id, "in");
	claim(&c, id, "");
	ck_assert_int_eq(io_read(c.fd, text, sizeof(text)), 2);
	ck_assert_str_eq(text, "in");
	settle(&c, SPOOL_SUCCESS, ID_NONE);
}
END_TEST

START_TEST(handler_that_truncates_its_stdout_keeps_a_whole_result)
{
	char id[ID_MAX + 1], text[64], path[64];
	struct spool_claim c;
	struct job_header h;
	int fd;

	submit(id, "in");
	claim(&c, id, "gone");
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", c.result);
	fd = open(path, O_WRONLY | O_TRUNC);
	ck_assert_int_eq(io_write(fd, "whole", 5), 0);
	ck_assert_int_eq(io_close(&fd), 0);
	settle(&c, SPOOL_SUCCESS, ID_NONE);
	expect(0, 0, 0, 0, 1, 0);
	fd = spool_open_result(&q, id);
	ck_assert_int_eq(job_read(fd, &h, NULL), 0);
	payload(fd, &h, text, sizeof(text));
	ck_assert_str_eq(text, "whole");
	ck_assert_int_eq(io_close(&fd), 0);
}
END_TEST

START_TEST(retries_count_and_end_in_failed_with_the_job_intact)
{
	char id[ID_MAX + 1], file[ID_NAME_MAX + 1], text[64];
	struct spool_claim c;
	struct spool_job job;
	struct job_header h;
	int64_t due;
	int n, fd;

	submit(id, "in");
	for (n = 1; n < 3; n++) {
		claim(&c, id_file(file, id, n - 1, ID_NONE), "half");
		settle(&c, SPOOL_RETRY, ID_NONE);
		expect(0, 0, 1, 0, 0, 0);
		ck_assert_int_eq(spool_promote(&q, id_file(file, id, n, ID_NONE), io_now(), &due), 1);
	}
	claim(&c, file, "half");
	settle(&c, SPOOL_DEAD, ID_TIMEOUT);
	expect(0, 0, 0, 0, 0, 1);
	ck_assert_int_eq(spool_find(&q, id, &job), 0);
	ck_assert_int_eq(job.name.attempts, 3);
	ck_assert_int_eq(job.name.reason, ID_TIMEOUT);
	fd = spool_open_job(&q, &job);
	ck_assert_int_eq(job_read(fd, &h, NULL), 0);
	payload(fd, &h, text, sizeof(text));
	ck_assert_str_eq(text, "in");
	ck_assert_int_eq(io_close(&fd), 0);
}
END_TEST

START_TEST(dead_letter_put_back_by_hand_starts_afresh)
{
	char id[ID_MAX + 1];
	struct spool_claim c;

	submit(id, "in");
	claim(&c, id, "");
	settle(&c, SPOOL_DEAD, ID_EXIT);
	ck_assert_int_eq(spool_scan(&q, SPOOL_FAILED, count_one, &(int){ 0 }), 0);
	{
		char dead[ID_NAME_MAX + 1];

		ck_assert_int_eq(spool_move(&q, SPOOL_FAILED, id_file(dead, id, 1, ID_EXIT), SPOOL_NEW, dead), 0);
		ck_assert_int_eq(spool_claim(&q, dead, &policy, &c), 1);
	}
	ck_assert_int_eq(c.name.attempts, 1);
	ck_assert_int_eq(c.name.reason, ID_NONE);
	settle(&c, SPOOL_PUT_BACK, ID_NONE);
	ck_assert(spool_exists(&q, SPOOL_NEW, id));
}
END_TEST

START_TEST(put_back_is_as_if_never_claimed)
{
	char id[ID_MAX + 1];
	struct spool_claim c;

	submit(id, "in");
	claim(&c, id, "half");
	settle(&c, SPOOL_PUT_BACK, ID_NONE);
	expect(0, 1, 0, 0, 0, 0);
	ck_assert(spool_exists(&q, SPOOL_NEW, id));
}
END_TEST

START_TEST(a_claimed_job_is_nobody_elses)
{
	char id[ID_MAX + 1], file[ID_NAME_MAX + 1];
	struct spool_claim c, d;

	submit(id, "in");
	claim(&c, id, "");
	ck_assert_int_eq(spool_claim(&q, id, &policy, &d), 0);
	ck_assert_int_eq(spool_recover(&q, id_file(file, id, 1, ID_NONE), &policy), 2);
	settle(&c, SPOOL_SUCCESS, ID_NONE);
	ck_assert_int_eq(spool_recover(&q, file, &policy), 0);
	expect(0, 0, 0, 0, 1, 0);
}
END_TEST

START_TEST(a_lock_in_new_keeps_others_off)
{
	char id[ID_MAX + 1];
	struct spool_claim c;
	int fd;

	submit(id, "in");
	fd = spool_open_file(&q, SPOOL_NEW, id, O_RDONLY);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert_int_eq(spool_claim(&q, id, &policy, &c), 2);
	ck_assert_int_eq(io_close(&fd), 0);
	claim(&c, id, "");
	settle(&c, SPOOL_SUCCESS, ID_NONE);
}
END_TEST

START_TEST(lost_worker_costs_an_attempt_and_leaves_no_half_result)
{
	char id[ID_MAX + 1], file[ID_NAME_MAX + 1];
	struct spool_claim c;

	submit(id, "in");
	claim(&c, id, "half");
	drop(&c);
	ck_assert_int_eq(spool_recover(&q, id_file(file, id, 1, ID_NONE), &policy), 1);
	expect(0, 1, 0, 0, 0, 0);
	ck_assert(spool_exists(&q, SPOOL_NEW, file));
}
END_TEST

START_TEST(poison_job_that_kills_its_workers_is_a_dead_letter)
{
	char id[ID_MAX + 1], file[ID_NAME_MAX + 1];
	struct spool_claim c;
	struct spool_job job;
	int n;

	submit(id, "in");
	for (n = 1; n <= 3; n++) {
		claim(&c, id_file(file, id, n - 1, ID_NONE), "half");
		drop(&c);
		ck_assert_int_eq(spool_recover(&q, id_file(file, id, n, ID_NONE), &policy), 1);
	}
	expect(0, 0, 0, 0, 0, 1);
	ck_assert_int_eq(spool_find(&q, id, &job), 0);
	ck_assert_int_eq(job.name.reason, ID_LOST);
}
END_TEST

START_TEST(published_before_the_crash_is_only_tidied)
{
	char id[ID_MAX + 1], file[ID_NAME_MAX + 1];
	struct spool_claim c;

	submit(id, "in");
	claim(&c, id, "out");
	ck_assert_int_eq(spool_move(&q, SPOOL_TMP, id_file(file, id, 1, ID_NONE), SPOOL_DONE, id), 0);
	drop(&c);
	ck_assert_int_eq(spool_recover(&q, file, &policy), 1);
	expect(0, 0, 0, 0, 1, 0);
}
END_TEST

START_TEST(a_job_that_has_ended_never_runs_again)
{
	char id[ID_MAX + 1];
	struct spool_claim c;

	submit(id, "in");
	put("q/done/seven", "\n");
	put("q/new/seven", "\n");
	ck_assert_int_eq(spool_claim(&q, "seven", &policy, &c), 0);
	put("q/failed/eight,A=1,X=exit", "\n");
	put("q/new/eight", "\n");
	ck_assert_int_eq(spool_claim(&q, "eight", &policy, &c), 0);
	put("q/cur/eight,A=1", "\n");
	ck_assert_int_eq(spool_recover(&q, "eight,A=1", &policy), 1);
	expect(0, 1, 0, 0, 1, 1);
}
END_TEST

START_TEST(what_is_no_job_is_buried)
{
	struct spool_claim c;

	ck_assert_int_eq(symlink("/etc/passwd", "q/new/link"), 0);
	ck_assert_int_eq(mkfifo("q/new/fifo", 0600), 0);
	ck_assert_int_eq(mkdir("q/new/dir", 0700), 0);
	put("q/new/torn", "Content-Length: 5\n\nabc");
	put("q/new/headless", "no field at all");
	put("q/new/empty", "");
	ck_assert_int_eq(spool_claim(&q, "link", &policy, &c), 0);
	ck_assert_int_eq(spool_claim(&q, "fifo", &policy, &c), 0);
	ck_assert_int_eq(spool_claim(&q, "dir", &policy, &c), 0);
	ck_assert_int_eq(spool_claim(&q, "torn", &policy, &c), 0);
	ck_assert_int_eq(spool_claim(&q, "headless", &policy, &c), 0);
	ck_assert_int_eq(spool_claim(&q, "empty", &policy, &c), 0);
	expect(0, 0, 0, 0, 0, 6);
	ck_assert(spool_exists(&q, SPOOL_FAILED, "torn,A=1,X=malformed"));
	ck_assert_int_eq(count(SPOOL_LOG), 6);
}
END_TEST

START_TEST(a_name_that_is_none_is_left_alone)
{
	struct spool_claim c;

	put("q/new/a b", "\n");
	ck_assert_int_eq(spool_claim(&q, "a b", &policy, &c), 0);
	ck_assert_int_eq(spool_claim(&q, "../../etc/passwd", &policy, &c), 0);
	expect(0, 1, 0, 0, 0, 0);
}
END_TEST

/* Eight claims, with each outcome twice, from the given one on. */
static struct spool_settle_round
round_of_eight(struct spool_claim c[8], struct spool_claim *p[8], int from)
{
	char id[ID_MAX + 1];
	int i;

	for (i = 0; i < 8; i++) {
		submit(id, "in");
		claim(&c[i], id, "out");
		c[i].outcome = (enum spool_outcome)((from + i) % 4);
		c[i].reason = ID_EXIT;
		c[i].due = io_now();
		p[i] = &c[i];
	}
	return (struct spool_settle_round){ .c = p, .n = 8 };
}

START_TEST(a_round_of_many_ends_each_its_own_way)
{
	struct spool_claim c[8], *p[8];
	int from = _i;

	ck_assert_uint_eq(spool_settle(round_of_eight(c, p, from).c, 8), 0);
	expect(0, 2, 2, 0, 2, 2);
}
END_TEST

START_TEST(rounds_that_overlap_are_one_step_apart)
{
	struct spool_claim c[2][8], *p[2][8];
	struct spool_settle_round first = round_of_eight(c[0], p[0], 0), second = round_of_eight(c[1], p[1], 1), none = { .n = 0 };
	int i;

	spool_settle_step(&disk, &none, &first);
	expect(8, 2, 2, 10, 2, 2);
	spool_settle_step(&disk, &first, &second);
	expect(0, 4, 4, 2, 4, 4);
	spool_settle_step(&disk, &second, &none);
	expect(0, 4, 4, 0, 4, 4);
	for (i = 0; i < 8; i++)
		ck_assert(c[0][i].error == 0 && c[1][i].error == 0 && c[0][i].fd == -1 && c[1][i].fd == -1);
}
END_TEST

/* What another process will find: the result is there, and the job is locked until this one has ended. */
START_TEST(a_process_that_was_refused_believes_no_more)
{
	struct spool_claim c[8], *p[8];
	struct spool_settle_round round = round_of_eight(c, p, 0), none = { .n = 0 };
	int i, kept = 0;

	spool_settle_step(&disk, &none, &round);
	round.refused = 1;
	spool_settle_step(&disk, &round, &none);
	expect(0, 2, 2, 2, 2, 2);
	for (i = 0; i < 8; i++)
		if (c[i].fd != -1) {
			ck_assert(c[i].unknown && c[i].error == EIO);
			kept++;
		}
	ck_assert_int_eq(kept, 4);
}
END_TEST

START_TEST(old_litter_is_swept_unless_somebody_has_it)
{
	const struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	int fd;

	put("q/tmp/old", "\n");
	put("q/tmp/young", "\n");
	put("q/tmp/held", "\n");
	ck_assert_int_eq(utimensat(AT_FDCWD, "q/tmp/old", old, 0), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, "q/tmp/held", old, 0), 0);
	fd = spool_open_file(&q, SPOOL_TMP, "held", O_RDONLY);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert_int_eq(spool_sweep(&q), 1);
	ck_assert(!spool_exists(&q, SPOOL_TMP, "old"));
	ck_assert_int_eq(io_close(&fd), 0);
}
END_TEST

START_TEST(a_file_of_another_user_is_adopted_at_its_retry)
{
	char id[ID_MAX + 1], file[ID_NAME_MAX + 1];
	struct spool_claim c;
	struct stat before, after;

	if (geteuid() != 0)
		return;
	submit(id, "in");
	ck_assert_int_eq(fchownat(q.fd, "new", 65534, (gid_t)-1, 0), 0);
	ck_assert_int_eq(fchownat(q.fd, ".", 65534, 65534, 0), 0);
	ck_assert_int_eq(system("chown -R 65534:65534 q && chown 1 q/new/* && chmod -R a+rX ."), 0);
	ck_assert_int_eq(setegid(65534), 0);
	ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_int_eq(spool_stat(&q, SPOOL_NEW, id, &before), 0);
	claim(&c, id, "half");
	settle(&c, SPOOL_RETRY, ID_NONE);
	ck_assert_int_eq(spool_stat(&q, SPOOL_LATER, id_file(file, id, 1, ID_NONE), &after), 0);
	ck_assert_int_ne(before.st_ino, after.st_ino);
	ck_assert_int_eq(after.st_uid, 65534);
	ck_assert_int_eq(before.st_size, after.st_size);
	expect(0, 0, 1, 0, 0, 0);
	/* The leak sanitizer can look only at a process that is one user's. */
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setegid(0), 0);
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), 0);
}
END_TEST

START_TEST(a_job_is_found_in_every_state)
{
	static const struct {
		const char *path, *id;
		enum spool_dir dir;
		int attempts;
	} cases[] = {
		{ "q/new/a", "a", SPOOL_NEW, 0 }, { "q/new/b,A=2", "b", SPOOL_NEW, 2 },
		{ "q/later/c,P=3,A=32", "c,P=3", SPOOL_LATER, 32 }, { "q/cur/d,G=x,A=1", "d,G=x", SPOOL_CUR, 1 },
		{ "q/done/e", "e", SPOOL_DONE, 0 }, { "q/failed/f,A=3,X=malformed", "f", SPOOL_FAILED, 3 },
		{ "q/new/g,A=3,X=lost", "g", SPOOL_NEW, 3 }
	};
	struct spool_job job;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		put(cases[i].path, "\n");
		ck_assert_int_eq(spool_find(&q, cases[i].id, &job), 0);
		ck_assert_int_eq(job.dir, cases[i].dir);
		ck_assert_int_eq(job.name.attempts, cases[i].attempts);
	}
	ck_assert_int_eq(spool_find(&q, "nowhere", &job), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(spool_find(&q, "../q/new/a", &job), -1);
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

static int
join_one(void *arg, const char *worker, const char *id)
{
	size_t n = strlen(arg);

	(void)snprintf((char *)arg + n, 256 - n, "%s:%s ", worker, id);
	return 0;
}

START_TEST(living_workers_say_what_they_run)
{
	struct spool_worker one, two;
	char all[256] = "";

	put("q/stat/dead.1", "Worker: dead.1\nSlot: job\n");
	ck_assert_int_eq(spool_enroll(&one, &q, "host.1", 3), 0);
	ck_assert(!spool_exists(&q, SPOOL_STAT, "dead.1"));
	spool_enroll_slot(&one, 2, "a,P=3");
	ck_assert_int_eq(spool_scan_workers(&q, join_one, all), 0);
	ck_assert_str_eq(all, "host.1:a,P=3 ");
	spool_enroll_slot(&one, 2, NULL);
	*all = '\0';
	ck_assert_int_eq(spool_scan_workers(&q, join_one, all), 0);
	ck_assert_str_eq(all, "host.1: ");
	ck_assert_int_eq(spool_enroll(&two, &q, "host.2", 1), 0);
	ck_assert_int_eq(count(SPOOL_STAT), 2);
	spool_leave(&one, &q);
	spool_leave(&two, &q);
	ck_assert_int_eq(count(SPOOL_STAT), 0);
}
END_TEST

START_TEST(a_queue_that_everybody_can_write_to_is_refused)
{
	const struct spool_owner me = { .uid = (uid_t)-1, .gid = (gid_t)-1 };
	char why[256];

	ck_assert_int_eq(spool_init("./q", &me, why, sizeof(why)), 0);
	ck_assert_int_eq(spool_trusted(q.fd, why, sizeof(why)), 0);
	ck_assert_int_eq(chmod("q/new", 0777), 0);
	ck_assert_int_eq(spool_trusted(q.fd, why, sizeof(why)), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_ptr_nonnull(strstr(why, "new"));
	ck_assert_int_eq(spool_init("./q", &me, why, sizeof(why)), -1);
	ck_assert_int_eq(chmod("q/new", 0700), 0);
	ck_assert_int_eq(chmod("..", 0777), 0);
	ck_assert_int_eq(chmod(".", 0777), 0);
	ck_assert_int_eq(spool_init("./q", &me, why, sizeof(why)), -1);
	ck_assert_int_eq(chmod(".", 01777), 0);
	ck_assert_int_eq(spool_init("./q", &me, why, sizeof(why)), 0);
}
END_TEST

START_TEST(addresses_split_at_the_last_slash)
{
	char queue[64], id[ID_MAX + 1];

	ck_assert_int_eq(spool_split("q/a,A=2", queue, sizeof(queue), id), 0);
	ck_assert_str_eq(queue, "q");
	ck_assert_str_eq(id, "a");
	ck_assert_int_eq(spool_split("./x/q/a", queue, sizeof(queue), id), 0);
	ck_assert_str_eq(queue, "./x/q");
	ck_assert_int_eq(spool_split("a", queue, sizeof(queue), id), -1);
	ck_assert_int_eq(spool_split("/a", queue, sizeof(queue), id), -1);
	ck_assert_int_eq(spool_split("q/", queue, sizeof(queue), id), -1);
	ck_assert_int_eq(spool_split("q/..", queue, sizeof(queue), id), -1);
	ck_assert_int_eq(spool_split("quitelongforthebuffer/a", queue, 4, id), -1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("spool");
	TCase *t = tcase_create("spool");
	SRunner *r;
	int failed;

	tcase_add_unchecked_fixture(t, scratch_begin, scratch_end);
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, submitted_job_has_its_fields_and_payload);
	tcase_add_test(t, draft_over_max_size_leaves_nothing);
	tcase_add_test(t, payload_is_whole_wherever_the_file_begins);
	tcase_add_test(t, nothing_is_accepted_on_the_reserve);
	tcase_add_test(t, delayed_job_waits_in_later_until_it_is_due);
	tcase_add_test(t, success_leaves_one_result_and_nothing_else);
	tcase_add_test(t, handler_reads_from_the_payload_on);
	tcase_add_test(t, handler_that_truncates_its_stdout_keeps_a_whole_result);
	tcase_add_test(t, retries_count_and_end_in_failed_with_the_job_intact);
	tcase_add_test(t, dead_letter_put_back_by_hand_starts_afresh);
	tcase_add_test(t, put_back_is_as_if_never_claimed);
	tcase_add_test(t, a_claimed_job_is_nobody_elses);
	tcase_add_test(t, a_lock_in_new_keeps_others_off);
	tcase_add_test(t, lost_worker_costs_an_attempt_and_leaves_no_half_result);
	tcase_add_test(t, poison_job_that_kills_its_workers_is_a_dead_letter);
	tcase_add_test(t, published_before_the_crash_is_only_tidied);
	tcase_add_test(t, a_job_that_has_ended_never_runs_again);
	tcase_add_test(t, what_is_no_job_is_buried);
	tcase_add_test(t, a_name_that_is_none_is_left_alone);
	tcase_add_loop_test(t, a_round_of_many_ends_each_its_own_way, 0, 4);
	tcase_add_test(t, rounds_that_overlap_are_one_step_apart);
	tcase_add_test(t, a_process_that_was_refused_believes_no_more);
	tcase_add_test(t, old_litter_is_swept_unless_somebody_has_it);
	tcase_add_test(t, a_file_of_another_user_is_adopted_at_its_retry);
	tcase_add_test(t, a_job_is_found_in_every_state);
	tcase_add_test(t, living_workers_say_what_they_run);
	tcase_add_test(t, a_queue_that_everybody_can_write_to_is_refused);
	tcase_add_test(t, addresses_split_at_the_last_slash);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
