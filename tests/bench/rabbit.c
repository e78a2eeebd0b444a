/*
 * rabbit: publishers to RabbitMQ, for the benchmarks: payloads of 256 bytes into the quorum queue `q`, one after another by
 * each client, a process, which waits for the confirmation of each.
 *
 *	rabbit PORT CLIENTS JOBS      on the loopback, as guest
 *
 * Built where it is asked for, with librabbitmq.
 */
#include <sys/time.h>
#include <sys/wait.h>

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <amqp.h>
#include <amqp_tcp_socket.h>

enum { CHANNEL = 1, PAYLOAD = 256 };

static void
must(amqp_connection_state_t c, const char *what)
{
	amqp_rpc_reply_t r = amqp_get_rpc_reply(c);

	if (r.reply_type != AMQP_RESPONSE_NORMAL)
		errx(1, "%s: %s", what, amqp_error_string2(r.library_error));
}

static amqp_connection_state_t
begin(int port)
{
	static amqp_table_entry_t quorum = {
		.key = { sizeof("x-queue-type") - 1, (void *)"x-queue-type" },
		.value = { .kind = AMQP_FIELD_KIND_UTF8, .value.bytes = { sizeof("quorum") - 1, (void *)"quorum" } }
	};
	amqp_table_t how = { 1, &quorum };
	amqp_connection_state_t c = amqp_new_connection();
	amqp_socket_t *s = c == NULL ? NULL : amqp_tcp_socket_new(c);

	if (s == NULL || amqp_socket_open(s, "127.0.0.1", port) != AMQP_STATUS_OK)
		errx(1, "port %d: no RabbitMQ", port);
	if (amqp_login(c, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest").reply_type != AMQP_RESPONSE_NORMAL)
		errx(1, "login");
	(void)amqp_channel_open(c, CHANNEL);
	must(c, "channel");
	(void)amqp_queue_declare(c, CHANNEL, amqp_cstring_bytes("q"), 0, 1, 0, 0, how);
	must(c, "queue");
	(void)amqp_confirm_select(c, CHANNEL);
	must(c, "confirm.select");
	return c;
}

static void
publish(amqp_connection_state_t c, long jobs)
{
	static char text[PAYLOAD];
	const amqp_basic_properties_t durable = { ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = 2 };
	amqp_bytes_t payload = { sizeof(text), memset(text, 'x', sizeof(text)) };
	amqp_frame_t f;

	for (; jobs > 0; jobs--) {
		if (amqp_basic_publish(c, CHANNEL, amqp_empty_bytes, amqp_cstring_bytes("q"), 1, 0, &durable, payload) != AMQP_STATUS_OK)
			errx(1, "publish");
		amqp_maybe_release_buffers(c);
		if (amqp_simple_wait_frame(c, &f) != AMQP_STATUS_OK || f.frame_type != AMQP_FRAME_METHOD ||
		    f.payload.method.id != AMQP_BASIC_ACK_METHOD)
			errx(1, "not confirmed");
	}
}

int
main(int argc, char *argv[])
{
	int n, i, status, failed = 0;

	if (argc != 4 || (n = atoi(argv[2])) < 1)
		errx(64, "usage: rabbit PORT CLIENTS JOBS");
	for (i = 0; i < n; i++)
		if (fork() == 0) {
			publish(begin(atoi(argv[1])), atol(argv[3]) / n);
			_exit(0);
		}
	while (wait(&status) != -1)
		failed |= status != 0;
	return failed;
}
