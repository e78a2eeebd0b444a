#include <errno.h>

#include "config.h"
#include "web_plain.h"
#include "web_reply.h"
#include "web_route.h"

/* The file beside this one, with a NUL behind it. The Makefile knows that one depends on the other. */
extern const char web_openapi_text[] __attribute__((visibility("hidden")));

__asm__(".pushsection .rodata\n"
    ".global web_openapi_text\n"
    ".hidden web_openapi_text\n"
    "web_openapi_text:\n"
    ".incbin \"src/web_openapi.json\"\n"
    ".byte 0\n"
    ".popsection\n");

/* Where it is served from, and what serves it. */
void
web_openapi(struct web *w)
{
	json_t *doc = json_loads(web_openapi_text, 0, NULL);
	const char *base = *w->req->base != '\0' ? w->req->base : "/";

	if (doc == NULL || json_object_set_new(json_object_get(doc, "info"), "version", json_string(PACKAGE_VERSION)) == -1 ||
	    json_object_set_new(doc, "servers", json_pack("[{s:s}]", "url", base)) == -1) {
		json_decref(doc);
		web_fault(w, ENOMEM, "The description cannot be made");
		return;
	}
	web_plain_json(w, 200, doc);
}
